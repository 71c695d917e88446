"""Our expressions in FHIRPath, where it can say them: answers by linkId, each number in the unit of its item."""

from __future__ import annotations

from collections.abc import Callable

from trialwright.conduct.exchange.expression_parts import Uncertain
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import UnitError
from trialwright.logic.nodes import Anchor, Call, ItemRef, Literal, Node, TermRef
from trialwright.study.items import Item

_SIGNS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Speaker:
    """`path`: the way to the answers of an item, as FHIRPath; it raises Uncertain where there is none. `items`: by id.
    `carries_unit`: whether the answers of an item are FHIR quantities, `is_text`: whether its choices are strings."""

    def __init__(
        self, items: dict[str, Item], path: Callable[[str], str], carries_unit: Callable[[Item], bool],
        is_text: Callable[[Item], bool],
    ) -> None:  # fmt: skip
        self.items, self.path, self.carries_unit, self.is_text = items, path, carries_unit, is_text

    def say(self, node: Node) -> str:
        """What is true or false, a code, a day, or a number in the unit of its node. Raises Uncertain."""
        match node:
            case TermRef():
                return self.say(node.body)
            case ItemRef():
                return self._item(node)
            case Literal():
                return _literal(node)
            case Anchor():
                raise Uncertain(f"a questionnaire does not know the day of '{node.name}'")
        return self._call(node)

    def number(self, node: Node, unit: str) -> str:
        """A number stated in `unit`."""
        text = self.say(node)
        if node.kind.unit in (unit, "") or {node.kind.unit, unit} <= {"", "1"}:
            return text
        try:
            zero, one = (units.convert(value, node.kind.unit, unit) for value in (0.0, 1.0))
        except UnitError:
            raise Uncertain(f"'{node.kind.unit}' becomes '{unit}' only with a molar mass") from None
        if zero or not one:
            raise Uncertain(f"'{node.kind.unit}' does not become '{unit}' by a factor")
        return text if one == 1 else f"(({text}) * {plain(one)})"

    def _item(self, node: ItemRef) -> str:
        item = self.items[node.id]
        if node.judgement or item.type in ("event", "file", "choices"):
            raise Uncertain(f"'{item.id}' has no single answer there")
        path = self.path(item.id)
        if item.type in ("quantity", "integer"):
            return self._in_own_unit(item, path) if self.carries_unit(item) else f"{path}.value"
        coded = item.type == "choice" and not self.is_text(item)
        return f"{path}.value.code" if coded else f"{path}.value"

    def _in_own_unit(self, item: Item, path: str) -> str:
        """The number of an answer, brought from the unit that was chosen to the item's own."""
        text = f"{path}.value.value"
        for unit in reversed(item.units):
            zero, one = (units.convert(value, unit, item.unit, item.molar_mass) for value in (0.0, 1.0))
            stated = f"{path}.value.value * {plain(one - zero)}" + (
                f" {'-' if zero < 0 else '+'} {plain(abs(zero))}" if zero else ""
            )
            text = f"iif({path}.value.code = '{unit}', {stated}, {text})"
        return text

    def _call(self, call: Call) -> str:
        op, args = call.op, call.args
        if op in ("and", "or"):
            return f" {op} ".join(self._bracketed(arg) for arg in args)
        if op in _SIGNS:
            return self._compared(args[0], _SIGNS[op], args[1])
        if op in ("+", "-") and call.kind.name == "number" and args[0].kind.name == "number":
            right = self.number(args[1], args[0].kind.unit)
            return f"{self._bracketed(args[0])} {op} {_inside(right)}"
        if op in ("*", "/"):
            return self._product(call)
        simple = {
            "not": "{0}.not()", "abs": "{0}.abs()", "sqrt": "{0}.sqrt()", "ln": "{0}.ln()", "neg": "-{0}",
        }  # fmt: skip
        if op in simple:
            return simple[op].format(f"({self.say(args[0])})")
        return self._other(call)

    def _other(self, call: Call) -> str:
        op, args = call.op, call.args
        if op == "round":
            digits = self.say(args[1]) if len(args) == 2 else "0"
            return f"({self.say(args[0])}).round({digits})"
        if op == "if":
            no = self.number(args[2], call.kind.unit) if call.kind.name == "number" else self.say(args[2])
            return f"iif({self.say(args[0])}, {self.say(args[1])}, {no})"
        if op == "known" and len(args) == 1 and isinstance(args[0], ItemRef):
            return f"{self.path(args[0].id)}.exists()"
        if op == "includes" and isinstance(args[0], ItemRef):
            key = "value" if self.is_text(self.items[args[0].id]) else "value.code"
            return f"{self.path(args[0].id)}.where({key} = {self.say(args[1])}).exists()"
        if op == "in":
            return " or ".join(f"({self._compared(args[0], '=', code)})" for code in args[1:])
        if op == "between":
            ends = (">=", args[1]), ("<=", args[2])
            return " and ".join(f"({self._compared(args[0], sign, end)})" for sign, end in ends)
        raise Uncertain(f"'{op}' has no counterpart")

    def _product(self, call: Call) -> str:
        """Units multiply as numbers do; only where ours fall away by a factor, that factor stays."""
        left, right = call.args
        if call.op == "/" and call.kind.unit == "1" and left.kind.unit != right.kind.unit:
            return f"{self._bracketed(left)} / {_inside(self.number(right, left.kind.unit))}"
        return f"{self._bracketed(left)} {call.op} {self._bracketed(right)}"

    def _compared(self, left: Node, sign: str, right: Node) -> str:
        if left.kind.name != "number":
            return f"{self._bracketed(left)} {sign} {self._bracketed(right)}"
        quantities = [self._quantity(side) for side in (left, right)]
        if all(quantities):
            return f"{quantities[0]} {sign} {quantities[1]}"
        return f"{self._bracketed(left)} {sign} {_inside(self.number(right, left.kind.unit))}"

    def _quantity(self, node: Node) -> str:
        """A FHIR answer with its unit, or a constant with one: FHIRPath compares them whatever unit was chosen."""
        if isinstance(node, ItemRef) and self.carries_unit(self.items[node.id]):
            return f"{self.path(node.id)}.value"
        if isinstance(node, Literal) and isinstance(node.value, float) and node.kind.unit not in ("", "1"):
            return f"{plain(node.value)} '{node.kind.unit}'"
        return ""

    def _bracketed(self, node: Node) -> str:
        return _inside(self.say(node))


def _inside(text: str) -> str:
    quoted = text.startswith("'") and text.count("'") == 2
    return text if quoted or " " not in text else f"({text})"


def _literal(node: Literal) -> str:
    match node.value:
        case bool():
            return "true" if node.value else "false"
        case float():
            return plain(node.value)
        case PartialDate():
            return f"@{node.value}"
    text = str(node.value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def plain(number: float) -> str:
    """A number without an exponent, as FHIRPath writes it."""
    text = f"{number:.15g}"
    return text if "e" not in text else f"{number:.20f}".rstrip("0").rstrip(".")
