"""Operators over the readings of one item: which one, how many, its limits, its change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trialwright.kernel import truth as kleene
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context, Reading, agreed, alike, moment
from trialwright.logic.evaluate import number_of, truth_of, value_of
from trialwright.logic.nodes import PURE, TRUTH, Call, ItemRef, Kind, Node, item_refs
from trialwright.logic.operators.base import (
    Mismatch,
    Operator,
    comparable,
    count,
    item,
    item_of,
    number,
    say,
    want,
    whole,
)
from trialwright.logic.values import Number, Value, combine, divide, span, transform

PERCENT = Kind("number", "%")


def _item(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    return item_of(args, 0).kind


def _numeric_item(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    return item_of(args, 0, "number").kind


def _unknown(call: Call) -> Value:
    return Truth.UNKNOWN if call.kind.name == "truth" else None


def _latest(call: Call, context: Context) -> Value:
    return value_of(item(call.args[0]), context)


def _earliest(call: Call, context: Context) -> Value:
    found = agreed(tuple(reversed(context.readings(item(call.args[0])))))
    return found.value if found else _unknown(call)


def _limit(side: str) -> Callable[[Call, Context], Number]:
    def evaluate(call: Call, context: Context) -> Number:
        readings = context.readings(item(call.args[0]))
        limits = [getattr(r, side) for r in readings if moment(r) == moment(readings[0])]
        # The limit belongs to the very fact that counts; two laboratories on one day leave it open.
        agree = bool(limits) and None not in limits and alike(min(limits), max(limits))
        return min(limits) if agree else None

    return evaluate


# --- over all readings -------------------------------------------------------------------------------------------


def iterated(node: Node) -> ItemRef:
    """The one item of a condition whose readings are gone through: the first named."""
    return next(item_refs(node))


def _each(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    want(args, 0, "truth")
    if len({ref.id for ref in item_refs(args[0])}) != 1:
        raise Mismatch("the condition must speak of exactly one item", 0)
    return TRUTH


def _counted(args: Sequence[Node], names: Sequence[str]) -> Kind:
    _each(args, names)
    return PURE


def _answers(call: Call, context: Context) -> list[Truth]:
    """The condition's truth for each reading alone."""
    condition = call.args[0]
    ref = iterated(condition)
    return [truth_of(condition, _only(context, ref.id, reading)) for reading in context.readings(ref)]


def _only(context: Context, item_id: str, reading: Reading) -> Context:
    return context.keeping(lambda other, r: other != item_id or r is reading)


def _any(call: Call, context: Context) -> Truth:
    answers = _answers(call, context)
    return kleene.any_of(answers) if answers else Truth.UNKNOWN


def _all(call: Call, context: Context) -> Truth:
    answers = _answers(call, context)
    return kleene.all_of(answers) if answers else Truth.UNKNOWN


def _count(call: Call, context: Context) -> Number:
    answers = _answers(call, context)
    if not answers:
        return None
    sure = sum(a is Truth.TRUE for a in answers)
    return span(float(sure), float(sure + sum(a is Truth.UNKNOWN for a in answers)))


def _extreme(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1, 0)
    if len(args) == 1:
        return item_of(args, 0, "number").kind
    for index in range(1, len(args)):
        comparable(want(args, 0, "number"), want(args, index, "number"), index)
    return args[0].kind


def _pick(function: Callable[[float, float], float]) -> Callable[[Call, Context], Number]:
    def evaluate(call: Call, context: Context) -> Number:
        if len(call.args) == 1:
            found: list[Number] = [r.value for r in context.readings(item(call.args[0])) if isinstance(r.value, float)]
        else:
            found = [number_of(arg, context, call.kind.unit, call.kind.molar_mass) for arg in call.args]
        best = found[0] if found else None
        for other in found[1:]:
            best = combine(function, best, other)
        return best

    return evaluate


# --- baseline ----------------------------------------------------------------------------------------------------


def _baseline(call: Call, context: Context) -> Number:
    """The latest reading on or before the day of the first dose."""
    first_dose = context.facts.first_dose
    if first_dose is None:
        return None
    before = tuple(r for r in context.readings(item(call.args[0])) if r.when.last <= first_dose)
    found = agreed(before)
    return found.value if found and isinstance(found.value, (float, int)) else None


def _change(call: Call, context: Context) -> Number:
    now = number_of(item(call.args[0]), context)
    return combine(lambda x, y: x - y, now, _baseline(call, context))


def _percent_change(call: Call, context: Context) -> Number:
    return transform(lambda x: 100 * x, divide(_change(call, context), _baseline(call, context)))


def _percent(args: Sequence[Node], names: Sequence[str]) -> Kind:
    _numeric_item(args, names)
    return PERCENT


# --- known, coalesce ---------------------------------------------------------------------------------------------


def _known(call: Call, context: Context) -> Truth:
    return Truth.of(value_of(call.args[0], context) not in (None, Truth.UNKNOWN))


def _first_known(call: Call, context: Context) -> Value:
    for arg in call.args:
        found = (
            number_of(arg, context, call.kind.unit, call.kind.molar_mass)
            if call.kind.name == "number"
            else value_of(arg, context)
        )
        if found not in (None, Truth.UNKNOWN):
            return found
    return _unknown(call)


def _alike(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2, 0)
    for index in range(1, len(args)):
        want(args, index, args[0].kind.name)
        if args[0].kind.name == "number":
            comparable(args[0], args[index], index)
    return args[0].kind


def _anything(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    return TRUTH


# --- days in a row -----------------------------------------------------------------------------------------------


def _daily(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2)
    if whole(args, 0) < 1:
        raise Mismatch("this must be at least 1", 0)
    want(args, 1, "truth")
    if not any(True for _ in item_refs(args[1])):
        raise Mismatch("the condition must speak of an item", 1)
    return TRUTH


def _consecutive(call: Call, context: Context) -> Truth:
    """k calendar days in a row on which the condition holds, from the readings of the first item that it names.

    A day on file counts as its facts say. A day that is not on file can extend or bridge days on file, so that a run
    cut short by missing facts is unknown; but days of which nothing at all is on file do not make a run alone.
    """
    k, condition = number(call.args[0]), call.args[1]
    ref = iterated(condition)
    readings = context.readings(ref)
    if not readings:
        return Truth.UNKNOWN
    days: dict[int, Truth] = {}
    for when in {r.when for r in readings if r.when.exact and r.fact.when is not None}:
        days[when.first.toordinal()] = truth_of(condition, _on_day(context, ref.id, when))
    undated = [r for r in readings if not r.when.exact or r.fact.when is None]
    loose = [truth_of(condition, _only(context, ref.id, r)) for r in undated]
    answer = _run(days, k, context.facts.screening.toordinal())
    could = answer is Truth.FALSE and any(t is not Truth.FALSE for t in loose)
    return Truth.UNKNOWN if could else answer


def _on_day(context: Context, item_id: str, day: PartialDate) -> Context:
    return context.keeping(lambda other, r: other != item_id or r.when == day)


def _run(days: dict[int, Truth], k: int, today: int) -> Truth:
    """Whether `k` days in a row are true. Days not in `days` are open up to `today`, the last day that can be past."""
    best = Truth.FALSE
    last = max([today, *days])
    for start in sorted({day - shift for day in days for shift in range(k)}):
        window = [days.get(day, Truth.UNKNOWN if day <= last else Truth.FALSE) for day in range(start, start + k)]
        held = any(days.get(day) in (Truth.TRUE, Truth.UNKNOWN) for day in range(start, start + k))
        answer = kleene.all_of(window)
        if answer is Truth.TRUE:
            return Truth.TRUE
        if answer is Truth.UNKNOWN and held:
            best = Truth.UNKNOWN
    return best


READINGS: tuple[Operator, ...] = (
    Operator(
        "latest",
        "The latest known value; the same as the bare name.",
        "latest(ferritin)",
        _item,
        _latest,
        say("latest {0}", "最近一次{0}"),
    ),
    Operator(
        "earliest",
        "The earliest known value.",
        "earliest(ferritin)",
        _item,
        _earliest,
        say("earliest {0}", "最早一次{0}"),
    ),
    Operator(
        "any",
        "Whether the condition holds for any value of its item.",
        "any(ferritin > 684 ug/L)",
        _each,
        _any,
        say("at any time {0}", "任一次{0}"),
    ),
    Operator(
        "all",
        "Whether the condition holds for every value of its item.",
        "all(ferritin < 500 ug/L)",
        _each,
        _all,
        say("every time {0}", "每一次{0}"),
    ),
    Operator(
        "count",
        "For how many values of its item the condition holds.",
        "count(ferritin > 500 ug/L) >= 2",
        _counted,
        _count,
        say("times that {0}", "{0}的次数"),
    ),
    Operator(
        "max",
        "Highest value of an item, or of several numbers.",
        "max(ferritin)",
        _extreme,
        _pick(max),
        say("highest of {all}", "{all}的最大值"),
    ),
    Operator(
        "min",
        "Lowest value of an item, or of several numbers.",
        "min(platelets)",
        _extreme,
        _pick(min),
        say("lowest of {all}", "{all}的最小值"),
    ),
    Operator(
        "uln",
        "Upper limit of normal of the very fact that counts.",
        "1.5 * uln(urea)",
        _numeric_item,
        _limit("high"),
        say("upper limit of normal of {0}", "{0}的正常值上限"),
    ),
    Operator(
        "lln",
        "Lower limit of normal of the very fact that counts.",
        "platelets >= lln(platelets)",
        _numeric_item,
        _limit("low"),
        say("lower limit of normal of {0}", "{0}的正常值下限"),
    ),
    Operator(
        "baseline",
        "The latest value on or before the first dose.",
        "baseline(ferritin)",
        _numeric_item,
        _baseline,
        say("baseline {0}", "{0}基线值"),
    ),
    Operator(
        "change",
        "The latest value less the baseline.",
        "change(weight)",
        _numeric_item,
        _change,
        say("change of {0} from baseline", "{0}较基线变化"),
    ),
    Operator(
        "percent_change",
        "The change as a percentage of the baseline.",
        "percent_change(ferritin) <= -80 %",
        _percent,
        _percent_change,
        say("percent change of {0} from baseline", "{0}较基线变化百分比"),
    ),
    Operator(
        "known",
        "Whether a value is known; never unknown itself.",
        "known(ferritin)",
        _anything,
        _known,
        say("{0} is known", "{0}已知"),
    ),
    Operator(
        "coalesce",
        "The first of several that is known.",
        "coalesce(a, b)",
        _alike,
        _first_known,
        say("the first known of {all}", "{all}中首个已知值"),
    ),
    Operator(
        "consecutive_days",
        "Whether a condition holds on k calendar days in a row.",
        "consecutive_days(3, prednisone_equivalent(steroid) >= 90 mg/d)",
        _daily,
        _consecutive,
        say("for {0} consecutive days {1}", "连续{0}日{1}"),
    ),
)
