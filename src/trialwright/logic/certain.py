"""What can be said of an expression before any patient is known: whether it could ever be true, or ever false.

The answer errs on one side: "cannot" is certain, "can" means only that nothing here speaks against it. It looks at
comparisons of one item with a constant, and at what connects them: a number outside what its item may hold, and
conditions that exclude one another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.logic.nodes import Call, Expr, ItemRef, Literal, Node, TermRef


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two ends, in an item's unit; the ends belong to it, or not."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def __and__(self, other: Range) -> Range:
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Range(
            low, high,
            any(end.open_low for end in (self, other) if end.low == low),
            any(end.open_high for end in (self, other) if end.high == high),
        )  # fmt: skip


Answers = frozenset[str | bool]
"""Codes, or yes and no, that an item may still hold."""
World = Mapping[str, Range | Answers]
"""item -> what it may hold; an item that is not there may hold anything."""

_TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def can_be(expr: Expr | Node, answer: bool, limits: Mapping[str, Range] | None = None) -> bool:
    """Whether a truth-valued expression could give `answer`. `limits`: what numbers may be, in their items' units."""
    root = expr.root if isinstance(expr, Expr) else expr
    return _narrowed(root, answer, limits or {}) is not None


def _narrowed(node: Node, answer: bool, world: World) -> World | None:
    """What items may hold where `node` gives `answer`; None where it never does."""
    match node:
        case TermRef():
            return _narrowed(node.body, answer, world)
        case Literal(value=bool() as value):
            return world if value is answer else None
        case ItemRef(kind=kind) if kind.name == "truth":
            return _answers(node, frozenset({answer}), world)
        case Call(op="not"):
            return _narrowed(node.args[0], not answer, world)
        case Call(op="and" | "or"):
            return _joined(node, answer, world)
        case Call(op="in"):
            return _listed(node, answer, world)
        case Call(op=op) if op in _TURNED:
            return _compared(node, op if answer else _TURNED[op], world)
        case _:
            return world


def _joined(call: Call, answer: bool, world: World) -> World | None:
    if (call.op == "and") is answer:  # all parts have to give the answer
        found: World | None = world
        for part in call.args:
            found = _narrowed(part, answer, found) if found is not None else None
        return found
    ways = [way for part in call.args if (way := _narrowed(part, answer, world)) is not None]
    return ways[0] if len(ways) == 1 else (world if ways else None)


def _listed(call: Call, answer: bool, world: World) -> World | None:
    item, *others = call.args
    codes = [part.value for part in others if isinstance(part, Literal)]
    if not isinstance(item, ItemRef) or item.kind.name != "code" or len(codes) != len(others):
        return world
    wanted = frozenset(str(code) for code in codes)
    return _answers(item, wanted if answer else frozenset(item.kind.codes) - wanted, world)


def _compared(call: Call, op: str, world: World) -> World | None:
    left, right = call.args
    if isinstance(left, Literal) and isinstance(right, ItemRef):
        left, right, op = right, left, _MIRRORED.get(op, op)
    if not (isinstance(left, ItemRef) and isinstance(right, Literal)):
        return world
    value = right.value
    if isinstance(value, float) and left.kind.name == "number":
        return _within(left, op, value, right.kind.unit, world)
    if op in ("==", "!=") and left.kind.name in ("code", "truth") and isinstance(value, (str, bool)):
        all_answers: Answers = frozenset(left.kind.codes) if left.kind.name == "code" else frozenset({True, False})
        if not all_answers:  # a text may be anything
            return world
        return _answers(left, frozenset({value}) if op == "==" else all_answers - {value}, world)
    return world


def _within(item: ItemRef, op: str, value: float, unit: str, world: World) -> World | None:
    try:
        end = units.convert(value, unit or "1", item.kind.unit or "1", molar_mass=item.kind.molar_mass)
    except UnitError:
        return world
    wanted = {
        "<": Range(high=end, open_high=True), "<=": Range(high=end), ">": Range(end, open_low=True), ">=": Range(end),
        "==": Range(end, end),
    }.get(op, Range())  # fmt: skip
    held = world.get(item.id, Range())
    left = held & wanted if isinstance(held, Range) else wanted
    return None if left.empty else {**world, item.id: left}


def _answers(item: ItemRef, wanted: Answers, world: World) -> World | None:
    held = world.get(item.id)
    left = held & wanted if isinstance(held, frozenset) else wanted
    return {**world, item.id: left} if left else None
