"""Calculators as a person types into them: units, unknowns, slips and what the answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trialwright.kernel.errors import InputError, UnitError, UnknownName, UserError
from trialwright.kernel.truth import Truth
from trialwright.screen.calculators import (
    answer_document,
    answer_text,
    calculate,
    calculators,
    list_document,
    list_text,
    pairs,
)

EGFR = {"creatinine": "133 umol/L", "age": "40", "sex": "male"}


def test_the_shelf_holds_every_calculator_once() -> None:
    names = [card.id for card in calculators()]
    assert len(set(names)) == len(names) == 19
    assert [line.split(":")[0] for line in list_text().splitlines() if line[0] != " "] == names
    assert "[ferritin=µg/L]" in list_text()
    assert [entry["calculator"] for entry in list_document("zh")] == names


@pytest.mark.parametrize(
    "ferritin", ["2500ug/L", "2500 ug/L", "2500ng/mL", "2.5 mg/L", "2500 µg/L", "2500mcg/L", "2.5e3ug/L"]
)
def test_a_value_in_any_fitting_unit_is_the_same_value(ferritin: str) -> None:
    answer = calculate("hscore", {"ferritin": ferritin})
    assert answer.interval == (35, 322)
    assert answer.inputs == {"ferritin": 2500}
    assert answer.warnings == ()


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("bsa_mosteller", {"height": "1.8m", "weight": "80000g"}, 2.0),
        ("bsa_mosteller", {"height": "70.8661417[in_i]", "weight": "176.3698lb"}, 2.0),
        ("mdrd_egfr", {"creatinine": "88.42umol/L", "age": "40 years", "sex": "m"}, 108.46),
        ("mdrd_egfr", {"creatinine": "1mg/dL", "age": "480 mo", "sex": "Male"}, 108.46),
        ("prednisone_equivalent", {"dose": "1 g/d", "agent": "Methylprednisolone sodium succinate"}, 1250),
        ("prednisone_equivalent", {"dose": "15mg/d", "agent": "dexamethasone", "table": "dexamethasone_0_6"}, 125),
        ("ctcae", {"term": "anemia", "value": "7.9 g/dL"}, 3),
        ("ctcae", {"term": "Neutrophil count decreased", "value": "400/uL", "version": "6"}, 3),
        ("ctcae", {"term": "Fibrinogen decreased", "value": "1.9g/L", "low": "200mg/dL", "baseline": "4g/L"}, 3),
        ("convert", {"value": "1.2 mg/dL", "to": "umol/L", "substance": "bilirubin"}, 20.52),
        ("ms_score", {"cns": "no", "haemorrhage": "0", "arthritis": "否", "platelets": "90x10^9/L", "ldh": "1500 IU/L",
                      "fibrinogen": "2 g/L", "ferritin": "12000 ng/mL"}, 1.63),
    ],
)  # fmt: skip
def test_answers_from_typed_inputs(name: str, given: dict[str, Any], value: float) -> None:
    assert calculate(name, given).value == pytest.approx(value, abs=0.006)


def test_hscore_says_which_tests_reach_furthest() -> None:
    answer = calculate("hscore", {"temperature": "39.0Cel", "ferritin": "9000ug/L", "ast": "60U/L"})
    assert answer.value is None
    assert answer.interval == (33 + 50 + 19, 33 + 50 + 19 + 18 + 38 + 34 + 64 + 30 + 35)
    assert answer.missing[0] == "triglycerides"
    assert answer.missing[-1] == "immunosuppressed"


def test_hscore_is_decided_before_all_is_known() -> None:
    given = {"temperature": "40Cel", "organs": "2", "ferritin": "9000ug/L", "triglycerides": "5mmol/L"}
    parts = {part.name: part.value for part in calculate("hscore", given).parts}
    assert parts["positive"] is Truth.TRUE
    assert parts["probability"] is None


def test_hlh_2004_names_the_signs_that_could_decide() -> None:
    given = {"temperature": "39Cel", "splenomegaly": "yes", "haemoglobin": "100g/L", "platelets": "80 10*9/L",
             "neutrophils": "800/uL", "triglycerides": "2mmol/L", "fibrinogen": "250mg/dL", "ferritin": "8000ug/L",
             "scd25": "1800U/mL"}  # fmt: skip
    answer = calculate("hlh_2004", given)
    assert answer.value is Truth.UNKNOWN
    assert answer.missing == ("haemophagocytosis", "nk_activity_low")
    assert "1 more of the 2 open signs would make 5 of 8." in answer_text(answer)
    assert calculate("hlh_2004", {**given, "nk_activity_low": "yes"}).value is Truth.TRUE
    assert calculate("hlh_2004", {**given, "nk_activity_low": "no", "haemophagocytosis": "no"}).value is Truth.FALSE


def test_outside_systemic_jia_the_classification_is_out_of_scope_and_not_a_no() -> None:
    given = {"fever": "yes", "ferritin": "9000ug/L", "platelets": "150 10*9/L", "ast": "90U/L"}
    assert calculate("mas_2016", {**given, "sjia": "yes"}).value is Truth.TRUE
    assert calculate("mas_2016", {**given, "sjia": "no"}).value == "out_of_scope"
    assert calculate("mas_2016", given).value is Truth.UNKNOWN
    assert calculate("mas_2016", given).missing == ("sjia",)
    assert "out of scope" in answer_text(calculate("mas_2016", {**given, "sjia": "no"}))


def test_a_formula_outside_its_validity_warns() -> None:
    assert "Not validated below 18" in calculate("mdrd_egfr", {**EGFR, "age": "17"}).warnings[0].en
    assert calculate("mdrd_egfr", {**EGFR, "age": "18"}).warnings == ()
    schwartz = calculate("bedside_schwartz", {"creatinine": "0.5mg/dL", "height": "120cm", "age": "17"})
    assert "1 to 16 years" in schwartz.warnings[0].en
    assert "验证" in schwartz.warnings[0].zh


def test_a_unit_that_was_not_given_is_said() -> None:
    warned = calculate("mdrd_egfr", {**EGFR, "creatinine": "1.5"}).warnings
    assert [w.en for w in warned] == ["No unit was given; taken as serum creatinine in mg/dL."]


@pytest.mark.parametrize(
    ("name", "given", "error", "words"),
    [
        ("hscor", {}, UnknownName, "Did you mean hscore"),
        ("hscore", {"ferritn": "1"}, UnknownName, "Did you mean ferritin"),
        ("hscore", {"ferritin": "2500 Cel"}, UnitError, "°C is no unit for ferritin"),
        ("hscore", {"ferritin": "2500 ugg/L"}, UnitError, "is not a unit"),
        ("hscore", {"ferritin": "high"}, InputError, "is not a number"),
        ("hscore", {"ferritin": "1e999"}, InputError, "too large"),
        ("hscore", {"ferritin": "-1ug/L"}, InputError, "cannot be"),
        ("hscore", {"ferritin": "9" * 300}, InputError, "too long"),
        ("hscore", {"temperature": "385"}, InputError, "was a point forgotten"),
        ("hscore", {"temperature": "38,5"}, InputError, "decimal point"),
        ("hscore", {"haemophagocytosis": "maybe"}, InputError, "neither yes nor no"),
        ("hscore", {"organs": "3"}, InputError, "between 0 and 2"),
        ("hscore", {"organs": "1.5"}, InputError, "not a whole number"),
        ("hscore", {"hb": "90g/L", "haemoglobin": "9g/dL"}, InputError, "the same input"),
        ("hscore", {"haemoglobin": "9.2"}, InputError, "between 20 and 300"),
        ("hlh_2004", {"scd25": "5000pg/mL"}, UnitError, "no unit for soluble CD25"),
        ("mdrd_egfr", {"creatinine": "133umol/L"}, InputError, "needs age and sex too. For example age=40 sex=male"),
        ("mdrd_egfr", {**EGFR, "creatinine": "133"}, InputError, "cannot be 133 mg/dL"),
        ("mdrd_egfr", {**EGFR, "sex": "other"}, UnknownName, "female, male"),
        ("prednisone_equivalent", {"dose": "9mg/d", "agent": "dexametasone"}, UnknownName, "mean dexamethasone"),
        ("ctcae", {"term": "Platelets", "value": "20"}, UnknownName, "Platelet count decreased"),
        ("ctcae", {"term": "Anemia", "value": "7.9"}, UnitError, "Give the value and its limits in g/L"),
        ("convert", {"value": "265mg/dL", "to": "mmol/L"}, UnitError, "Name the substance"),
        ("convert", {"value": "265mg/dL", "to": "foo"}, UnitError, "is not a unit"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_sentence(
    name: str, given: dict[str, Any], error: type[UserError], words: str
) -> None:
    with pytest.raises(error) as caught:
        calculate(name, given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("unknown", ["unknown", "", None, "?"])
def test_unknown_is_as_good_as_left_out(unknown: str | None) -> None:
    assert calculate("hscore", {"ferritin": unknown}).interval == (0, 337)


def test_american_spellings_and_short_names_are_understood() -> None:
    short = {"Hb": "8.5g/dL", "plt": "60 10*9/L", "hemophagocytosis": "yes"}
    long = {"haemoglobin": "85g/L", "platelets": "60 10*9/L", "haemophagocytosis": "yes"}
    assert calculate("hscore", short).interval == calculate("hscore", long).interval


def test_words_of_the_command_line() -> None:
    assert pairs(["ferritin=2500ug/L", "ast = 30"]) == {"ferritin": "2500ug/L", "ast": "30"}
    with pytest.raises(InputError, match="name=value"):
        pairs(["ferritin"])
    with pytest.raises(InputError, match="given twice"):
        pairs(["ast=1", "ast=2"])


@pytest.mark.parametrize("card", calculators(), ids=lambda card: card.id)
def test_every_answer_is_json_and_readable_in_both_languages(card: Any) -> None:
    given = {n: v if not hasattr(v, "unit") else f"{v.value} {v.unit}" for n, v in card.example[0].items()}
    answer = calculate(card.id, {n: "yes" if v is True else "no" if v is False else v for n, v in given.items()})
    document = json.loads(json.dumps(answer_document(answer)))
    assert document["calculator"] == card.id
    assert document["source"] == card.source == answer.source
    expected = card.example[1]
    wanted = {Truth.TRUE: True, Truth.FALSE: False, Truth.UNKNOWN: None}.get(expected, expected)
    assert document["value"] == (pytest.approx(wanted, rel=2e-3) if isinstance(wanted, float) else wanted)
    assert card.label.zh in answer_text(answer, "zh")
    assert card.label.en in answer_text(answer)


def test_an_answer_outside_the_ages_of_an_equation_says_so() -> None:
    given = {"fvc": "3.9L", "sex": "male", "age": "99", "height": "175cm", "equation": "gli_2022"}
    answer = calculate("fvc_percent_predicted", given)
    assert answer.value is None
    assert "3 to 95 years only" in answer_text(answer)
