"""A condition of ours as enableWhen: one comparison, or several of which all, or any, must hold."""

from __future__ import annotations

from typing import Protocol

from trialwright.conduct.exchange.fhirpath_out import plain
from trialwright.formats.questionnaire.document import UCUM, Answer, Condition
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.logic.nodes import Call, ItemRef, Literal, Node, TermRef
from trialwright.study.items import Item

_SIGNS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


class FormLike(Protocol):
    """The form that the condition stands on."""

    def link(self, name: str) -> str | None: ...
    def item(self, name: str) -> Item: ...
    def type_of(self, item: Item) -> str: ...
    def answer_of(self, item: Item, code: str) -> Answer | None: ...


def conditions(form: FormLike, root: Node) -> tuple[tuple[Condition, ...], str] | None:
    """The conditions and `all` or `any`; None where enableWhen cannot say it."""
    root = _bare(root)
    word = root.op if isinstance(root, Call) and root.op in ("and", "or") else ""
    parts = [_bare(part) for part in root.args] if word and isinstance(root, Call) else [root]
    found: list[Condition] = []
    for part in parts:
        several = _several(form, part)
        if several is not None and (word == "or" or len(parts) == 1):
            found += several
            word = "or"
            continue
        one = _one(form, part, positive=True)
        if one is None:
            return None
        found.append(one)
    return tuple(found), ("any" if word == "or" else "all") if len(found) > 1 else ""


def _bare(node: Node) -> Node:
    while isinstance(node, TermRef):
        node = node.body
    return node


def _several(form: FormLike, node: Node) -> list[Condition] | None:
    """`x in ("a", "b")`: any of them."""
    if not isinstance(node, Call) or node.op != "in" or not isinstance(node.args[0], ItemRef):
        return None
    found = [_compared(form, node.args[0], "=", code) for code in node.args[1:]]
    whole = [condition for condition in found if condition is not None]
    return whole if len(whole) == len(found) else None


def _one(form: FormLike, node: Node, *, positive: bool) -> Condition | None:
    node = _bare(node)
    if isinstance(node, ItemRef) and node.kind.name == "truth":
        return _made(form, node, "=", Answer("boolean", "true" if positive else "false"))
    if not isinstance(node, Call):
        return None
    if node.op == "not":
        return _one(form, node.args[0], positive=not positive)
    if node.op == "known" and isinstance(node.args[0], ItemRef):
        return _made(form, node.args[0], "exists", Answer("boolean", "true" if positive else "false"))
    if node.op == "includes" and isinstance(node.args[0], ItemRef):
        return _compared(form, node.args[0], "=" if positive else "!=", node.args[1])
    if node.op in _SIGNS:
        left, right, sign = node.args[0], node.args[1], _SIGNS[node.op]
        if isinstance(right, ItemRef) and isinstance(left, Literal):
            left, right, sign = right, left, _TURNED.get(sign, sign)
        return _compared(form, left, sign if positive else _OPPOSITE[sign], right)
    return None


def _made(form: FormLike, ref: ItemRef, sign: str, answer: Answer | None) -> Condition | None:
    link = form.link(ref.id)
    return Condition(link, sign, answer) if link is not None and answer is not None else None


def _compared(form: FormLike, left: Node, sign: str, right: Node) -> Condition | None:
    if not isinstance(left, ItemRef) or not isinstance(right, Literal) or form.link(left.id) is None:
        return None
    return _made(form, left, sign, _answer(form, form.item(left.id), right))


def _answer(form: FormLike, item: Item, literal: Literal) -> Answer | None:
    match literal.value:
        case bool():
            return Answer("boolean", "true" if literal.value else "false")
        case float():
            return _number(form, item, literal.value, literal.kind.unit)
        case PartialDate():
            kind = {"date": "date", "datetime": "dateTime"}.get(item.type, "")
            return Answer(kind, str(literal.value)) if kind else None
        case str() if item.type in ("choice", "choices"):
            found = form.answer_of(item, literal.value)
            return Answer(found.kind, found.value, found.system) if found else None
    return Answer("time" if item.type == "time" else "string", str(literal.value)) if item.type != "event" else None


def _number(form: FormLike, item: Item, value: float, unit: str) -> Answer | None:
    kind = form.type_of(item)
    if kind == "quantity":
        return Answer("quantity", plain(value), UCUM, unit=unit)
    same = {unit or "1", item.unit or "1"} == {item.unit or "1"}
    stated = value if same else units.convert(value, unit, item.unit or "1", item.molar_mass)
    if kind == "integer" and not stated.is_integer():
        return None
    return Answer("integer" if kind == "integer" else "decimal", plain(stated))
