"""What could still decide: how far the open atoms are from an answer, and which items would bring it.

The open part of an expression is a tree of gates ("at least k of these"): `and` needs all, `or` one. The cost of an
answer is the number of items that must be known, in the best case, to bring it. An item decides alone where the cost
of an answer is nothing once that item is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context
from trialwright.logic.evaluate import truth_of
from trialwright.logic.nodes import Call, Literal, Node, TermRef
from trialwright.logic.table import TABLE

NEVER = 999
"""The cost of an answer that cannot come."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An open atom: the items that it needs."""

    items: frozenset[str]

    def costs(self, free: str) -> tuple[int, int]:
        need = len(self.items - {free})
        return need, need


@dataclass(frozen=True, slots=True)
class Gate:
    """True once `k` of the parts are."""

    k: int
    parts: tuple[Open, ...]

    def costs(self, free: str) -> tuple[int, int]:
        both = [part.costs(free) for part in self.parts]
        true, false = sorted(t for t, _ in both), sorted(f for _, f in both)
        return _sum(true, self.k), _sum(false, len(both) - self.k + 1)


@dataclass(frozen=True, slots=True)
class Turned:
    """`not`: the answers change places."""

    part: Open

    def costs(self, free: str) -> tuple[int, int]:
        true, false = self.part.costs(free)
        return false, true


Open = Leaf | Gate | Turned
ALWAYS, NEVER_TRUE = Gate(0, ()), Gate(1, ())


def _sum(costs: list[int], n: int) -> int:
    """The n cheapest together; more than there are cannot come."""
    if n <= 0:
        return 0
    return min(sum(costs[:n]), NEVER) if n <= len(costs) else NEVER


def open_part(root: Node, context: Context, needs: Callable[[Node, Context], Sequence[str]]) -> Open:
    """The open part of a truth-valued expression. `needs` names the missing items of an open atom."""
    known = truth_of(root, context)
    if known is not Truth.UNKNOWN:
        return ALWAYS if known is Truth.TRUE else NEVER_TRUE
    if isinstance(root, TermRef):
        return open_part(root.body, context, needs)
    seen = opened(root, context) if isinstance(root, Call) else None
    if not isinstance(root, Call) or seen is None:
        return Leaf(frozenset(needs(root, context)))
    return _joined(root, [open_part(arg, seen, needs) for arg in root.args if arg.kind.name == "truth"])


def opened(call: Call, context: Context) -> Context | None:
    """The context in which the parts of a connective are judged; None where they do not say why it is as it is.

    So it is of any other operator, and of signs each of which every window denies or affirms, but never all together.
    """
    operator = TABLE[call.op]
    if not operator.connective:
        return None
    if operator.inside is None:
        return context
    seen = operator.inside(call, context)
    return seen if call.kind.name != "truth" or truth_of(call.args[0], seen) is truth_of(call, context) else None


def _joined(call: Call, parts: list[Open]) -> Open:
    head = call.args[0]
    k = int(head.value) if isinstance(head, Literal) and isinstance(head.value, float) else 0
    match call.op:
        case "and":
            return _gate(len(parts), parts)
        case "or":
            return _gate(1, parts)
        case "not":
            return Turned(parts[0])
        case "at_least":
            return _gate(k, parts)
        case "at_most":
            return Turned(_gate(k + 1, parts))
        case "exactly":
            return _gate(2, [_gate(k, parts), Turned(_gate(k + 1, parts))])
        case "if":
            condition, yes, no = parts
            return _gate(1, [_gate(2, [condition, yes]), _gate(2, [Turned(condition), no]), _gate(2, [yes, no])])
    if len(parts) == 1:  # a view of the patient, such as a window
        return parts[0]
    return Leaf(frozenset(name for part in parts for name in named(part)))


def _gate(k: int, parts: Sequence[Open]) -> Gate:
    """A gate over the parts that are still open."""
    sure = sum(part is ALWAYS for part in parts)
    return Gate(k - sure, tuple(part for part in parts if part is not ALWAYS and part is not NEVER_TRUE))


def named(part: Open) -> Iterator[str]:
    """Ids of the items that the open part waits for."""
    match part:
        case Leaf(items):
            yield from items
        case Gate(_, parts):
            for inner in parts:
                yield from named(inner)
        case Turned(inner):
            yield from named(inner)


def distances(part: Open, items: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each item: how many others must be known with it, at best, for the answers true and false."""
    return {item: part.costs(item) for item in items}
