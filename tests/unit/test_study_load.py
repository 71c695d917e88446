"""Definitions load, and each kind of mistake is answered with file, line, what is wrong and what would be right."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from trialwright.kernel.errors import DefinitionError, UnknownName
from trialwright.study.checks import problems
from trialwright.study.definition import FILES
from trialwright.study.load import BUILT_IN, built_in_studies, find_study, load_study
from trialwright.study.problems import WrongDefinition

STUDY = "nct07208058"
Mistake = tuple[str, str, str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUILT_IN / STUDY, tmp_path / "mine"))


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str, str], int]:
    """Replace the first occurrence of a text in one file; gives the line where it stood."""

    def replace(file: str, old: str, new: str) -> int:
        path = folder / f"{file}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"the built-in {file}.yaml no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    return replace


def wrong(folder: Path) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        load_study(folder)
    return caught.value


def test_the_built_in_study_is_sound() -> None:
    study = load_study(STUDY)
    assert study.id == STUDY
    assert list(problems(study)) == []


def test_a_study_is_found_by_id_in_any_case_and_by_folder(folder: Path) -> None:
    assert find_study("NCT07208058") == find_study(STUDY) == BUILT_IN / STUDY
    assert load_study(folder) == load_study(STUDY)
    assert STUDY in built_in_studies()


def test_an_unknown_study_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"There is no study 'nct07208085'\. Did you mean nct07208058\?"):
        load_study("nct07208085")


def test_a_file_is_not_a_study_folder(folder: Path) -> None:
    with pytest.raises(DefinitionError, match="this is a file"):
        load_study(folder / "study.yaml")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.yaml").unlink()
    assert f"{name}.yaml" in str(wrong(folder)) or "holds no study.yaml" in str(wrong(folder))


def test_a_misspelled_file_name_is_pointed_at(folder: Path) -> None:
    (folder / "items.yaml").rename(folder / "itmes.yaml")
    assert "Did you mean itmes.yaml?" in str(wrong(folder))


# ruff: noqa: E501
# One mistake on a line: file, what stands there, what a hurried author writes instead, what the answer must say
MISTAKES: dict[str, Mistake] = {
    "misspelled key": ("items", "  label: {en: Sex,", "  lable: {en: Sex,", r"'lable' is not a key here\. Did you mean label\?"),
    "misspelled item type": ("items", "type: quantity", "type: quantitty", r"'quantitty' cannot stand at 'type'\. Did you mean quantity"),
    "misspelled unit": ("items", "unit: kg", "unit: kgg", "kgg"),
    "incompatible other unit": ("items", "units: [g/dL, mmol/L]", "units: [g/dL, mmol/L, Cel]", "'Cel' does not go with the item's unit 'g/L'"),
    "amount without molar mass": ("items", "  molar_mass: 584.66\n", "", "molar mass"),
    "choices that are no list": ("items", "id: ae_term\n", "id: ae_term\n  choices: 3\n", "'choices' must be a list"),
    "limits the wrong way round": ("items", "hard: {low: 50, high: 250}", "hard: {low: 250, high: 50}", "Low 250 is above high 50"),
    "item twice": ("items", "- id: sex\n", "- id: birth_date\n", "The item 'birth_date' is defined twice"),
    "id with a capital": ("items", "- id: sex\n", "- id: Sex\n", r"'Sex' cannot be 'id'\. Use lower-case letters"),
    "id that no table holds": ("items", "- id: sex\n", f"- id: {'s' * 65}\n", r"'s{40}\.\.\.' is too long for 'id': 65 characters\. Use at most 64"),
    "version that no table holds": ("study", 'version: "1.0"', f"version: {'v' * 41}", "is too long for 'version': 41 characters"),
    "no reason for an assumption": ("items", "source: registry", "source: {assumption: ''}", "needs its reference or reason"),
    "unknown kind of source": ("items", "source: registry", "source: guess", "source"),
    "unknown item on a form": ("forms", "{item: wbc, required: true}", "{item: wcb, required: true}", r"There is no item 'wcb'\. Did you mean wbc"),
    "check at another form's item": ("forms", "      item: systolic\n", "      item: wbc\n", "which is not on the form 'vitals'"),
    "unknown form at a visit": ("schedule", "forms: [consent,", "forms: [consents,", r"There is no form 'consents'\. Did you mean consent"),
    "log at a visit": ("schedule", "forms: [consent,", "forms: [adverse_events,", "is a log"),
    "visit form among the logs": ("schedule", "logs: [adverse_events,", "logs: [vitals,", "is not a log"),
    "visit twice": ("schedule", "- id: week2\n", "- id: week1\n", "The visit 'week1' is defined twice"),
    "sample at an unknown visit": ("schedule", "visit: week3,", "visit: wek3,", r"There is no visit 'wek3'\. Did you mean week3"),
    "sample that no form holds": ("schedule", "- {item: plonmarlimab_concentration, visit: week1,", "- {item: nyha_class, visit: week1,", "No form of the visit 'week1' holds the item 'nyha_class'"),
    "window that ends before it begins": ("schedule", "window: {before: 1, after: 2}", "window: {before: 1, after: -2}", r"The window ends \(day -2\) before it begins \(day -1\)"),
    "window beside its day": ("schedule", "window: {before: 1, after: 2}", "window: {before: -1, after: 2}", "leaves out its own target day"),
    "visits out of order": ("schedule", "offset: 14", "offset: 2", "on day 2 follows one on day 7"),
    "dose beyond the regimen": ("schedule", "dose: 8", "dose: 9", "gives dose 9, and dosing.yaml has 8"),
    "dose without a visit": ("dosing", "{first: 4, last: 8,", "{first: 4, last: 9,", "No visit gives dose 9"),
    "gap between dose steps": ("dosing", "{first: 4, last: 8,", "{first: 5, last: 8,", "after the steps before it comes dose 4"),
    "unknown arm": ("dosing", "arm: plonmarlimab", "arm: plonmarlimabb", r"There is no arm 'plonmarlimabb'\. Did you mean plonmarlimab"),
    "dose in a wrong unit": ("dosing", "per_kg: 10, unit: mg/kg,", "per_kg: 10, unit: mg/L,", "is not a dose in 'mg'"),
    "unknown dose item": ("dosing", "dose_item: dose_given", "dose_item: dose", "There is no item 'dose'"),
    "unknown population": ("endpoints", "population: FAS", "population: FASS", r"There is no population 'FASS'"),
    "unknown visit of an endpoint": ("endpoints", "visits: [end_of_treatment]", "visits: [end_of_treatmnt]", "Did you mean end_of_treatment"),
    "unknown answer counted": ("endpoints", "counts: [withdrawn]", "counts: [withdrew]", r"There is no choice 'withdrew'\. Did you mean withdrawn"),
    "event item of another form": ("endpoints", "  grade: ae_grade", "  grade: cm_dose", "'cm_dose'"),
    "no primary endpoint": ("endpoints", "rank: primary", "rank: secondary", "No endpoint is primary"),
    "target not above null": ("endpoints", "target: 0.55", "target: 0.25", "is not above the null rate"),
    "a date that is none": ("study", "start: 2025-11-21", "start: 2025-11-31", "start"),
    "completion before start": ("study", "completion: 2027-11-30", "completion: 2024-11-30", "before it starts"),
    "a number where text stands": ("study", 'version: "1.0"', "version: 1.0", r'Quote it: "1\.0"'),
    "a wrong registry number": ("study", "nct_id: NCT07208058", "nct_id: NCT7208058", "Write NCT and eight digits"),
    "site twice": ("study", '- id: "02"', '- id: "01"', "The site '01' is defined twice"),
    "key twice": ("study", "  sex: ALL\n", "  sex: ALL\n  sex: FEMALE\n", "'sex' is given twice"),
    "not YAML": ("study", "identity:", "identity: [", "This is not YAML"),
    "enrolment of nobody": ("study", "enrolment: 30", "enrolment: 0", "greater than 0, not '0'"),
    "unknown item in the assumptions": ("assumptions", "- {item: sex, choices: {female", "- {item: sexx, choices: {female", r"There is no item 'sexx'\. Did you mean sex"),
    "unknown answer in the assumptions": ("assumptions", "choices: {female: 0.68, male: 0.32}", "choices: {femal: 0.68, male: 0.32}", r"'femal' is not an answer to 'sex'\. Did you mean female"),
    "chances that do not add up": ("assumptions", "choices: {female: 0.68, male: 0.32}", "choices: {female: 0.68, male: 0.22}", "do not add up to 1"),
    "unknown site in the assumptions": ("assumptions", '{site: "01",', '{site: "51",', "There is no site '51'"),
    "missing key": ("study", "  allocation: NA\n", "", "'allocation' is missing here"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_place(mistake: str, folder: Path, edit: Callable[[str, str, str], int]) -> None:
    file, old, new, answer = MISTAKES[mistake]
    line = edit(file, old, new)
    error = wrong(folder)
    assert re.search(answer, str(error)), str(error)
    named, at = error.where.split(":")
    assert named == f"{file}.yaml" or mistake == "sample at an unknown visit"
    assert abs(int(at) - line) <= 12, f"line {at} is far from the mistake in line {line}"


EXPRESSIONS: dict[str, Mistake] = {
    "unknown item in a check": ("forms", "logic: systolic > diastolic", "logic: sistolic > diastolic", "sistolic"),
    "incompatible units": ("endpoints", "logic: fibrinogen > 1 g/L", "logic: fibrinogen > 1 Cel", "g/L and °C cannot be compared"),
    "broken syntax": ("dosing", "logic: oxygen_saturation < 90 %", "logic: oxygen_saturation < < 90 %", "low"),
    "not a truth": ("forms", "logic: systolic > diastolic", "logic: systolic - diastolic", "not true or false"),
    "derived in a wrong unit": ("items", "derive: glucocorticoid_daily / weight", "derive: glucocorticoid_daily * weight", "does not go with"),
    "derived items in a circle": ("items", "derive: weight / (height * height)", "derive: bmi * 2", "in a circle: bmi needs bmi"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", EXPRESSIONS)
def test_a_wrong_expression_is_named_with_its_place(
    mistake: str, folder: Path, edit: Callable[[str, str, str], int]
) -> None:
    file, old, new, answer = EXPRESSIONS[mistake]
    line = edit(file, old, new)
    error = wrong(folder)
    assert error.where == f"{file}.yaml:{line}"
    assert mistake == "broken syntax" or re.search(answer, str(error)), str(error)


def test_a_longer_circle_is_spelt_out(folder: Path, edit: Callable[[str, str, str], int]) -> None:
    edit("items", "derive: weight / (height * height)", "derive: glucocorticoid_per_kg * 2")
    edit("items", "derive: glucocorticoid_daily / weight", "derive: bmi / weight")
    assert "bmi needs glucocorticoid_per_kg needs bmi" in str(wrong(folder))


def test_several_mistakes_are_counted_and_all_kept(folder: Path, edit: Callable[[str, str, str], int]) -> None:
    edit("items", "type: event", "type: evnt")
    edit("study", "  sex: ALL\n", "  sexx: ALL\n")
    error = wrong(folder)
    assert isinstance(error, WrongDefinition)
    assert [e.where.split(":")[0] for e in error.errors] == ["study.yaml", "items.yaml"]
    assert "(1 more mistake in this definition.)" in str(error)


def test_an_alias_that_contains_itself_is_refused(folder: Path) -> None:
    (folder / "assumptions.yaml").write_text("a: &a\n  b: *a\n", encoding="utf-8")
    assert "contains itself" in str(wrong(folder))


def test_aliases_cannot_fill_the_memory(folder: Path) -> None:
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (folder / "assumptions.yaml").write_text("\n".join(rows), encoding="utf-8")
    assert "more than 200000 parts" in str(wrong(folder))


def test_text_that_is_not_utf8_is_named_with_its_line(folder: Path) -> None:
    (folder / "forms.yaml").write_bytes(b"- id: a\n  label: caf\xe9\n")
    assert str(wrong(folder)).startswith("forms.yaml:2: This is not UTF-8 text.")


def test_an_empty_file_is_named(folder: Path) -> None:
    (folder / "forms.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert str(wrong(folder)).startswith("forms.yaml: The file is empty.")


@pytest.mark.parametrize(
    ("right", "wrong_word"),
    [
        ("overall: RECRUITING", "overall: RECRUTING"),
        ("study_type: INTERVENTIONAL", "study_type: INTERVENTIONL"),
        ("phases: [PHASE3]", "phases: [PHASE33]"),
        ("sex: ALL", "sex: ALLL"),
        ("kind: EXPERIMENTAL", "kind: EXPERIMENTL"),
        ("completion_kind: ESTIMATED", "completion_kind: ESTIMATD"),
    ],
)
def test_a_word_that_the_registry_does_not_know_is_answered_with_the_nearest(
    folder: Path, edit: Callable[[str, str, str], int], right: str, wrong_word: str
) -> None:
    line = edit("study", right, wrong_word)
    meant = right.split(": ")[1].strip("[]")
    found = wrong(folder)
    assert found.where == f"study.yaml:{line}"
    assert f"Did you mean {meant}" in found.hint


def test_a_time_zone_must_exist(folder: Path, edit: Callable[[str, str, str], int]) -> None:
    edit("study", "Asia/Shanghai", "Asia/Shangai")
    assert "no time zone" in str(wrong(folder))
