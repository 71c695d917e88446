"""Our definition as ODM: the parts that ODM knows as its own, the rest in an alias, what was imported laid over it."""

from __future__ import annotations

import dataclasses
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.overlay import laid_over, rebuilt
from trialwright.formats.odm import document as odm
from trialwright.formats.odm.document import FORM, Expression, GroupDef, ItemDef, RangeCheck, Ref, Rule
from trialwright.kernel import units
from trialwright.study.definition import FILES, Study
from trialwright.study.dump import plain
from trialwright.study.forms import Field, Form, Group
from trialwright.study.items import Item, Limits
from trialwright.study.schedule import ExtraVisit, Visit

LOGS = "E.LOGS"
_REST = {"items", "forms", "exchange"}


class Definer:
    """Gives the parts of one study in ODM; `second`: as 2.0, where a unit is an item of its own."""

    def __init__(self, study: Study, *, second: bool) -> None:
        self.study, self.second = study, second
        self.imported = bool(study.exchange.system)
        self.leave = ("source",) if self.imported else ()
        self._item_oids: dict[str, str] = {}

    def over(self, part: Any, kind: str, name: str, *leave: str) -> Any:
        """A part with what is kept of it laid over."""
        kept = self.study.exchange.of(kind, name)
        return laid_over(part, {key: value for key, value in kept.items() if key not in leave})

    def oid(self, kind: str, name: str, default: str) -> str:
        return names.oid(self.study, kind, name, default)

    # --- Items --------------------------------------------------------------------------------------------------------

    def item_oid(self, item: str) -> str:
        if item not in self._item_oids:
            self._item_oids[item] = self.oid("items", item, f"I.{item}")
        return self._item_oids[item]

    def unit_oid(self, item: str) -> str:
        """The item that holds the unit of another, in 2.0."""
        return str(self.study.exchange.of("items", item).get("units_item", f"{self.item_oid(item)}.unit"))

    def item(self, item: Item) -> ItemDef:
        kept = self.study.exchange.of("items", item.id)
        code_list = kept.get("code_list") or f"CL.{item.id}"
        kind = "partialDate" if item.partial else names.TYPES[item.type]
        data = plain(item)
        ambiguous = item.type in names.AMBIGUOUS
        leave = (*self.leave, *(() if ambiguous else ("type",)), "partial")
        offered = () if item.unit in ("", "1") or self.second else (item.unit, *item.units)
        given = ItemDef(
            self.item_oid(item.id), item.id, kind, question=names.texts(item.label),
            units=tuple(self.measurement_unit(unit) for unit in offered), ranges=tuple(_ranges(item)),
            code_list=str(code_list) if item.choices else "", aliases=names.own("items", data, leave=leave),
        )  # fmt: skip
        found: ItemDef = self.over(given, "items", item.id)
        return found

    def measurement_unit(self, unit: str) -> str:
        return f"MU.{unit}"

    def unit_item(self, item: Item) -> tuple[ItemDef, odm.CodeList]:
        name = self.unit_oid(item.id)
        code_list = odm.CodeList(
            f"{name}.codes", f"Units of {item.id}", items=tuple(map(_unit_code, (item.unit, *item.units)))
        )
        return ItemDef(name, f"{item.id}_unit", "text", question=(("en", "Unit"),), code_list=code_list.oid), code_list

    def code_list(self, item: Item, name: str) -> odm.CodeList:
        kind = "integer" if item.choices and all(_whole(choice.code) for choice in item.choices) else "text"
        codes = tuple(
            odm.CodeListItem(c.code, names.texts(c.label), names.own("choices", plain(c))) for c in item.choices
        )
        found: odm.CodeList = self.over(odm.CodeList(name, name, kind, codes), "code_lists", name)
        return found

    # --- Forms and visits ---------------------------------------------------------------------------------------------

    def field(self, form: Form, group: Group, field: Field) -> Ref:
        """A reference to an item. A condition or method of the file stands while our reading of it is unchanged."""
        item, place = self.study.item_by_id[field.item], f"{form.id}.{group.id}.{field.item}"
        kept = dict(self.study.exchange.of("fields", place))
        if kept.pop("read_as", None) != field.show_when:
            kept.pop("condition", None)
        if kept.pop("computed_as", None) != item.derive:
            kept.pop("method", None)
        unit = self.unit_oid(item.id) if self.second and item.unit not in ("", "1") else ""
        given = Ref(
            "item", self.item_oid(item.id), field.required, condition=f"C.{place}" if field.show_when else "",
            method=f"M.{item.id}" if item.derive else "", units=unit,
        )  # fmt: skip
        return laid_over(given, kept)

    def group_oid(self, form: Form, group: Group) -> str:
        return self.oid("groups", f"{form.id}.{group.id}", f"G.{form.id}.{group.id}")

    def group(self, form: Form, group: Group) -> GroupDef:
        refs: list[Ref] = []
        for field in group.fields:
            refs.append(self.field(form, group, field))
            if refs[-1].units:
                refs.append(Ref("item", refs[-1].units))
        special = {f.item: rest for f in group.fields if (rest := _rest("fields", plain(f)))}
        carried = {"id": group.id, **({"fields": special} if special else {})}
        given = GroupDef(
            self.group_oid(form, group), group.id, "Yes" if group.repeating else "No",
            description=names.texts(group.label), refs=tuple(refs),
            aliases=() if self.imported and not special else names.own("", carried),
        )  # fmt: skip
        found: GroupDef = self.over(given, "groups", f"{form.id}.{group.id}")
        return found

    def form(self, form: Form) -> GroupDef:
        refs = tuple(Ref("group", self.group_oid(form, group)) for group in form.groups)
        given = GroupDef(
            self.oid("forms", form.id, f"F.{form.id}"), form.id, "No", FORM, names.texts(form.label), refs,
            names.own("forms", plain(form), leave=("kind",) if self.imported else ()),
        )  # fmt: skip
        found: GroupDef = self.over(given, "forms", form.id)
        return found

    def form_refs(self, forms: tuple[str, ...]) -> tuple[Ref, ...]:
        return tuple(Ref("group", self.oid("forms", form, f"F.{form}")) for form in forms)

    def visit(self, visit: Visit) -> odm.EventDef:
        data = {} if self.imported else plain(visit)
        given = odm.EventDef(
            self.oid("visits", visit.id, f"E.{visit.id}"), visit.id, visit.every is not None, "Scheduled",
            names.texts(visit.label), self.form_refs(visit.forms), names.own("visits", data),
        )  # fmt: skip
        found: odm.EventDef = self.over(given, "visits", visit.id)
        return found

    def extra(self, visit: ExtraVisit) -> odm.EventDef:
        """A visit that no plan foresees; the schedule that the protocol's alias carries holds all of it."""
        return odm.EventDef(
            self.oid("visits", visit.id, f"E.{visit.id}"), visit.id, visit.kind == "unscheduled", "Unscheduled",
            names.texts(visit.label), self.form_refs(visit.forms), names.own("", {names.EXTRA: True}),
        )  # fmt: skip

    def log_oid(self, form: str) -> str:
        return str(self.study.exchange.of("forms", form).get("event", LOGS))

    def logs(self) -> list[odm.EventDef]:
        """Running forms as common events: each as the file had it, ours all in one."""
        found: dict[str, list[str]] = {}
        for form in self.study.schedule.logs:
            found.setdefault(self.log_oid(form), []).append(form)
        given = [odm.EventDef(name, name, False, "Common", refs=self.form_refs(tuple(f))) for name, f in found.items()]
        return [self.over(event, "log_events", event.oid) for event in given]

    # --- The whole ----------------------------------------------------------------------------------------------------

    def visits(self) -> list[Visit]:
        """Those that become events. In 1.3 data may stand without an event, in 2.0 they may not."""
        stand_ins = () if self.second else self.study.exchange.stand_ins.get("visits", ())
        return [visit for visit in self.study.schedule.visits if visit.id not in stand_ins]

    def plan(self) -> tuple[Ref, ...]:
        return tuple(Ref("event", self.oid("visits", v.id, f"E.{v.id}"), True) for v in self.visits())

    def version_only(self) -> odm.Version:
        """The frame of the definition, without its parts."""
        rest = {name: plain(getattr(self.study, name)) for name in FILES if name not in (*_REST, "study", "schedule")}
        schedule = {key: value for key, value in plain(self.study.schedule).items() if key not in ("visits", "logs")}
        carried = {"study": plain(self.study.registration), "schedule": schedule, **rest}
        title = self.study.registration.identity.brief_title.en
        given = odm.Version(
            f"MDV.{self.study.version}", title, plan=self.plan(),
            protocol_aliases=() if self.imported else names.own("", carried),
        )  # fmt: skip
        return self.over(given, "study", "version")  # type: ignore[no-any-return]  # what goes in comes out

    def study_only(self) -> odm.Study:
        identity = self.study.registration.identity
        given = odm.Study(self.study.id, identity.brief_title.en, "", identity.org_study_id)
        return self.over(given, "study", "study")  # type: ignore[no-any-return]  # as above

    def version(self) -> odm.Version:
        forms = self.study.forms
        groups = _once([self.group(form, group) for form in forms for group in form.groups])
        items = _once([self.item(item) for item in self.study.items])
        lists = [
            self.code_list(i, self.item(i).code_list) for i in self.study.items if i.choices and self.item(i).code_list
        ]
        if self.second:
            made = [self.unit_item(item) for item in self.study.items if item.unit not in ("", "1")]
            items = _once([*items, *(item for item, _ in made)])
            lists += [code_list for _, code_list in made]
        events = [self.visit(visit) for visit in self.visits()]
        events += [*map(self.extra, self.study.schedule.extra), *self.logs()]
        return dataclasses.replace(
            self.version_only(),
            events=self._with_kept("events", odm.EventDef, events),
            groups=self._with_kept("more_groups", GroupDef, _once([*(self.form(form) for form in forms), *groups])),
            items=self._with_kept("more_items", ItemDef, items),
            code_lists=self._with_kept("more_code_lists", odm.CodeList, _once(lists)),
            conditions=self._with_kept("conditions", Rule, self._conditions()),
            methods=self._with_kept("methods", Rule, self._methods()),
        )

    def _with_kept(self, kind: str, part: type[Any], made: list[Any]) -> tuple[Any, ...]:
        """The parts with those that only the other system knows."""
        have = {one.oid for one in made}
        kept = self.study.exchange.kept.get(kind, {})
        return (*made, *(rebuilt(part, found) for name, found in kept.items() if name not in have))

    def _conditions(self) -> list[Rule]:
        kept, made = self.study.exchange.kept.get("conditions", {}), {}
        for form in self.study.forms:
            for group, field in form.fields():
                name = self.field(form, group, field).condition
                if field.show_when and name and name not in kept:  # a group's condition stands at its reference
                    made[name] = _rule(name, "", f"not ({field.show_when})")
        return list(made.values())

    def _methods(self) -> list[Rule]:
        kept, made = self.study.exchange.kept.get("methods", {}), {}
        for form in self.study.forms:
            for group, field in form.fields():
                name, derive = self.field(form, group, field).method, self.study.item_by_id[field.item].derive
                if derive and name not in kept:
                    made[name] = _rule(name, "Computation", derive)
        return list(made.values())

    def units(self) -> tuple[odm.Unit, ...]:
        if self.second:
            return ()
        found = {unit: None for i in self.study.items if i.unit not in ("", "1") for unit in (i.unit, *i.units)}
        used = {name for item in self.study.items for name in self.item(item).units}
        made = [
            odm.Unit(self.measurement_unit(u), u, (("", units.show(u) or u),), (odm.Alias("UCUM", u),)) for u in found
        ]
        return self._with_kept("units", odm.Unit, [unit for unit in made if unit.oid in used])

    def study_definition(self) -> odm.Study:
        return dataclasses.replace(self.study_only(), units=self.units(), versions=(self.version(),))

    def admin(self) -> tuple[odm.AdminData, ...]:
        kept = self.study.exchange.kept.get("admin", {})
        if kept:
            return tuple(rebuilt(odm.AdminData, kept[key]) for key in sorted(kept, key=int))
        if self.imported:
            return ()
        study, version = self.study_only().oid, self.version_only().oid
        day = self.study.registration.version_date.isoformat()
        sites = [
            odm.Location(f"L.{site.id}", site.name.en, "Site", ((study, version, day),))
            for site in self.study.registration.sites
        ]
        return (odm.AdminData(study, (), tuple(sites)),) if sites else ()


def _once(parts: list[Any]) -> list[Any]:
    """Each OID once: a group on several forms, an item under two ids here, is one part there."""
    return list({part.oid: part for part in reversed(parts)}.values())[::-1]


def _rule(name: str, kind: str, code: str) -> Rule:
    return Rule(name, name, kind, (("en", code),), (Expression(names.LANGUAGE, code),))


def _rest(kind: str, data: Any) -> dict[str, Any]:
    return (
        {key: value for key, value in data.items() if key not in names.NATIVE[kind]} if isinstance(data, dict) else {}
    )


def _whole(code: str) -> bool:
    return code.isascii() and code.removeprefix("-").isdigit()


def _unit_code(unit: str) -> odm.CodeListItem:
    return odm.CodeListItem(unit, (("en", units.show(unit) or unit),))


def _ranges(item: Item) -> list[RangeCheck]:
    return [*_limits(item.hard, "Hard"), *_limits(item.soft, "Soft")]


def _limits(limits: Limits | None, kind: str) -> list[RangeCheck]:
    if limits is None:
        return []
    ends = [("GT" if limits.open_low else "GE", limits.low), ("LT" if limits.open_high else "LE", limits.high)]
    return [RangeCheck(sign, kind, (f"{end:.15g}",)) for sign, end in ends if end is not None]
