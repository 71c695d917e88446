"""The words of a verdict, English and Simplified Chinese."""

from __future__ import annotations

from trialwright.kernel import units
from trialwright.kernel.truth import Truth
from trialwright.logic import Atom, Explanation
from trialwright.logic.explain import Used
from trialwright.logic.nodes import Call, ItemRef
from trialwright.logic.prose import prose, quantity, rounded
from trialwright.logic.values import Span, ends

_TEXTS: dict[str, tuple[str, str]] = {
    "eligible": ("eligible", "符合入选"),
    "not_eligible": ("not eligible", "不符合入选"),
    "undetermined": ("undetermined", "尚不能确定"),
    "met": ("met", "符合"),
    "not_met": ("not met", "不符合"),
    "unknown": ("unknown", "未知"),
    "true": ("yes", "是"),
    "false": ("no", "否"),
    "none": ("none", "无"),
    "current": ("current", "目前存在"),
    "because": ("{0}.", "{0}。"),
    "open": ("Open: {0}.", "待定：{0}。"),
    "open_known": ("Open, though known: {0}.", "已有资料但不足以判断：{0}。"),
    "needed": ("Needed: {0}.", "尚缺：{0}。"),
    "either": ("Any one of these alone could decide: {0}.", "以下任一项即可决定：{0}。"),
    "flip": ("{0} would come out otherwise if read so: {1}.", "若按“{1}”理解，{0}的结论将不同。"),
    "decides": ("{0}: could decide {1}", "{0}：可决定{1}"),
    "helps": ("{0}: needed for {1}, decides it only together with others", "{0}：{1}所需，须与其他项合并判断"),
    "met_if": ("{0} ({1})", "{0}（{1}）"),
    "either_way": ("{0} either way", "{0}（无论结果）"),
    "uln": ("limit {0}", "正常值上限{0}"),
    "lln": ("from {0}", "正常值下限{0}"),
    "on": ("{0} on {1}", "{0}（{1}）"),
    "computed": ("{0}: {1}", "{0}：{1}"),
}


def text(key: str, lang: str, *parts: str) -> str:
    """The text of a key; `parts` fill its places."""
    return _TEXTS[key][lang.startswith("zh")].format(*parts)


def joined(parts: list[str], lang: str) -> str:
    return ("；" if lang.startswith("zh") else "; ").join(parts)


def value(used: Used, lang: str) -> str:
    """The value as reported, with its unit; where the item's own unit differs, in that one too."""
    kind, fact = used.ref.kind, used.fact
    if kind.name == "number" and isinstance(used.value, float):
        own = quantity(used.value, kind.unit, lang)
        if fact.unit and units.show(fact.unit) != units.show(kind.unit) and isinstance(fact.value, (int, float)):
            own = f"{quantity(float(fact.value), fact.unit, lang)} = {quantity(rounded(used.value), kind.unit, lang)}"
        return f"{own} {fact.agent}" + (f" {fact.route}" if fact.route else "") if fact.agent else own
    if kind.name == "truth":
        known = text("true" if used.value is Truth.TRUE else "false", lang)
        return f"{known} ({fact.signed_by})" if fact.signed_by else known
    if isinstance(used.value, str):
        return _code(used.ref, used.value, lang)
    return str(used.value)


def _code(ref: ItemRef, code: str, lang: str) -> str:
    if code in ref.kind.codes:
        return ref.choice_labels[ref.kind.codes.index(code)].to(lang)
    return text(code, lang) if code in ("none", "current") else code


def limits(used: Used, lang: str) -> str:
    """The laboratory's reference range, in the unit of the report."""
    low, high = used.fact.low, used.fact.high
    if low is None and high is None:
        return ""
    unit = units.show(used.fact.unit or used.ref.kind.unit)
    shown = (
        f"{low:g}–{high:g}"
        if low is not None and high is not None
        else (f"≥ {low:g}" if low is not None else f"≤ {high:g}")
    )
    return f"{shown} {unit}".strip()


def atom(found: Atom, lang: str) -> str:
    """The atom's sentence; what a formula gave is shown with it."""
    said = prose(found.node, lang)
    if not said[1:2].isupper():  # eGFR keeps its small letter
        said = said[:1].upper() + said[1:]
    node = found.node
    if not isinstance(node, Call) or not isinstance(found.computed, (float, Span)):
        return said
    low, high = ends(found.computed)
    shown = rounded(low) if low == high else f"{rounded(low)}–{rounded(high)}"
    aged = lang.startswith("zh") and isinstance(node.args[0], Call) and node.args[0].op == "age"
    return text("computed", lang, said, f"{shown}岁" if aged else quantity(shown, node.args[0].kind.unit, lang))


def evidence(found: Atom, lang: str) -> str:
    """An atom by its facts, `Creatinine 133 µmol/L on 2026-03-14`, or by what a formula made of them."""
    if found.computed is not None:
        return atom(found, lang)
    parts = []
    for used in found.used:
        joint = " " if used.ref.kind.name == "number" else ": "
        shown = f"{used.ref.label.to(lang)}{'：' if lang.startswith('zh') else joint}{value(used, lang)}"
        parts.append(text("on", lang, shown, str(used.fact.when)) if used.fact.when else shown)
    return joined(parts, lang) or prose(found.node, lang)


def explanation(why: Explanation, lang: str) -> str:
    """Why a criterion has its state, in one or two short sentences."""
    if why.truth is not Truth.UNKNOWN:
        deciding = [a for a in why.atoms if a.supports is why.truth] or list(why.atoms)
        return text("because", lang, joined(list(dict.fromkeys(evidence(a, lang) for a in deciding)), lang))
    able = [m.ref.label.to(lang) for m in why.missing if m.decides]
    if able:
        key = "either" if len(able) > 1 else "needed"
        return text(key, lang, joined(able, lang))
    needed = list(dict.fromkeys(m.ref.label.to(lang) for m in why.missing))
    return (
        text("needed", lang, joined(needed, lang))
        if needed
        else text("open", lang, joined([atom(a, lang) for a in why.atoms], lang))
    )


def flip(criterion: str, reading: str, lang: str) -> str:
    return text("flip", lang, criterion, reading)


def would_decide(label: str, criteria: tuple[str, ...], decides: tuple[tuple[str, str], ...], lang: str) -> str:
    """What knowing an item alone could bring: `NK activity: could decide I04 (met)`."""
    if not decides:
        return text("helps", lang, label, ", ".join(dict.fromkeys(criteria)))
    outcomes: dict[str, list[str]] = {}
    for criterion, state in decides:
        outcomes.setdefault(criterion, []).append(state)
    parts = [
        text("either_way", lang, c) if len(states) == 2 else text("met_if", lang, c, text(states[0], lang))
        for c, states in outcomes.items()
    ]
    return text("decides", lang, label, ", ".join(parts))
