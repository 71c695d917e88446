"""`conduct build`: what a form asks, and what could never work at capture though it is written soundly."""

from __future__ import annotations

import time
from typing import Any

import pytest
from bench.big_study import big_study

from trialwright.conduct.rules import capture
from trialwright.logic.certain import Range, can_be
from trialwright.study.building import build
from trialwright.study.checks import problems
from trialwright.study.definition import Study
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
LIMITS = {"weight": Range(1, 400)}


def doubts(edit: Any) -> list[str]:
    plain = STUDY.model_dump(mode="json", by_alias=True)
    edit(plain)
    study = Study.model_validate(plain)
    assert not list(problems(study)), "the definition itself stays sound"
    return [doubt.what for doubt in build(study).doubts]


def field(plain: dict[str, Any], form: str, item: str) -> dict[str, Any]:
    found = next(each for each in plain["forms"] if each["id"] == form)
    return next(f for group in found["groups"] for f in group["fields"] if f["item"] == item)


def checks(plain: dict[str, Any], form: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(each for each in plain["forms"] if each["id"] == form)["checks"]
    return found


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("weight > 40 kg and weight < 30 kg", False, True),
        ("weight > 400 kg", False, True),
        ("weight >= 400 kg", True, True),
        ("weight > 500000 g", False, True),
        ("weight > 3 kg or weight < 5 kg", True, False),
        ('sex != "male" and sex != "female"', False, True),
        ('sex in ("female", "male")', True, False),
        ('not (sex == "male") and not (sex == "female")', False, True),
        ("rheumatic_disease and not rheumatic_disease", False, True),
        ("weight > height * 1 kg/cm", True, True),
        ("age(birth_date) >= 18 years and age(birth_date) < 18 years", True, True),
    ],
)
def test_what_is_certain_of_an_expression_before_any_patient_is_known(text: str, true: bool, false: bool) -> None:
    expr = STUDY.compile(text)
    assert (can_be(expr, True, LIMITS), can_be(expr, False, LIMITS)) == (true, false)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            lambda p: field(p, "vitals", "pulse").update(show_when="weight > 900 kg"),
            "The field 'pulse' of 'vitals' is never asked: its 'show_when' can never be true.",
        ),
        (
            lambda p: field(p, "vitals", "weight").update(show_when='sex == "female" and sex == "male"'),
            "The field 'weight' of 'vitals' is required, and its 'show_when' can never be true.",
        ),
        (
            lambda p: field(p, "vitals", "bmi").update(required=True),
            "The field 'bmi' of 'vitals' is required and computed: nobody can fill it in.",
        ),
        (
            lambda p: checks(p, "vitals")[0].update(logic="weight <= 500 kg or systolic > diastolic"),
            "The check 'pressure_order' of 'vitals' can never be false.",
        ),
        (
            lambda p: checks(p, "vitals")[0].update(logic="weight > 500 kg"),
            "The check 'pressure_order' of 'vitals' can never be true.",
        ),
        (
            lambda p: p["schedule"]["visits"][2].update(window={"before": 7, "after": 0}),
            "The windows of the visits 'week1' and 'week2' share a day.",
        ),
    ],
)
def test_build_names_what_could_never_work(edit: Any, sentence: str) -> None:
    assert sentence in doubts(edit)


def test_build_names_a_check_on_what_no_form_holds() -> None:
    def nowhere(plain: dict[str, Any]) -> None:
        vitals = next(form for form in plain["forms"] if form["id"] == "vitals")
        fields = vitals["groups"][1]["fields"]
        fields[:] = [f for f in fields if f["item"] != "diastolic"]

    assert "The check 'pressure_order' of 'vitals' speaks of 'diastolic', which stands on no form." in doubts(nowhere)


def test_the_built_in_study_raises_no_doubt() -> None:
    built = build(STUDY)
    assert built.doubts == ()
    assert built.counts["forms"] == len(STUDY.forms)
    vitals = next(sheet for sheet in built.sheets if sheet.form == "vitals")
    assert (vitals.fields, vitals.required, vitals.computed, vitals.checks) == (9, 2, 1, 2)
    assert vitals.visits[0] == "screening"
    assert vitals.visits[-1] == "unscheduled"


def test_a_study_of_fifty_forms_and_fifteen_hundred_items_is_built(record_property: Any) -> None:
    study = big_study()
    begun = time.process_time()
    assert list(problems(study)) == []
    built = build(study)
    for form in study.forms:
        capture.form_map(study, form.id)
    record_property("cpu_seconds", time.process_time() - begun)
    assert (built.counts["forms"], built.counts["items"], built.counts["fields"]) == (50, 1500, 1500)
    assert built.doubts == ()
