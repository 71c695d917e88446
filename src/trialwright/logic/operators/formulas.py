"""Formulas of the clinic's cards as operators, and steroid doses as prednisone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from trialwright.kernel import units
from trialwright.kernel.errors import nearest
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context, Reading
from trialwright.logic.evaluate import number_of, value_of
from trialwright.logic.nodes import Call, Kind, Literal, Node
from trialwright.logic.operators.base import Mismatch, Operator, Speaker, count, item, item_of, want
from trialwright.logic.values import Number, Value, ends, span
from trialwright.science.clinic import CARDS, Card, Input
from trialwright.science.clinic.steroids import TABLES, is_systemic, prednisone_equivalent


def _typing(card: Card) -> Callable[[Sequence[Node], Sequence[str]], Kind]:
    def typing(args: Sequence[Node], names: Sequence[str]) -> Kind:
        count(args, len(card.inputs))
        for index, wanted in enumerate(card.inputs):
            node = want(args, index, wanted.kind)
            if wanted.kind == "number" and not units.same_kind(node.kind.unit, wanted.unit, _mass(node, wanted)):
                given, need = units.show(node.kind.unit) or "no unit", units.show(wanted.unit)
                raise Mismatch(f"{wanted.name} must be in {need}, not in {given}", index)
            odd = sorted(set(node.kind.codes) - set(wanted.codes)) if wanted.codes else []
            if odd and len(odd) == len(node.kind.codes):
                raise Mismatch(f"{wanted.name} must be {' or '.join(wanted.codes)}", index)
        return Kind("number", card.unit)

    return typing


def _mass(node: Node, wanted: Input) -> float | None:
    return wanted.molar_mass or node.kind.molar_mass


def _stated(node: Node, wanted: Input, context: Context) -> Value:
    if wanted.kind != "number":
        found = value_of(node, context)
        return None if wanted.codes and found not in wanted.codes else found
    number = number_of(node, context)
    if number is None:
        return None
    low, high = (units.convert(x, node.kind.unit, wanted.unit, _mass(node, wanted)) for x in ends(number))
    return span(low, high)


def _evaluate(card: Card) -> Callable[[Call, Context], Number]:
    def evaluate(call: Call, context: Context) -> Number:
        values = [_stated(node, wanted, context) for node, wanted in zip(call.args, card.inputs, strict=True)]
        if any(v is None or v is Truth.UNKNOWN for v in values):
            return None
        corners = [ends(v) if not isinstance(v, (str, Truth)) else (v,) for v in values]  # type: ignore[arg-type]  # None left above
        try:
            found = [
                card.formula(*(v is Truth.TRUE if isinstance(v, Truth) else v for v in corner))
                for corner in product(*corners)
            ]
        except (ArithmeticError, ValueError):
            return None
        known = [x for x in found if isinstance(x, (int, float))]
        return span(float(min(known)), float(max(known))) if len(known) == len(found) else None

    return evaluate


def _label(card: Card) -> Callable[[Call, Speaker], str]:
    return lambda call, speaker: card.label.to(speaker.lang)


def _formula(card: Card) -> Operator:
    example = f"{card.id}({', '.join(i.name for i in card.inputs)})"
    return Operator(card.id, f"{card.label.en}. {card.source}", example, _typing(card), _evaluate(card), _label(card))


def _equivalent(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1, 2)
    ref = item_of(args, 0, "number")
    if not units.same_kind(ref.kind.unit, "mg/d"):
        raise Mismatch("a steroid dose must be in mg/d", 0)
    if len(args) == 2:
        table = args[1].value if isinstance(args[1], Literal) and names[1] == "table" else ""
        if table not in TABLES:
            raise Mismatch("the table of equivalents must be named", 1, nearest(str(table), TABLES))
    return Kind("number", "mg/d")


def _prednisone(call: Call, context: Context) -> Number:
    """mg/d of prednisone: all systemic agents of the latest day on file, added up."""
    ref = item(call.args[0])
    readings = context.readings(ref)
    table = call.args[1].value if len(call.args) == 2 and isinstance(call.args[1], Literal) else "standard"
    total = 0.0
    for reading in readings:
        if reading.when != readings[0].when:
            break
        part = _part(reading, ref.kind.unit, str(table))
        if part is None:
            return None
        total += part
    return total if readings else None


def _part(reading: Reading, unit: str, table: str) -> float | None:
    if not isinstance(reading.value, float):
        return None
    if reading.value == 0 or not is_systemic(reading.fact.route):
        return 0.0
    return prednisone_equivalent(units.convert(reading.value, unit, "mg/d"), reading.fact.agent, table)


def _say_equivalent(call: Call, speaker: Speaker) -> str:
    return (
        f"{speaker.inner(call.args[0])}（折合泼尼松）"
        if speaker.lang == "zh"
        else f"{speaker.inner(call.args[0])} as prednisone"
    )


FORMULAS: tuple[Operator, ...] = (
    *(_formula(card) for card in CARDS.values()),
    Operator(
        "prednisone_equivalent",
        "A day's systemic steroids, added up as prednisone.",
        'prednisone_equivalent(steroid_dose, table: "standard") / weight >= 1.5 mg/kg/d',
        _equivalent,
        _prednisone,
        _say_equivalent,
        named=("table",),
    ),
)
