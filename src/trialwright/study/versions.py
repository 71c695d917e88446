"""What differs between two versions of a study, in words, and what a new version must not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trialwright.kernel import units
from trialwright.kernel.errors import LogicError
from trialwright.kernel.texts import Text
from trialwright.study.base import Node
from trialwright.study.definition import Study
from trialwright.study.dump import plain
from trialwright.study.forms import Form
from trialwright.study.items import Item
from trialwright.study.schedule import ExtraVisit, Visit

Kind = Literal["study", "item", "form", "field", "check", "visit", "criterion", "rule", "endpoint", "text"]
What = Literal["added", "removed", "changed"]

KINDS: Mapping[Kind, Text] = {
    "study": Text(en="Study", zh="研究"), "item": Text(en="Item", zh="项目"), "form": Text(en="Form", zh="表单"),
    "field": Text(en="Field", zh="字段"), "check": Text(en="Check", zh="核查"), "visit": Text(en="Visit", zh="访视"),
    "criterion": Text(en="Criterion", zh="入排标准"), "rule": Text(en="Dose rule", zh="给药规则"),
    "endpoint": Text(en="Endpoint", zh="终点"), "text": Text(en="Text", zh="文字"),
}  # fmt: skip
_PARTS: Mapping[str, Text] = {
    "label": Text(en="label", zh="名称"), "help": Text(en="help", zh="说明"), "message": Text(en="message", zh="提示"),
    "text": Text(en="text", zh="正文"), "type": Text(en="type", zh="类型"), "unit": Text(en="unit", zh="单位"),
    "units": Text(en="other units", zh="其他单位"), "choices": Text(en="choices", zh="选项"),
    "hard": Text(en="possible range", zh="允许范围"), "soft": Text(en="usual range", zh="常见范围"),
    "normal": Text(en="reference range", zh="参考范围"), "decimals": Text(en="decimals", zh="小数位"),
    "derive": Text(en="computation", zh="计算公式"), "logic": Text(en="logic", zh="逻辑"),
    "required": Text(en="required", zh="必填"), "show_when": Text(en="asked when", zh="显示条件"),
    "critical": Text(en="critical", zh="关键数据"), "repeating": Text(en="repeating", zh="可重复"),
    "order": Text(en="order", zh="顺序"), "forms": Text(en="forms", zh="表单"), "window": Text(en="window", zh="窗口"),
    "offset": Text(en="day", zh="天数"), "number": Text(en="number", zh="编号"), "every": Text(en="every", zh="间隔"),
    "times": Text(en="times", zh="次数"), "dose": Text(en="dose", zh="剂量"), "blinded": Text(en="blinded", zh="设盲"),
    "before": Text(en="before", zh="前"), "after": Text(en="after", zh="后"), "source": Text(en="source", zh="来源"),
    "item": Text(en="field", zh="字段"), "kind": Text(en="kind", zh="种类"),
}  # fmt: skip
_LOGIC = ("logic", "derive", "show_when")
_NONE = Text(en="none", zh="无")
_EMPTY = Text(en="")
_YES, _NO = Text(en="yes", zh="是"), Text(en="no", zh="否")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `id`: `weight`, `vitals.body.weight` (a field), `vitals.order` (a check), `week2`.

    `part`: what of it differs, as its key in the definition; `old`, `new`: how it was and is. All three are empty for
    what is added or removed as a whole.
    """

    kind: Kind
    id: str
    what: What
    label: Text
    part: str = ""
    old: Text = _EMPTY
    new: Text = _EMPTY

    def sentence(self, lang: str = "en") -> str:
        kind, label = KINDS[self.kind].to(lang), self.label.to(lang)
        zh = lang.startswith("zh")
        named = f"{kind} {self.id}（{label}）" if zh else f"{kind} {self.id} ({label})"
        if self.what != "changed":
            words = {"added": "is new", "removed": "is gone"}
            return f"{'新增' if self.what == 'added' else '删除'}{named}。" if zh else f"{named} {words[self.what]}."
        part = _PARTS.get(self.part, Text(en=self.part.replace("_", " "))).to(lang)
        old, new = self.old.to(lang), self.new.to(lang)
        return f"{named}：{part}由“{old}”改为“{new}”。" if zh else f"{named}: {part} was “{old}”, is “{new}”."


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from version `old` to version `new`, kind by kind, in the new definition's order."""

    study: str
    old: str
    new: str
    changes: tuple[Change, ...]

    @property
    def empty(self) -> bool:
        return not self.changes

    def of(self, kind: Kind) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)

    def counts(self) -> dict[tuple[Kind, What], int]:
        found: dict[tuple[Kind, What], int] = {}
        for change in self.changes:
            found[change.kind, change.what] = found.get((change.kind, change.what), 0) + 1
        return found


@dataclass(frozen=True, slots=True)
class _Thing:
    """A part of a definition for comparison: its label, and what it says as words by key."""

    label: Text
    said: Mapping[str, Text]
    """Plain parts."""
    texts: Mapping[str, Text]
    """What people read: label, help, message."""


_Things = dict[str, _Thing]


def difference(old: Study, new: Study) -> Difference:
    """What `new` changes of `old`; its version and date are not counted."""
    changes: list[Change] = []
    wording: list[Change] = []
    for kind, things in _KINDS_OF_THINGS.items():
        for change in _compared(kind, things(old), things(new)):
            (wording if change.kind == "text" else changes).append(change)
    return Difference(new.id, old.version, new.version, (*changes, *wording))


def _compared(kind: Kind, old: _Things, new: _Things) -> Iterator[Change]:
    for name, thing in new.items():
        if name not in old:
            yield Change(kind, name, "added", thing.label)
            continue
        before = old[name]
        for part in dict.fromkeys((*thing.said, *before.said)):
            was, now = _both(before.said.get(part), thing.said.get(part))
            if was != now and not (part == "order" and _members(was) != _members(now)):
                yield Change(kind, name, "changed", thing.label, part, was, now)
        for part in dict.fromkeys((*thing.texts, *before.texts)):
            was, now = before.texts.get(part, _NONE), thing.texts.get(part, _NONE)
            if was != now:
                yield Change("text", name, "changed", thing.label, part, was, now)
    for name, thing in old.items():
        if name not in new:
            yield Change(kind, name, "removed", thing.label)


def _both(was: Text | None, now: Text | None) -> tuple[Text, Text]:
    """What a definition does not say is "none", and "no" where the other version says yes."""
    silent = _NO if _YES in (was, now) else _NONE
    return was or silent, now or silent


def _members(order: Text) -> set[str]:
    """Where something came or went, that is the change, not the order."""
    return set(order.en.split(", "))


# ── The parts of a definition ─────────────────────────────────────────────────────────────────────────────────────


def _thing(study: Study, node: Node, *, label: Text, leave: Iterable[str] = ()) -> _Thing:
    said: dict[str, Text] = {}
    texts: dict[str, Text] = {}
    whole = plain(node)
    for key, value in (whole if isinstance(whole, dict) else {}).items():
        given = getattr(node, key, None)
        if key in ("id", *leave):
            continue
        if isinstance(given, Text):
            texts[key] = given
        else:
            said[key] = _logic(study, value) if key in _LOGIC else _words(value)
    return _Thing(label, said, texts)


def _logic(study: Study, text: str) -> Text:
    """An expression in words; as it is written where it cannot be read."""
    from trialwright.logic.prose import prose

    try:
        read = study.compile(text)
    except LogicError:
        return Text(en=text)
    return Text(en=prose(read, "en"), zh=prose(read, "zh"))


def _words(value: Any) -> Text:
    match value:
        case None | [] | "":
            return _NONE
        case bool():
            return _YES if value else _NO
        case list():
            return _joined(_words(part) for part in value)
        case {"en": str(), **rest} if set(rest) <= {"zh", "others"}:
            return Text(en=value["en"], zh=str(rest.get("zh", "")))
        case {"low": _} | {"high": _}:
            return _range(value)
        case dict():
            return _joined(_pair(key, value[key]) for key in sorted(value))
        case float():
            return Text(en=f"{value:g}")
        case _:
            return Text(en=str(value))


def _pair(key: str, value: Any) -> Text:
    name, said = _PARTS.get(key, Text(en=key.replace("_", " "))), _words(value)
    return Text(en=f"{name.en} {said.en}", zh=f"{name.to('zh')} {said.to('zh')}")


def _joined(parts: Iterable[Text]) -> Text:
    listed = list(parts)
    return Text(en=", ".join(part.en for part in listed), zh="，".join(part.to("zh") for part in listed))


def _range(value: Mapping[str, Any]) -> Text:
    low, high = value.get("low"), value.get("high")
    rest = [_pair(key, part) for key, part in value.items() if key not in ("low", "high")]
    if low is not None and high is not None:
        said = Text(en=f"{low:g} to {high:g}", zh=f"{low:g} 至 {high:g}")
    elif low is not None:
        said = Text(en=f"{low:g} or more", zh=f"不低于 {low:g}")
    else:
        said = Text(en=f"{high:g} or less", zh=f"不高于 {high:g}") if high is not None else _NONE
    return _joined([said, *rest])


def _items(study: Study) -> _Things:
    found = {}
    for item in study.items:
        thing = _thing(study, item, label=item.label, leave=("choices",))
        codes = {"choices": _joined(Text(en=c.code) for c in item.choices)} if item.choices else {}
        labels = {f"choice {choice.code}": choice.label for choice in item.choices}
        more = {
            f"choice {c.code}": _words(rest)
            for c in item.choices
            if (rest := {key: part for key, part in plain(c).items() if key not in ("code", "label")})
        }
        found[item.id] = _Thing(item.label, {**thing.said, **codes, **more}, {**thing.texts, **labels})
    return found


def _forms(study: Study) -> _Things:
    found = {}
    for form in study.forms:
        found[form.id] = _thing(study, form, label=form.label, leave=("groups", "checks"))
        for group in form.groups:
            thing = _thing(study, group, label=group.label or form.label, leave=("fields",))
            order = {"order": _joined(Text(en=field.item) for field in group.fields)}
            found[f"{form.id}.{group.id}"] = _Thing(thing.label, {**order, **thing.said}, thing.texts)
    return found


def _fields(study: Study) -> _Things:
    return {
        f"{form.id}.{group.id}.{field.item}": _thing(
            study, field, label=study.item_by_id[field.item].label, leave=("item",)
        )
        for form in study.forms
        for group, field in form.fields()
    }


def _checks(study: Study) -> _Things:
    pairs = [(form, check) for form in study.forms for check in form.checks]
    return {f"{form.id}.{check.id}": _thing(study, check, label=check.message) for form, check in pairs}


def _visits(study: Study) -> _Things:
    listed: list[Visit | ExtraVisit] = [*study.schedule.visits, *study.schedule.extra]
    found = {visit.id: _thing(study, visit, label=visit.label) for visit in listed}
    for form in study.schedule.logs:
        label = study.form_by_id[form].label if form in study.form_by_id else Text(en=form)
        found[f"logs.{form}"] = _Thing(label, {}, {})
    return found


def _criteria(study: Study) -> _Things:
    return {c.id: _thing(study, c, label=c.label) for c in study.eligibility.criteria}


def _rules(study: Study) -> _Things:
    return {rule.id: _thing(study, rule, label=rule.message) for rule in study.dosing.rules}


def _endpoints(study: Study) -> _Things:
    found = {}
    for endpoint in study.endpoints.endpoints:
        label = next((t for t in (getattr(endpoint, n, None) for n in ("label", "title")) if isinstance(t, Text)), None)
        found[endpoint.id] = _thing(study, endpoint, label=label or Text(en=endpoint.id))
    return found


_ELSEWHERE = {
    "eligibility": ("criteria",), "dosing": ("rules",), "endpoints": ("endpoints",),
    "schedule": ("visits", "extra", "logs"), "registration": ("id", "version", "version_date"),
}  # fmt: skip
"""What is compared part by part, or is no change by itself."""


def _rest(study: Study) -> _Things:
    """All else that a definition says, by the file in which it stands."""
    found = {}
    for name in ("registration", "schedule", "eligibility", "dosing", "endpoints", "assumptions", "exchange"):
        node: Node = getattr(study, name)
        file = "study" if name == "registration" else name
        kept = {key: part for key, part in plain(node).items() if key not in _ELSEWHERE.get(name, ())}
        found[file] = _Thing(Text(en=f"{file}.yaml"), dict(_leaves(kept, "")), {})
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Text]]:
    """Every part that says something by itself, by its way from the top: `design.enrolment`."""
    if isinstance(value, dict):
        parts: list[tuple[str, Any]] = list(value.items())
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        parts = [(str(n if not isinstance(p, dict) else p.get("id", n)), p) for n, p in enumerate(value, 1)]
    else:
        yield path, _words(value)
        return
    for name, part in parts:
        yield from _leaves(part, f"{path}.{name}" if path else str(name))


_KINDS_OF_THINGS: Mapping[Kind, Callable[[Study], _Things]] = {
    "item": _items, "form": _forms, "field": _fields, "check": _checks, "visit": _visits, "criterion": _criteria,
    "rule": _rules, "endpoint": _endpoints, "study": _rest,
}  # fmt: skip


# ── What a new version must keep ──────────────────────────────────────────────────────────────────────────────────

_WIDER = {("integer", "quantity"), ("choice", "choices"), ("date", "event")}
"""(type, type) where every answer of the first is one of the second."""


def incompatible(old: Study, new: Study) -> Iterator[str]:
    """Changes under which captured values would mean something else: each as a sentence that says what would be right.

    An item that is another thing now needs another id.
    """
    for item in old.items:
        if (other := new.item_by_id.get(item.id)) is not None:
            yield from _incompatible_item(item, other)
    for form in old.forms:
        if (changed := new.form_by_id.get(form.id)) is not None and changed.kind != form.kind:
            yield f"The form {form.id} was {_KIND_OF_FORM[form.kind]} and is {_KIND_OF_FORM[changed.kind]} now."
    yield from _incompatible_visits(old, new)
    kept = {site.id for site in new.registration.sites}
    for site in old.registration.sites:
        if site.id not in kept:
            yield f"The site {site.id} is missing: a site that has been opened stays in the definition."


def _incompatible_item(item: Item, other: Item) -> Iterator[str]:
    if item.type != other.type and (item.type, other.type) not in _WIDER:
        yield f"The item {item.id} was of type {item.type} and is of type {other.type} now: give it another id."
    elif (item.derive is None) != (other.derive is None):
        was, now = ("captured", "computed") if item.derive is None else ("computed", "captured")
        yield f"The item {item.id} was {was} and is {now} now: give it another id."
    elif (item.unit or "1") != (other.unit or "1") and not units.same_kind(item.unit or "1", other.unit or "1"):
        yield f"The unit of {item.id} was {item.unit or '1'} and is {other.unit or '1'} now: give it another id."


def _incompatible_visits(old: Study, new: Study) -> Iterator[str]:
    kinds = {extra.id: extra.kind for extra in old.schedule.extra} | {v.id: "planned" for v in old.schedule.visits}
    now = {extra.id: extra.kind for extra in new.schedule.extra} | {v.id: "planned" for v in new.schedule.visits}
    for name, kind in kinds.items():
        if name in now and now[name] != kind:
            yield f"The visit {name} was {_word(kind)} and is {_word(now[name])} now: give it another id."


_KIND_OF_FORM = {"visit": "filled in at visits", "log": "a running log"}


def _word(kind: str) -> str:
    return {"planned": "planned", "unscheduled": "unscheduled", "early_termination": "for early termination"}[kind]


def same_for(old: Study, new: Study, form: Form, items: Iterable[str]) -> bool:
    """Whether a form, with the items that stand on it or that it speaks of, is the same in both versions."""
    return new.form_by_id.get(form.id) == form and all(
        old.item_by_id.get(item) == new.item_by_id.get(item) for item in items
    )
