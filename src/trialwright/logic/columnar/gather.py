"""A cohort from patients, one by one: for tests, for few patients, and for facts that come in no table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from trialwright.logic.columnar.columns import Days, Floats, Vocabulary
from trialwright.logic.columnar.plain import column_of
from trialwright.logic.columnar.table import Source, Table
from trialwright.logic.columnar.view import Cohort, day_column
from trialwright.logic.context import Context, Reading
from trialwright.logic.nodes import Expr, ItemRef, item_refs
from trialwright.logic.scope import Facts


def cohort_of(patients: Sequence[Facts], expressions: Iterable[Expr]) -> Cohort:
    """A cohort with the readings that some expressions speak of."""
    refs = {ref.id: ref for expr in expressions for ref in item_refs(expr.root)}
    contexts = [Context(patient) for patient in patients]
    readings = {name: [context.readings(ref) for context in contexts] for name, ref in refs.items()}
    times = sorted({"", *(r.fact.time for rows in readings.values() for row in rows for r in row)})
    vocabulary = Vocabulary()
    tables = {name: _table(refs[name], rows, times, vocabulary) for name, rows in readings.items()}
    anchors = {name: _anchor(contexts, name) for name in ("screening", "enrolment", "first_dose")}
    cohort = Cohort(anchors, tables, vocabulary)
    cohort.times = tuple(times)
    return cohort


def _anchor(contexts: Sequence[Context], name: str) -> Days:
    found = [context.anchor(name) for context in contexts]
    return day_column(np.array([day.first.toordinal() if day else 0 for day in found], np.int64))


def _table(ref: ItemRef, rows: Sequence[tuple[Reading, ...]], times: list[str], vocabulary: Vocabulary) -> Table:
    flat = [reading for row in rows for reading in row]
    first, last = (np.array([getattr(r.when, side).toordinal() for r in flat], np.int64) for side in ("first", "last"))
    low, high = (_limit([getattr(r, side) for r in flat]) for side in ("low", "high"))
    agent, route = (np.array([vocabulary.code(w) for w in words], np.int64) for words in _words(flat))
    dated = np.array([r.fact.when is not None for r in flat], np.bool_)
    time = np.array([times.index(r.fact.time) for r in flat], np.int64)
    value = column_of([r.value for r in flat], ref.kind, vocabulary)
    source = Source(value, first, last, dated, time, low, high, agent, route)
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    return Table(source, np.arange(len(flat)), offsets)


def _limit(given: list[float | None]) -> Floats:
    return np.array([np.nan if limit is None else limit for limit in given], np.float64)


def _words(flat: list[Reading]) -> tuple[list[str], list[str]]:
    return [r.fact.agent for r in flat], [r.fact.route for r in flat]
