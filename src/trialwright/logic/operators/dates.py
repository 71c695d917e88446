"""Days, windows and age; windows that limit which readings count."""

from __future__ import annotations

from collections.abc import Sequence

from trialwright.kernel import truth as kleene
from trialwright.kernel.dates import PartialDate, completed_years
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context
from trialwright.logic.evaluate import truth_of, value_of
from trialwright.logic.nodes import TRUTH, Call, ItemRef, Kind, Node, TermRef, item_refs
from trialwright.logic.operators.base import Mismatch, Operator, Speaker, count, period, say, want
from trialwright.logic.operators.calendar import inside, step
from trialwright.logic.values import Number, Value, span

YEARS = Kind("number", "a")


def _window_kind(args: Sequence[Node], names: Sequence[str]) -> None:
    count(args, 3)
    period(args, 1)
    if names[2] not in ("before", "after"):
        raise Mismatch("a window needs its anchor", 2, "Write before: screening, or after: first_dose.")
    want(args, 2, "date", "event")


def _within(args: Sequence[Node], names: Sequence[str]) -> Kind:
    _window_kind(args, names)
    want(args, 0, "date", "event")
    return TRUTH


def _window(call: Call, context: Context) -> PartialDate | None:
    """The window that a call speaks of; None while its anchor is not an exact day."""
    anchor = value_of(call.args[2], context)
    if not isinstance(anchor, PartialDate) or not anchor.exact:
        return None
    length, unit = period(call.args, 1)
    if call.names[2] == "before":
        return PartialDate(step(anchor.first, -length, unit), anchor.first)
    return PartialDate(anchor.first, step(anchor.first, length, unit))


def _falls(event: Value, window: PartialDate | None) -> Truth:
    if event in ("none", "current"):
        return Truth.of(event == "current")
    if window is None or not isinstance(event, PartialDate):
        return Truth.UNKNOWN
    return inside(event, window)


def _is_within(call: Call, context: Context) -> Truth:
    """Any of the events of an item falls into the window; "current" does, "none" does not."""
    node = call.args[0].body if isinstance(call.args[0], TermRef) else call.args[0]
    window = _window(call, context)
    if isinstance(node, ItemRef) and (readings := context.readings(node)):
        return kleene.any_of(_falls(r.value, window) for r in readings)
    return _falls(value_of(node, context), window)


def _speak_within(call: Call, speaker: Speaker) -> str:
    what, length, anchor = (speaker.inner(arg) for arg in call.args)
    before = call.names[2] == "before"
    if speaker.lang == "zh":
        return f"{what}发生于{anchor}{'前' if before else '后'}{length}内"
    return f"{what} within {length} {'before' if before else 'after'} {anchor}"


def _speak_during(call: Call, speaker: Speaker) -> str:
    what, length, anchor = (speaker.inner(arg) for arg in call.args)
    before = call.names[2] == "before"
    if speaker.lang == "zh":
        return f"{anchor}{'前' if before else '后'}{length}内{what}"
    return f"{what}, by values within {length} {'before' if before else 'after'} {anchor}"


def _during(args: Sequence[Node], names: Sequence[str]) -> Kind:
    _window_kind(args, names)
    return args[0].kind


def _only_inside(call: Call, context: Context) -> Context:
    window = _window(call, context)
    return context.keeping(lambda _, r: window is not None and inside(r.when, window) is Truth.TRUE)


def _value_during(call: Call, context: Context) -> Value:
    return value_of(call.args[0], _only_inside(call, context))


def _concurrent(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2)
    want(args, 0, "truth")
    period(args, 1)
    return TRUTH


def _windows(call: Call, context: Context) -> list[PartialDate]:
    """All windows of the period's length that end on a day with facts, latest first."""
    length, unit = period(call.args, 1)
    days = {r.when.last for ref in item_refs(call.args[0]) for r in context.readings(ref) if r.fact.when is not None}
    return [PartialDate(step(day, -length, unit), day) for day in sorted(days, reverse=True)]


def _seen_in(window: PartialDate, context: Context) -> Context:
    """Facts without a day could be of any, so they count in every window."""
    return context.keeping(lambda _, r: r.fact.when is None or inside(r.when, window) is Truth.TRUE)


def _best_window(call: Call, context: Context) -> Context:
    """The latest window in which the condition is true; where it is true only by facts too far apart, the latest
    window that leaves it open, which shows what was not seen in time; else all facts."""
    found = context.views.get(id(call))
    if found is None:
        found = context.views[id(call)] = (call, _choose_window(call, context))
    return found[1]


def _choose_window(call: Call, context: Context) -> Context:
    if truth_of(call.args[0], context) is not Truth.TRUE:
        return context
    windows = [_seen_in(window, context) for window in _windows(call, context)]
    open_: Context | None = None
    for seen in windows:
        truth = truth_of(call.args[0], seen)
        if truth is Truth.TRUE:
            return seen
        if truth is Truth.UNKNOWN and open_ is None:
            open_ = seen
    return open_ or next(iter(windows), context)


def _is_concurrent(call: Call, context: Context) -> Truth:
    """The condition by all facts; where that is true, facts of one window must make it true as well, else unknown.

    A window that has passed makes nothing true that later facts deny; so taking all facts of an item away can only
    lead towards unknown (docs/adr/0007).
    """
    together = truth_of(call.args[0], context)
    if together is not Truth.TRUE:
        return together
    seen = truth_of(call.args[0], _best_window(call, context))
    return Truth.TRUE if seen is Truth.TRUE else Truth.UNKNOWN


def _age(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1, 2)
    want(args, 0, "date")
    if len(args) == 2:
        if names[1] != "on":
            raise Mismatch("the day of the age needs its name", 1, "Write on: enrolment.")
        want(args, 1, "date")
    return YEARS


def _years(call: Call, context: Context) -> Number:
    """Completed years at screening (or `on` a day); a span for a partial date of birth."""
    birth = value_of(call.args[0], context)
    on = value_of(call.args[1], context) if len(call.args) == 2 else context.anchor("screening")
    if not isinstance(birth, PartialDate) or not isinstance(on, PartialDate) or on.last < birth.first:
        return None
    youngest, oldest = completed_years(birth.last, on.first), completed_years(birth.first, on.last)
    return span(float(max(youngest, 0)), float(oldest))


def _event(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    want(args, 0, "date", "event")
    return TRUTH


def _occurred(call: Call, context: Context) -> Truth:
    node = call.args[0]
    if isinstance(node, ItemRef) and (readings := context.readings(node)):
        return Truth.of(any(r.value != "none" for r in readings))
    found = value_of(node, context)
    return Truth.UNKNOWN if found is None else Truth.of(found != "none")


DATES: tuple[Operator, ...] = (
    Operator(
        "within",
        "Whether an event lies in a window before or after a day; calendar months, closed at both ends.",
        "within(live_vaccine, 30 days, before: screening)",
        _within,
        _is_within,
        _speak_within,
        named=("before", "after"),
    ),
    Operator(
        "during",
        "The expression, seen only through facts of a window.",
        "during(max(ferritin), 7 days, before: screening)",
        _during,
        _value_during,
        _speak_during,
        named=("before", "after"),
        connective=True,
        inside=_only_inside,
    ),
    Operator(
        "concurrent",
        "The condition by all facts; true only where facts no further apart than the period make it true too.",
        "concurrent(at_least(5, a, b), 7 days)",
        _concurrent,
        _is_concurrent,
        say("{0} (values no more than {1} apart)", "{0}（各项结果相隔不超过{1}）"),
        connective=True,
        inside=_best_window,
    ),
    Operator(
        "age",
        "Completed years since a day of birth, at screening or on another day.",
        "age(birth_date) >= 16 years",
        _age,
        _years,
        say("age", "年龄"),
        named=("on",),
    ),
    Operator(
        "occurred",
        'Whether an event took place: a date or "current"; "none" is no.',
        "occurred(informed_consent)",
        _event,
        _occurred,
        say("{0} on file", "{0}已有记录"),
    ),
)
