"""Laws of the language over generated patients: of all criteria of the built-in study, and of generated expressions.

What may be asked of unknown facts, and why no more, says docs/adr/0007-laws-of-unknown.md.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from property.generated import BOTH, CRITERIA, FAST, LOGIC, SPOKEN, STUDY, Answers, facts, patients

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel import units
from trialwright.kernel.dates import add_months, completed_years
from trialwright.kernel.errors import LogicError, UnitError
from trialwright.kernel.truth import Truth
from trialwright.logic import Expr, build, evaluate, explain, prose, serialise
from trialwright.screen import verdict

MANY = settings(FAST, max_examples=60)


def without(patient: Patient, item: str) -> Patient:
    return replace(patient, facts=tuple(f for f in patient.facts if f.item != item))


@BOTH
@given(patient=patients(), data=st.data())
@FAST
def test_taking_away_all_that_is_known_of_an_item_leads_only_towards_unknown(
    answers: Answers, patient: Patient, data: st.DataObject
) -> None:
    """Of any item, whether it has one fact or many: the only fact of an item is all that is known of it."""
    assume(patient.facts)
    gone = data.draw(st.sampled_from(sorted({f.item for f in patient.facts})))
    for expr, (more, less) in zip(LOGIC, answers(LOGIC, [patient, without(patient, gone)]), strict=True):
        assert less in (more, Truth.UNKNOWN), (gone, serialise(expr))


@BOTH
@given(patient=patients(), name=st.sampled_from(SPOKEN), data=st.data())
@FAST
def test_facts_of_an_item_with_nothing_on_file_change_no_decided_answer(
    answers: Answers, patient: Patient, name: str, data: st.DataObject
) -> None:
    """So a decided criterion never becomes unknown by learning what nobody had asked for yet."""
    before = without(patient, name)
    new: list[Fact] = data.draw(st.lists(facts(name), min_size=1, max_size=3))
    after = replace(before, facts=(*before.facts, *new))
    for expr, (less, more) in zip(LOGIC, answers(LOGIC, [before, after]), strict=True):
        assert less in (more, Truth.UNKNOWN), (new, serialise(expr))


@BOTH
@given(patient=patients(), rng=st.randoms(use_true_random=False))
@FAST
def test_the_order_of_facts_changes_nothing(answers: Answers, patient: Patient, rng: random.Random) -> None:
    shuffled = list(patient.facts)
    rng.shuffle(shuffled)
    for first, second in answers(LOGIC, [patient, replace(patient, facts=tuple(shuffled))]):
        assert first == second


OTHER_UNITS = (
    "mg/dL",
    "g/dL",
    "ng/mL",
    "/uL",
    "10*3/uL",
    "[degF]",
    "K",
    "g/d",
    "[lb_av]",
    "1",
    "kU/L",
    "nmol/L",
    "mmol/L",
)


def restated(fact: Fact, data: st.DataObject) -> Fact:
    """The fact in any unit that its item can be given in."""
    item = STUDY.item_by_id[fact.item]
    if item.type != "quantity" or not isinstance(fact.value, float):
        return fact
    able = [u for u in OTHER_UNITS if units.same_kind(u, item.unit, item.molar_mass)]
    unit = data.draw(st.sampled_from([item.unit, *able]))
    to = [
        None if x is None else units.convert(x, fact.unit or item.unit, unit, item.molar_mass)
        for x in (fact.value, fact.high)
    ]
    return replace(fact, value=to[0], high=to[1], unit=unit)


@BOTH
@given(patient=patients(), data=st.data())
@FAST
def test_stating_a_value_in_another_unit_changes_nothing(
    answers: Answers, patient: Patient, data: st.DataObject
) -> None:
    other = replace(patient, facts=tuple(restated(fact, data) for fact in patient.facts))
    for expr, (first, second) in zip(LOGIC, answers(LOGIC, [patient, other]), strict=True):
        assert first == second, serialise(expr)


@given(patients())
@FAST
def test_a_verdict_never_fails_and_agrees_with_its_parts(patient: Patient) -> None:
    found = verdict(STUDY, patient)
    answers = {c.id: evaluate(expr, patient) for c, (_, expr) in zip(STUDY.eligibility.criteria, CRITERIA, strict=True)}
    states = {Truth.TRUE: "met", Truth.FALSE: "not_met", Truth.UNKNOWN: "unknown"}
    assert {c.id: c.state for c in found.criteria} == {name: states[t] for name, t in answers.items()}  # type: ignore[index]  # all are truths
    assert bool(found.missing) == (found.state == "undetermined")


# --- generated expressions ---------------------------------------------------------------------------------------

NUMBERS = st.sampled_from(
    ["ferritin", "uln(ferritin)", "max(ferritin)", "500 ug/L", "2 * ferritin", "ferritin - 30 ng/mL"]
)
ATOMS = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS),
    st.sampled_from(
        [
            "splenomegaly", "pregnant", 'sex == "female"', "known(ferritin)", "judged_lung_unsuitable",
            "any(ferritin > 9 ug/L)", "within(live_vaccine, 30 days, before: screening)", "age(birth_date) >= 18 years",
            "occurred(live_vaccine)", "live_vaccine >= birth_date", "consecutive_days(2, steroid_dose > 9 mg/d)",
            "fever", "abnormal_lung_function",
        ]
    ),
)  # fmt: skip


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(parts, min_size=2, max_size=4)
    return st.one_of(
        many.map(lambda p: "(" + " and ".join(p) + ")"),
        many.map(lambda p: "(" + " or ".join(p) + ")"),
        parts.map(lambda p: f"not {p}" if p.startswith("(") else f"not ({p})"),
        st.builds(lambda k, p: f"at_least({min(k, len(p))}, {', '.join(p)})", st.integers(0, 4), many),
        st.builds(lambda k, p: f"exactly({min(k, len(p))}, {', '.join(p)})", st.integers(0, 4), many),
        st.builds("(if {} then {} else {})".format, parts, parts, parts),
        parts.map(lambda p: f"concurrent({p}, 7 days)"),
        parts.map(lambda p: f"during({p}, 2 weeks, before: screening)"),
    )


EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(ATOMS, joined, max_leaves=8).map(
    lambda text: build(text, STUDY.scope)
)


@given(EXPRESSIONS)
@FAST
def test_text_and_back_is_the_identity(expr: Expr) -> None:
    assert build(serialise(expr), STUDY.scope) == expr


@given(EXPRESSIONS, st.data())
@MANY
def test_evaluation_and_explanation_are_total_and_agree(expr: Expr, data: st.DataObject) -> None:
    patient = data.draw(patients(expr.items))
    answer = evaluate(expr, patient)
    assert isinstance(answer, Truth)
    why = explain(expr, patient)
    assert why.truth is answer
    assert bool(why.missing) == (answer is Truth.UNKNOWN)
    assert prose(expr, "en")
    assert prose(expr, "zh")


@given(EXPRESSIONS, st.data())
@MANY
def test_not_turns_the_answer(expr: Expr, data: st.DataObject) -> None:
    patient = data.draw(patients(expr.items))
    answer, other = evaluate(expr, patient), evaluate(build(f"not ({serialise(expr)})", STUDY.scope), patient)
    assert isinstance(answer, Truth)
    assert other is answer.negate()


WORDS = st.sampled_from(
    [
        "ferritin", "sex", "(", ")", ",", "and", "or", "not", "if", "then", "else", ">", "<=", "==", "500 ug/L", "3",
        "1e999", "-", "*", "/", "at_least", "within", "before:", "screening", "30 days", "'x'", '"', "2026-03", "uln",
        "[", "{", "①",
    ]
)  # fmt: skip


@given(st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=12).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_built_or_refused_in_a_sentence(text: str) -> None:
    with contextlib.suppress(LogicError):
        build(text, STUDY.scope)


@given(st.one_of(st.text(max_size=12), st.text("mgulLd/.*^0129()[]{}%k①²⁹ ", max_size=12)))
@settings(max_examples=400, deadline=None)
def test_whatever_is_written_is_a_unit_or_refused_in_a_sentence(text: str) -> None:
    with contextlib.suppress(UnitError):
        units.check(text)
        assert units.convert(2.5, text, text) == 2.5
        units.show(text)


@given(st.dates(dt.date(1920, 1, 1), dt.date(2030, 1, 1)), st.integers(-600, 600))
def test_calendar_months_keep_the_day_or_clamp_it(day: dt.date, months: int) -> None:
    there = add_months(day, months)
    assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == months
    assert (
        there.day == day.day
        or there.day == (dt.date(there.year + there.month // 12, there.month % 12 + 1, 1) - dt.timedelta(1)).day
    )


@given(st.dates(dt.date(1920, 1, 1), dt.date(2020, 1, 1)), st.integers(0, 100))
def test_a_birthday_adds_a_year(birth: dt.date, years: int) -> None:
    if (birth.month, birth.day) == (2, 29):
        return
    birthday = birth.replace(year=birth.year + years)
    assert completed_years(birth, birthday) == years
    assert completed_years(birth, birthday - dt.timedelta(1)) == years - 1


@pytest.mark.parametrize(("on", "age"), [("2026-02-28", 17), ("2026-03-01", 18)])
def test_born_on_a_leap_day(on: str, age: int) -> None:
    assert completed_years(dt.date(2008, 2, 29), dt.date.fromisoformat(on)) == age
