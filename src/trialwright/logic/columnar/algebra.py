"""Arithmetic and comparison on columns; the rules are those of `logic.values`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialwright.kernel import units
from trialwright.logic.columnar.columns import Days, Floats, Mask, Numbers, Truths, exact
from trialwright.logic.values import CLOSE

_PROBE = 1.2345678901234567
"""A number with more digits than a converted one keeps: it comes back unchanged only where nothing is converted."""


def convert(values: Floats, from_: str, to: str, molar_mass: float | None) -> Floats:
    """State values in another unit; each distinct value once, by the rule for one value."""
    if from_ == to or units.convert(_PROBE, from_, to, molar_mass) == _PROBE:
        return values
    distinct, inverse = np.unique(values, return_inverse=True)
    stated = [units.convert(x, from_, to, molar_mass) for x in distinct.tolist()]
    return np.array(stated, np.float64)[inverse]


def converted(numbers: Numbers, from_: str, to: str, molar_mass: float | None) -> Numbers:
    """As `convert`; what cannot be stated in finite numbers is unknown."""
    if from_ == to:
        return numbers
    low = convert(numbers.low, from_, to, molar_mass)
    if numbers.exact:
        return finite(low, low)
    high = convert(numbers.high, from_, to, molar_mass)
    return finite(np.minimum(low, high), np.maximum(low, high))


def finite(low: Floats, high: Floats) -> Numbers:
    """Numbers, unknown where an end is not finite."""
    good = np.isfinite(low) if low is high else np.isfinite(low) & np.isfinite(high)
    if good.all():
        return Numbers(low, high)
    kept = np.where(good, low, np.nan)
    return exact(kept) if low is high else Numbers(kept, np.where(good, high, np.nan))


def combine(function: Callable[[Floats, Floats], Floats], a: Numbers, b: Numbers) -> Numbers:
    """A function that is monotone in each argument, over the ends of both."""
    with np.errstate(all="ignore"):
        if a.exact and b.exact:
            only = function(a.low, b.low)
            return finite(only, only)
        corners = [function(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
        return finite(np.minimum.reduce(corners), np.maximum.reduce(corners))


def transform(function: Callable[[Floats], Floats], a: Numbers) -> Numbers:
    return combine(lambda x, _: function(x), a, a if a.exact else exact(a.low))


def divide(a: Numbers, b: Numbers) -> Numbers:
    """Quotients; unknown where the divisor is, or may be, zero."""
    zero = (b.low <= 0) & (b.high >= 0)
    low = np.where(zero, np.nan, b.low)
    return combine(np.divide, a, exact(low) if b.exact else Numbers(low, np.where(zero, np.nan, b.high)))


def _close(a: Floats, b: Floats) -> Mask:
    found: Mask = (a == b) | (np.abs(a - b) <= CLOSE * np.maximum(np.abs(a), np.abs(b)))
    return found


def truth(sure: Mask, never: Mask) -> Truths:
    """True where sure, false where never, else unknown; both at once do not happen."""
    return np.int8(1) + sure.view(np.int8) - never.view(np.int8)


def less(a: Numbers, b: Numbers) -> Truths:
    with np.errstate(invalid="ignore", over="ignore"):
        close = _close(a.high, b.low)
        other = close if a.exact and b.exact else _close(a.low, b.high)
        return truth((a.high < b.low) & ~close, (a.low >= b.high) | other)


def same(a: Numbers, b: Numbers) -> Truths:
    below, above = less(a, b), less(b, a)
    apart = (below == 2) | (above == 2)
    one = (a.low == a.high) & (b.low == b.high)
    return truth(one & ~apart, apart)


def _moments(a: Days, b: Days, timed: bool) -> tuple[Mask, Mask, Mask]:
    """Where both are days; where both are the same day and its times decide; where there a time is not known."""
    both = (a.word == 0) & (b.word == 0)
    if not timed:
        none = np.zeros(len(both), np.bool_)
        return both, none, none
    one_day = both & (a.first == a.last) & (b.first == b.last) & (a.first == b.first)
    told = (a.seconds >= 0) & (b.seconds >= 0)
    return both, one_day & told, one_day & ~told


def date_less(a: Days, b: Days, timed: bool) -> Truths:
    """Whether days lie before others; unknown where one is not known, or they may overlap."""
    both, by_time, untold = _moments(a, b, timed)
    found = truth(both & (a.last < b.first), both & (a.first >= b.last))
    if timed:
        found = np.where(by_time, truth(a.seconds < b.seconds, a.seconds >= b.seconds), found)
        found[untold] = 1
    return found


def date_same(a: Days, b: Days, timed: bool) -> Truths:
    both, by_time, untold = _moments(a, b, timed)
    apart = both & ((a.last < b.first) | (b.last < a.first))
    one = both & ~apart & (a.first == a.last) & (b.first == b.last)
    found = truth(one, apart)
    if timed:
        found = np.where(by_time, truth(a.seconds == b.seconds, a.seconds != b.seconds), found)
        found[untold] = 1
    return found
