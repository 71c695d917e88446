"""Generated patients for the laws of the language, and its two evaluators as one kind of function."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.logic import Expr, evaluate
from trialwright.logic.columnar import View, cell, cohort_of, evaluate_all
from trialwright.screen.cases import base_patient, read_cases
from trialwright.study.items import Item
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
SCREENING = dt.date(2026, 3, 15)
CRITERIA = [(c.id, STUDY.compile(c.logic)) for c in STUDY.eligibility.criteria]
READINGS = [
    (f"{c.id} {reading.id}", STUDY.compile(reading.logic)) for c in STUDY.eligibility.criteria for reading in c.readings
]
LOGIC = [expr for _, expr in (*CRITERIA, *READINGS)]
"""All criteria, as they are read and as they could be."""
SPOKEN = tuple(dict.fromkeys(name for expr in LOGIC for name in expr.items))

FAST = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Answers = Callable[[Sequence[Expr], Sequence[Patient]], list[list[object]]]


def plainly(exprs: Sequence[Expr], crowd: Sequence[Patient]) -> list[list[object]]:
    """For each expression the answers of all patients, by the plain evaluator."""
    return [[evaluate(expr, patient) for patient in crowd] for expr in exprs]


def together(exprs: Sequence[Expr], crowd: Sequence[Patient]) -> list[list[object]]:
    """The same by the columnar evaluator."""
    cohort = cohort_of(crowd, exprs)
    columns = [evaluate_all(expr, View(cohort)) for expr in exprs]
    return [[cell(column, row, cohort.vocabulary) for row in range(cohort.size)] for column in columns]


BOTH = pytest.mark.parametrize("answers", [plainly, together], ids=["plain", "columnar"])

# --- patients ----------------------------------------------------------------------------------------------------

_CASES = read_cases("nct07208058", STUDY)
assert _CASES is not None
_ELIGIBLE = {fact.item: fact for fact in base_patient(_CASES[0], STUDY).facts}
"""Facts that speak for a patient; without them hardly one generated would ever get near to five signs of eight."""


def partial(day: dt.date, width: int) -> PartialDate:
    """The day itself, its month or its year."""
    return PartialDate.parse(day.isoformat()[: (10, 7, 4)[width]])


def _values(item: Item) -> st.SearchStrategy[object]:
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


DAYS = st.one_of(st.dates(dt.date(2026, 2, 25), SCREENING), st.dates(dt.date(2025, 8, 1), SCREENING))
MOMENTS = st.one_of(DAYS.map(PartialDate.day), DAYS.map(PartialDate.day), st.builds(partial, DAYS, st.just(1)))


@st.composite
def facts(draw: st.DrawFn, name: str) -> Fact:
    """A fact of an item: with or without a value, a limit, a day, a time, a signature."""
    item, model = STUDY.item_by_id[name], _ELIGIBLE.get(name)
    usual = [st.just(model.value)] * 2 if model else []
    value = draw(st.one_of(_values(item), *usual, st.none()))
    high = draw(st.sampled_from([None, 1.0, 80.0, 500.0])) if item.type == "quantity" else None
    when = draw(st.one_of(st.none(), MOMENTS))
    agent = draw(st.sampled_from(["prednisone", "dexamethasone", "budesonide"])) if item.unit == "mg/d" else ""
    signed = draw(st.sampled_from(["", "Dr Li"])) if item.type == "judgement" else ""
    time = draw(st.sampled_from(["", "08:30"])) if when and when.exact else ""
    return Fact(
        name, value, item.unit, None, high, when, agent, "oral" if agent else "", signed, time=time
    )  # fmt: skip


@st.composite
def days_in_row(draw: st.DrawFn, name: str) -> list[Fact]:
    """Facts of an item that is given by the day: some of two weeks, high or low."""
    model = _ELIGIBLE[name]
    found = []
    for day in draw(st.lists(st.integers(1, 14), max_size=6, unique=True)):
        value, agent = draw(st.sampled_from([(100.0, model.agent), (10.0, model.agent), (100.0, "budesonide")]))
        when = PartialDate.day(dt.date(2026, 3, day))
        found.append(Fact(name, value, model.unit, when=when, agent=agent, route="oral"))
    return found


@st.composite
def patients(draw: st.DrawFn, names: tuple[str, ...] = SPOKEN) -> Patient:
    """Of each item nothing, one fact or several, of the same or of different moments."""
    found: list[Fact] = []
    for name in names:
        if STUDY.item_by_id[name].unit == "mg/d" and draw(st.booleans()):
            found += draw(days_in_row(name))
            continue
        found += [draw(facts(name)) for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3])))]
    enrolment = draw(st.one_of(st.none(), st.dates(SCREENING, dt.date(2026, 4, 1))))
    dose = draw(st.one_of(st.none(), st.dates(SCREENING, dt.date(2026, 4, 1))))
    return Patient("P", SCREENING, enrolment, dose, tuple(found))
