"""Numbers with units: arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.logic.context import Context
from trialwright.logic.evaluate import number_of, value_of
from trialwright.logic.nodes import DATE, DATETIME, PURE, Call, Kind, Literal, Node
from trialwright.logic.operators.base import Mismatch, Operator, comparable, count, period, say, want
from trialwright.logic.operators.calendar import shift
from trialwright.logic.values import Number, Value, combine, divide, span, transform

_DAY = Kind("number", "d")


def _sum(args: Sequence[Node], names: Sequence[str]) -> Kind:
    a, b = want(args, 0, "number", "date", "event"), args[1]
    if a.kind.name == "number":
        comparable(a, want(args, 1, "number"), 1)
        return a.kind
    if b.kind.name == "number":
        period(args, 1)
        return DATETIME if a.kind.timed else DATE
    raise Mismatch("to a day only a period can be added", 1, "Write for example screening + 30 days.")


def _difference(args: Sequence[Node], names: Sequence[str]) -> Kind:
    if {arg.kind.name for arg in args} <= {"date", "event"}:
        return _DAY
    return _sum(args, names)


def _plus(sign: int) -> Callable[[Call, Context], Value]:
    def evaluate(call: Call, context: Context) -> Value:
        a, b = call.args
        if a.kind.name == "number":
            right = number_of(b, context, a.kind.unit, a.kind.molar_mass)
            return combine(lambda x, y: x + sign * y, number_of(a, context), right)
        day = value_of(a, context)
        if not isinstance(day, PartialDate):
            return None
        if b.kind.name == "number":
            length, unit = period(call.args, 1)
            return shift(day, sign * length, unit)
        return _days(value_of(b, context), day, a.kind.timed and b.kind.timed)

    return evaluate


def _days(start: Value, end: PartialDate, timed: bool) -> Number:
    """Days from start to end; a span where one of them is partial, or its time is not known."""
    if not isinstance(start, PartialDate):
        return None
    low, high = float((end.first - start.last).days), float((end.last - start.first).days)
    if timed:
        (start_low, start_high), (end_low, end_high) = _day_parts(start), _day_parts(end)
        low, high = low + (end_low - start_high), high + (end_high - start_low)
    return span(low, high)


def _day_parts(moment: PartialDate) -> tuple[float, float]:
    """The earliest and latest time of the day that it can be, as parts of one."""
    return max(moment.seconds, 0) / 86400, (86399 if moment.seconds < 0 else moment.seconds) / 86400


def _product(args: Sequence[Node], names: Sequence[str]) -> Kind:
    a, b = want(args, 0, "number").kind, want(args, 1, "number").kind
    return b if a == PURE else a if b == PURE else Kind("number", units.multiply(a.unit, b.unit))


def _quotient(args: Sequence[Node], names: Sequence[str]) -> Kind:
    a, b = want(args, 0, "number").kind, want(args, 1, "number").kind
    return a if b == PURE else Kind("number", units.divide(a.unit, b.unit))


def _pair(function: Callable[[Number, Number], Number]) -> Callable[[Call, Context], Number]:
    return lambda call, context: function(number_of(call.args[0], context), number_of(call.args[1], context))


def _same_kind(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    return want(args, 0, "number").kind


def _one(function: Callable[[float], float]) -> Callable[[Call, Context], Number]:
    return lambda call, context: transform(function, number_of(call.args[0], context))


def _rounded(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1, 2)
    if len(args) == 2:
        node = args[1]
        if not isinstance(node, Literal) or node.kind.unit != "1":
            raise Mismatch("this must be the number of decimals", 1)
    return want(args, 0, "number").kind


def _round(call: Call, context: Context) -> Number:
    digits = number_of(call.args[1], context) if len(call.args) == 2 else 0.0
    scale = 10.0**digits if isinstance(digits, float) else 1.0
    # Half away from zero, as people round; Python's own rounding goes to even.
    return transform(
        lambda x: math.copysign(math.floor(abs(x) * scale + 0.5), x) / scale, number_of(call.args[0], context)
    )


def _pure(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    if units.parse(want(args, 0, "number").kind.unit).dimensions:
        raise Mismatch("this must be a pure number", 0)
    return PURE


NUMBERS: tuple[Operator, ...] = (
    Operator(
        "+",
        "Sum, in the unit of the first; or a day and a period.",
        "screening + 30 days",
        _sum,
        _plus(1),
        say("{0} + {1}", "{0} + {1}"),
        "+",
        5,
    ),
    Operator(
        "-",
        "Difference; between two days, the days.",
        "end - start",
        _difference,
        _plus(-1),
        say("{0} − {1}", "{0} − {1}"),
        "-",
        5,
    ),
    Operator(
        "*",
        "Product; units multiply.",
        "1.5 * uln(urea)",
        _product,
        _pair(lambda a, b: combine(lambda x, y: x * y, a, b)),
        say("{0} × {1}", "{0} × {1}"),
        "*",
        6,
    ),
    Operator(
        "/",
        "Quotient; units divide. Unknown if the divisor is zero.",
        "dose / weight",
        _quotient,
        _pair(divide),
        say("{0} / {1}", "{0} / {1}"),
        "/",
        6,
    ),
    Operator(
        "neg", "The number with the other sign.", "-x", _same_kind, _one(lambda x: -x), say("−{0}", "−{0}"), "-", 7
    ),
    Operator("abs", "The number without its sign.", "abs(x)", _same_kind, _one(abs), say("size of {0}", "{0}的绝对值")),
    Operator(
        "round",
        "Rounds half away from zero, to so many decimals.",
        "round(x, 1)",
        _rounded,
        _round,
        say("{0} rounded", "{0}（取整）"),
    ),
    Operator(
        "sqrt",
        "Square root of a pure number.",
        "sqrt(x)",
        _pure,
        _one(math.sqrt),
        say("square root of {0}", "{0}的平方根"),
    ),
    Operator("ln", "Natural logarithm of a pure number.", "ln(x)", _pure, _one(math.log), say("ln {0}", "ln {0}")),
)
