"""Kernels of days, windows and age, and of windows that limit which readings count."""

from __future__ import annotations

import numpy as np

from trialwright.logic.columnar.calendar import completed_years, stepped
from trialwright.logic.columnar.columns import (
    CURRENT,
    NONE,
    Column,
    Days,
    Ints,
    Mask,
    Numbers,
    Truths,
    distinct_sorted,
    exact,
    known,
)
from trialwright.logic.columnar.interpret import Kernel, is_days, truths, value_of
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Call, ItemRef, Node, TermRef, item_refs
from trialwright.logic.operators.base import period

_SPREAD = 1 << 23
"""More than the calendar has days: patient * _SPREAD + day is a key in the order of both."""


def _window(call: Call, view: View) -> tuple[Ints, Ints, Mask]:
    """(first day, last day, whether there is a window); there is none while the anchor is not an exact day."""
    anchor = is_days(value_of(call.args[2], view))
    length, unit = period(call.args, 1)
    there = (anchor.word == 0) & (anchor.first == anchor.last)
    if call.names[2] == "before":
        return stepped(anchor.first, -length, unit), anchor.first, there
    return anchor.first, stepped(anchor.first, length, unit), there


def _falls(event: Days, first: Ints, last: Ints, there: Mask) -> Truths:
    is_day = (event.word == 0) & there
    inside = is_day & (first <= event.first) & (event.last <= last)
    outside = is_day & ((event.last < first) | (last < event.first))
    found = np.int8(1) + inside.view(np.int8) - outside.view(np.int8)
    return np.where(event.word > 0, np.where(event.word == CURRENT, np.int8(2), np.int8(0)), found)


def _bare(node: Node) -> Node:
    return node.body if isinstance(node, TermRef) else node


def _within(call: Call, view: View) -> Column:
    node = _bare(call.args[0])
    first, last, there = _window(call, view)
    single = _falls(is_days(value_of(node, view)), first, last, there)
    if not isinstance(node, ItemRef):
        return single
    table = view.table(node)
    if len(table.pick) == table.some.sum():
        return single
    owner = table.patients
    each = _falls(is_days(table.value), first[owner], last[owner], there[owner])
    return np.where(table.some, table.reduce(np.maximum, each, 1), single)


def _occurred(call: Call, view: View) -> Column:
    node = call.args[0]
    single = is_days(value_of(node, view))
    answer = np.where(known(single), np.where(single.word == NONE, np.int8(0), np.int8(2)), np.int8(1))
    if not isinstance(node, ItemRef):
        return answer
    table = view.table(node)
    each = np.where(is_days(table.value).word == NONE, np.int8(0), np.int8(2))
    return np.where(table.some, table.reduce(np.maximum, each, 1), answer)


def _age(call: Call, view: View) -> Column:
    """Completed years at screening (or `on` a day); a span for a partial date of birth."""
    birth = is_days(value_of(call.args[0], view))
    on = is_days(value_of(call.args[1], view)) if len(call.args) == 2 else view.anchor("screening")
    both = (birth.word == 0) & (on.word == 0) & (on.last >= birth.first)
    youngest = np.where(both, np.maximum(completed_years(birth.last, on.first), 0), np.nan)
    if (birth.first == birth.last).all() and (on.first == on.last).all():
        return exact(youngest)
    oldest = np.where(both, completed_years(birth.first, on.last), np.nan)
    return Numbers(np.minimum(youngest, oldest), np.maximum(youngest, oldest))


def _during(call: Call, view: View) -> Column:
    first, last, there = _window(call, view)
    return value_of(call.args[0], view.keeping(lambda table: _seen(table, first, last) & there[table.patients]))


def _seen(table: Table, first: Ints, last: Ints) -> Mask:
    owner = table.patients
    found: Mask = (table.first >= first[owner]) & (table.last <= last[owner])
    return found


# --- concurrent ----------------------------------------------------------------------------------------------------


def _concurrent(call: Call, view: View) -> Column:
    """The condition by all facts; where that is true, facts of one window must make it true as well, else unknown."""
    together = truths(call.args[0], view)
    patients, days = _window_ends(call.args[0], view)
    offsets = np.searchsorted(patients, np.arange(view.size + 1))
    windows = np.diff(offsets)
    found, nth = together.copy(), 0
    open_ = np.flatnonzero((together == 2) & (windows > 0))
    while len(open_):
        true = _true_in(call, view, open_, days[offsets[open_] + nth])
        nth += 1
        last = ~true & (windows[open_] == nth)
        found[open_[last]] = 1
        open_ = open_[~true & ~last]
    return found


def _window_ends(condition: Node, view: View) -> tuple[Ints, Ints]:
    """Patients in order, and for each the days with facts, latest first."""
    keys = [
        table.patients[table.dated] * _SPREAD + (_SPREAD - 1 - table.last[table.dated])
        for table in ({ref.id: view.table(ref) for ref in item_refs(condition)}).values()
    ]
    distinct = distinct_sorted(np.concatenate([np.empty(0, np.int64), *keys]))
    return distinct // _SPREAD, _SPREAD - 1 - distinct % _SPREAD


def _true_in(call: Call, view: View, patients: Ints, day: Ints) -> Mask:
    """Whether the condition is true of these patients by facts of the windows that end on their `day`."""
    length, unit = period(call.args, 1)
    first = stepped(day, -length, unit)
    seen = view.chosen(patients).keeping(lambda table: ~table.dated | _seen(table, first, day))
    found: Mask = truths(call.args[0], seen) == 2
    return found


DAYS: dict[str, Kernel] = {
    "within": _within,
    "during": _during,
    "concurrent": _concurrent,
    "age": _age,
    "occurred": _occurred,
}
