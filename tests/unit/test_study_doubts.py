"""`validate` names what is allowed and yet hardly meant."""

from __future__ import annotations

import pytest

from trialwright.study.checks.doubts import doubts
from trialwright.study.dump import dump_study
from trialwright.study.load import load_study, study_from_texts


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return dump_study(load_study("nct07208058"))


def found(files: dict[str, str], file: str, old: str, new: str) -> list[str]:
    assert old in files[file]
    study = study_from_texts({**files, file: files[file].replace(old, new, 1)})
    return [doubt.what for doubt in doubts(study)]


def test_the_built_in_study_leaves_no_doubt() -> None:
    assert list(doubts(load_study("nct07208058"))) == []


def test_an_endpoint_whose_item_reaches_no_data_set(files: dict[str, str]) -> None:
    target = files["items.yaml"][files["items.yaml"].index("    testcd: LDH") - len("  sdtm:\n    domain: LB\n") :]
    block = target[: target.index("  source:")]
    shown = found(files, "items.yaml", block, "")
    assert any("'complete_response' speaks of 'ldh'" in what for what in shown)


def test_a_criterion_whose_item_stands_on_no_form(files: dict[str, str]) -> None:
    shown = found(files, "forms.yaml", "    - item: transplant\n      required: true\n", "")
    assert shown == ["The criterion E11 needs 'transplant', which stands on no form."]


def test_a_form_that_no_visit_schedules(files: dict[str, str]) -> None:
    assert found(files, "schedule.yaml", "  - medical_history\n", "") == [
        "The form 'medical_history' belongs to no visit and is no log."
    ]
