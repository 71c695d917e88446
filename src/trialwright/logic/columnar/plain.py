"""Where no kernel serves: the plain evaluator, patient by patient, on the readings that a view sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic.columnar.columns import (
    CURRENT,
    DATE,
    NONE,
    UNDATED,
    Column,
    Days,
    Ints,
    Numbers,
    Vocabulary,
    Words,
    exact,
    parts,
)
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.context import Context, Reading
from trialwright.logic.nodes import Call, Kind, item_refs
from trialwright.logic.scope import FactLike
from trialwright.logic.table import TABLE
from trialwright.logic.values import Span, Value

TRUTHS = (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE)
_DAY_WORDS = {NONE: "none", CURRENT: "current"}


@dataclass(frozen=True, slots=True)
class _Stub:
    """A fact as far as operators look at one; its value stands in the reading, in the item's unit."""

    item: str
    when: PartialDate | None
    agent: str
    route: str
    time: str
    value: float | int | str | bool | PartialDate | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    signed_by: str = ""
    reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class _Patient:
    screening: dt.date
    enrolment_or_screening: dt.date
    first_dose: dt.date | None

    def of(self, item: str) -> Sequence[FactLike]:
        return ()


def plainly(call: Call, view: View, rows: Ints) -> Column:
    """The answers of the plain evaluator for the patients `rows`, in their order."""
    view.cohort.plainly[call.op] += len(rows)
    refs = {ref.id: view.table(ref) for ref in item_refs(call)}
    evaluate = TABLE[call.op].evaluate
    return column_of(
        [evaluate(call, _context(view, refs, row)) for row in rows.tolist()], call.kind, view.cohort.vocabulary
    )


def _context(view: View, tables: dict[str, Table], row: int) -> Context:
    anchors = {name: cell(view.anchor(name), row, view.cohort.vocabulary) for name in view.cohort.anchors}
    found = {name: day.first if isinstance(day, PartialDate) else None for name, day in anchors.items()}
    screening = found["screening"]
    assert screening is not None
    patient = _Patient(screening, found["enrolment"] or screening, found["first_dose"])
    return Context.holding(patient, {name: _readings(name, table, row, view) for name, table in tables.items()})


def _readings(item: str, table: Table, row: int, view: View) -> tuple[Reading, ...]:
    source, words, found = table.source, view.cohort.vocabulary.words, []
    for at in table.pick[table.offsets[row] : table.offsets[row + 1]].tolist():
        when = PartialDate(dt.date.fromordinal(int(source.first[at])), dt.date.fromordinal(int(source.last[at])))
        agent, route = (words[codes[at]] for codes in (source.agent, source.route))
        fact = _Stub(item, when if source.dated[at] else None, agent, route, view.cohort.times[source.time[at]])
        limits = [None if np.isnan(limit[at]) else float(limit[at]) for limit in (source.low, source.high)]
        found.append(Reading(cell(source.value, at, view.cohort.vocabulary), when, fact, *limits))
    return tuple(found)


def cell(column: Column, row: int, vocabulary: Vocabulary) -> Value:
    """One cell of a column as the plain evaluator has it."""
    match column:
        case Numbers():
            low, high = float(column.low[row]), float(column.high[row])
            return None if np.isnan(low) else low if low == high else Span(low, high)
        case Words():
            code = int(column.codes[row])
            return None if code < 0 else vocabulary.words[code]
        case Days():
            return _day(column, row)
    return TRUTHS[column[row]]


def _day(column: Days, row: int) -> PartialDate | str | None:
    word = int(column.word[row])
    if word != DATE:
        return _DAY_WORDS.get(word)
    first, last = (dt.date.fromordinal(int(side[row])) for side in (column.first, column.last))
    return PartialDate(first, last, int(column.seconds[row]))


def column_of(values: Sequence[Value], kind: Kind, vocabulary: Vocabulary) -> Column:
    """A column of answers of the plain evaluator."""
    match kind.name:
        case "truth":
            return np.array([TRUTHS.index(v) if isinstance(v, Truth) else 1 for v in values], np.int8)
        case "number":
            ends = np.array([_ends(v) for v in values], np.float64).reshape(-1, 2)
            low, high = ends[:, 0].copy(), ends[:, 1].copy()
            return exact(low) if np.array_equal(low, high, equal_nan=True) else Numbers(low, high)
        case "code" | "codes":
            return Words(np.array([vocabulary.code(v) if isinstance(v, str) else -1 for v in values], np.int64))
    return Days(*np.array([day_cells(v) for v in values], np.int64).reshape(-1, 4).T.copy())


def _ends(value: Value) -> tuple[float, float]:
    if isinstance(value, Span):
        return value.low, value.high
    return (float(value), float(value)) if isinstance(value, (int, float)) else (np.nan, np.nan)


def day_cells(value: Any) -> tuple[int, int, int, int]:
    """(first, last, word, seconds) of a value of a date or event."""
    if isinstance(value, PartialDate):
        return value.first.toordinal(), value.last.toordinal(), DATE, value.seconds
    return 0, 0, {"none": NONE, "current": CURRENT}.get(value, UNDATED), -1


def overlaid(column: Column, rows: Ints, other: Column) -> Column:
    """`column` with `other` in the given rows."""
    pairs = [(array.copy(), with_) for array, with_ in zip(_all_parts(column), _all_parts(other), strict=True)]
    for array, with_ in pairs:
        array[rows] = with_
    arrays = [array for array, _ in pairs]
    if isinstance(column, Numbers):
        return Numbers(arrays[0], arrays[1])
    return arrays[0] if isinstance(column, np.ndarray) else type(column)(*arrays)


def _all_parts(column: Column) -> tuple[np.ndarray, ...]:
    return (column.low, column.high) if isinstance(column, Numbers) else parts(column)
