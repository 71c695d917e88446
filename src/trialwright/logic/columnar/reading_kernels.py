"""Kernels over the readings of one item: which one, how many, its limits, its change, days in a row."""

from __future__ import annotations

import numpy as np

from trialwright.logic.columnar.algebra import combine, divide, same, transform
from trialwright.logic.columnar.columns import (
    Column,
    Ints,
    Numbers,
    Truths,
    distinct_sorted,
    exact,
    known,
    unknown,
    where,
)
from trialwright.logic.columnar.interpret import Kernel, agreed, numbers, truths, value_of
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Call
from trialwright.logic.operators.base import item, number
from trialwright.logic.operators.readings import iterated


def _latest(call: Call, view: View) -> Column:
    return value_of(item(call.args[0]), view)


def _earliest(call: Call, view: View) -> Column:
    ref = item(call.args[0])
    table = view.table(ref)
    return agreed(table, ref, table.offsets[1:] - 1)


def _limit(side: str) -> Kernel:
    def kernel(call: Call, view: View) -> Column:
        table = view.table(item(call.args[0]))
        head_rows = table.keep(table.same_moment(table.offsets[:-1]))
        limits = (table.source.low if side == "low" else table.source.high)[head_rows.pick]
        lowest = head_rows.reduce(np.fmin, limits, np.nan)
        highest = head_rows.reduce(np.fmax, limits, np.nan)
        whole = head_rows.reduce(np.logical_and, ~np.isnan(limits), False)
        agree = same(exact(lowest), exact(highest)) == 2
        return exact(np.where(whole & agree, lowest, np.nan))

    return kernel


# --- over all readings -------------------------------------------------------------------------------------------


def _answers(call: Call, view: View) -> tuple[Table, Truths]:
    """The readings of the condition's item, and the condition's truth for each alone."""
    condition = call.args[0]
    ref = iterated(condition)
    table = view.table(ref)
    return table, truths(condition, view.only(ref.id, table.alone(), table.patients))


def _any(call: Call, view: View) -> Column:
    table, answers = _answers(call, view)
    return table.reduce(np.maximum, answers, 1)


def _all(call: Call, view: View) -> Column:
    table, answers = _answers(call, view)
    return table.reduce(np.minimum, answers, 1)


def _count(call: Call, view: View) -> Column:
    table, answers = _answers(call, view)
    low, high = (table.reduce(np.add, (answers >= least).astype(np.float64), np.nan) for least in (2, 1))
    return exact(low) if np.array_equal(low, high, equal_nan=True) else Numbers(low, high)


def _pick(ufunc: np.ufunc) -> Kernel:
    def kernel(call: Call, view: View) -> Column:
        if len(call.args) == 1:
            table = view.table(item(call.args[0]))
            value = table.value
            assert isinstance(value, Numbers)
            return exact(table.reduce(ufunc, value.low, np.nan))
        best, *others = (numbers(arg, view, call.kind.unit, call.kind.molar_mass) for arg in call.args)
        for other in others:
            best = combine(ufunc, best, other)
        return best

    return kernel


# --- baseline ----------------------------------------------------------------------------------------------------


def _baseline(call: Call, view: View) -> Numbers:
    """The latest reading on or before the day of the first dose."""
    ref = item(call.args[0])
    table = view.table(ref)
    dose = view.anchor("first_dose").first  # 0, which is before any day, where there was none
    before = table.keep(table.last <= dose[table.patients])
    found = agreed(before, ref, before.offsets[:-1])
    assert isinstance(found, Numbers)
    return found


def _change(call: Call, view: View) -> Numbers:
    return combine(np.subtract, numbers(item(call.args[0]), view), _baseline(call, view))


def _percent_change(call: Call, view: View) -> Column:
    return transform(lambda x: 100 * x, divide(_change(call, view), _baseline(call, view)))


# --- known, coalesce ---------------------------------------------------------------------------------------------


def _known(call: Call, view: View) -> Column:
    return np.where(known(value_of(call.args[0], view)), np.int8(2), np.int8(0))


def _first_known(call: Call, view: View) -> Column:
    found = unknown(call.kind, view.size)
    for arg in reversed(call.args):
        number_wanted = call.kind.name == "number"
        one = numbers(arg, view, call.kind.unit, call.kind.molar_mass) if number_wanted else value_of(arg, view)
        found = where(known(one), one, found)
    return found


# --- days in a row -----------------------------------------------------------------------------------------------

_SPREAD = 1 << 23
"""More than the calendar has days: patient * _SPREAD + day is a key in the order of both."""


def _consecutive(call: Call, view: View) -> Column:
    k, condition = number(call.args[0]), call.args[1]
    ref = iterated(condition)
    table = view.table(ref)
    patients, day = table.patients, table.first
    whole, dated = day == table.last, table.dated
    keys = np.where(whole, patients * _SPREAD + day, -1)
    on_file = distinct_sorted(keys[whole & dated])
    loose = table.keep(~(whole & dated))
    answers = _day_truths(table, keys, on_file, call, view)
    best = _runs(on_file, answers, k, _last_day(on_file, view), view.size)
    found = np.where(table.some, best, np.int8(1))
    alone = truths(condition, view.only(ref.id, loose.alone(), loose.patients))
    could = loose.reduce(np.maximum, alone, 0) > 0
    return np.where((found == 0) & could, np.int8(1), found)


def _day_truths(table: Table, keys: Ints, on_file: Ints, call: Call, view: View) -> Truths:
    """The condition on each day on file, by all readings of that day."""
    condition = call.args[1]
    rows = np.flatnonzero(np.isin(keys, on_file, kind="sort"))
    order = rows[np.argsort(keys[rows], kind="stable")]  # within a day the order of readings stays
    starts = np.searchsorted(keys[order], on_file)
    daily = Table(table.source, table.pick[order], np.append(starts, len(order)))
    return truths(condition, view.only(iterated(condition).id, daily, on_file // _SPREAD))


def _last_day(on_file: Ints, view: View) -> Ints:
    """For each day on file the last day of its patient that can be past: screening, or a later day on file."""
    patients = on_file // _SPREAD
    last = view.anchor("screening").first.copy()
    np.maximum.at(last, patients, on_file % _SPREAD)
    return last[patients]


def _runs(on_file: Ints, answers: Truths, k: int, last: Ints, size: int) -> Truths:
    """Whether `k` days in a row are true; see `readings._run`. `on_file`: keys of days in order."""
    best = np.zeros(size, np.int8)
    if not len(on_file):
        return best
    span = range(1 - k, k)
    truth = {shift: _shifted(on_file, answers, shift, last) for shift in span}
    for start in range(1 - k, 1):
        days = [truth[shift] for shift in range(start, start + k)]
        window = np.minimum.reduce([np.abs(day) for day in days])  # a day not on file is open: -1
        held = np.logical_or.reduce([day > 0 for day in days])
        answer = np.where((window == 2) | held, window, np.int8(0))
        np.maximum.at(best, on_file // _SPREAD, answer)
    return best


def _shifted(on_file: Ints, answers: Truths, shift: int, last: Ints) -> Truths:
    """The truth of the day `shift` days later; -1 where it is not on file and can be past, 0 where it is to come."""
    if shift == 0:
        return answers
    wanted = on_file + shift
    at = np.minimum(np.searchsorted(on_file, wanted), len(on_file) - 1)
    absent = np.where(on_file % _SPREAD + shift <= last, np.int8(-1), np.int8(0))
    return np.where(on_file[at] == wanted, answers[at], absent)


READINGS: dict[str, Kernel] = {
    "latest": _latest,
    "earliest": _earliest,
    "any": _any,
    "all": _all,
    "count": _count,
    "max": _pick(np.maximum),
    "min": _pick(np.minimum),
    "uln": _limit("high"),
    "lln": _limit("low"),
    "baseline": _baseline,
    "change": _change,
    "percent_change": _percent_change,
    "known": _known,
    "coalesce": _first_known,
    "consecutive_days": _consecutive,
}
