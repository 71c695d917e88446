"""What a physician should know beside the verdict: stand-in days, formulas outside their validity, idle facts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context, Reading
from trialwright.logic.evaluate import number_of, truth_of
from trialwright.logic.nodes import Anchor, Call, ItemRef, Node, children, item_refs
from trialwright.logic.table import TABLE
from trialwright.logic.values import ends
from trialwright.science.clinic import CARDS, Card
from trialwright.screen.words import Same, said
from trialwright.study.definition import Study
from trialwright.study.items import Item

Found = tuple[str, tuple[str, ...]]
"""A key of the texts and what fills its places."""

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
        "{0} of {1} is too old: the values must lie no more than {2} apart, so it does not count with the others.",
        "{0}（{1}）过早：须与其他项相隔{2}，不能合并计算。",
    ),
    "outside": (
        "{0} of {1} lies outside its window ({2}) and does not count.",
        "{0}（{1}）不在规定的时间窗（{2}）内，不予采用。",
    ),
    "stale": (
        "{0} of {1} was {2} days old at screening. Is there a newer one?",
        "{0}（{1}）在筛选时已过{2}日，请确认有无更新结果。",
    ),
    "vague": (
        "{0}: only {1} is known; the exact day would decide whether it falls into its window.",
        "{0}：仅知{1}，需确切日期方能判断是否在时间窗内。",
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
        for node in _nodes(Same(study.compile(criterion.logic).root))
        for key, parts in _of_node(node, context, study, lang)
    )
    return tuple(found)


@lru_cache(maxsize=1024)
def _nodes(root: Same) -> tuple[Node, ...]:
    """The nodes below one that can give a warning, each once."""
    found = {id(node): node for node in _walk(root.node) if isinstance(node, (Anchor, ItemRef)) or _is_told(node)}
    return tuple(found.values())


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _walk(child)


_TOLD = frozenset({"uln", "lln", "prednisone_equivalent", "concurrent", "during", "within"})


def _is_told(node: Node) -> bool:
    return isinstance(node, Call) and (node.op in CARDS or node.op in _TOLD)


def _of_node(node: Node, context: Context, study: Study, lang: str) -> Iterator[Found]:
    match node:
        case Anchor("enrolment") if getattr(context.facts, "enrolment", None) is None:
            yield "enrolment", (str(context.facts.screening),)
        case ItemRef(id=name) if name in study.item_by_id:
            yield from _of_item(node, study, context, lang)
        case Call(op) if op in CARDS:
            yield from _of_formula(node, CARDS[op], context, lang)
        case Call("uln" | "lln", (ItemRef() as ref,)):
            yield from _of_limit(node, ref, context, lang)
        case Call("prednisone_equivalent", (ItemRef() as ref, *_)):
            yield from _of_agents(ref, context, lang)
        case Call("concurrent" | "during"):
            yield from _of_window(node, context, lang)
        case Call("within", (ItemRef() as ref, *_)) if truth_of(node, context) is Truth.UNKNOWN:
            yield from (("vague", (ref.label.to(lang), str(r.value))) for r in context.readings(ref))


def _of_item(ref: ItemRef, study: Study, context: Context, lang: str) -> Iterator[Found]:
    item = study.item_by_id[ref.id]
    label = item.label.to(lang)
    for fact in context.facts.of(item.id):
        if ref.judgement and fact.value is not None and not fact.signed_by.strip():
            yield "unsigned", (label,)
        if isinstance(fact.value, (int, float)) and not _convertible(fact.unit, item):
            yield "unit", (label, units.show(fact.unit), units.show(item.unit))
    readings = context.readings(ref)
    if readings and context.latest(ref) is None and not readings[0].fact.agent:
        yield "conflict", (label, str(readings[0].when))
    recent = study.eligibility.recent
    if recent is not None and readings and item.type == "quantity" and not readings[0].fact.agent:
        yield from _of_age(readings[0], recent.days, label, context)


def _of_age(reading: Reading, days: int, label: str, context: Context) -> Iterator[Found]:
    """A measured value that may no longer be true at screening."""
    old = (context.facts.screening - reading.when.last).days
    if old > days:
        yield "stale", (label, str(reading.when), str(old))


def _convertible(unit: str, item: Item) -> bool:
    try:
        return (
            not unit
            or item.type not in ("quantity", "integer")
            or units.same_kind(unit, item.unit or "1", item.molar_mass)
        )
    except UnitError:
        return False


def _of_formula(call: Call, card: Card, context: Context, lang: str) -> Iterator[Found]:
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


def _of_limit(call: Call, ref: ItemRef, context: Context, lang: str) -> Iterator[Found]:
    reading = context.latest(ref)
    if reading is not None and (reading.high if call.op == "uln" else reading.low) is None:
        yield "no_limit", (ref.label.to(lang), str(reading.fact.when or context.facts.screening))


def _of_agents(ref: ItemRef, context: Context, lang: str) -> Iterator[Found]:
    from trialwright.science.clinic.steroids import is_systemic, prednisone_equivalent

    for reading in context.readings(ref):
        fact = reading.fact
        unknown = reading.value and is_systemic(fact.route) and prednisone_equivalent(1.0, fact.agent) is None
        if unknown:
            yield "agent", (ref.label.to(lang), fact.agent)


def _of_window(call: Call, context: Context, lang: str) -> Iterator[Found]:
    """Latest values that the view of a window leaves out."""
    inside = TABLE[call.op].inside
    assert inside is not None
    seen = inside(call, context)
    key = "apart" if call.op == "concurrent" else "outside"
    for ref in dict.fromkeys(item_refs(call.args[0])):
        latest = context.latest(ref)
        if latest is not None and latest not in seen.readings(ref):
            yield key, (ref.label.to(lang), str(latest.when), said(call.args[1], lang))
