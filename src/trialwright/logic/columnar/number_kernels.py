"""Kernels of numbers: arithmetic, formulas of the clinic's cards, steroid doses as prednisone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from trialwright.logic.columnar.algebra import combine, convert, divide, transform
from trialwright.logic.columnar.calendar import stepped
from trialwright.logic.columnar.columns import (
    UNDATED,
    Column,
    Days,
    Floats,
    Ints,
    Mask,
    Numbers,
    Words,
    exact,
    known,
)
from trialwright.logic.columnar.interpret import Kernel, is_days, numbers, value_of
from trialwright.logic.columnar.plain import overlaid, plainly
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Call, Literal, Node
from trialwright.logic.operators.base import item, period
from trialwright.science.clinic import CARDS, Card, Input
from trialwright.science.clinic.steroids import TABLES, agent_name, is_systemic, prednisone_equivalent


def _plus(sign: int) -> Kernel:
    def kernel(call: Call, view: View) -> Column:
        a, b = call.args
        if a.kind.name == "number":
            right = numbers(b, view, a.kind.unit, a.kind.molar_mass)
            return combine(np.add if sign > 0 else np.subtract, numbers(a, view), right)
        day = is_days(value_of(a, view))
        if b.kind.name == "number":
            return _shifted(day, sign, *period(call.args, 1))
        return _elapsed(is_days(value_of(b, view)), day, a.kind.timed and b.kind.timed)

    return kernel


def _shifted(day: Days, sign: int, length: int, unit: str) -> Days:
    is_day = day.word == 0
    first, last = (np.where(is_day, stepped(side, sign * length, unit), 0) for side in (day.first, day.last))
    return Days(first, last, np.where(is_day, 0, UNDATED), np.where(is_day, day.seconds, -1))


def _elapsed(start: Days, end: Days, timed: bool) -> Numbers:
    """Days from start to end; a span where one of them is partial, or its time not known."""
    both = (start.word == 0) & (end.word == 0)
    low, high = (end.first - start.last).astype(np.float64), (end.last - start.first).astype(np.float64)
    if timed:
        (end_low, end_high), (start_low, start_high) = _day_parts(end.seconds), _day_parts(start.seconds)
        low, high = low + (end_low - start_high), high + (end_high - start_low)
    low, high = np.where(both, low, np.nan), np.where(both, high, np.nan)
    return exact(low) if np.array_equal(low, high, equal_nan=True) else Numbers(low, high)


def _day_parts(seconds: Ints) -> tuple[Floats, Floats]:
    """The earliest and latest time of the day, as parts of one."""
    return np.where(seconds < 0, 0, seconds) / 86400, np.where(seconds < 0, 86399, seconds) / 86400


def _pair(function: Callable[[Numbers, Numbers], Numbers]) -> Kernel:
    return lambda call, view: function(numbers(call.args[0], view), numbers(call.args[1], view))


def _one(function: Callable[[Floats], Floats]) -> Kernel:
    return lambda call, view: transform(function, numbers(call.args[0], view))


def _round(call: Call, view: View) -> Column:
    digits = call.args[1].value if len(call.args) == 2 and isinstance(call.args[1], Literal) else 0.0
    assert isinstance(digits, float)
    scale = 10.0**digits
    return transform(lambda x: np.copysign(np.floor(np.abs(x) * scale + 0.5), x) / scale, numbers(call.args[0], view))


def _ln(values: Floats) -> Floats:
    """By the library's scalar function: the vector one may differ in the last digit."""
    return np.array([math.log(x) if x > 0 else math.nan for x in values.tolist()], np.float64)


# --- cards ---------------------------------------------------------------------------------------------------------


def formula(card: Card) -> Kernel:
    """A card's formula for each patient whose inputs are exact; spans are left to the plain evaluator."""

    def kernel(call: Call, view: View) -> Column:
        columns = [_stated(node, wanted, view) for node, wanted in zip(call.args, card.inputs, strict=True)]
        complete: Mask = np.logical_and.reduce([known(column) for column in columns])
        wide = complete & np.logical_or.reduce([_wide(column) for column in columns])
        rows = np.flatnonzero(complete & ~wide)
        cells = [_cells(column, rows, view) for column in columns]
        out = np.full(view.size, np.nan)
        out[rows] = [_attempt(card, values) for values in zip(*cells, strict=True)]
        if not wide.any():
            return exact(out)
        spans = np.flatnonzero(wide)
        return overlaid(exact(out), spans, plainly(call, view, spans))

    return kernel


def _stated(node: Node, wanted: Input, view: View) -> Column:
    found = value_of(node, view)
    if isinstance(found, Numbers):
        mass = wanted.molar_mass or node.kind.molar_mass
        low = convert(found.low, node.kind.unit, wanted.unit, mass)
        return exact(low) if found.exact else Numbers(low, convert(found.high, node.kind.unit, wanted.unit, mass))
    if isinstance(found, Words) and wanted.codes:
        codes = [view.cohort.vocabulary.code(code) for code in wanted.codes]
        return Words(np.where(np.isin(found.codes, codes), found.codes, -1))
    return found


def _wide(column: Column) -> Mask:
    if isinstance(column, Numbers):
        wide: Mask = column.low != column.high
        return wide
    return np.zeros(len(known(column)), np.bool_)


def _cells(column: Column, rows: Ints, view: View) -> list[Any]:
    found: list[Any]
    match column:
        case Numbers():
            found = column.low[rows].tolist()
        case Words():
            found = [view.cohort.vocabulary.words[code] for code in column.codes[rows].tolist()]
        case np.ndarray():
            found = (column[rows] == 2).tolist()
        case _:
            raise AssertionError("no card takes days")
    return found


def _attempt(card: Card, values: Iterable[object]) -> float:
    try:
        found = card.formula(*values)
    except (ArithmeticError, ValueError):
        return math.nan
    return math.nan if found is None else float(found)


# --- steroids ------------------------------------------------------------------------------------------------------


def _prednisone(call: Call, view: View) -> Column:
    """All systemic agents of the latest day on file, added up in the order in which the plain evaluator adds."""
    ref = item(call.args[0])
    table = view.table(ref)
    name = call.args[1].value if len(call.args) == 2 and isinstance(call.args[1], Literal) else "standard"
    counted = table.keep(_of_latest_day(table))
    part = _parts(counted, ref.kind.unit, str(name), view)
    total = np.where(table.some, 0.0, np.nan)
    for nth in range(int(counted.counts.max(initial=0))):
        having = np.flatnonzero(counted.counts > nth)
        total[having] += part[counted.offsets[having] + nth]
    return exact(total)


def _of_latest_day(table: Table) -> Mask:
    heads = np.repeat(table.offsets[:-1], table.counts)
    first, last = table.first, table.last
    found: Mask = (first == first[heads]) & (last == last[heads])
    return found


def _parts(table: Table, unit: str, name: str, view: View) -> Floats:
    """mg/d of prednisone of each reading: 0 for none and for routes that do not count, NaN for unknown agents."""
    value, words = table.value, view.cohort.vocabulary.words
    assert isinstance(value, Numbers)
    dose = convert(value.low, unit, "mg/d", None)
    agents, routes = table.source.agent[table.pick], table.source.route[table.pick]
    out = np.full(len(dose), np.nan)
    for code in np.flatnonzero(np.bincount(agents)).tolist():
        here = agents == code
        if prednisone_equivalent(1.0, words[code], name) is not None:
            same = TABLES[name][agent_name(words[code])]
            out[here] = dose[here] * 5.0 / same
    elsewhere = [code for code in np.flatnonzero(np.bincount(routes)).tolist() if not is_systemic(words[code])]
    out[(value.low == 0) | np.isin(routes, elsewhere)] = 0.0
    return out


NUMBERS: dict[str, Kernel] = {
    "+": _plus(1),
    "-": _plus(-1),
    "*": _pair(lambda a, b: combine(np.multiply, a, b)),
    "/": _pair(divide),
    "neg": _one(np.negative),
    "abs": _one(np.abs),
    "round": _round,
    "sqrt": _one(np.sqrt),
    "ln": _one(_ln),
    "prednisone_equivalent": _prednisone,
    **{card.id: formula(card) for card in CARDS.values()},
}
