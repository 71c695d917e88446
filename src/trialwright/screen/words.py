"""The words of a verdict, English and Simplified Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from unicodedata import east_asian_width

from trialwright.kernel import units
from trialwright.kernel.truth import Truth
from trialwright.logic import Atom, Explanation
from trialwright.logic.explain import Used
from trialwright.logic.nodes import Call, ItemRef, Node
from trialwright.logic.prose import prose, quantity, rounded
from trialwright.logic.values import Span, ends
from trialwright.screen.verdict_tally import Tally

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
    "helps": ("{0}: needed for {1}, could decide only together with {2}", "{0}：{1}所需，须与另外{2}合并判断"),
    "others": ("{0} others", "{0}项"),
    "one_other": ("one other", "1项"),
    "completes": ("{0}: {1} makes {2} {3} of {4} ({5} met)", "{0}：{1}即达到{2}{3}/{4}（{5}符合）"),
    "if_one": ("if positive,", "阳性"),
    "if_either": ("either one positive", "任一项阳性"),
    "if_any": ("any one positive", "任一项阳性"),
    "tally": ("{0} of {1}, {2} needed", "{1}项中{0}项，需{2}项"),
    "tally_open": ("{0} of {1} so far, {2} needed, {3} open", "目前{1}项中{0}项，需{2}项，{3}项待定"),
    "present": ("present", "有此情况"),
    "absent": ("absent", "无此情况"),
    "both": ("{0} ({1})", "{0}（{1}）"),
    "or": ("; or ", "；或"),
    "can_make": ("{0}; can make the patient {1}", "{0}；可使结论为“{1}”"),
    "turns": (
        "The verdict would be {2} if {0} were read so: {1}.",
        "若按“{1}”理解{0}，结论将为“{2}”。",
    ),
    "met_if": ("{0} ({1})", "{0}（{1}）"),
    "either_way": ("{0} either way", "{0}（无论结果）"),
    "uln": ("limit {0}", "正常值上限{0}"),
    "lln": ("from {0}", "正常值下限{0}"),
    "on": ("{0} on {1}", "{0}（{1}）"),
    "computed": ("{0}: {1}", "{0}：{1}"),
    # What became of a file that was read
    "no_item": (
        "{0} of {1} statements have no item in the study: {2}.",
        "{1}条记录中有{0}条在本研究中无对应项目：{2}。",
    ),
    "more_codes": ("{0} and {1} more codes", "{0}等，另有{1}个编码"),
    "left_out": ("Left out: {0} {1}.", "未采用{0}条：{1}。"),
    "refused_value": ("{0}", "未采用：{0}"),
    "in_error": ("{0} entered in error", "录入有误的{0}"),
    "refuted": ("{0} refuted", "已排除的{0}"),
    "not_confirmed": ("{0} not confirmed", "未经证实的{0}"),
    "not_done": ("{0} not done", "未执行的{0}"),
    "changed_meaning": ("{0} with a meaning changed by an extension or another focus", "含义被扩展或其他对象改变的{0}"),
    "after_screening": ("{0} after the day of screening", "筛选日之后的{0}"),
    "no_choice": ("{0} that is no choice of '{1}'", "{0}的值不是“{1}”的选项"),
    "answers_nothing": ("{0} that answers no question of the study", "未回答本研究任何问题的{0}"),
    "no_dose": ("{0} of {1} without a stated dose or day", "未注明剂量或日期的{0}（{1}）"),
    "impossible_values": ("values that cannot be", "不可能的数值"),
    "died": ("The record says that the patient has died.", "记录显示患者已死亡。"),
    "died_on": ("The record says that the patient has died ({0}).", "记录显示患者已死亡（{0}）。"),
    # What the author of the criteria is shown
    "limits_head": (
        "At the limits: what is given, the answer of the part, and the criterion where this part decides.",
        "界限处：给定值、该部分的判断，以及由该部分决定时标准的状态。",
    ),
    "no_probe": ("no patients can be made for this one", "无法为此项生成患者"),
    "not_known": ("not known", "不详"),
    "a_day": ("a day", "有日期"),
    "yes_not_signed": ("yes, not signed", "是，未签名"),
    "day_outside": ("a day outside, {0}", "界限外一日，{0}"),
    "at_limit": ("at the limit, {0}", "恰在界限，{0}"),
    "day_of": ("the day of {0}, {1}", "{0}日，{1}"),
    "some_day": ("some day of {0}", "{0}的某日"),
    "before_birthday": ("the day before birthday {0}", "{0}岁生日前一日"),
    "birthday": ("birthday {0}", "{0}岁生日"),
    "after_birthday": ("the day after birthday {0}", "{0}岁生日后一日"),
    "on_days": ("{0} on {1} days", "{0}，共{1}日"),
    "days_then_none": ("{0} days, and none after", "{0}日，其后无"),
    "no_cases": (
        "The study has no {0}: nobody has said yet what its patients should get. Only the limits were tried.",
        "本研究没有{0}，尚未规定各患者应得的结论；仅检验了界限。",
    ),
    "cases_held": ("{0} of {1} cases came out as expected.", "{1}个案例中{0}个与预期一致。"),
    "untried": ("No case speaks of {0}.", "没有案例涉及{0}。"),
    "base": ("the base patient", "基础患者"),
    "base_not": ("The base patient is {0}, not eligible.", "基础患者的结论为“{0}”，而非符合入选。"),
    "verdict_is": ("The verdict is {0}, and {1} was expected.", "结论为“{0}”，预期为“{1}”。"),
    "criterion_is": ("{0} is {1}, and {2} was expected. {3}", "{0}为“{1}”，预期为“{2}”。{3}"),
    "flips_under": ("{0} flips under {1}, and {2} was expected.", "{0}在{1}下结论改变，预期为{2}。"),
    "first_missing": ("First missing is {0}, and {1} was expected.", "首要缺项为{0}，预期为{1}。"),
    "nothing": ("nothing", "无"),
    "paged": (
        "The Bundle is one page of several; what stands on the others is not known here.",
        "该Bundle仅为多页中的一页，其他页的内容未知。",
    ),
}


class Same:
    """A node as the key of a cache: by what it is, not by what it equals, which would be slow to find out."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.node is self.node

    def __hash__(self) -> int:
        return id(self.node)


@lru_cache(maxsize=8192)
def _said(key: Same, lang: str) -> str:
    return prose(key.node, lang)


def said(node: Node, lang: str) -> str:
    """A node in words; each is said once."""
    return _said(Same(node), lang)


def columns(sentence: str) -> int:
    """How wide a text is on a terminal; Chinese signs take two columns."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in sentence)


def text(key: str, lang: str, *parts: str) -> str:
    """The text of a key; `parts` fill its places."""
    return _TEXTS[key][lang.startswith("zh")].format(*parts)


_EXCLUSION = {"met": "present", "not_met": "absent", "unknown": "unknown"}


def criterion_state(kind: str, state: str, lang: str) -> str:
    """A criterion's state for a reader; of an exclusion both words: `met (present)`."""
    plain = text(state, lang)
    if kind == "inclusion" or state == "unknown":
        return plain
    return text("both", lang, plain, text(_EXCLUSION[state], lang))


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


def _capital(sentence: str) -> str:
    """With a capital letter; eGFR keeps its small one."""
    return sentence if sentence[1:2].isupper() else sentence[:1].upper() + sentence[1:]


def atom(found: Atom, lang: str) -> str:
    """The atom's sentence; what a formula gave is shown with it."""
    said_ = _capital(said(found.node, lang))
    node = found.node
    if not isinstance(node, Call) or not isinstance(found.computed, (float, Span)):
        return said_
    low, high = ends(found.computed)
    shown = rounded(low) if low == high else f"{rounded(low)}–{rounded(high)}"
    aged = lang.startswith("zh") and isinstance(node.args[0], Call) and node.args[0].op == "age"
    return text("computed", lang, said_, f"{shown}岁" if aged else quantity(shown, node.args[0].kind.unit, lang))


def evidence(found: Atom, lang: str) -> str:
    """An atom by its facts, `Creatinine 133 µmol/L on 2026-03-14`, or by what a formula made of them."""
    if found.computed is not None:
        return atom(found, lang)
    parts = []
    for used in found.used:
        joint = " " if used.ref.kind.name == "number" else ": "
        shown = f"{used.ref.label.to(lang)}{'：' if lang.startswith('zh') else joint}{value(used, lang)}"
        parts.append(text("on", lang, shown, str(used.fact.when)) if used.fact.when else shown)
    return joined(parts, lang) or said(found.node, lang)


def explanation(why: Explanation, counted: Tally | None, lang: str) -> str:
    """Why a criterion has its state, in one or two short sentences."""
    head = f"{_counted(counted, lang)}{'：' if lang.startswith('zh') else ': '}" if counted else ""
    if why.truth is not Truth.UNKNOWN:
        deciding = [a for a in why.atoms if a.supports is why.truth] or list(why.atoms)
        return text("because", lang, head + joined(list(dict.fromkeys(evidence(a, lang) for a in deciding)), lang))
    return head + _open(why, lang)


def _counted(found: Tally, lang: str) -> str:
    key = "tally_open" if found.open and found.sure < found.k else "tally"
    return text(key, lang, str(found.sure), str(found.n), str(found.k), str(found.open))


def _open(why: Explanation, lang: str) -> str:
    able = [m.ref.label.to(lang) for m in why.missing if m.decides]
    if able:
        return text("either" if len(able) > 1 else "needed", lang, joined(able, lang))
    needed = list(dict.fromkeys(m.ref.label.to(lang) for m in why.missing))
    if needed:
        return text("needed", lang, joined(needed, lang))
    return text("open", lang, joined([atom(a, lang) for a in why.atoms], lang))


def flip(criterion: str, reading: str, lang: str) -> str:
    return text("flip", lang, criterion, reading)


def turns(criterion: str, reading: str, state: str, lang: str) -> str:
    """A reading under which the whole verdict would be another."""
    return text("turns", lang, criterion, reading, text(state, lang))


def helps(labels: Sequence[str], criteria: Sequence[str], others: int, lang: str) -> str:
    """Items of which none decides anything alone."""
    many = text("one_other", lang) if others <= 1 else text("others", lang, str(others))
    listed = joined(list(labels), lang)
    return text("helps", lang, listed, ", ".join(dict.fromkeys(criteria)), many)


def any_of(names: Sequence[str], lang: str) -> str:
    return text("or", lang).join(names)


def sign(why: Explanation, item: str, lang: str) -> str:
    """What a positive finding of an item would be: `ferritin at least 500 µg/L`."""
    nodes = {id(a.node): a.node for a in why.atoms for ref in a.missing if ref.id == item}
    return text("or", lang).join(dict.fromkeys(_capital(said(node, lang)) for node in nodes.values()))


def completes(signs: Sequence[str], criterion: str, found: Tally, lang: str) -> str:
    """`NK activity or marrow: either one positive makes HLH-2004 5 of 8`."""
    name = found.term.label.to(lang) if found.term else criterion
    which = text(("if_one", "if_either", "if_any")[min(len(signs), 3) - 1], lang)
    return text("completes", lang, any_of(signs, lang), which, name, str(found.k), str(found.n), criterion)


def then(sentence: str, verdicts: Sequence[str], lang: str) -> str:
    """The sentence with the verdicts that it could lead to."""
    if not verdicts:
        return sentence
    joint = "或" if lang.startswith("zh") else " or "
    return text("can_make", lang, sentence, joint.join(text(v, lang) for v in verdicts))


def would_decide(labels: Sequence[str], decides: Sequence[tuple[str, str]], lang: str) -> str:
    """What knowing one of the items alone could bring: `NK activity: could decide I04 (met)`."""
    outcomes: dict[str, list[str]] = {}
    for criterion, state in decides:
        outcomes.setdefault(criterion, []).append(state)
    parts = [
        text("either_way", lang, c) if len(states) == 2 else text("met_if", lang, c, text(states[0], lang))
        for c, states in outcomes.items()
    ]
    return text("decides", lang, any_of(labels, lang), ", ".join(parts))
