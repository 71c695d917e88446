"""The columnar evaluator answers as the plain one: for any expression, any cohort, and all criteria; and its laws."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property.test_logic_laws import CRITERIA, EXPRESSIONS, FAST, SCREENING, STUDY, facts, patients

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic import Expr, build, evaluate
from trialwright.logic.columnar import View, cell, cohort_of, evaluate_all
from trialwright.logic.values import Span

WIDE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXPRS = [expr for _, expr in CRITERIA]
NUMBERS = [
    "ferritin", "ferritin / 3", "ferritin - baseline(ferritin)", "percent_change(ferritin)", "max(ferritin)",
    "count(ferritin > 50 ug/L)", "round(ferritin / 7, 1)", "min(ferritin, 500 ug/L)", "-creatinine", "age(birth_date)",
    "age(birth_date) * 2", "coalesce(ferritin, 3 mg/L)", "ln(ferritin / 1 ug/L)", "sqrt(abs(ferritin / 9 ug/L))",
    "mdrd_egfr(creatinine, age(birth_date), sex)", "uln(creatinine)", "earliest(ferritin)", "screening - live_vaccine",
    "prednisone_equivalent(steroid_dose) / weight", "if pregnant then ferritin else 2 * ferritin",
]  # fmt: skip


@st.composite
def crowds(draw: st.DrawFn) -> list[Patient]:
    """A few patients, some with several values of an item, some of the same moment."""
    found = []
    for patient in draw(st.lists(patients(), min_size=1, max_size=5)):
        again = [draw(facts(f.item)) for f in patient.facts if draw(st.integers(0, 3)) == 0]
        times = [replace(f, time=draw(st.sampled_from(["", "08:30", "20:00"]))) for f in again]
        dose = draw(st.one_of(st.none(), st.dates(SCREENING, dt.date(2026, 4, 1))))
        found.append(replace(patient, facts=(*patient.facts, *again, *times), first_dose=dose))
    return found


def together(exprs: list[Expr], crowd: list[Patient]) -> list[list[object]]:
    """The answers of the columnar evaluator, a list for each expression."""
    cohort = cohort_of(crowd, exprs)
    columns = [evaluate_all(expr, View(cohort)) for expr in exprs]
    return [[cell(column, row, cohort.vocabulary) for row in range(cohort.size)] for column in columns]


@given(crowds())
@WIDE
def test_all_criteria_of_the_study_get_the_same_answers(crowd: list[Patient]) -> None:
    assert together(EXPRS, crowd) == [[evaluate(expr, patient) for patient in crowd] for expr in EXPRS]


@given(EXPRESSIONS, crowds())
@WIDE
def test_any_condition_gets_the_same_answers(expr: Expr, crowd: list[Patient]) -> None:
    assert together([expr], crowd) == [[evaluate(expr, patient) for patient in crowd]]


def rounded(value: object) -> object:
    """Sums of floats may be added in another order."""
    if isinstance(value, Span):
        return rounded(value.low), rounded(value.high)
    return float(f"{value:.12g}") if isinstance(value, float) else value


@given(st.sampled_from(NUMBERS), crowds())
@WIDE
def test_any_number_gets_the_same_answers(text: str, crowd: list[Patient]) -> None:
    expr = build(text, STUDY.scope)
    plain = [rounded(evaluate(expr, patient)) for patient in crowd]
    assert [rounded(value) for value in together([expr], crowd)[0]] == plain


@given(patients(), st.data())
@FAST
def test_taking_a_fact_away_moves_only_towards_unknown(patient: Patient, data: st.DataObject) -> None:
    # Days of an item kept by the day are left: consecutive_days takes days with no fact around them as without.
    able = [n for n, f in enumerate(patient.facts) if STUDY.item_by_id[f.item].unit != "mg/d"]
    if not able:
        return
    gone = data.draw(st.sampled_from(able))
    fewer = replace(patient, facts=tuple(f for n, f in enumerate(patient.facts) if n != gone))
    for more, less in together(EXPRS, [patient, fewer]):
        assert less in (more, Truth.UNKNOWN), patient.facts[gone]


@given(patients(), st.data())
@FAST
def test_a_new_fact_leaves_every_decided_criterion_decided(patient: Patient, data: st.DataObject) -> None:
    """On both evaluators; the new fact is of an item or a day of which nothing was on file."""
    absent = sorted({name for expr in EXPRS for name in expr.items} - {f.item for f in patient.facts})
    if not absent:
        return
    fact: Fact = data.draw(facts(data.draw(st.sampled_from(absent))))
    more = replace(patient, facts=(*patient.facts, fact))
    for (before, after), expr in zip(together(EXPRS, [patient, more]), EXPRS, strict=True):
        assert before is Truth.UNKNOWN or after is not Truth.UNKNOWN, (expr, fact)
        assert (evaluate(expr, patient), evaluate(expr, more)) == (before, after)


@given(patients(), st.randoms(use_true_random=False))
@FAST
def test_the_order_of_facts_and_of_patients_changes_nothing(patient: Patient, random: object) -> None:
    shuffled = list(patient.facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    other = replace(patient, facts=tuple(shuffled))
    lone = replace(patient, facts=(Fact("sex", "male", when=PartialDate.day(SCREENING)),))
    for first, *rest in together(EXPRS, [patient, lone, other]):
        assert rest[-1] == first
