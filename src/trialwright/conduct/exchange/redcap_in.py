"""A REDCap project as a study folder, and its records as values."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from trialwright.conduct.exchange.expressions import Uncertain, taken_over, truth
from trialwright.conduct.exchange.folder import ONLY_VISIT, Brought, Data, Parts, visit
from trialwright.conduct.exchange.names import Names, words
from trialwright.conduct.exchange.redcap_out import FALSE, STATUS, TRUE, Sheet
from trialwright.conduct.exchange.values import Captured, Person, Value
from trialwright.conduct.rules import values as rules
from trialwright.formats import redcap
from trialwright.formats.redcap import EVENT, INSTANCE, INSTRUMENT, Field, Project, Table
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study
from trialwright.study.items import Item

_MARKUP = re.compile(r"<[^<>]{0,200}>")
_NUMBERS = re.compile(r"number(_(\d)dp)?(_comma_decimal)?$")
_DATES, _MOMENTS, _TIMES = ("date_",), ("datetime_",), ("time",)


def bring_in(project: Project, table: Table | None = None) -> Brought:
    """A study folder from a project, with its records. Raises InputError for records of another project."""
    definition = _Definition(replace(project, repeating=project.repeating | _repeating_in(project, table)))
    study = definition.study(table)
    captured, sentences = (
        (Captured(), []) if table is None or not table.header else _Records(study, project).read(table)
    )
    return Brought(dump_study(study), captured, (*dict.fromkeys(definition.parts.left_out), *sentences))


def _repeating_in(project: Project, table: Table | None) -> frozenset[str]:
    """Forms that the records say to repeat: a dictionary does not."""
    if table is None or INSTRUMENT not in table.header:
        return frozenset()
    column = table.header.index(INSTRUMENT)
    return frozenset(row[column] for row in table.rows) & frozenset(project.forms)


class _Definition:
    def __init__(self, project: Project) -> None:
        self.project = project
        title = " ".join(project.title.split())
        name = words(title) or "study"
        self.parts = Parts(name if name[0].isalpha() else f"study_{name}", title, "REDCap", "Imported.")
        self.parts.left_out += project.notes
        self.made: dict[str, Item] = {}

    def study(self, table: Table | None) -> Study:
        for each in self.project.fields:
            self._item(each)
        if marked := [each.name for each in self.project.fields if each.identifier]:
            self.parts.left_out.append(f"Marked as identifiers, which is kept aside: {', '.join(marked)}.")
        self._rules()
        for form in self.project.forms:
            self._form(form)
        events = self.project.events or _events_in(table)
        names = Names("visit")
        for event in events:
            name = names.give(event.name)
            forms = [form for form in self.project.forms if not event.forms or form in event.forms]
            window = {"window": {"before": max(event.before, 0), "after": max(event.after, 0)}}
            earlier = self.parts.visits[-1]["offset"] if self.parts.visits else 0
            day = max(event.day, earlier) if self.parts.visits else 0
            data = visit(name, event.label, len(self.parts.visits) + 1, forms, day, **window)
            self.parts.visits.append(data)
            self.parts.keep("redcap_events", name, name=event.name, arm=event.arm, day=event.day)
        if not self.parts.visits:
            self.parts.visits = [visit(ONLY_VISIT, "Visit", 1, list(self.project.forms))]
            self.parts.stand_ins["visits"] = [ONLY_VISIT]
        if table is not None and table.header:
            self.parts.keep("redcap", "table", header=list(table.header))
        self.parts.keep("redcap", "project", repeating=sorted(self.project.repeating), title=self.project.title)
        return self.parts.whole()

    def say(self, each: Field, sentence: str) -> None:
        self.parts.left_out.append(f"{self.project.file}:{each.line}: Field {each.name}: {sentence}")

    def _item(self, each: Field) -> None:
        """Descriptive texts are no items; everything else is one."""
        self.parts.keep(
            "redcap_fields", each.name, **{k: v for k, v in asdict(each).items() if v and k not in ("line",)}
        )
        if each.type == "descriptive":
            self.say(each, "a descriptive text is shown nowhere; it is kept aside.")
            return
        kind, more = self._kind(each)
        if kind in ("choice", "choices") and not more.get("choices"):
            self.say(each, "it lists no choices and is kept as text.")
            kind, more = "text", {}
        data: Data = {"id": each.name, "label": plain(each.label) or each.name, "type": kind, **more}
        if each.note:
            data["help"] = plain(each.note)
        if limits := self._limits(each, kind):
            data["soft"] = limits
        if each.annotation:
            self.say(each, f"it is annotated '{each.annotation}'; that is kept aside.")
        if each.matrix:
            self.say(each, f"it stands in the matrix '{each.matrix}'; here it is asked by itself.")
        data["source"] = {"assumption": "Imported."}
        self.made[each.name] = Item.model_validate(data)
        self.parts.items.append(data)

    def _kind(self, each: Field) -> tuple[str, Data]:
        choices: list[Data] = list({c: {"code": c, "label": plain(w) or c} for c, w in each.codes if c}.values())
        number = _NUMBERS.match(each.validation)
        match each.type:
            case "radio" | "dropdown" | "sql":
                return "choice", {"choices": choices}
            case "checkbox":
                return "choices", {"choices": choices}
            case "yesno" | "truefalse":
                return "boolean", {}
            case "calc":
                return "quantity", {"unit": "1"}
            case "slider":
                return "integer", {}
            case "file":
                self.say(each, "records name a file without its content; the name is kept.")
                return "file", {}
            case "notes":
                return "text", {"lines": 4}
        if number:
            return "quantity", {"unit": "1", **({"decimals": int(number[2])} if number[2] else {})}
        if each.validation == "integer":
            return "integer", {}
        starts = {_DATES: "date", _MOMENTS: "datetime", _TIMES: "time"}
        return next((kind for start, kind in starts.items() if each.validation.startswith(start)), "text"), {}

    def _limits(self, each: Field, kind: str) -> Data:
        """REDCap warns outside its limits and does not refuse: soft ones."""
        found: Data = {}
        for side, text in (("low", each.low), ("high", each.high)):
            if not text:
                continue
            try:
                number = float(text.replace(",", "."))
            except ValueError:
                number = None  # a date, or another field
            if (
                number is None
                or not math.isfinite(number)
                or kind not in ("quantity", "integer")
                or each.type == "slider"
            ):
                self.say(each, f"the {'lower' if side == 'low' else 'upper'} limit '{text}' is not taken over.")
            else:
                found[side] = number
        wrong = "low" in found and "high" in found and found["low"] > found["high"]
        if wrong:
            self.say(each, "its limits are the wrong way round and are left out.")
        return {} if wrong else found

    def _rules(self) -> None:
        """Formulas and branching logic, once all items are known."""
        data = {item["id"]: item for item in self.parts.items}
        for each in self.project.fields:
            if each.type == "calc" and each.name in data:
                self._taken(each, each.choices, "its formula", data[each.name], "derive")
            if each.branching and each.name in data:
                self._taken(each, each.branching, "its branching logic", data[each.name], "_show_when")

    def _taken(self, each: Field, text: str, what: str, data: Data, key: str) -> None:
        try:
            made = taken_over(" ".join(text.split()), self.made.get)
            data[key] = made.text if key == "derive" else truth(made).text
        except Uncertain as why:
            self.say(each, f"{what} is not taken over: {why}.")

    def _form(self, form: str) -> None:
        groups: list[Data] = []
        names = Names("group")
        repeating = form in self.project.repeating
        known = {item["id"]: item for item in self.parts.items}
        for each in (each for each in self.project.fields if each.form == form):
            if each.header or not groups:
                title = plain(each.header)
                groups.append(_group(names.give(title or "main"), title, repeating=repeating))
            if each.name in known:
                shown = known[each.name].pop("_show_when", None)
                entry: Data = {"item": each.name, **({"required": True} if each.required == "y" else {})}
                groups[-1]["fields"].append({**entry, **({"show_when": shown} if shown else {})})
        status = f"{form}_complete"
        self.parts.items.append(
            {
                "id": status, "label": "Form status", "type": "choice",
                "choices": [{"code": code, "label": label} for code, label in STATUS],
                "source": {"assumption": "Imported."},
            }
        )  # fmt: skip
        groups.append({**_group(names.give("form_status"), "Form status", repeating=repeating), "fields": [status]})
        self.parts.forms.append({"id": form, "label": plain(form.replace("_", " ")).capitalize(), "groups": groups})


def _group(name: str, label: str, *, repeating: bool) -> Data:
    return {
        "id": name, **({"label": label} if label else {}), **({"repeating": True} if repeating else {}), "fields": [],
    }  # fmt: skip


def plain(text: str) -> str:
    """A label without markup and with single blanks."""
    return " ".join(_MARKUP.sub(" ", text).split())


def _events_in(table: Table | None) -> tuple[redcap.Event, ...]:
    """Where only the records tell of events."""
    if table is None or EVENT not in table.header:
        return ()
    column = table.header.index(EVENT)
    return tuple(redcap.Event(name, name) for name in dict.fromkeys(row[column] for row in table.rows))


class _Records:
    """Places the cells of a table; what our definition would write otherwise is kept of each row."""

    def __init__(self, study: Study, project: Project) -> None:
        self.study, self.project, self.sheet = study, project, Sheet(study)
        self.odd: Counter[str] = Counter()
        self.events = {facts["name"]: name for name, facts in study.exchange.kept.get("redcap_events", {}).items()}

    def read(self, table: Table) -> tuple[Captured, list[str]]:
        if table.header[0] != self.project.record:
            what = f"The table begins with '{table.header[0]}', the project with '{self.project.record}'."
            raise InputError(what, hint="Is it the export of this project?")
        people: dict[str, Person] = {}
        values: list[Value] = []
        for row in table.rows:
            cells = dict(zip(table.header, row, strict=True))
            subject = cells[self.project.record]
            people.setdefault(subject, Person(subject))
            values += self._row(subject, cells)
        known = set(self.sheet.columns)
        strange = [name for name in table.header if name not in known]
        sentences = [f"The column '{name}' is no field of the project; it is kept with its rows." for name in strange]
        sentences += [
            f"{n} values of '{name}' are kept, but the item would not take them now." for name, n in self.odd.items()
        ]
        return Captured(tuple(people.values()), tuple(values)), sentences

    def _row(self, subject: str, cells: dict[str, str]) -> list[Value]:
        event = cells.get(EVENT, "")
        visit_id = self.events.get(event, self.study.schedule.visits[0].id)
        form, instance = cells.get(INSTRUMENT, ""), cells.get(INSTANCE, "")
        number = max(int(instance), 1) if re.fullmatch(r"[0-9]{1,6}", instance) else 1
        repeat = 1 if form else number
        found = [
            value
            for name in self.sheet.forms_of(visit_id, form)
            for value in self._form(
                Value(subject, visit_id, name, "", number if form else 1, "", "", repeat=repeat), cells
            )
        ]
        frame = Value(subject, visit_id, form, "", number if form else 1, "", "", repeat=repeat)
        given = dict(zip(self.sheet.header, self.sheet.row(frame, found), strict=True))
        other = {name: text for name, text in cells.items() if given.get(name, "") != text}
        kept: dict[str, Any] = {"redcap": other} if other else {}
        return [replace(frame, kept=kept), *found]

    def _form(self, at: Value, cells: dict[str, str]) -> list[Value]:
        found = []
        for group, item in self.sheet.fields_of(at.form):
            text = self._text(item, cells)
            if text:
                unit = item.unit if item.unit == "1" else ""
                value = self._canonical(item, text)
                found.append(replace(at, group=group, item=item.id, value=value, unit=unit))
        return found

    def _text(self, item: Item, cells: dict[str, str]) -> str:
        if item.type != "choices":
            return cells.get(item.id, "")
        ticked = [c.code for c in item.choices if cells.get(f"{item.id}___{redcap.box(c.code)}") == "1"]
        return JOINT.join(ticked)

    def _canonical(self, item: Item, text: str) -> str:
        """In our form: yes and no as words, a decimal point. What the item does not take stays as it is."""
        kept = self.study.exchange.of("redcap_fields", item.id)
        said = text.replace(",", ".") if "comma" in str(kept.get("validation", "")) or item.type == "quantity" else text
        if item.type == "boolean":
            said = {"1": TRUE, "0": FALSE}.get(text, text)
        try:
            return rules.canonical(item, said)
        except InputError:
            self.odd[item.id] += item.type != "file"
            return text
