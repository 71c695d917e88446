"""The validation pack: what is tried is tried in truth, and what goes wrong is found."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import run_program
from kept import Kept

from trialwright.rehearse.validation.cases import Case
from trialwright.rehearse.validation.pack import Asked, Pack, validate
from trialwright.study.definition import Study

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def made(study: Study, database: Kept) -> Pack:
    from trialwright.web.setup import setup

    address = database.place if database.vendor == "postgresql" else ""
    return validate(study, Asked(NEW_YEAR, None, address), database=setup)


def with_checks(study: Study, *logics: str) -> Study:
    """The study with more edit checks on its vital signs."""
    data = study.model_dump(mode="json", by_alias=True)
    form = next(form for form in data["forms"] if form["id"] == "vitals")
    for n, logic in enumerate(logics):
        form["checks"].append({"id": f"added_{n}", "logic": logic, "message": {"en": "?"}, "item": "weight"})
    return Study.model_validate(data)


def cases(pack: Pack, section: str) -> dict[str, Case]:
    return {case.id: case for found in pack.sections if found.id == section for case in found.cases}


def test_nothing_fails_and_every_check_fires_both_ways(tiny: Study, database: Kept) -> None:
    pack = made(tiny, database)
    assert [case for section in pack.sections for case in section.cases if case.result == "failed"] == []
    checks = cases(pack, "checks")
    assert {name.rpartition(".")[2] for name in checks} == {"true", "false"}
    assert len(checks) == 2 * sum(len(form.checks) for form in tiny.forms)
    assert {case.result for case in checks.values()} == {"passed"}
    assert cases(pack, "windows")["window.week2.first"].test == "it takes place on day +6 (its first day)"
    assert {case.result for case in cases(pack, "derived").values()} == {"passed"}
    assert {case.result for case in cases(pack, "skips").values()} == {"passed"}
    ranges = {name: (case.test.split()[1], case.found) for name, case in cases(pack, "ranges").items()}
    assert ranges["range.weight.hard_low_1.below"] == ("0.999", "refused")
    assert ranges["range.weight.hard_low_1.at"] == ("1", "query")
    assert ranges["range.weight.soft_low_30.below"] == ("29.97", "query")
    assert ranges["range.weight.soft_low_30.at"] == ("30", "accepted")
    assert ranges["range.weight.hard_high_400.above"] == ("400.4", "refused")
    assert len(cases(pack, "operation")) == 17
    fields = cases(pack, "fields")
    assert fields["field.person.who.sex.kept"].found == "female"
    assert fields["field.vitals.body.weight.refused"].found == "refused"
    assert_an_inspector_can_follow(pack, tiny)
    assert pack.made["database"].startswith(database.vendor)


def assert_an_inspector_can_follow(pack: Pack, study: Study) -> None:
    """Each part of the definition leads to its tests or to a reason, each test says what was expected and found."""
    every = {case.id: case for section in pack.sections for case in section.cases}
    assert len(every) == sum(len(section.cases) for section in pack.sections), "an id names one test"
    assert [c.id for c in every.values() if c.result == "passed" and not (c.expected and c.found and c.test)] == []
    assert [c.id for c in every.values() if c.result == "not exercised" and not c.reason] == []
    traced = {each.requirement: each for each in pack.traced}
    assert {test for each in pack.traced for test in each.tests} <= every.keys()
    assert {test for each in pack.traced for test in each.tests} == {
        case.id for section in pack.sections if section.phase == "PQ" for case in section.cases
    }, "no test of this study is without what it is for"
    assert [each.requirement for each in pack.traced if each.result == "not exercised" and not each.reason] == []
    told = traced[f"Form vitals, weight: {study.item_by_id['weight'].label.en}"]
    assert (told.result, told.counted) == ("passed", "field 2, range 12, required 1")
    assert traced["Form vitals, check order: systolic > diastolic"].counted == "check 2"
    assert sum(name.startswith("Criterion ") for name in traced) == len(study.eligibility.criteria)
    assert len(pack.made["program_sha256"]) == 64


@SQLITE
def test_the_same_study_gives_the_same_pack(tiny: Study, database: Kept) -> None:
    from trialwright.rehearse.validation.pdf import pdf

    first, second = made(tiny, database), made(tiny, database)
    assert first.text() == second.text()
    sheet = pdf(first)
    assert sheet == pdf(second)
    assert sheet.startswith(b"%PDF")
    header = json.loads(first.text())["made"]
    assert header["at"] == "2026-01-01T00:00:00+00:00"


@SQLITE
def test_a_check_that_cannot_fail_is_said_not_to_be_exercised(tiny: Study, database: Kept) -> None:
    """The item accepts nothing below 1 kg, so that the first one can never be false; the second one can."""
    pack = made(with_checks(tiny, "weight >= 1 kg", "weight < 399 kg or height > 100 cm"), database)
    found = cases(pack, "checks")
    never, sometimes = found["check.vitals.added_0.false"], found["check.vitals.added_1.false"]
    assert (never.result, never.reason) == ("not exercised", "no entries were found within 4000 tries")
    assert sometimes.result == "passed"
    assert pack.passed, "what could not be tried is counted, and is no failure"


@SQLITE
def test_conduct_that_does_not_ask_is_found_out(tiny: Study, database: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    from trialwright.conduct.actions import forms

    def silent(*_scene: Any) -> dict[Any, str]:
        return {}

    monkeypatch.setattr(forms.checks, "findings", silent)
    pack = made(tiny, database)
    assert not pack.passed
    assert cases(pack, "checks")["check.vitals.order.false"].result == "failed"
    assert cases(pack, "ranges")["range.weight.soft_low_30.below"].found == "accepted"


@SQLITE
def test_a_policy_that_lets_everybody_in_is_found_out(
    tiny: Study, database: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct.rules import policy

    monkeypatch.setattr(policy.Person, "role_for", lambda self, action, site="": "investigator")
    found = cases(made(tiny, database), "roles")
    assert found["policy.sponsor.save_form.own_site"].result == "failed"
    assert found["policy.coordinator.read.another_site"].found == "open"


@SQLITE
def test_a_database_that_is_in_use_is_never_the_scratch(tiny: Study, desk: Any, database: Kept) -> None:
    from trialwright.kernel.errors import InputError
    from trialwright.web.setup import setup

    with pytest.raises(InputError, match="holds studies already"):
        validate(tiny, Asked(NEW_YEAR, None, database.place), database=setup)


def test_the_command_writes_both_files_once(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    for arguments, code, words in (
        (("--study", "nct07208058", "nct07208058", "--out", str(folder)), 2, "Name one study"),
        (("nct07208058", "--out", str(folder), "--database", "trial.sqlite3"), 2, "postgresql://"),
        (("nct07208058", "--out", str(folder), "--lock", str(folder / "none")), 2, "no lock file"),
        (("--study", "nct07208058", "--out", str(folder), "--at", "2026-01-01"), 0, "nothing failed"),
        (("--study", "nct07208058", "--out", str(folder)), 2, "exists already"),
    ):
        answer = run_program("validate", *arguments)
        assert (answer.returncode, words in answer.stdout + answer.stderr) == (code, True), answer.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["validation.json", "validation.pdf"]
    told = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert told["counts"]["failed"] == 0
    installed = next(section for section in told["sections"] if section["id"] == "installation")
    assert any(case["id"] == "iq.package.django" and case["result"] == "passed" for case in installed["cases"])
