"""Mistakes in expressions: each message says where it is, what is wrong, and what would be right."""

from __future__ import annotations

import pytest

from trialwright.kernel.errors import LogicError
from trialwright.logic import Kind, Scope, build, evaluate, serialise
from trialwright.study.eligibility import Term
from trialwright.study.items import Item


def item(**keys: object) -> Item:
    return Item.model_validate({"label": keys["id"], "source": "registry", **keys})


ITEMS = (
    item(id="creatinine", type="quantity", unit="umol/L", molar_mass=113.1),
    item(id="urea", type="quantity", unit="mmol/L"),
    item(id="fvc", type="quantity", unit="%"),
    item(id="weight", type="quantity", unit="kg"),
    item(id="sex", type="choice", choices=[{"code": "female", "label": "F"}, {"code": "male", "label": "M"}]),
    item(id="spleen", type="boolean"),
    item(id="vaccine", type="event"),
    item(id="screening", type="boolean"),
)
SCOPE = Scope({i.id: i for i in ITEMS})


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("creatinin > 3 umol/L", "column 1", "Did you mean creatinine"),
        ("spleen and spleeen", "column 12", "Did you mean spleen"),
        ("creatinine > 3", "column 14", "pure number"),
        ("creatinine > 3 Cel", "column 14", "µmol/L and °C cannot be compared"),
        ("creatinine > 3 mg/dl and weight > 3 kgg", "column 35", "'kgg' is not known. Did you mean kg?"),
        ("urea > 30 mg/dL", "column 8", "without the molar mass"),
        ("fvc < 80", "column 7", "Write 80 %."),
        ('sex == "femal"', "column 8", "Did you mean female"),
        ("sex > spleen", "column 7", "compares numbers and dates"),
        ("at_least(3, spleen, spleen)", "column 10", "3 of 2 is impossible"),
        ("at_least(1.5, spleen)", "column 10", "whole number"),
        ("within(vaccine, 30, before: screening)", "column 17", "Write for example 30 days"),
        ("within(vaccine, 30 days, screening)", "column 26", "Write before: screening"),
        ("within(vaccine, 30 days, befor: screening)", "column 26", "Did you mean before"),
        ("within(weight, 30 days, before: screening)", "column 8", "must be a date or an event"),
        ("uln(3)", "column 5", "name of an item"),
        ("uln(sex)", "column 5", "must be a number"),
        ("ulm(weight)", "column 1", "There is no function 'ulm'. Did you mean uln"),
        ("spleen and\n  weight", "line 2, column 3", "must be yes or no, and is a number"),
        ("spleen = true", "column 8", "Write '=='"),
        ("spleen and", "column 11", "ends too early"),
        ("(spleen", "column 8", "ends too early"),
        ("spleen)", "column 7", "does not belong here"),
        ("weight > 3 kg > 2 kg", "column 15", "does not belong here"),
        ("if spleen then 3 else spleen", "column 23", "'then' gives number and 'else' gives truth"),
        ("mdrd_egfr(weight, weight, sex) > 1", "column 11", "creatinine must be in mg/dL"),
        ("any(weight > 3 kg or spleen)", "column 5", "exactly one item"),
        ("sqrt(weight)", "column 6", "pure number"),
        ("weight + spleen", "column 10", "must be a number"),
        ("prednisone_equivalent(weight)", "column 23", "mg/d"),
        ("", "column 1", "ends too early"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(LogicError) as caught:
        build(text, SCOPE)
    assert caught.value.where == where
    assert what in str(caught.value)


def test_a_term_that_needs_itself_is_refused() -> None:
    terms = {
        name: Term.model_validate({"id": name, "label": name, "logic": logic, "source": "registry"})
        for name, logic in (("one", "two or spleen"), ("two", "not one"))
    }
    with pytest.raises(LogicError, match="one -> two -> one"):
        build("one", Scope(SCOPE.items, terms))


def test_a_mistake_inside_a_term_names_the_term() -> None:
    term = Term.model_validate({"id": "heavy", "label": "heavy", "logic": "weight > 3 L", "source": "registry"})
    with pytest.raises(LogicError) as caught:
        build("heavy", Scope(SCOPE.items, {"heavy": term}))
    assert caught.value.where == "term heavy, column 10"


def test_an_anchor_is_meant_after_before_even_where_an_item_has_its_name() -> None:
    expr = build("within(vaccine, 30 days, before: screening) and screening", SCOPE)
    assert expr.items == ("vaccine", "screening")


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(LogicError, match="nested too deeply"):
        build("not " * 5000 + "spleen", SCOPE)


def test_the_wanted_kind_is_checked() -> None:
    build("weight * 2", SCOPE, expect=Kind("number", "g"))
    with pytest.raises(LogicError, match="gives number where truth"):
        build("weight * 2", SCOPE, expect=Kind("truth"))
    with pytest.raises(LogicError, match="gives kg where m is needed"):
        build("weight * 2", SCOPE, expect=Kind("number", "m"))


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c) - d", "a / (b / c) / d", "-(a + b) * c", "(p and q) and r", "p or q and r", "(p or q) and r",
        "not (p and q)", "not not p", "if p then a else if q then b else c", "(if p then a else b) + c",
        "p == (a > b)", "--a", "a * -b", "p and (if p then q else r)",
    ],
)  # fmt: skip
def test_brackets_survive_text_and_back(text: str) -> None:
    scope = Scope(
        {
            i.id: i
            for i in (
                *(item(id=n, type="quantity", unit="1") for n in "abcd"),
                *(item(id=n, type="boolean") for n in "pqr"),
            )
        }
    )
    expr = build(text, scope)
    assert serialise(expr) == text
    assert build(serialise(expr), scope) == expr


def test_an_answer_can_be_had_in_another_unit() -> None:
    import datetime as dt

    from trialwright.evidence.patient import Fact, Patient

    patient = Patient("P", dt.date(2026, 3, 15), facts=(Fact("weight", 2.0, "kg"),))
    assert evaluate(build("weight", SCOPE), patient, unit="g") == 2000
