"""The author's assurance: cases with expected answers, and patients at every limit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from trialwright.kernel.errors import DefinitionError
from trialwright.kernel.truth import Truth
from trialwright.screen.cases import FILE, read_cases, run_cases
from trialwright.screen.check import as_document, as_text, check
from trialwright.study.load import find_study, load_study

NAME = "nct07208058"
STUDY = load_study(NAME)
WHOLE = check(NAME, STUDY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study folder of one's own, to break."""
    there = tmp_path / "mine"
    shutil.copytree(find_study(NAME), there)
    return there


def changed(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def test_all_cases_of_the_built_in_study_hold() -> None:
    assert WHOLE.cases is not None
    assert len(WHOLE.cases) > 80
    assert [(c.line, c.problems) for c in WHOLE.failures] == []


def test_the_cases_try_each_criterion_each_way_and_each_reading() -> None:
    found = read_cases(NAME, STUDY)
    assert found is not None
    cases = found[0].cases
    usual = {c.id: "met" if c.kind == "inclusion" else "not_met" for c in STUDY.eligibility.criteria}
    tried = {(id_, state) for case in cases for id_, state in case.expect.items()} | set(usual.items())
    assert tried >= {(id_, state) for id_ in usual for state in ("met", "not_met", "unknown")}
    flipped = {(id_, reading) for case in cases for id_, readings in case.flips.items() for reading in readings}
    assert flipped == {(c.id, r.id) for c in STUDY.eligibility.criteria for r in c.readings}
    assert {case.verdict for case in cases} == {"eligible", "not_eligible", "undetermined"}


def test_the_check_speaks_chinese_as_whole(folder: Path) -> None:
    """Nothing but ids, units and the author's own names of cases stays in Latin letters."""
    changed(folder, "eligibility.yaml", "haemoglobin < 90 g/L", "haemoglobin > 90 g/L")
    found = check(folder, load_study(folder), "zh")
    told = as_text(found, "zh")
    assert "89 g/L  否" in told
    assert "恰在界限，2026-02-13" in told
    assert "筛选日，2026-03-15" in told
    assert "I04为“未知”，预期为“符合”。" in told
    assert [t.given for p in found.probes for t in p.trials if t.given.islower() and t.given.isalpha()] == []
    assert [(p.criterion, len(p.trials)) for p in found.probes] == [(p.criterion, len(p.trials)) for p in WHOLE.probes]


def test_the_names_of_cases_are_their_own() -> None:
    assert WHOLE.cases is not None
    names = [case.case for case in WHOLE.cases]
    assert len(names) == len(set(names))


def test_every_atom_has_patients_on_both_sides_of_its_limit() -> None:
    for probe in WHOLE.probes:
        answers = {trial.atom for trial in probe.trials}
        assert answers == set(Truth), (probe.criterion, probe.text)
        assert {trial.criterion for trial in probe.trials} == set(Truth), (probe.criterion, probe.text)


def trials(criterion: str, text: str) -> list[tuple[str, str]]:
    probe = next(p for p in WHOLE.probes if p.criterion == criterion and text in p.text)
    return [(t.given, t.atom.value) for t in probe.trials]


@pytest.mark.parametrize(
    ("criterion", "text", "expected"),
    [
        ("I04", "Haemoglobin", [("89 g/L", "true"), ("90 g/L", "false"), ("91 g/L", "false")]),
        ("I04", "Triglycerides", [("2.99 mmol/L", "false"), ("3 mmol/L", "true"), ("3.01 mmol/L", "true")]),
        ("E08", "Creatinine above", [("125 µmol/L", "false"), ("126 µmol/L", "false"), ("127 µmol/L", "true")]),
        ("E08", "eGFR", [("111 µmol/L", "false"), ("112 µmol/L", "true")]),
        ("I01", "below 81", [("the day before birthday 81", "true"), ("birthday 81", "false")]),
        ("E15", "vaccine", [("a day outside, 2026-02-12", "false"), ("at the limit, 2026-02-13", "true")]),
        ("I05", "consecutive", [("71.9 mg/d on 3 days", "false"), ("72 mg/d on 3 days", "true")]),
    ],
)
def test_the_limits_are_found(criterion: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert trials(criterion, text)[: len(expected)] == expected


def test_a_wrong_sign_is_found_by_the_cases(folder: Path) -> None:
    changed(folder, "eligibility.yaml", "haemoglobin < 90 g/L", "haemoglobin <= 90 g/L")
    found = check(folder, load_study(folder))
    assert {c.case for c in found.failures} == {"Haemoglobin 90 is none", "Haemoglobin 9.0 g/dL is none"}
    text = as_text(found)
    assert f"{FILE}:{found.failures[0].line}: Haemoglobin 90 is none" in text
    assert "I04 is met, and not met was expected" in text


def test_a_study_without_cases_still_has_its_limits_shown(folder: Path) -> None:
    (folder / FILE).unlink()
    found = check(folder, load_study(folder))
    assert found.cases is None
    assert not found.failures
    assert f"The study has no {FILE}" in as_text(found)
    assert all({Truth.TRUE, Truth.FALSE} <= {t.atom for t in p.trials} for p in found.probes)
    assert as_document(found)["cases"] is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("expect: {I03: not_met}", "expect: {I93: not_met}", "There is no criterion 'I93'."),
        ("flips: {I04: [fever_from_38]}", "flips: {I04: [fever_from_83]}", "Did you mean fever_from_38"),
        ("like: young man, facts: {creatinine: 126}", "like: young, facts: {}", "There is no group 'young'."),
        ("verdict: not_eligible, expect: {I03: not_met}", "verdict: no", "Input should be 'eligible'"),
    ],
)
def test_a_mistake_in_the_cases_is_told_with_its_line(folder: Path, old: str, new: str, message: str) -> None:
    changed(folder, FILE, old, new)
    with pytest.raises(DefinitionError) as caught:
        read_cases(folder, STUDY)
    assert message in str(caught.value)
    assert caught.value.where.startswith(f"{FILE}:")


def test_a_case_that_cannot_be_is_a_failure_with_the_reason(folder: Path) -> None:
    changed(folder, FILE, "facts: {rheumatic_disease: false}", "facts: {rheumatic_diseas: false}")
    found = read_cases(folder, STUDY)
    assert found is not None
    failed = [r for r in run_cases(*found, STUDY) if r.problems]
    assert [(r.case, r.state) for r in failed] == [("No rheumatic disease", "refused")]
    assert "rheumatic_disease" in failed[0].problems[0]


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("bmi > 30 kg/m2", ["81.6 kg", "81.7 kg"]),
        ("max(ferritin) > 600 ug/L", ["599 µg/L", "600 µg/L", "601 µg/L"]),
        ("live_vaccine >= 2026-01-01", ["2025-12-31", "2026-01-01", "2026-01-02"]),
        ("during(creatinine > 100 umol/L, 7 days, before: screening)", ["99 µmol/L", "100 µmol/L", "101 µmol/L"]),
        ("percent_change(ferritin) < -50 %", []),
    ],
)
def test_criteria_of_other_studies_get_their_limits_too(folder: Path, logic: str, expected: list[str]) -> None:
    (folder / FILE).unlink()
    changed(folder, "eligibility.yaml", "    logic: primary_hlh\n", f"    logic: '{logic}'\n")
    found = check(folder, load_study(folder))
    probe = next(p for p in found.probes if p.criterion == "E01")
    assert [t.given for t in probe.trials] == [*expected, "not known"]
