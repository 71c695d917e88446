"""Laws of the language, over generated expressions and patients and over all criteria of the built-in study."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate, add_months, completed_years
from trialwright.kernel.errors import LogicError, UnitError
from trialwright.kernel.truth import Truth
from trialwright.logic import Expr, build, evaluate, explain, prose, serialise
from trialwright.screen import verdict
from trialwright.study.items import Item
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
SCREENING = dt.date(2026, 3, 15)
CRITERIA = [(c.id, STUDY.compile(c.logic)) for c in STUDY.eligibility.criteria]
SPOKEN = tuple(dict.fromkeys(name for _, expr in CRITERIA for name in expr.items))
DAYS = st.dates(dt.date(2025, 8, 1), SCREENING)
FAST = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def partial(day: dt.date, width: int) -> PartialDate:
    """The day itself, its month or its year."""
    return PartialDate.parse(day.isoformat()[: (10, 7, 4)[width]])


def values(item: Item) -> st.SearchStrategy[object]:
    dates = st.builds(partial, st.dates(dt.date(1940, 1, 1), SCREENING), st.integers(0, 2))
    match item.type:
        case "quantity" | "integer":
            high = min((item.hard.high if item.hard and item.hard.high else 1e4), 1e5)
            return st.floats(0.0, high).map(lambda x: float(f"{x:.4g}"))
        case "boolean" | "judgement":
            return st.booleans()
        case "choice":
            return st.sampled_from([c.code for c in item.choices])
        case "event":
            return st.one_of(st.just("none"), st.just("current"), dates)
    return dates


@st.composite
def facts(draw: st.DrawFn, name: str) -> Fact:
    item = STUDY.item_by_id[name]
    value = draw(st.one_of(st.none(), values(item), values(item)))
    high = draw(st.one_of(st.none(), st.floats(1, 500))) if item.type == "quantity" else None
    when = draw(st.one_of(st.none(), DAYS.map(PartialDate.day)))
    agent = draw(st.sampled_from(["prednisone", "dexamethasone", "budesonide"])) if item.unit == "mg/d" else ""
    signed = draw(st.sampled_from(["", "Dr Li"])) if item.type == "judgement" else ""
    return Fact(name, value, item.unit, None, high, when, agent=agent, route="oral" if agent else "", signed_by=signed)  # type: ignore[arg-type]  # a value of the item's own type


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    """At most one fact of each item; of items given by the day, a few on different days."""
    found = [draw(facts(name)) for name in SPOKEN if draw(st.integers(0, 3))]
    daily = [n for n in SPOKEN if STUDY.item_by_id[n].unit == "mg/d"]
    for name in daily:
        for day in draw(st.lists(st.integers(1, 14), max_size=5, unique=True)):
            when = PartialDate.day(dt.date(2026, 3, day))
            found.append(replace(draw(facts(name)), when=when))
        found = [f for f in found if f.item != name or f.when is not None]
    unique = {(f.item, f.when): f for f in found}
    enrolment = draw(st.one_of(st.none(), st.dates(SCREENING, dt.date(2026, 4, 1))))
    return Patient("P", SCREENING, enrolment, None, tuple(unique.values()))


@given(patients(), st.data())
@FAST
def test_taking_a_fact_away_moves_only_towards_unknown(patient: Patient, data: st.DataObject) -> None:
    # Days of an item kept by the day are left: consecutive_days takes days with no fact around them as without.
    able = [n for n, f in enumerate(patient.facts) if STUDY.item_by_id[f.item].unit != "mg/d"]
    if not able:
        return
    gone = data.draw(st.sampled_from(able))
    fewer = replace(patient, facts=tuple(f for n, f in enumerate(patient.facts) if n != gone))
    for name, expr in CRITERIA:
        less, more = evaluate(expr, fewer), evaluate(expr, patient)
        assert less in (more, Truth.UNKNOWN), (name, patient.facts[gone])


@given(patients(), st.randoms(use_true_random=False))
@FAST
def test_the_order_of_facts_changes_nothing(patient: Patient, random: object) -> None:
    shuffled = list(patient.facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    assert [evaluate(e, patient) for _, e in CRITERIA] == [
        evaluate(e, replace(patient, facts=tuple(shuffled))) for _, e in CRITERIA
    ]


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


@given(patients(), st.data())
@FAST
def test_stating_a_value_in_another_unit_changes_nothing(patient: Patient, data: st.DataObject) -> None:
    def restated(fact: Fact) -> Fact:
        item = STUDY.item_by_id[fact.item]
        if item.type != "quantity" or not isinstance(fact.value, float):
            return fact
        able = [u for u in OTHER_UNITS if units.same_kind(u, item.unit, item.molar_mass)]
        unit = data.draw(st.sampled_from([item.unit, *able]))
        to = [
            None if x is None else units.convert(x, item.unit, unit, item.molar_mass) for x in (fact.value, fact.high)
        ]
        return replace(fact, value=to[0], high=to[1], unit=unit)

    other = replace(patient, facts=tuple(restated(f) for f in patient.facts))
    assert [evaluate(e, patient) for _, e in CRITERIA] == [evaluate(e, other) for _, e in CRITERIA]


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


@given(EXPRESSIONS, patients())
@FAST
def test_evaluation_and_explanation_are_total_and_agree(expr: Expr, patient: Patient) -> None:
    answer = evaluate(expr, patient)
    assert isinstance(answer, Truth)
    assert explain(expr, patient).truth is answer
    assert prose(expr, "en")
    assert prose(expr, "zh")


@given(EXPRESSIONS, patients())
@FAST
def test_not_turns_the_answer(expr: Expr, patient: Patient) -> None:
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
