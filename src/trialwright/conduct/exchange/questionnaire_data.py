"""Answers on their way between a QuestionnaireResponse and captured values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trialwright.conduct.exchange.odm_items import ucum_of
from trialwright.conduct.exchange.questionnaire_items import code_of
from trialwright.conduct.exchange.values import Captured, Person, Value
from trialwright.conduct.rules import values as rules
from trialwright.formats.questionnaire.document import UCUM, Answer, Given, Response, ResponseItem
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study
from trialwright.study.forms import Form, Group
from trialwright.study.items import Item

NOBODY = "unknown"
"""The subject of a response that names none."""
_KINDS = {
    "quantity": "decimal", "integer": "integer", "text": "string", "boolean": "boolean", "judgement": "boolean",
    "date": "date", "time": "time", "datetime": "dateTime", "event": "string", "file": "attachment",
}  # fmt: skip


def link_of(study: Study, item: str) -> str:
    """The linkId of an item: the one that it came with, else its own id."""
    return str(study.exchange.of("questions", item).get("link") or item)


def group_link(study: Study, form: Form, group: Group) -> str:
    """The linkId of a group; never that of an item."""
    kept = study.exchange.of("question_groups", f"{form.id}.{group.id}").get("link")
    name = str(kept or group.id)
    taken = {link_of(study, item) for item in form.item_ids()}
    return f"{form.id}.{group.id}" if name in taken or _again(study, form, group) else name


def _again(study: Study, form: Form, group: Group) -> bool:
    """Whether an earlier group came from the same one and has its linkId."""
    kept = study.exchange.kept.get("question_groups", {})
    link = kept.get(f"{form.id}.{group.id}", {}).get("link", group.id)
    earlier = form.groups[: form.groups.index(group)]
    return any(kept.get(f"{form.id}.{g.id}", {}).get("link", g.id) == link for g in earlier)


@dataclass
class _Reading:
    """One response while it is read: how many rows each repeating group has had."""

    form: Form
    at: Value
    groups: dict[str, Group]
    rows: Counter[str] = field(default_factory=Counter)
    values: dict[tuple[str, int, str], Value] = field(default_factory=dict)


class Answers:
    """Reads responses to the forms of one study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.odd: Counter[str] = Counter()
        self.links: dict[str, dict[str, list[str]]] = {form.id: {} for form in study.forms}
        """Form -> linkId -> the items of this linkId: several where it stands twice."""
        for form in study.forms:
            for item in form.item_ids():
                self.links[form.id].setdefault(link_of(study, item), []).append(item)

    def captured(self, responses: Sequence[Response]) -> Captured:
        """The subjects in the order of the file, and their values."""
        people: dict[str, Person] = {}
        values: list[Value] = []
        turns: Counter[tuple[str, str]] = Counter()
        for response in responses:
            form = self._form(response)
            if form is None:
                self.odd[f"A response to '{response.questionnaire[:100]}', which is not in the file, is left out"] += 1
                continue
            subject = response.subject.rpartition("/")[2] or NOBODY
            people.setdefault(subject, Person(subject))
            turns[subject, form.id] += 1
            values += self.values(response, form, subject, repeat=turns[subject, form.id])
        return Captured(tuple(people.values()), tuple(values))

    def _form(self, response: Response) -> Form | None:
        """The form that was answered; the only one where the response names none."""
        known = self.study.exchange.kept.get("questionnaires", {})
        wanted = response.questionnaire.partition("|")[0]
        for form in self.study.forms:
            about = known.get(form.id, {})
            names = [about.get("url"), f"Questionnaire/{about.get('id')}", about.get("id"), form.id]
            if wanted and (wanted in names or wanted.rpartition("/")[2] in (about.get("id"), form.id)):
                return form
        only = len(self.study.forms) == 1 and self._fits(response, self.study.forms[0])
        return self.study.forms[0] if only else None

    def _fits(self, response: Response, form: Form) -> bool:
        links = {item.link for item in _every(response.items) if item.answers}
        return not response.questionnaire or bool(links & self.links[form.id].keys())

    def values(self, response: Response, form: Form, subject: str, *, repeat: int = 1) -> list[Value]:
        """The values of one response in the order of the form."""
        visit = next((v.id for v in self.study.schedule.visits if form.id in v.forms), "")
        at = Value(subject, visit, form.id, "", 1, "", "", when=response.authored[:10], repeat=repeat)
        groups = {f.item: group for group, f in form.fields()}
        reading = _Reading(form, at, groups)
        self._read(response.items, reading, {}, ())
        order = {item: number for number, item in enumerate(form.item_ids())}
        return sorted(reading.values.values(), key=lambda v: (order[v.item], v.row))

    def _read(
        self, items: Iterable[ResponseItem], reading: _Reading, rows: dict[str, int], around: tuple[str, ...]
    ) -> None:
        for item in items:
            name = self._named(item.link, reading, around)
            inside, within = dict(rows), (*around, item.link)
            if name is None and item.items:
                self._enter(item, reading, inside, within)
            elif name is None and item.answers:
                self.odd[f"Answers to '{item.link[:80]}', which is no question of the form, are left out"] += 1
            elif name is not None:
                self._answer(name, item, reading, rows)
            self._read(item.items, reading, inside, within)
            for given in item.answers:
                self._read(given.items, reading, rows, around)

    def _named(self, link: str, reading: _Reading, around: tuple[str, ...]) -> str | None:
        """The item of a linkId; of several the one whose group is the nearest around."""
        found = self.links[reading.form.id].get(link, [])
        if len(found) < 2:
            return next(iter(found), None)
        kept = self.study.exchange.kept.get("question_groups", {})
        for outer in reversed(around):
            for name in found:
                group = reading.groups[name].id
                if kept.get(f"{reading.form.id}.{group}", {}).get("link", group) == outer:
                    return name
        return found[0]

    def _enter(self, item: ResponseItem, reading: _Reading, rows: dict[str, int], around: tuple[str, ...]) -> None:
        """A group occurs: the repeating groups of ours whose questions stand directly in it begin a new row."""
        for one in _near(item.items, self.links[reading.form.id]):
            name = self._named(one.link, reading, around)
            group = reading.groups[name] if name else None
            if group and group.repeating and group.id not in rows:
                reading.rows[group.id] += 1
                rows[group.id] = reading.rows[group.id]

    def _answer(self, name: str, item: ResponseItem, reading: _Reading, rows: dict[str, int]) -> None:
        held, group = self.study.item_by_id[name], reading.groups[name]
        given = [one.answer for one in item.answers if one.answer.kind]
        if held.type == "choices":
            codes: list[str] = []
            typed: list[str] = []
            for answer in given:
                code = self._code(held, answer)
                (codes if held.choice(code) else typed).append(code)
            self._typed(held, codes, typed, reading, rows)
            if codes:
                self._put(held, JOINT.join(dict.fromkeys(codes)), "", reading, rows.get(group.id, 1))
            return
        for number, answer in enumerate(given):
            row = rows.get(group.id, 0) or (self._next(group, reading) if group.repeating else 1)
            if number and not group.repeating:
                self.odd[f"Further answers to '{item.link[:80]}' are left out"] += 1
                break
            value, unit = self._value(held, answer, reading, rows)
            if value:
                self._put(held, value, unit, reading, row)

    def _next(self, group: Group, reading: _Reading) -> int:
        reading.rows[group.id] += 1
        return reading.rows[group.id]

    def _typed(self, item: Item, codes: list[str], typed: list[str], reading: _Reading, rows: dict[str, int]) -> None:
        """Answers that are no choices go into the question for such, where there is one."""
        kept = self.study.exchange.of("questions", item.id)
        if not typed:
            return
        if not kept.get("open") or not kept.get("typed"):
            self.odd[f"'{typed[0][:60]}' is no answer of '{item.id}' and is left out"] += 1
            return
        codes.append(str(kept["open"]))
        other = self.study.item_by_id[kept["typed"]]
        group = reading.groups[other.id]
        self._put(other, f"{JOINT} ".join(typed), "", reading, rows.get(group.id, 1))

    def _value(self, item: Item, answer: Answer, reading: _Reading, rows: dict[str, int]) -> tuple[str, str]:
        if item.type == "choice":
            code, codes = self._code(item, answer), list[str]()
            if item.choice(code):
                return code, ""
            self._typed(item, codes, [code], reading, rows)
            return (codes[0], "") if codes else ("", "")
        if item.type in ("quantity", "integer"):
            unit = ucum_of(answer.unit) if answer.unit else item.unit
            offered = unit in (item.unit, *item.units)
            if not offered:
                self.odd[f"Answers to '{item.id}' are in '{answer.unit[:40]}', which it does not offer"] += 1
            return (answer.value, unit) if offered else ("", "")
        if item.type == "text" and item.lines == 1:
            return " ".join(answer.value.split()), ""
        return (answer.value[:16] if item.type == "datetime" and len(answer.value) > 10 else answer.value), ""

    def _code(self, item: Item, answer: Answer) -> str:
        answers: dict[str, Any] = self.study.exchange.of("questions", item.id).get("answers", {})
        same = [code for code, said in answers.items() if said[1:] == [answer.value, answer.system]]
        return next(iter(same), code_of(answer))

    def _put(self, item: Item, text: str, unit: str, reading: _Reading, row: int) -> None:
        try:
            value = rules.canonical(item, text)
        except InputError:
            self.odd[f"'{item.id}' does not take some of the answers"] += 1
            return
        at, group = reading.at, reading.groups[item.id]
        if (group.id, row, item.id) in reading.values:
            self.odd[f"Further answers to '{link_of(self.study, item.id)[:80]}' are left out"] += 1
            return
        reading.values[group.id, row, item.id] = Value(
            at.subject, at.visit, at.form, group.id, row, item.id, value, unit, when=at.when, repeat=at.repeat
        )

    def sentences(self) -> list[str]:
        return [f"{what} ({n} times)." if n > 1 else f"{what}." for what, n in self.odd.items()]


def _every(items: Iterable[ResponseItem]) -> Iterator[ResponseItem]:
    for item in items:
        yield item
        yield from _every(item.items)
        for given in item.answers:
            yield from _every(given.items)


def _near(items: Iterable[ResponseItem], known: Container[str]) -> Iterator[ResponseItem]:
    """Questions in a group, also those in groups inside it that stand once."""
    links = Counter(item.link for item in items)
    for item in items:
        if item.link in known:
            yield item
        elif links[item.link] == 1:
            yield from _near(item.items, known)


# --- Out ------------------------------------------------------------------------------------------------------------


def response_of(study: Study, form: Form, values: Iterable[Value], subject: str) -> Response:
    """The answers that one subject gave on one form at one visit, as a response."""
    held = {(v.group, v.row, v.item): v for v in values if v.value}
    about = study.exchange.of("questionnaires", form.id)
    items: list[ResponseItem] = []
    for group in form.groups:
        rows = sorted({row for name, row, _ in held if name == group.id})
        for row in rows:
            answered = tuple(
                ResponseItem(
                    link_of(study, f.item), tuple(_given(study.item_by_id[f.item], held[group.id, row, f.item]))
                )
                for f in group.fields
                if (group.id, row, f.item) in held
            )
            items.append(ResponseItem(group_link(study, form, group), items=answered))
    when = next((v.when for v in held.values() if v.when), "")
    name = str(about.get("url") or f"Questionnaire/{about.get('id') or form.id}")
    return Response("", name, "completed", f"Patient/{subject}" if subject else "", when, tuple(items))


def _given(item: Item, value: Value) -> Iterator[Given]:
    if item.type in ("choice", "choices"):
        for code in value.value.split(JOINT):
            choice = item.choice(code)
            yield Given(Answer("coding", code, label=(("", choice.label.en),) if choice else ()))
        return
    if item.type == "quantity" and item.unit not in ("", "1"):
        yield Given(Answer("quantity", value.value, UCUM, unit=value.unit or item.unit))
        return
    yield Given(Answer(_KINDS[item.type], value.value))
