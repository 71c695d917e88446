"""Captured values of an ODM file, placed in the definition that was taken over from it or from its companion."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.odm_data_out import ASIDE, ODD, default_keys, item_data
from trialwright.conduct.exchange.odm_in import Definition
from trialwright.conduct.exchange.odm_items import ucum_of
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.overlay import differences, some
from trialwright.conduct.exchange.values import Captured, Person, Value
from trialwright.conduct.rules import values as rules
from trialwright.formats.odm.document import Document, EventData, GroupData, ItemData, Noted, SubjectData
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study
from trialwright.study.items import Item

_ASIDE = {**ASIDE, ODD: str}
_PARTS = ("audit", "signature", "annotations", "queries", "more", "foreign")


class Data:
    """Places the values of one document."""

    def __init__(self, definition: Definition, study: Study) -> None:
        self.definition, self.study = definition, study
        self.definer = Definer(study, second=definition.second)
        self.file = definition.document.file
        self.lost: Counter[str] = Counter()
        self.odd: Counter[str] = Counter()
        self.first: dict[str, int] = {}
        self.people: dict[str, Person] = {}
        self.values: list[Value] = []
        self.rows: dict[tuple[Any, ...], dict[tuple[str, ...], int]] = {}

    def of(self, document: Document) -> Captured:
        self.file = document.file
        for data in document.data:
            for subject in data.subjects:
                self._subject(subject)
            if data.groups:
                self._lose(f"{len(data.groups)} groups of data that belong to no subject are", data.groups[0].line)
        return Captured(tuple(self.people.values()), tuple(self.values))

    def sentences(self) -> list[str]:
        """What could not be placed, and which items hold values that they do not take; no value is named."""
        lost = [
            f"{self.file}:{self.first[what]}: {what} left out{f' ({count} times)' if count > 1 else ''}."
            for what, count in self.lost.items()
        ]
        odd = [
            f"{count} values of '{name}' are kept, but the item would not take them now."
            for name, count in self.odd.items()
        ]
        return lost + odd

    def _lose(self, what: str, line: int) -> None:
        self.lost[what] += 1
        self.first.setdefault(what, line)

    def _subject(self, subject: SubjectData) -> None:
        if subject.key in self.people:
            self._lose("A subject stands in the file twice; its data are joined, and its second frame is", subject.line)
        site = self.definition.ids.get(("site", subject.site), "")
        kept = _notes(subject)
        if subject.investigator:
            kept["investigator"] = subject.investigator
        if subject.site and not site:
            kept["site"] = subject.site
        self.people.setdefault(subject.key, Person(subject.key, site, kept))
        for event in subject.events:
            self._event(subject.key, event)
        if subject.groups:
            self._forms(subject.key, self._only_visit(), 1, "", subject.groups)

    def _only_visit(self) -> str:
        stand_ins = self.study.exchange.stand_ins.get("visits", ())
        return stand_ins[0] if stand_ins else ""

    def _event(self, subject: str, event: EventData) -> None:
        ids = self.definition.ids
        if ("log", event.oid) in ids:
            self._forms(subject, "", 1, event.repeat, event.groups)
            return
        visit = ids.get(("visit", event.oid), "") or self._only_visit()
        if not visit or (("visit", event.oid) not in ids and self.definition.events):
            self._lose(f"data of the event '{event.oid}', which is not defined, are", event.line)
            return
        if ("visit", event.oid) not in ids:
            self._lose(f"the name of the event '{event.oid}', which is not defined, is", event.line)
        repeat = self._number((subject, visit), (event.repeat,), event.repeat)
        if not event.groups or _notes(event):
            keys = (event.repeat, "", "") if event.repeat != (str(repeat) if repeat > 1 else "") else ()
            self.values.append(Value(subject, visit, "", "", 1, "", "", repeat=repeat, keys=keys, kept=_notes(event)))
        self._forms(subject, visit, repeat, event.repeat, event.groups)

    def _number(self, place: tuple[Any, ...], keys: tuple[str, ...], wanted: str) -> int:
        """A number for a repetition: its own key where that is a number and free, else the next one."""
        taken = self.rows.setdefault(place, {})
        if keys not in taken:
            own = int(wanted) if re.fullmatch(r"[0-9]{1,6}", wanted) else 0
            used = set(taken.values())
            taken[keys] = own if own and own not in used else max(used, default=0) + 1
        return taken[keys]

    def _forms(self, subject: str, visit: str, repeat: int, key: str, groups: Iterable[GroupData]) -> None:
        for data in groups:
            form = self.definition.ids.get(("form", data.oid))
            if form is None:
                self._lose(f"data of the form '{data.oid}', which is not defined, are", data.line)
                continue
            at = _At(subject, visit, repeat, form, data.oid, (key, data.repeat))
            if _notes(data) or not (data.groups or data.items):
                self._frame(at, "", (*at.keys, ""), 1, _notes(data))
            if data.items:
                self._group(at, GroupData("", "", items=data.items), ())
            for inner in data.groups:
                self._group(at, inner, ())

    def _group(self, at: _At, data: GroupData, path: tuple[tuple[str, str], ...]) -> None:
        here = (*path, (data.oid, data.repeat)) if data.oid else path
        oids = "/".join((at.form_oid, *(oid for oid, _ in here)))
        group = self.definition.ids.get(("group", oids))
        if group is None:
            if data.items:
                self._lose(
                    f"data of the group '{data.oid}' in '{at.form_oid}', which is not defined there, are", data.line
                )
        else:
            self._rows(at, data, group, (*at.keys, *(repeat for _, repeat in here)))
        for inner in data.groups:
            self._group(at, inner, here)

    def _rows(self, at: _At, data: GroupData, group: str, keys: tuple[str, ...]) -> None:
        repeating = any(g.repeating for g in self.study.form_by_id[at.form].groups if g.id == group)
        place = (at.subject, at.visit, at.repeat, at.form, group)
        wanted = data.repeat or (at.keys[1] if len(at.keys) > 1 else "")
        row = self._number(place, keys, _row_key(keys, wanted)) if repeating else 1
        if _notes(data) or not data.items:
            self._frame(at, group, keys, row, _notes(data))
        units = {
            item.oid: item.values[0] for item in data.items if item.oid in self.definition.unit_items and item.values
        }
        for item in data.items:
            if item.oid not in units:
                self._item(at, item, group=group, keys=keys, row=row, units=units)

    def _frame(self, at: _At, group: str, keys: tuple[str, ...], row: int, kept: dict[str, Any]) -> None:
        value = Value(at.subject, at.visit, at.form, group, row, "", "", repeat=at.repeat, kept=kept)
        self.values.append(self._with_keys(value, keys))

    def _with_keys(self, value: Value, keys: tuple[str, ...]) -> Value:
        return value if keys == default_keys(self.study, value) else replace(value, keys=keys)

    def _item(
        self, at: _At, data: ItemData, *, group: str, keys: tuple[str, ...], row: int, units: dict[str, str]
    ) -> None:
        name = self.definition.ids.get(("field", f"{at.form_oid}/{group}/{data.oid}"))
        if name is None:
            self._lose(f"values of the item '{data.oid}', which is not defined in '{at.form_oid}', are", data.line)
            return
        item = self.study.item_by_id[name]
        value = Value(at.subject, at.visit, at.form, group, row, name, "", repeat=at.repeat)
        value = replace(value, **{**self._said(item, data, units), **_aside(data)})
        kept = differences(item_data(self.definer, value), data)
        self.values.append(self._with_keys(replace(value, kept=kept), keys))

    def _said(self, item: Item, data: ItemData, units: dict[str, str]) -> dict[str, Any]:
        """Value and unit in our form. A value that the item does not take is kept as it is, and counted."""
        text = JOINT.join(data.values)
        unit = item.unit if item.type in ("quantity", "integer") and not data.null else ""
        if data.unit:
            unit = self._unit(item, data.unit) or unit
        if self.definer.second and item.unit not in ("", "1"):
            unit = units.get(self.definer.unit_oid(item.id), "")
        try:
            found = rules.canonical(item, text) if text else ""
            if found:
                rules.check_hard(item, found, rules.check_unit(item, unit))
        except InputError:
            self.odd[item.id] += 1
            found = text
        return {"value": found, "unit": unit, "null_reason": "unknown" if data.null else ""}

    def _unit(self, item: Item, oid: str) -> str:
        for unit in (item.unit, *item.units):
            if unit and oid in (self.definer.measurement_unit(unit),):
                return unit
        known = next((u for u in self.definition.source.units if u.oid == oid), None)
        for text in (*(said for _, said in known.symbol), known.name) if known else ():
            if ucum_of(text) in (item.unit, *item.units):
                return ucum_of(text)
        return ""


@dataclass(frozen=True, slots=True)
class _At:
    """A form of a subject at a visit, while its data are read. `keys`: repeat keys of visit and form."""

    subject: str
    visit: str
    repeat: int
    form: str
    form_oid: str
    keys: tuple[str, ...]


def _row_key(keys: tuple[str, ...], wanted: str) -> str:
    """The key that numbers the row: the group's own; "" where several repeat, so that rows follow one another."""
    return wanted if sum(bool(key) and key != "1" for key in keys[1:]) <= 1 else ""


def _notes(part: Noted) -> dict[str, Any]:
    return some(part, _PARTS)


def _aside(data: ItemData) -> dict[str, Any]:
    """What our own comment says beside a value."""
    for note in data.annotations:
        if note.comment.startswith(f"{names.OWN} {{"):
            try:
                found = json.loads(note.comment.removeprefix(names.OWN))
            except ValueError:
                return {}
            return {key: value for key, value in found.items() if isinstance(value, _ASIDE.get(key, ()))}
    return {}
