"""The columnar evaluator answers as the plain one: for any expression, any cohort, and all criteria."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property.generated import FAST, LOGIC, SCREENING, SPOKEN, STUDY, patients, plainly, together
from property.test_logic_laws import EXPRESSIONS

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.logic import Expr, build, evaluate
from trialwright.logic.values import Span

WIDE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def crowds(names: tuple[str, ...] = SPOKEN) -> st.SearchStrategy[list[Patient]]:
    return st.lists(patients(names), min_size=1, max_size=3)


NUMBERS = [
    "ferritin", "ferritin / 3", "ferritin - baseline(ferritin)", "percent_change(ferritin)", "max(ferritin)",
    "count(ferritin > 50 ug/L)", "round(ferritin / 7, 1)", "min(ferritin, 500 ug/L)", "-creatinine", "age(birth_date)",
    "age(birth_date) * 2", "coalesce(ferritin, 3 mg/L)", "ln(ferritin / 1 ug/L)", "sqrt(abs(ferritin / 9 ug/L))",
    "mdrd_egfr(creatinine, age(birth_date), sex)", "uln(creatinine)", "earliest(ferritin)", "screening - live_vaccine",
    "prednisone_equivalent(steroid_dose) / weight", "if pregnant then ferritin else 2 * ferritin",
]  # fmt: skip


@given(crowds())
@FAST
def test_all_criteria_of_the_study_get_the_same_answers(crowd: list[Patient]) -> None:
    assert together(LOGIC, crowd) == plainly(LOGIC, crowd)


@given(EXPRESSIONS, st.data())
@WIDE
def test_any_condition_gets_the_same_answers(expr: Expr, data: st.DataObject) -> None:
    crowd = data.draw(crowds(expr.items))
    assert together([expr], crowd) == plainly([expr], crowd)


def rounded(value: object) -> object:
    """Sums of floats may be added in another order."""
    if isinstance(value, Span):
        return rounded(value.low), rounded(value.high)
    return float(f"{value:.12g}") if isinstance(value, float) else value


@given(st.sampled_from(NUMBERS), st.data())
@WIDE
def test_any_number_gets_the_same_answers(text: str, data: st.DataObject) -> None:
    expr = build(text, STUDY.scope)
    crowd = data.draw(crowds(expr.items))
    plain = [rounded(evaluate(expr, patient)) for patient in crowd]
    assert [rounded(value) for value in together([expr], crowd)[0]] == plain


@given(patients())
@FAST
def test_the_other_patients_of_a_cohort_change_nothing(patient: Patient) -> None:
    lone = replace(patient, facts=(Fact("sex", "male", when=PartialDate.day(SCREENING)),))
    for first, _, again in together(LOGIC, [patient, lone, patient]):
        assert again == first
