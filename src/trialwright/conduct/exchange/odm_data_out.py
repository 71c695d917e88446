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
from trialwright.conduct.exchange.values import Captured, Person, Value, visit_and_turn
from trialwright.formats.odm.document import Annotation, EventData, GroupData, ItemData, SubjectData
from trialwright.formats.odm.lines import UNPRINTABLE
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study
from trialwright.study.forms import Form, Group

ASIDE: dict[str, type | tuple[type, ...]] = {"low": (int, float), "high": (int, float), "when": str, "null_reason": str}
"""What ODM has no place for beside a value: it goes into a comment."""
ODD = "value"
"""So does the value itself, where it holds signs that XML cannot hold."""


@dataclass(slots=True)
class Node:
    """A visit, form or group of one subject while its tree grows."""

    oid: str
    repeat: str
    children: dict[tuple[str, str], Node] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    notes: Any = None

    def child(self, oid: str, repeat: str) -> Node:
        found = self.children.get((oid, repeat))
        if found is None:
            found = self.children[oid, repeat] = Node(oid, repeat)
        return found


def default_keys(study: Study, value: Value) -> tuple[str, ...]:
    """Repeat keys of visit, form and group as we number them."""
    form = study.form_by_id.get(value.form) if value.row > 1 or value.group else None
    repeating = form is not None and any(g.repeating for g in form.groups if g.id == value.group)
    row = str(value.row) if repeating else ""
    turn = str(value.repeat) if value.repeat > 1 or value.visit in repeating_visits(study) else ""
    return (turn, "", row)


def repeating_visits(study: Study) -> frozenset[str]:
    """Visits that may take place several times."""
    extra = (visit.id for visit in study.schedule.extra if visit.kind == "unscheduled")
    return frozenset([*(visit.id for visit in study.schedule.visits if visit.every), *extra])


def subjects(definer: Definer, captured: Captured) -> Iterator[SubjectData]:
    """One subject after the other; the values of each must follow one another or are gathered first."""
    by_subject: dict[str, list[Value]] = {person.subject: [] for person in captured.people}
    for name, group in groupby(captured.values, key=lambda value: value.subject):
        by_subject.setdefault(name, []).extend(group)
    people = {person.subject: person for person in captured.people}
    maker = Maker(definer)
    for name, values in by_subject.items():
        yield maker.subject(people.get(name, Person(name)), values)


class Maker:
    """Places values in the tree of a subject."""

    def __init__(self, definer: Definer) -> None:
        self.definer, self.study = definer, definer.study
        self.sites = {site.id: definer.oid("sites", site.id, f"L.{site.id}") for site in self.study.registration.sites}
        plans = [*(v.id for v in self.study.schedule.visits), *(v.id for v in self.study.schedule.extra)]
        self.visits = {visit: definer.oid("visits", visit, f"E.{visit}") for visit in plans}
        self.repeating = {(form.id, g.id) for form in self.study.forms for g in form.groups if g.repeating}
        self.repeating_visits = repeating_visits(self.study)
        self.forms = {form.id: definer.oid("forms", form.id, f"F.{form.id}") for form in self.study.forms}
        self.groups = {
            (form.id, group.id): self._path(form, group) for form in self.study.forms for group in form.groups
        }
        self.stand_ins = () if definer.second else self.study.exchange.stand_ins.get("visits", ())

    def _path(self, form: Form, group: Group) -> tuple[str, ...]:
        """OIDs from the form to a group; none where the form itself holds the items (2.0)."""
        kept = self.study.exchange.of("groups", f"{form.id}.{group.id}")
        if kept.get("is_form") and self.definer.second and not group.repeating:
            return ()
        return (*kept.get("path", ()), self.definer.group_oid(form, group))

    def subject(self, person: Person, values: Iterable[Value]) -> SubjectData:
        root = Node("", "")
        for value in filter(self.holds, values):
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

    def holds(self, value: Value) -> bool:
        """Whether this version of the definition has a place for the value; one captured under another may have none,
        and is left out (`conduct export` writes it with the definition that has)."""
        return (
            (not value.visit or value.visit in self.visits or value.visit in self.stand_ins)
            and (not value.form or value.form in self.forms)
            and (not value.group or (value.form, value.group) in self.groups)
            and (not value.item or value.item in self.study.item_by_id)
        )

    def form_node(self, root: Any, visit: str, form: str) -> Any:
        """The node of a form, below that of its visit; `visit` may be an occurrence (`unscheduled.2`)."""
        if not visit:
            return root.child(self.definer.log_oid(form), "").child(self.forms[form], "")
        name, turn = visit_and_turn(visit)
        key = str(turn) if turn > 1 or name in self.repeating_visits else ""
        event = "" if name in self.stand_ins else self.visits[name]
        return root.child(event, key).child(self.forms[form], "")

    def row_node(self, node: Any, form: str, group: str, row: int) -> Any:
        """The node of a row of a group, below that of its form."""
        if not self.groups[form, group]:
            return node
        *outer, last = self.groups[form, group]
        for oid in outer:
            node = node.child(oid, "")
        return node.child(last, str(row) if (form, group) in self.repeating else "")

    def _place(self, root: Node, value: Value) -> None:
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

    def _group(self, node: Node, *, form: bool = False) -> GroupData:
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
    if UNPRINTABLE.search(value.value):
        aside[ODD] = value.value
        said = tuple(UNPRINTABLE.sub("\ufffd", text) for text in said)
    notes = (Annotation("1", f"{names.OWN} {json.dumps(aside)}"),) if aside else ()
    other = value.unit and value.unit != item.unit and not definer.second
    unit = definer.measurement_unit(value.unit) if other else ""
    null = bool(value.null_reason)
    return ItemData(definer.item_oid(item.id), () if null else said, null, unit, annotations=notes)
