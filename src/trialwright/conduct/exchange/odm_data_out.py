"""Captured values as ODM data: a tree of visits, forms, groups and items for each subject."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.overlay import laid_over
from trialwright.conduct.exchange.values import Captured, Person, Value
from trialwright.formats.odm.document import Annotation, EventData, GroupData, ItemData, SubjectData
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study

ASIDE: dict[str, type | tuple[type, ...]] = {"low": (int, float), "high": (int, float), "when": str, "null_reason": str}
"""What ODM has no place for beside a value: it goes into a comment."""


@dataclass(slots=True)
class _Node:
    """A visit, form or group of one subject while its tree grows."""

    oid: str
    repeat: str
    children: dict[tuple[str, str], _Node] = field(default_factory=dict)
    items: list[ItemData] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def child(self, oid: str, repeat: str) -> _Node:
        return self.children.setdefault((oid, repeat), _Node(oid, repeat))


def default_keys(study: Study, value: Value) -> tuple[str, ...]:
    """Repeat keys of visit, form and group as we number them."""
    form = study.form_by_id.get(value.form) if value.row > 1 or value.group else None
    repeating = form is not None and any(g.repeating for g in form.groups if g.id == value.group)
    row = str(value.row) if repeating else ""
    return (str(value.repeat) if value.repeat > 1 else "", "", row)


def subjects(definer: Definer, captured: Captured) -> Iterator[SubjectData]:
    """One subject after the other; the values of each must follow one another or are gathered first."""
    by_subject: dict[str, list[Value]] = {person.subject: [] for person in captured.people}
    for name, group in groupby(captured.values, key=lambda value: value.subject):
        by_subject.setdefault(name, []).extend(group)
    people = {person.subject: person for person in captured.people}
    maker = _Maker(definer)
    for name, values in by_subject.items():
        yield maker.subject(people.get(name, Person(name)), values)


class _Maker:
    def __init__(self, definer: Definer) -> None:
        self.definer, self.study = definer, definer.study
        self.sites = {site.id: definer.oid("sites", site.id, f"L.{site.id}") for site in self.study.registration.sites}
        self.visits = {v.id: definer.oid("visits", v.id, f"E.{v.id}") for v in self.study.schedule.visits}
        self.forms = {form.id: definer.oid("forms", form.id, f"F.{form.id}") for form in self.study.forms}
        self.groups = {
            (form.id, group.id): (
                *self.study.exchange.of("groups", f"{form.id}.{group.id}").get("path", ()),
                definer.group_oid(form, group),
            )
            for form in self.study.forms
            for group in form.groups
        }
        self.stand_ins = () if definer.second else self.study.exchange.stand_ins.get("visits", ())

    def subject(self, person: Person, values: Iterable[Value]) -> SubjectData:
        root = _Node("", "")
        for value in values:
            self._place(root, value)
        events: list[EventData] = []
        loose: list[GroupData] = []
        for event in root.children.values():
            groups = tuple(self._group(node, form=True) for node in event.children.values())
            if event.oid:
                events.append(laid_over(EventData(event.oid, event.repeat, groups), event.kept))
            else:
                loose += groups
        site = self.sites.get(person.site, person.site)
        given = SubjectData(person.subject, site, "", tuple(events), tuple(loose))
        return laid_over(given, person.kept)

    def _place(self, root: _Node, value: Value) -> None:
        keys = value.keys or default_keys(self.study, value)
        form = self.study.form_by_id.get(value.form)
        if value.visit:
            event = "" if value.visit in self.stand_ins else self.visits[value.visit]
        else:
            event = self.definer.log_oid(value.form) if form else ""
        node = root.child(event, keys[0])
        if form is not None:
            node = node.child(self.forms[form.id], keys[1])
            path = self.groups[form.id, value.group] if value.group else ()
            repeats = keys[2:] if len(keys) - 2 == len(path) else ("",) * (len(path) - 1) + keys[-1:]
            for oid, repeat in zip(path, repeats, strict=False):
                node = node.child(oid, repeat)
        if value.item:
            node.items += self._items(value)
        elif value.kept:
            node.kept.update(value.kept)

    def _group(self, node: _Node, *, form: bool = False) -> GroupData:
        inner = tuple(self._group(child) for child in node.children.values())
        given = GroupData(node.oid, node.repeat, form and not self.definer.second, inner, tuple(node.items))
        return laid_over(given, node.kept)

    def _items(self, value: Value) -> Iterator[ItemData]:
        given = item_data(self.definer, value)
        found = laid_over(given, value.kept)
        if self.definer.second:
            found = dataclasses.replace(found, type="")
        yield found
        item = self.study.item_by_id[value.item]
        if self.definer.second and value.unit and item.unit not in ("", "1"):
            yield ItemData(self.definer.unit_oid(value.item), (value.unit,))


def item_data(definer: Definer, value: Value) -> ItemData:
    """A value as our definition alone would have it."""
    item = definer.study.item_by_id[value.item]
    several = definer.second and item.type == "choices" and value.value
    said = tuple(value.value.split(JOINT)) if several else (value.value,)
    aside = {name: found for name in ASIDE if (found := getattr(value, name)) not in ("", None)}
    notes = (Annotation("1", f"{names.OWN} {json.dumps(aside)}"),) if aside else ()
    other = value.unit and value.unit != item.unit and not definer.second
    unit = definer.measurement_unit(value.unit) if other else ""
    null = bool(value.null_reason)
    return ItemData(definer.item_oid(item.id), () if null else said, null, unit, annotations=notes)
