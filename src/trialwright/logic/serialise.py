"""Nodes back to text. Building the text again gives the same nodes."""

from __future__ import annotations

from trialwright.kernel.dates import PartialDate
from trialwright.logic.nodes import Anchor, Call, Expr, ItemRef, Literal, Node, TermRef
from trialwright.logic.table import TABLE

_PERIODS = {"d": "day", "wk": "week", "mo": "month", "a": "year"}
_ATOM = 9


def serialise(expr: Expr) -> str:
    """The text of an expression, on one line, with no more brackets than it needs."""
    return _write(expr.root)


def number(value: float) -> str:
    """A number as short as it can be without loss."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _write(node: Node) -> str:
    match node:
        case Literal():
            return _constant(node)
        case Anchor(name):
            return name
        case ItemRef(id=name) | TermRef(id=name):
            return name
        case Call():
            return _call(node)


def _constant(node: Literal) -> str:
    value = node.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        return f"{quote}{value}{quote}"
    if isinstance(value, PartialDate):
        return str(value)
    unit = node.kind.unit
    if unit in _PERIODS:
        return f"{number(value)} {_PERIODS[unit]}{'' if value == 1 else 's'}"
    return number(value) if unit == "1" else f"{number(value)} {unit}"


def _call(call: Call) -> str:
    if call.op == "if":
        condition, yes, no = (_write(arg) for arg in call.args)
        return f"if {condition} then {yes} else {no}"
    if call.op == "not":
        return f"not {_inside(call.args[0], _level(call))}"
    if call.op == "neg":
        return f"-{_inside(call.args[0], _level(call))}"
    if call.op == "in":
        return f"{_inside(call.args[0], _level(call) + 1)} in ({', '.join(_write(arg) for arg in call.args[1:])})"
    if call.op == "between":
        value, low, high = (_inside(arg, _level(call) + 1) for arg in call.args)
        return f"{value} in [{low}, {high}]"
    level = _level(call)
    if level == _ATOM:
        names = call.names or ("",) * len(call.args)
        args = (f"{name}: {_write(arg)}" if name else _write(arg) for name, arg in zip(names, call.args, strict=True))
        return f"{call.op}({', '.join(args)})"
    # Arithmetic groups to the left; `and`, `or` and comparisons take no bare argument of their own level.
    left = level if call.op in "+-*/" else level + 1
    first, *rest = call.args
    return f" {call.op} ".join([_inside(first, left), *(_inside(arg, level + 1) for arg in rest)])


def _level(node: Node) -> int:
    if not isinstance(node, Call):
        return _ATOM
    return 0 if node.op == "if" else TABLE[node.op].level


def _inside(node: Node, level: int) -> str:
    text = _write(node)
    return f"({text})" if _level(node) < level else text
