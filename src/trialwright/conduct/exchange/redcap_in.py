"""A REDCap project as a study folder, and its records as values."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.expression_parts import Uncertain, number, truth
from trialwright.conduct.exchange.expressions import taken_over
from trialwright.conduct.exchange.folder import ONLY_VISIT, Brought, Data, Parts, visit
from trialwright.conduct.exchange.names import RESERVED, Names, words
from trialwright.conduct.exchange.redcap_out import FALSE, STATUS, TRUE, Sheet
from trialwright.conduct.exchange.values import Captured, Person, Value
from trialwright.conduct.rules import values as rules
from trialwright.formats import redcap
from trialwright.formats.redcap import EVENT, INSTANCE, INSTRUMENT, Field, Project, Table
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT
from trialwright.study.base import LONGEST_ID
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study
from trialwright.study.items import Item

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
        self.ids = _ids([*(f.name for f in project.fields), *(f"{form}_complete" for form in project.forms)])
        """Field -> our id: its name, unless that is a word of the language or too long."""
        self.made: dict[str, Item] = {}
        self.statuses: dict[str, Data] = {}
        self.held: dict[str, list[str]] = {}
        """Form -> the events at which it is filled in."""

    def study(self, table: Table | None) -> Study:
        for each in self.project.fields:
            self._item(each)
        if marked := [each.name for each in self.project.fields if each.identifier]:
            self.parts.left_out.append(f"Marked as identifiers, which is kept aside: {', '.join(marked)}.")
        for form in self.project.forms:
            self._status(form)
        events = self.project.events or _events_in(table)
        self._rules(events)
        for form in self.project.forms:
            self._form(form)
        taken = Names("visit")
        for event in events:
            name = taken.give(event.name)
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
        name = self._named(each.name)
        self.parts.keep("redcap_fields", name, **{k: v for k, v in asdict(each).items() if v and k != "line"})
        if each.type == "descriptive":
            self.say(each, "a descriptive text is shown nowhere; it is kept aside.")
            return
        kind, more = self._kind(each)
        if kind in ("choice", "choices") and not more.get("choices"):
            self.say(each, "it lists no choices and is kept as text.")
            kind, more = "text", {}
        data: Data = {"id": name, "label": plain(each.label) or each.name, "type": kind, **more}
        if each.note:
            data["help"] = plain(each.note)
        limits = self._limits(each, kind) if each.type != "slider" else {}
        if limits:
            data["soft"] = limits
        if each.annotation:
            self.say(each, f"it is annotated '{each.annotation}'; that is kept aside.")
        if each.matrix:
            self.say(each, f"it stands in the matrix '{each.matrix}'; here it is asked by itself.")
        data["source"] = {"assumption": "Imported."}
        self.made[each.name] = Item.model_validate(data)
        self.parts.items.append(data)

    def _kind(self, each: Field) -> tuple[str, Data]:
        choices = self._choices(each)
        numeric = _NUMBERS.match(each.validation)
        match each.type:
            case "sql":
                self.say(each, "its choices come from a query of a database; it is kept as text.")
                return "text", {}
            case "radio" | "dropdown":
                return "choice", {"choices": choices}
            case "checkbox":
                return "choices", {"choices": choices}
            case "yesno" | "truefalse":
                return "boolean", {}
            case "calc":
                return "quantity", {"unit": "1"}
            case "slider":
                ends = self._limits(each, "integer", sliding=True)
                return "integer", {"hard": ends} if ends else {}
            case "file":
                self.say(each, "records name a file without its content; the name is kept.")
                return "file", {}
            case "notes":
                return "text", {"lines": 4}
        if each.type not in redcap.TYPES:
            self.say(each, f"the field type '{each.type}' is kept as text.")
        if numeric:
            return "quantity", {"unit": "1", **({"decimals": int(numeric[2])} if numeric[2] else {})}
        if each.validation == "integer":
            return "integer", {}
        starts = {_DATES: "date", _MOMENTS: "datetime", _TIMES: "time"}
        return next((kind for start, kind in starts.items() if each.validation.startswith(start)), "text"), {}

    def _choices(self, each: Field) -> list[Data]:
        found: dict[str, Data] = {}
        for code, label in each.codes if each.type in ("radio", "dropdown", "checkbox") else ():
            if not code or code in found:
                self.say(each, f"the choice '{code}' ({plain(label)}) has no code of its own and is left out.")
            else:
                found[code] = {"code": code, "label": plain(label) or code}
        return list(found.values())

    def _limits(self, each: Field, kind: str, *, sliding: bool = False) -> Data:
        """REDCap warns outside its limits and does not refuse: soft ones. A slider ends at 0 and 100, or at its own."""
        found: Data = {"low": 0.0, "high": 100.0} if sliding else {}
        for side, text in (("low", each.low), ("high", each.high)):
            if not text:
                continue
            try:
                end = float(text.replace(",", "."))
            except ValueError:
                end = math.nan  # a date, or another field
            if not math.isfinite(end) or kind not in ("quantity", "integer"):
                self.say(each, f"the {'lower' if side == 'low' else 'upper'} limit '{text}' is not taken over.")
            else:
                found[side] = end
        wrong = "low" in found and "high" in found and found["low"] > found["high"]
        if wrong:
            self.say(each, "its limits are the wrong way round and are left out.")
        return {} if wrong else found

    def _rules(self, events: Sequence[redcap.Event]) -> None:
        """Formulas and branching logic, once all items are known."""
        self.held = {
            form: [event.name for event in events if not event.forms or form in event.forms]
            for form in self.project.forms
        }
        data = {item["id"]: item for item in self.parts.items}
        for each in (each for each in self.project.fields if each.name in self.made):
            found = data[self.ids[each.name]]
            if each.type == "calc":
                self._taken(each, each.choices, "its formula", found, "derive")
            if each.branching:
                self._taken(each, each.branching, "its branching logic", found, "_show_when")

    def _taken(self, each: Field, text: str, what: str, data: Data, key: str) -> None:
        said = " ".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", "//")))
        try:
            made = taken_over(" ".join(said.split()), self._find, there=self._there)
            data[key] = number(made).text if key == "derive" else truth(made).text
        except Uncertain as why:
            self.say(each, f"{what} is not taken over: {why}.")

    def _find(self, name: str) -> Item | None:
        return self.made.get(name.lower())

    def _named(self, column: str) -> str:
        """Our id of a column, which is kept where it is another one."""
        name = self.ids[column]
        if name != column:
            self.parts.keep("redcap_fields", name, column=column)
            self.parts.left_out.append(f"The field '{column}' is called '{name}' here.")
        return name

    def _there(self, event: str, name: str) -> Item | None:
        """An item whose form is filled in at that event alone: its latest value is the one of there."""
        form = next((form for form in self.project.forms if name == f"{form}_complete"), "")
        form = form or next((each.form for each in self.project.fields if each.name == name), "")
        once = self.held.get(form) == [event] and form not in self.project.repeating
        return self._find(name) if once else None

    def _status(self, form: str) -> None:
        """Of each form: what REDCap calls its status."""
        data: Data = {
            "id": self._named(f"{form}_complete"), "label": "Form status", "type": "choice",
            "choices": [{"code": code, "label": label} for code, label in STATUS],
            "source": {"assumption": "Imported."},
        }  # fmt: skip
        self.made[f"{form}_complete"] = Item.model_validate(data)
        self.statuses[form] = data

    def _form(self, form: str) -> None:
        groups: list[Data] = []
        taken = Names("group")
        repeating = form in self.project.repeating
        known = {item["id"]: item for item in self.parts.items}
        for each in (each for each in self.project.fields if each.form == form):
            if each.header or not groups:
                title = plain(each.header)
                groups.append(_group(taken.give(title or "main"), title, repeating=repeating))
            if (name := self.ids[each.name]) in known:
                shown = known[name].pop("_show_when", None)
                entry: Data = {"item": name, **({"required": True} if each.required == "y" else {})}
                groups[-1]["fields"].append({**entry, **({"show_when": shown} if shown else {})})
        status = self.statuses[form]["id"]
        self.parts.items.append(self.statuses[form])
        groups.append({**_group(taken.give("form_status"), "Form status", repeating=repeating), "fields": [status]})
        self.parts.forms.append({"id": form, "label": plain(form.replace("_", " ")).capitalize(), "groups": groups})


def _ids(names: Iterable[str]) -> dict[str, str]:
    taken: set[str] = set(RESERVED)
    found: dict[str, str] = {}
    for name in names:
        plain_name, number = name[:LONGEST_ID], 2
        while plain_name in taken:
            plain_name, number = f"{name[: LONGEST_ID - 4]}_{number}", number + 1
        taken.add(plain_name)
        found[name] = plain_name
    return found


def _group(name: str, label: str, *, repeating: bool) -> Data:
    return {
        "id": name, **({"label": label} if label else {}), **({"repeating": True} if repeating else {}), "fields": [],
    }  # fmt: skip


def plain(text: str) -> str:
    """A label without markup and with single blanks."""
    return " ".join(names.plain(text).split())


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
            return cells.get(self.sheet.column(item), "")
        column = self.sheet.column(item)
        ticked = [c.code for c in item.choices if cells.get(f"{column}___{redcap.box(c.code)}") == "1"]
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
