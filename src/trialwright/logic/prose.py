"""Nodes in words, English and Simplified Chinese."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.logic.nodes import CODE, Anchor, Call, Expr, ItemRef, Literal, Node, TermRef
from trialwright.logic.table import TABLE

_ANCHORS = {
    "screening": ("screening", "筛选"),
    "enrolment": ("enrolment", "入组"),
    "first_dose": ("the first dose", "首次给药"),
}
_PERIODS = {"d": ("day", "日"), "wk": ("week", "周"), "mo": ("month", "个月"), "a": ("year", "年")}
_LOOSE = frozenset({"and", "or", "if", "+", "-"})


def prose(expr: Expr | Node, lang: str = "en") -> str:
    """Say an expression; `lang` is en or zh."""
    root = expr.root if isinstance(expr, Expr) else expr
    return Sayer("zh" if lang.startswith("zh") else "en").say(root)


def figure(value: float) -> str:
    """A number as it was written, without exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:g}"


def rounded(value: float) -> str:
    """A computed number: four significant digits, whole numbers kept whole."""
    digits = 3 - math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
    return figure(round(value, max(digits, 0)))


def quantity(value: float | str, unit: str, lang: str = "en") -> str:
    """A number (or its text) with its printed unit: 39.2 °C, 62 × 10⁹/L, 30 days."""
    number = value if isinstance(value, str) else figure(value)
    if unit in _PERIODS:
        en, zh = _PERIODS[unit]
        return f"{number}{zh}" if lang.startswith("zh") else f"{number} {en}{'' if number == '1' else 's'}"
    shown = units.show(unit)
    return f"{number} {'× ' if shown.startswith('10') else ''}{shown}".strip()


@dataclass(frozen=True, slots=True)
class Sayer:
    """Says nodes in one language; `code_labels` come from the item that a text constant stands against."""

    lang: str

    def say(self, node: Node) -> str:
        match node:
            case Literal():
                return self._constant(node)
            case Anchor(name):
                return _ANCHORS[name][self.lang == "zh"]
            case ItemRef(label=label) | TermRef(label=label):
                return label.to(self.lang)
            case Call():
                return TABLE[node.op].prose(_spoken_codes(node, self.lang), self)

    def inner(self, node: Node) -> str:
        """As a part of something larger: what would run into it is bracketed."""
        text = self.say(node)
        loose = isinstance(node, Call) and node.op in _LOOSE
        return (f"（{text}）" if self.lang == "zh" else f"({text})") if loose else text

    def _constant(self, node: Literal) -> str:
        value = node.value
        if isinstance(value, bool):
            return {"en": ("no", "yes"), "zh": ("否", "是")}[self.lang][value]
        if isinstance(value, (str, PartialDate)):
            return str(value)
        return quantity(value, node.kind.unit, self.lang)


def _years_of_age(arg: Node) -> Node:
    """16 a is 16年 of time and 16岁 of age."""
    if isinstance(arg, Literal) and arg.kind.unit == "a" and isinstance(arg.value, float):
        return Literal(f"{figure(arg.value)}岁", CODE)
    return arg


def _spoken_codes(call: Call, lang: str) -> Call:
    """In a comparison with a choice, text constants are said by its labels; years of age have their own word."""
    if lang == "zh" and any(isinstance(arg, Call) and arg.op == "age" for arg in call.args):
        return Call(call.op, tuple(_years_of_age(arg) for arg in call.args), call.kind, call.names)
    holder = next((arg for arg in call.args if isinstance(arg, ItemRef) and arg.choice_labels), None)
    if holder is None or call.op not in ("==", "!=", "in", "includes"):
        return call
    labels = dict(zip(holder.kind.codes, holder.choice_labels, strict=True))
    args = tuple(
        Literal(labels[a.value].to(lang), a.kind)
        if isinstance(a, Literal) and isinstance(a.value, str) and a.value in labels
        else a
        for a in call.args
    )
    return Call(call.op, args, call.kind, call.names)
