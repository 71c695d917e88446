"""What a physician should know beside the verdict: stand-in days, formulas outside their validity, idle facts."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.logic.context import Context
from trialwright.logic.evaluate import number_of
from trialwright.logic.nodes import Anchor, Call, ItemRef, Node, children
from trialwright.logic.values import ends
from trialwright.science.clinic import CARDS, Card
from trialwright.study.definition import Study
from trialwright.study.items import Item

_TEXTS: dict[str, tuple[str, str]] = {
    "enrolment": (
        "The day of enrolment is not known; the day of screening ({0}) stands in for it.",
        "入组日期未知，以筛选日期（{0}）代替。",
    ),
    "validity": (
        "{0}: {1} lies outside the range in which the formula was validated. {2}",
        "{0}：{1}超出公式验证范围。{2}",
    ),
    "unit": (
        "{0} in {1} cannot be stated in {2} without the assay's own factor; it counts as unknown.",
        "{0}以{1}报告，缺少该试剂盒的换算系数，无法换算为{2}，按未知处理。",
    ),
    "unsigned": ("{0} is not signed; it counts as unknown.", "{0}未签名，按未知处理。"),
    "conflict": ("{0} has different values on {1}; it counts as unknown.", "{0}在{1}有不同结果，按未知处理。"),
    "agent": (
        "{0}: '{1}' is not in the table of equivalents; its day counts as unknown.",
        "{0}：等效剂量表中无“{1}”，该日按未知处理。",
    ),
    "apart": (
        "{0} of {1} lies outside the time in which the values must lie together.",
        "{0}（{1}）不在规定的时间窗内。",
    ),
    "no_limit": (
        "{0} of {1} came without its laboratory's limits; what is judged by them stays unknown.",
        "{0}（{1}）未附实验室正常值范围，相关判断未知。",
    ),
}


def warnings_of(study: Study, context: Context, lang: str) -> tuple[str, ...]:
    """All warnings, each once, in the order of the criteria."""
    zh = lang.startswith("zh")
    found = dict.fromkeys(
        _TEXTS[key][zh].format(*parts).strip()
        for criterion in study.eligibility.criteria
        for key, parts in _of_node(study.compile(criterion.logic).root, context, study, lang)
    )
    return tuple(found)


def _of_node(node: Node, context: Context, study: Study, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    match node:
        case Anchor("enrolment") if getattr(context.facts, "enrolment", None) is None:
            yield "enrolment", (str(context.facts.screening),)
        case ItemRef(id=name) if name in study.item_by_id:
            yield from _of_item(node, study.item_by_id[name], context, lang)
        case Call(op) if op in CARDS:
            yield from _of_formula(node, CARDS[op], context, lang)
        case Call("uln" | "lln", (ItemRef() as ref,)):
            yield from _of_limit(node, ref, context, lang)
        case Call("prednisone_equivalent", (ItemRef() as ref, *_)):
            yield from _of_agents(ref, context, lang)
        case Call("concurrent"):
            yield from _of_concurrence(node, context, lang)
    for child in children(node):
        yield from _of_node(child, context, study, lang)


def _of_item(ref: ItemRef, item: Item, context: Context, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    label = item.label.to(lang)
    for fact in context.facts.of(item.id):
        if ref.judgement and fact.value is not None and not fact.signed_by.strip():
            yield "unsigned", (label,)
        if isinstance(fact.value, (int, float)) and not _convertible(fact.unit, item):
            yield "unit", (label, units.show(fact.unit), units.show(item.unit))
    readings = context.readings(ref)
    if readings and context.latest(ref) is None and not readings[0].fact.agent:
        yield "conflict", (label, str(readings[0].when))


def _convertible(unit: str, item: Item) -> bool:
    try:
        return (
            not unit
            or item.type not in ("quantity", "integer")
            or units.same_kind(unit, item.unit or "1", item.molar_mass)
        )
    except UnitError:
        return False


def _of_formula(call: Call, card: Card, context: Context, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node, wanted in zip(call.args, card.inputs, strict=True):
        if wanted.kind != "number" or wanted.valid == (None, None):
            continue
        number = number_of(node, context, wanted.unit, wanted.molar_mass)
        if number is None:
            continue
        low, high = wanted.valid
        if (low is not None and ends(number)[0] < low) or (high is not None and ends(number)[1] > high):
            shown = f"{wanted.label.to(lang)} {ends(number)[0]:g}"
            yield "validity", (card.label.to(lang), shown, card.note.to(lang) if card.note else "")


def _of_limit(call: Call, ref: ItemRef, context: Context, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    reading = context.latest(ref)
    if reading is not None and (reading.high if call.op == "uln" else reading.low) is None:
        yield "no_limit", (ref.label.to(lang), str(reading.fact.when or context.facts.screening))


def _of_agents(ref: ItemRef, context: Context, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    from trialwright.science.clinic.steroids import is_systemic, prednisone_equivalent

    for reading in context.readings(ref):
        fact = reading.fact
        unknown = reading.value and is_systemic(fact.route) and prednisone_equivalent(1.0, fact.agent) is None
        if unknown:
            yield "agent", (ref.label.to(lang), fact.agent)


def _of_concurrence(call: Call, context: Context, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    from trialwright.logic.nodes import item_refs
    from trialwright.logic.table import TABLE

    inside = TABLE["concurrent"].inside
    assert inside is not None
    seen = inside(call, context)
    for ref in dict.fromkeys(item_refs(call)):
        latest = context.latest(ref)
        if latest is not None and latest not in seen.readings(ref):
            yield "apart", (ref.label.to(lang), str(latest.when))
