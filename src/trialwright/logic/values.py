"""Values that evaluation passes around, and the arithmetic on them. None is "not known" for everything but Truth.

A number is a float, or a Span when only its bounds are known (age from a year of birth). Two numbers closer than one
part in 10^9 count as equal, so that stating a value in another unit never moves it across a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth

CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Span:
    """A number that lies somewhere from `low` to `high`."""

    low: float
    high: float


Number = float | Span | None
Value = Truth | float | Span | str | PartialDate | None


def span(low: float, high: float) -> Number:
    """The narrowest number: a float when both ends agree."""
    if math.isnan(low) or math.isnan(high):
        return None
    return low if low == high else Span(min(low, high), max(low, high))


def ends(number: float | Span) -> tuple[float, float]:
    return (number.low, number.high) if isinstance(number, Span) else (number, number)


def combine(function: Callable[[float, float], float], a: Number, b: Number) -> Number:
    """Apply a function that is monotone in each argument to numbers; unknown where it has no finite answer."""
    if a is None or b is None:
        return None
    try:
        corners = [function(x, y) for x in ends(a) for y in ends(b)]
    except (ArithmeticError, ValueError):
        return None
    if not all(math.isfinite(corner) for corner in corners):
        return None
    return span(min(corners), max(corners))


def transform(function: Callable[[float], float], a: Number) -> Number:
    return combine(lambda x, _: function(x), a, 0.0)


def divide(a: Number, b: Number) -> Number:
    """Quotient; unknown when the divisor is, or may be, zero."""
    if b is None or ends(b)[0] <= 0 <= ends(b)[1]:
        return None
    return combine(lambda x, y: x / y, a, b)


def equal(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= CLOSE * max(abs(a), abs(b))


def less(a: Number, b: Number) -> Truth:
    """a < b, three-valued over spans."""
    if isinstance(a, float) and isinstance(b, float):
        return Truth.TRUE if a < b and not equal(a, b) else Truth.FALSE
    if a is None or b is None:
        return Truth.UNKNOWN
    (a_low, a_high), (b_low, b_high) = ends(a), ends(b)
    if a_high < b_low and not equal(a_high, b_low):
        return Truth.TRUE
    if a_low >= b_high or equal(a_low, b_high):
        return Truth.FALSE
    return Truth.UNKNOWN


def same(a: Number, b: Number) -> Truth:
    """a == b, three-valued over spans."""
    if a is None or b is None:
        return Truth.UNKNOWN
    if not isinstance(a, Span) and not isinstance(b, Span):
        return Truth.of(equal(a, b))
    apart = Truth.TRUE in (less(a, b), less(b, a))
    return Truth.FALSE if apart else Truth.UNKNOWN


def _by_time(a: PartialDate, b: PartialDate) -> tuple[int, int] | None:
    """Seconds after midnight where both are moments of one day; those unknown are -1."""
    return (a.seconds, b.seconds) if a.exact and b.exact and a.first == b.first else None


def date_less(a: PartialDate | None, b: PartialDate | None, *, timed: bool = False) -> Truth:
    """a is an earlier day than b; unknown while the days that they may be overlap. `timed`: the time decides a day."""
    if a is None or b is None:
        return Truth.UNKNOWN
    if timed and (times := _by_time(a, b)):
        return Truth.UNKNOWN if min(times) < 0 else Truth.of(times[0] < times[1])
    if a.last < b.first:
        return Truth.TRUE
    return Truth.FALSE if a.first >= b.last else Truth.UNKNOWN


def date_same(a: PartialDate | None, b: PartialDate | None, *, timed: bool = False) -> Truth:
    if a is None or b is None:
        return Truth.UNKNOWN
    if timed and (times := _by_time(a, b)):
        return Truth.UNKNOWN if min(times) < 0 else Truth.of(times[0] == times[1])
    if a.last < b.first or b.last < a.first:
        return Truth.FALSE
    return Truth.TRUE if a.exact and b.exact else Truth.UNKNOWN
