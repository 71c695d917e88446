"""The definition in an ODM file as a study folder: what both know becomes ours, the rest is kept aside or said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.folder import Data, Parts, visit
from trialwright.conduct.exchange.names import Names, words
from trialwright.conduct.exchange.odm_items import Items
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.odm_rules import Rules
from trialwright.conduct.exchange.overlay import differences, whole
from trialwright.formats.odm.document import FORM, Document, EventDef, GroupDef, ItemDef, Ref, Study, Version
from trialwright.kernel.errors import InputError
from trialwright.study.definition import Study as OurStudy


class Definition:
    """Takes over one study of a document. `map` answers afterwards where its OIDs went."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.source, self.version = _chosen(document)
        self.second = document.second
        self.said: dict[str, None] = dict.fromkeys(document.notes)
        system = " ".join(part for part in (f"ODM {document.version}", document.system) if part)
        title = " ".join(self.source.name.split())
        self.parts = Parts(words(title) or "study", title, system, "Imported.", org_id=self.source.protocol.strip())
        if not self.parts.id[:1].isalpha():
            self.parts.id = f"study_{self.parts.id}"
        day = document.created[:10]
        self.parts.day = day if len(day) == 10 and day[4] == "-" else self.parts.day
        self.items = {item.oid: item for item in self._unique(self.version.items, "ItemDef")}
        self.groups = {group.oid: group for group in self._unique(self.version.groups, "ItemGroupDef")}
        self.events = {event.oid: event for event in self._unique(self.version.events, "StudyEventDef")}
        self.ids: dict[tuple[str, str], str] = {}
        """(kind, OID, or place of OIDs) -> our id."""
        self.unit_items: dict[str, tuple[str, ...]] = {}
        """OID of an item that holds a unit (2.0) -> the units it offers."""
        self._names = {kind: Names(kind) for kind in ("item", "form", "group", "visit")}

    def say(self, sentence: str) -> None:
        self.said[sentence] = None

    def _unique(self, parts: Iterable[Any], kind: str) -> list[Any]:
        found: dict[str, Any] = {}
        for part in parts:
            if part.oid in found:
                self.say(f"{self.at(part)}: {kind} '{part.oid}' is defined twice; the first is taken.")
            found.setdefault(part.oid, part)
        return list(found.values())

    def at(self, part: Any) -> str:
        return f"{self.document.file}:{part.line}"

    # --- Putting it together ------------------------------------------------------------------------------------------

    def study(self) -> OurStudy:
        """The definition, checked; what differs from what it gives back is kept in it."""
        self._find_unit_items()
        carried = names.said(self.version.protocol_aliases)
        if {"study", "schedule"} <= carried.keys():
            self.parts.own = carried
        forms = self._forms()
        for form in forms:
            self.parts.forms.append(self._form(form))
        if self.parts.own:
            self._items_beside()
        self._visits(forms)
        self._sites()
        Rules(self).add()
        self._say_unused()
        self.parts.left_out = list(self.said)
        found = self.parts.whole()
        return self._with_differences(found)

    def _items_beside(self) -> None:
        """Items of our own that stand on no form; all in the order of the file."""
        for item in self.items.values():
            if item.oid not in self.unit_items and ("item", item.oid) not in self.ids:
                self._item(item, Ref("item", item.oid), again=False)
        order = {name: number for number, name in enumerate(self.ids[key] for key in self._item_keys())}
        self.parts.items.sort(key=lambda data: order[data["id"]])

    def _say_unused(self) -> None:
        """Items that no form asks, and what the file defines beside the version that is taken."""
        loose = [oid for oid in self.items if ("item", oid) not in self.ids and oid not in self.unit_items]
        if loose:
            listed = ", ".join(loose[:8]) + (", ..." if len(loose) > 8 else "")
            self.say(f"{self.document.file}: {len(loose)} items stand on no form and are kept aside: {listed}.")
        for study in self.document.studies:
            for version in study.versions:
                taken = (study.oid, version.oid) == (self.source.oid, self.version.oid)
                base = self.version.include and version.oid == self.version.include[1]
                if not taken and not base and (version.items or version.groups):
                    self.say(f"{self.at(version)}: '{version.oid}' of the study '{study.oid}' is not taken over.")

    def _item_keys(self) -> list[tuple[str, str]]:
        return [("item", oid) for oid in self.items if ("item", oid) in self.ids]

    def _find_unit_items(self) -> None:
        lists = {found.oid: found for found in self.version.code_lists}
        for group in self.groups.values():
            for ref in group.refs:
                held = self.items.get(ref.units) if ref.units else None
                if held is not None and held.code_list in lists:
                    self.unit_items[ref.units] = tuple(code.code for code in lists[held.code_list].items)

    def _forms(self) -> list[GroupDef]:
        """Forms, and groups that stand at an event (2.0); where a file has none, those that no other group holds."""
        planned = {ref.oid for event in self.events.values() for ref in event.refs}
        found = [group for group in self.groups.values() if group.type == FORM or group.oid in planned]
        if found:
            return found
        inner = {ref.oid for group in self.groups.values() for ref in group.refs if ref.kind == "group"}
        return [group for group in self.groups.values() if group.oid not in inner]

    def _form(self, form: GroupDef) -> Data:
        name = self._names["form"].give(form.name, form.oid)
        self.ids["form", form.oid] = name
        carried = names.said(form.aliases)
        self._names["group"] = Names("group")
        groups: list[Data] = []
        seen: set[str] = set()
        repeating = form.repeating != "No"
        if repeating:
            self.say(f"{self.at(form)}: the form '{form.oid}' repeats; its repetitions become rows of its groups.")
        for group, path in self._flat(form, ()):
            groups.append(self._group(form, name, group, path, seen, repeating=repeating))
        self.parts.keep("forms", name, oid=form.oid)
        return {"id": name, "label": names.text_of(form.description, form.name), "groups": groups, **carried}

    def _flat(self, group: GroupDef, path: tuple[str, ...]) -> list[tuple[GroupDef, tuple[str, ...]]]:
        """Groups with the OIDs of those around them. A group around others that has items of its own is one too."""
        if group.oid in path or len(path) > 20:
            self.say(f"{self.at(group)}: the group '{group.oid}' contains itself; that is left out.")
            return []
        inner = (*path, group.oid)
        found: list[tuple[GroupDef, tuple[str, ...]]] = []
        holds_items = any(ref.kind == "item" for ref in group.refs)
        if path and (holds_items or not group.refs):
            found.append((group, path[1:]))
        elif not path and holds_items:
            found.append((group, ()))
        for ref in group.refs:
            if ref.kind != "group":
                continue
            if ref.oid not in self.groups:
                self.say(f"{self.at(ref)}: '{group.oid}' refers to the group '{ref.oid}', which is not defined.")
                continue
            found += self._flat(self.groups[ref.oid], inner)
        return found

    def _group(
        self, form: GroupDef, form_name: str, group: GroupDef, path: tuple[str, ...], seen: set[str], *, repeating: bool
    ) -> Data:
        carried = names.said(group.aliases)
        name = self._names["group"].give(str(carried.get("id", "")), group.name, group.oid)
        own_group = group is not form
        self.ids["group", "/".join((form.oid, *path, *([group.oid] if own_group else [])))] = name
        self.parts.keep("groups", f"{form_name}.{name}", oid=group.oid, **({"path": list(path)} if path else {}))
        if not own_group:
            self.parts.keep("groups", f"{form_name}.{name}", is_form=True)
        fields: list[Data] = []
        for ref in group.refs:
            if ref.kind == "item" and ref.oid not in self.unit_items:
                fields += self._field(form, form_name, name, ref, seen=seen, carried=carried.get("fields", {}))
        repeats = repeating or group.repeating != "No"
        label = names.text_of(group.description, "") if group.description and own_group else None
        return {
            "id": name, **({"label": label} if label and label["en"] else {}),
            **({"repeating": True} if repeats else {}), "fields": fields,
        }  # fmt: skip

    def _field(
        self, form: GroupDef, form_name: str, group: str, ref: Ref, *, seen: set[str], carried: dict[str, Data]
    ) -> list[Data]:
        item = self.items.get(ref.oid)
        if item is None:
            self.say(f"{self.at(ref)}: '{form.oid}' refers to the item '{ref.oid}', which is not defined.")
            return []
        name = self._item(item, ref, again=ref.oid in seen)
        seen.add(ref.oid)
        self.ids["field", f"{form.oid}/{group}/{ref.oid}"] = name
        self.parts.keep("fields", f"{form_name}.{group}.{name}")
        return [{"item": name, **({"required": True} if ref.mandatory else {}), **carried.get(name, {})}]

    def _item(self, item: ItemDef, ref: Ref, *, again: bool) -> str:
        """Our id of an item. On one form an item stands once: further times it is an item of its own."""
        if ("item", item.oid) in self.ids and not again:
            return self.ids["item", item.oid]
        name = self._names["item"].give(item.name, item.oid)
        if again:
            self.say(f"{self.at(ref)}: the item '{item.oid}' stands twice on one form; here it is also '{name}'.")
        else:
            self.ids["item", item.oid] = name
        lists = {found.oid: found for found in self.version.code_lists}
        reader = Items(lists, {unit.oid: unit for unit in self.source.units}, self._say_at(item))
        self.parts.items.append(reader.data(item, name, self.unit_items.get(ref.units, ())))
        self.parts.keep("items", name, oid=item.oid, **({"units_item": ref.units} if ref.units else {}))
        return name

    def _say_at(self, part: Any) -> Any:
        return lambda sentence: self.say(f"{self.at(part)}: {sentence}")

    # --- Visits and sites ---------------------------------------------------------------------------------------------

    def _visits(self, forms: list[GroupDef]) -> None:
        planned = [ref.oid for ref in self.version.plan if ref.oid in self.events]
        for ref in self.version.plan:
            if ref.oid not in self.events:
                self.say(f"{self.at(ref)}: the protocol refers to the event '{ref.oid}', which is not defined.")
        ordered = [self.events[name] for name in dict.fromkeys([*planned, *self.events])]
        held: dict[str, list[str]] = {}
        for event in ordered:
            for ref in event.refs:
                held.setdefault(ref.oid, []).append(event.oid)
        scheduled = any(event.type == "Scheduled" for event in ordered)
        for event in ordered:
            if self.parts.own and names.said(event.aliases).get(names.EXTRA):
                self.ids["visit", event.oid] = event.name
                continue
            mine = self._forms_of(event)
            running = scheduled and event.type != "Scheduled" and bool(mine)
            if running and all(held[form] == [event.oid] for form in mine):
                self._log(event, mine)
            else:
                self._visit(event, mine)
        loose = [form for form in forms if form.oid not in held]
        if self.parts.visits and loose:
            listed = ", ".join(form.oid for form in loose[:8])
            self.say(f"No event holds the forms {listed}; they are on no visit.")

    def _forms_of(self, event: EventDef) -> list[str]:
        known = []
        for ref in event.refs:
            if ("form", ref.oid) in self.ids:
                known.append(ref.oid)
            else:
                self.say(
                    f"{self.at(ref)}: the event '{event.oid}' refers to '{ref.oid}', which is not defined or no form."
                )
        return list(dict.fromkeys(known))

    def _log(self, event: EventDef, forms: list[str]) -> None:
        """A common event whose forms are its own: they run beside the visits."""
        for form in forms:
            name = self.ids["form", form]
            data = next(found for found in self.parts.forms if found["id"] == name)
            data["kind"] = "log"
            self.parts.logs.append(name)
            self.parts.keep("forms", name, event=event.oid)
            if event.repeating:
                for group in data["groups"]:
                    group["repeating"] = True
        self.ids["log", event.oid] = event.oid
        self.parts.keep("log_events", event.oid)

    def _visit(self, event: EventDef, forms: list[str]) -> None:
        carried = names.said(event.aliases)
        name = self._names["visit"].give(event.name, event.oid)
        self.ids["visit", event.oid] = name
        if event.repeating and "every" not in carried:
            self.say(f"{self.at(event)}: the event '{event.oid}' repeats; it is planned once, values keep their turn.")
        number = len(self.parts.visits) + 1
        label = names.text_of(event.description, event.name)
        offset, more = _days(event)
        data = visit(name, label, number, [self.ids["form", form] for form in forms], offset, **more)
        earlier = max((found["offset"] for found in self.parts.visits), default=0)
        data["offset"] = max(offset, earlier) if self.parts.visits else 0
        if carried:
            data = {"id": name, "label": label, "forms": data["forms"], **carried}
        self.parts.visits.append(data)
        self.parts.keep("visits", name, oid=event.oid)

    def _sites(self) -> None:
        places = [place for admin in self.document.admin for place in admin.locations if place.type in ("Site", "")]
        for number, place in enumerate(places[:999], 1):
            name = f"{number:02}"
            self.parts.sites.append(
                {
                    "id": name,
                    "name": place.name,
                    "city": "",
                    "province": "",
                    "country": "",
                    "status": "",
                    "timezone": "UTC",
                }
            )
            self.ids["site", place.oid] = name
            self.parts.keep("sites", name, oid=place.oid)

    def ref(self, form: str, group: str, item: str) -> Ref | None:
        """The reference in the file behind one of our fields."""
        group_oid = self.parts.kept["groups"][f"{form}.{group}"]["oid"]
        item_oid = self.parts.kept["items"][item]["oid"]
        return next((ref for ref in self.groups[group_oid].refs if ref.kind == "item" and ref.oid == item_oid), None)

    # --- What is kept -------------------------------------------------------------------------------------------------

    def _with_differences(self, study: OurStudy) -> OurStudy:
        """Compare what the study gives back with what the file said, and keep the difference in the study."""
        if self.parts.own:
            return study
        kept = self.parts.kept
        for form in study.forms:
            for group, field in form.fields():
                rules = kept["fields"][f"{form.id}.{group.id}.{field.item}"]
                now = {"read_as": field.show_when, "computed_as": study.item_by_id[field.item].derive}
                rules.update({key: value for key, value in now.items() if key in rules})
        definer = Definer(study, second=self.second)
        self._keep_frame(definer, kept)
        for item in study.items:
            self._keep(kept, "items", item.id, definer.item(item), self.items[kept["items"][item.id]["oid"]])
        for form in study.forms:
            self._keep_form(definer, form, kept)
        stand_ins = self.parts.stand_ins.get("visits", [])
        for plan in (each for each in definer.visits() if each.id not in stand_ins):
            self._keep(kept, "visits", plan.id, definer.visit(plan), self.events[kept["visits"][plan.id]["oid"]])
        for event in definer.logs():
            self._keep(kept, "log_events", event.oid, event, self.events[event.oid])
        study = study.model_copy(update={"exchange": study.exchange.model_copy(update={"kept": kept})})
        definer = Definer(study, second=self.second)
        self._keep_lists(definer, study, kept)
        self._keep_others(kept, Definer(study, second=self.second).study_definition())
        return study.model_copy(update={"exchange": study.exchange.model_copy(update={"kept": _tidy(kept)})})

    def _keep(self, kept: dict[str, Data], kind: str, name: str, given: Any, wanted: Any, *leave: str) -> None:
        found = differences(given, wanted)
        for key in leave:
            found.pop(key, None)
        kept.setdefault(kind, {}).setdefault(name, {}).update(found)

    def _keep_form(self, definer: Definer, form: Any, kept: dict[str, Data]) -> None:
        original = self.groups[kept["forms"][form.id]["oid"]]
        self._keep(kept, "forms", form.id, definer.form(form), original)
        for group in form.groups:
            name = f"{form.id}.{group.id}"
            there = self.groups[kept["groups"][name]["oid"]]
            given = definer.group(form, group)
            for field in group.fields:
                wanted = self.ref(form.id, group.id, field.item)
                if wanted is not None:
                    place = f"{form.id}.{group.id}.{field.item}"
                    self._keep(kept, "fields", place, definer.field(form, group, field), wanted)
            same = [ref.oid for ref in given.refs] == [ref.oid for ref in there.refs]
            self._keep(kept, "groups", name, given, there, *(["refs"] if same else []))

    def _keep_frame(self, definer: Definer, kept: dict[str, Data]) -> None:
        bare = dataclasses.replace(
            self.version, events=(), groups=(), items=(), code_lists=(), conditions=(), methods=()
        )
        self._keep(kept, "study", "version", definer.version_only(), bare)
        self._keep(
            kept, "study", "study", definer.study_only(), dataclasses.replace(self.source, units=(), versions=())
        )
        about = dataclasses.replace(self.document, studies=(), admin=(), data=(), notes=())
        self._keep(kept, "study", "document", Document("", "1.3.2"), about, "file")
        for number, admin in enumerate(self.document.admin):
            kept.setdefault("admin", {})[str(number)] = whole(admin)

    def _keep_lists(self, definer: Definer, study: OurStudy, kept: dict[str, Data]) -> None:
        lists = {found.oid: found for found in self.version.code_lists}
        for item in study.items:
            name = definer.item(item).code_list
            if item.choices and name in lists and name not in kept.get("code_lists", {}):
                self._keep(kept, "code_lists", name, definer.code_list(item, name), lists[name])

    def _keep_others(self, kept: dict[str, Data], given: Study) -> None:
        """Definitions that have no counterpart here are kept whole and given back."""
        made = given.versions[0]
        pairs = (
            ("events", made.events, self.version.events), ("more_groups", made.groups, self.version.groups),
            ("more_items", made.items, self.version.items),
            ("more_code_lists", made.code_lists, self.version.code_lists),
            ("units", (), self.source.units), ("conditions", (), self.version.conditions),
            ("methods", (), self.version.methods),
        )  # fmt: skip
        for kind, ours, theirs in pairs:
            have = {part.oid for part in ours}
            for part in theirs:
                if part.oid not in have:
                    kept.setdefault(kind, {})[part.oid] = whole(part)


def _tidy(kept: dict[str, Data]) -> dict[str, Data]:
    return {
        kind: named
        for kind, found in kept.items()
        if (named := {name: facts for name, facts in found.items() if facts})
    }


def _days(event: EventDef) -> tuple[int, Data]:
    """Day and window of a visit where a vendor's attributes tell them (REDCap)."""
    try:
        day = int(event.vendor("DayOffset") or 0)
        before, after = (int(event.vendor(name) or 0) for name in ("OffsetMin", "OffsetMax"))
    except ValueError:
        return 0, {}
    return max(day, 0), {"window": {"before": before, "after": after}} if before > 0 or after > 0 else {}


def _chosen(document: Document) -> tuple[Study, Version]:
    """The study and the version that are taken over: the newest one that defines something. Raises InputError."""
    for study in document.studies:
        for version in reversed(study.versions):
            if version.items or version.events or version.groups:
                return study, _with_included(study, version)
    what = "The file defines no item, form or event."
    hint = "Name the file with the definition first, and this one after it." if document.data else ""
    raise InputError(what, where=document.file, hint=hint)


def _with_included(study: Study, version: Version) -> Version:
    """A version that builds on an earlier one of the same study has that one's parts too, unless it redefines them."""
    base = next(
        (v for v in study.versions if version.include and v.oid == version.include[1] and v is not version), None
    )
    if base is None:
        return version
    parts = ("events", "groups", "items", "code_lists", "conditions", "methods")
    merged: Data = {
        name: tuple({part.oid: part for part in (*getattr(base, name), *getattr(version, name))}.values())
        for name in parts
    }
    return dataclasses.replace(version, plan=version.plan or base.plan, **merged)
