"""The plain interpreter: what an expression means. Total: it never raises on a patient that loaded."""

from __future__ import annotations

import math

from trialwright.kernel import units
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context
from trialwright.logic.nodes import Call, Expr, ItemRef, Literal, Node, TermRef
from trialwright.logic.scope import Facts
from trialwright.logic.table import TABLE
from trialwright.logic.values import Number, Span, Value, transform


def evaluate(expr: Expr, facts: Facts | Context, *, unit: str = "") -> Value:
    """Truth for truths; else a float (in `unit` if given, else `expr.kind.unit`), text or PartialDate; None if unknown.

    A number of which only the bounds are known comes as a Span.
    """
    found = value_of(expr.root, Context.of(facts))
    if unit and isinstance(found, (float, int, Span)):
        return converted(found, expr.root, unit)
    return found


def value_of(node: Node, context: Context) -> Value:
    """The value of any node; inner interpreters and operators call this."""
    if context.assumed and id(node) in context.assumed:
        return context.assumed[id(node)]
    if isinstance(node, Call):
        known = context.known.get(id(node))
        if known is None:  # the node is kept with its value, so that the id stays its own
            known = context.known[id(node)] = (node, TABLE[node.op].evaluate(node, context))
        return known[1]
    if isinstance(node, ItemRef):
        return _item(node, context)
    if isinstance(node, Literal):
        return Truth.of(node.value) if isinstance(node.value, bool) else node.value
    return value_of(node.body, context) if isinstance(node, TermRef) else context.anchor(node.name)


def truth_of(node: Node, context: Context) -> Truth:
    found = value_of(node, context)
    return found if isinstance(found, Truth) else Truth.UNKNOWN


def number_of(node: Node, context: Context, unit: str = "", molar_mass: float | None = None) -> Number:
    """The number of a node, stated in `unit` if given."""
    found = value_of(node, context)
    if not isinstance(found, (float, int, Span)):
        return None
    return converted(found, node, unit, molar_mass) if unit else found


def converted(number: Number, node: Node, unit: str, molar_mass: float | None = None) -> Number:
    """State a number of `node` in `unit`; `molar_mass` of the other side serves where the node has none."""
    mass = node.kind.molar_mass or molar_mass
    if isinstance(number, float):
        if node.kind.unit == unit:
            return number
        stated = units.convert(number, node.kind.unit, unit, mass)
        return stated if math.isfinite(stated) else None
    return transform(lambda x: units.convert(x, node.kind.unit, unit, mass), number)


def _item(ref: ItemRef, context: Context) -> Value:
    reading = context.latest(ref)
    if reading is not None:
        return reading.value
    if ref.derived is not None and not context.readings(ref):
        found = value_of(ref.derived, context)
        return converted(found, ref.derived, ref.kind.unit) if isinstance(found, (float, int, Span)) else found
    return Truth.UNKNOWN if ref.kind.name == "truth" else None
