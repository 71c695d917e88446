"""The table in operators.yaml: every operator, by every interpreter that gives an answer or a text."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic import Scope, build, evaluate, explain, prose, serialise
from trialwright.logic.columnar import View, cell, cohort_of, evaluate_all
from trialwright.logic.table import TABLE
from trialwright.screen import fact_of
from trialwright.study.items import Item

TEXT = (Path(__file__).parent / "operators.yaml").read_text(encoding="utf-8")
TYPED: dict[str, Any] = yaml.safe_load(TEXT)
ITEMS = {
    raw["id"]: Item.model_validate({"label": raw["id"], "source": "registry", **raw, "unit": str(raw.get("unit", ""))})
    for raw in TYPED["items"]
}
SCOPE = Scope(ITEMS)
CASES = [
    pytest.param(spec["expression"], facts, answer, id=f"{spec['operator']}-{n}")
    for spec in TYPED["specs"]
    for n, (facts, answer) in enumerate(spec["patients"], 1)
]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def patient(raw: dict[str, Any]) -> Patient:
    facts: list[Fact] = []
    for name, given in raw.items():
        for one in given if isinstance(given, list) else [given]:
            keys = {k: plain(v) for k, v in (one if isinstance(one, dict) else {"value": one}).items()}
            if ITEMS[name].type in ("date", "datetime", "event") and keys["value"] is not None:
                keys["value"] = str(keys["value"])
            facts.append(fact_of(ITEMS[name], keys))
    screening, enrolment, dose = dt.date(2026, 3, 15), dt.date(2026, 3, 18), dt.date(2026, 3, 20)
    return Patient("P", screening, enrolment, dose, tuple(facts))


def expected(answer: Any, kind: str) -> Any:
    if kind == "truth":
        return Truth.UNKNOWN if answer == "unknown" else Truth.of(answer)
    if answer == "unknown":
        return None
    return PartialDate.parse(plain(answer)) if kind == "date" else pytest.approx(answer)


@pytest.mark.parametrize(("expression", "facts", "answer"), CASES)
def test_answer(expression: str, facts: dict[str, Any], answer: Any) -> None:
    expr = build(expression, SCOPE)
    assert evaluate(expr, patient(facts)) == expected(answer, expr.kind.name)


@pytest.mark.parametrize("spec", TYPED["specs"], ids=lambda spec: spec["operator"])
def test_a_whole_cohort_at_once_gets_the_same_answers(spec: dict[str, Any]) -> None:
    expr = build(spec["expression"], SCOPE)
    cohort = cohort_of([patient(facts) for facts, _ in spec["patients"]], [expr])
    column = evaluate_all(expr, View(cohort))
    answers = [cell(column, row, cohort.vocabulary) for row in range(cohort.size)]
    assert answers == [expected(answer, expr.kind.name) for _, answer in spec["patients"]]
    assert not cohort.plainly


@pytest.mark.parametrize(("expression", "facts", "answer"), CASES)
def test_order_of_facts_does_not_matter(expression: str, facts: dict[str, Any], answer: Any) -> None:
    expr, one = build(expression, SCOPE), patient(facts)
    other = Patient(one.subject, one.screening, one.enrolment, one.first_dose, tuple(reversed(one.facts)))
    assert evaluate(expr, one) == evaluate(expr, other)


@pytest.mark.parametrize("expression", sorted({spec["expression"] for spec in TYPED["specs"]}))
def test_text_and_back_is_the_same(expression: str) -> None:
    expr = build(expression, SCOPE)
    assert build(serialise(expr), SCOPE) == expr
    assert serialise(build(serialise(expr), SCOPE)) == serialise(expr)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("expression", sorted({spec["expression"] for spec in TYPED["specs"]}))
def test_it_can_be_said(expression: str, lang: str) -> None:
    said = prose(build(expression, SCOPE), lang)
    assert said
    assert "{" not in said


@pytest.mark.parametrize(("expression", "facts", "answer"), CASES)
def test_explanation_agrees_and_names_what_is_missing(expression: str, facts: dict[str, Any], answer: Any) -> None:
    expr = build(expression, SCOPE)
    if expr.kind.name != "truth":
        return
    why = explain(expr, patient(facts))
    assert why.truth is expected(answer, "truth")
    assert bool(why.missing) == (why.truth is Truth.UNKNOWN)


def test_every_operator_has_a_specification() -> None:
    assert set(TABLE) <= {spec["operator"] for spec in TYPED["specs"]}


def test_every_operator_is_documented() -> None:
    assert all(op.summary and op.example for op in TABLE.values())
