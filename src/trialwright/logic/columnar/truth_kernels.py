"""Kernels of truths: and, or, not, counting, comparison, membership, choice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialwright.kernel.texts import JOINT
from trialwright.logic.columnar.algebra import date_less, date_same, less, same
from trialwright.logic.columnar.columns import (
    CURRENT,
    NONE,
    UNDATED,
    Column,
    Days,
    Numbers,
    Truths,
    Words,
    identical,
    known,
    unknown,
    where,
)
from trialwright.logic.columnar.interpret import Kernel, numbers, truths, value_of
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Call, Literal
from trialwright.logic.operators.base import number


def _joined(ufunc: np.ufunc) -> Kernel:
    return lambda call, view: ufunc.reduce([truths(arg, view) for arg in call.args])


def negated(column: Truths) -> Truths:
    return np.int8(2) - column


def _at_least(k: int, columns: list[Truths]) -> Truths:
    if not columns:
        raise AssertionError("typing demands a condition")
    sure = np.add.reduce([column == 2 for column in columns], dtype=np.int64)
    possible = np.add.reduce([column >= 1 for column in columns], dtype=np.int64)
    return np.where(sure >= k, np.int8(2), (possible >= k).astype(np.int8))


def _tally(call: Call, view: View) -> tuple[int, list[Truths]]:
    return number(call.args[0]), [truths(arg, view) for arg in call.args[1:]]


def _enough(call: Call, view: View) -> Truths:
    return _at_least(*_tally(call, view))


def _no_more(call: Call, view: View) -> Truths:
    k, columns = _tally(call, view)
    return negated(_at_least(k + 1, columns))


def _just(call: Call, view: View) -> Truths:
    return np.minimum(_enough(call, view), _no_more(call, view))


def _compare(symbol: str) -> Kernel:
    def kernel(call: Call, view: View) -> Column:
        a, b = call.args
        if a.kind.name == "number":
            return _ordered(symbol, numbers(a, view), numbers(b, view, a.kind.unit, a.kind.molar_mass))
        left, right = value_of(a, view), value_of(b, view)
        if isinstance(left, Days) and isinstance(right, Days):
            return _days(symbol, left, right, a.kind.timed and b.kind.timed)
        return _alike(symbol, left, right, view)

    return kernel


def _ordered(symbol: str, a: Numbers, b: Numbers) -> Truths:
    match symbol:
        case "<":
            return less(a, b)
        case ">":
            return less(b, a)
        case ">=":
            return negated(less(a, b))
        case "<=":
            return negated(less(b, a))
    return same(a, b) if symbol == "==" else negated(same(a, b))


def _days(symbol: str, a: Days, b: Days, timed: bool) -> Truths:
    if symbol in ("==", "!="):
        answer = date_same(a, b, timed)
        words = (a.word > 0) | (b.word > 0)
        both = words & (a.word != UNDATED) & (b.word != UNDATED)
        answer = np.where(both, np.where(a.word == b.word, np.int8(2), np.int8(0)), answer)
        return answer if symbol == "==" else negated(answer)
    answer = date_less(a, b, timed) if symbol in ("<", ">=") else date_less(b, a, timed)
    return answer if symbol in ("<", ">") else negated(answer)


def _alike(symbol: str, a: Column, b: Column, view: View) -> Truths:
    if isinstance(a, Days) or isinstance(b, Days):
        a, b = (_event_words(column, view) for column in (a, b))
    equal = identical(a, b)
    answer = np.where(equal == (symbol == "=="), np.int8(2), np.int8(0))
    return np.where(known(a) & known(b), answer, np.int8(1))


def _event_words(column: Column, view: View) -> Column:
    """Events as texts, a date as one that no constant is."""
    if not isinstance(column, Days):
        return column
    code = view.cohort.vocabulary.code
    codes = {NONE: code("none"), CURRENT: code("current"), UNDATED: -1, 0: code("")}
    return Words(np.select([column.word == word for word in codes], list(codes.values())))


def _in(call: Call, view: View) -> Truths:
    found = value_of(call.args[0], view)
    assert isinstance(found, Words)
    code = view.cohort.vocabulary.code
    listed = [code(str(arg.value)) for arg in call.args[1:] if isinstance(arg, Literal)]
    inside = np.where(np.isin(found.codes, listed), np.int8(2), np.int8(0))
    return np.where(found.codes < 0, np.int8(1), inside)


def _includes(call: Call, view: View) -> Truths:
    found, wanted = value_of(call.args[0], view), call.args[1]
    assert isinstance(found, Words)
    assert isinstance(wanted, Literal)
    vocabulary = view.cohort.vocabulary
    words = np.unique(found.codes[found.codes >= 0]).tolist()
    holding = [word for word in words if wanted.value in vocabulary.words[word].split(JOINT)]
    inside = np.where(np.isin(found.codes, holding), np.int8(2), np.int8(0))
    return np.where(found.codes < 0, np.int8(1), inside)


def _between(call: Call, view: View) -> Truths:
    value, low, high = call.args
    ends = (Call(">=", (value, low), call.kind), Call("<=", (value, high), call.kind))
    return np.minimum(*(truths(end, view) for end in ends))


def _if(call: Call, view: View) -> Column:
    condition, yes, no = truths(call.args[0], view), value_of(call.args[1], view), value_of(call.args[2], view)
    chosen = where(condition == 2, yes, no)
    open_ = (condition == 1) & ~identical(yes, no)
    return where(open_, unknown(call.kind, view.size), chosen)


_COMPARISONS: dict[str, Callable[[Call, View], Column]] = {
    symbol: _compare(symbol) for symbol in ("<", "<=", ">", ">=", "==", "!=")
}

TRUTHS: dict[str, Kernel] = {
    "and": _joined(np.minimum),
    "or": _joined(np.maximum),
    "not": lambda call, view: negated(truths(call.args[0], view)),
    **_COMPARISONS,
    "in": _in,
    "includes": _includes,
    "between": _between,
    "at_least": _enough,
    "at_most": _no_more,
    "exactly": _just,
    "if": _if,
}
