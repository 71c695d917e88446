"""Our values as the table that REDCap exports."""

from __future__ import annotations

from collections.abc import Iterable

from trialwright.conduct.exchange.values import Captured, Value
from trialwright.formats import redcap
from trialwright.formats.redcap import EVENT, INSTANCE, INSTRUMENT, Table
from trialwright.kernel.texts import JOINT
from trialwright.study.definition import Study
from trialwright.study.items import Item

STATUS = (("0", "Incomplete"), ("1", "Unverified"), ("2", "Complete"))
TRUE, FALSE = "true", "false"
Place = tuple[str, str, str, int, int]
"""(subject, visit, repeating form or "", instance, repetition of the visit) of a row."""


def send_out(study: Study, captured: Captured) -> Table:
    """The records as REDCap's table: of a subject a row for each visit, and for each row of a form that repeats."""
    sheet = Sheet(study)
    rows: dict[Place, list[Value]] = {}
    frames: dict[Place, Value] = {}
    for value in captured.values:
        form = value.form if value.form in sheet.repeating else ""
        place = (value.subject, value.visit, form, value.row if form else 1, value.repeat)
        if value.item:
            rows.setdefault(place, []).append(value)
        else:
            rows.setdefault(place, [])
            frames[place] = value
    if not rows:
        return Table((), ())
    found = []
    for place, values in rows.items():
        frame = frames.get(place) or Value(*place[:3], "", place[3], "", "", repeat=place[4])
        cells = dict(zip(sheet.header, sheet.row(frame, values), strict=True)) | frame.kept.get("redcap", {})
        found.append(tuple(cells.get(name, "") for name in sheet.header))
    return Table(sheet.header, tuple(found))


class Sheet:
    """The columns of a study in REDCap's order, and what stands in them."""

    def __init__(self, study: Study) -> None:
        self.study = study
        about = study.exchange.kept.get("redcap", {})
        self.repeating = set(about.get("project", {}).get("repeating", ())) or {
            form.id for form in study.forms if form.groups and all(group.repeating for group in form.groups)
        }
        self.record = self.column(study.item_by_id[study.forms[0].groups[0].fields[0].item])
        """The column that names the record."""
        self.events = study.exchange.kept.get("redcap_events", {})
        self.columns = self._columns()
        self.header: tuple[str, ...] = tuple(about.get("table", {}).get("header", ())) or self.columns
        self.place = {name: number for number, name in enumerate(self.header)}

    def column(self, item: Item) -> str:
        """REDCap's name of an item: its id, unless that could not be one here."""
        return str(self.study.exchange.of("redcap_fields", item.id).get("column", item.id))

    def _columns(self) -> tuple[str, ...]:
        found = [self.record]
        found += [EVENT] if self.events or len(self.study.schedule.visits) > 1 else []
        found += [INSTRUMENT, INSTANCE] if self.repeating else []
        for form in self.study.forms:
            for _, item in self.fields_of(form.id):
                found += [] if self.column(item) == self.record else self._of(item)
        return tuple(found)

    def _of(self, item: Item) -> list[str]:
        name = self.column(item)
        return [f"{name}___{redcap.box(c.code)}" for c in item.choices] if item.type == "choices" else [name]

    def fields_of(self, form: str) -> list[tuple[str, Item]]:
        return [(group.id, self.study.item_by_id[f.item]) for group, f in self.study.form_by_id[form].fields()]

    def forms_of(self, visit: str, form: str) -> list[str]:
        """The forms that a row holds: the repeating one, or all others of the visit."""
        if form:
            return [form] if form in self.study.form_by_id else []
        plan = self.study.schedule
        held = {v.id: v.forms for v in plan.visits} | {v.id: v.forms for v in plan.extra}
        return [name for name in held[visit] if name not in self.repeating]

    def row(self, frame: Value, values: Iterable[Value]) -> tuple[str, ...]:
        """The cells of one row in the order of the header."""
        repeating = frame.form if frame.form in self.repeating else ""
        turn = frame.row if repeating else frame.repeat
        cells = {
            self.record: frame.subject, EVENT: self.events.get(frame.visit, {}).get("name", frame.visit),
            INSTRUMENT: repeating, INSTANCE: str(turn) if repeating or turn > 1 else "",
        }  # fmt: skip
        by_item = {value.item: value for value in values}
        for form in self.forms_of(frame.visit, repeating):
            for _, item in self.fields_of(form):
                if self.column(item) != self.record:
                    cells.update(self._cells(item, by_item.get(item.id)))
        return tuple(cells.get(name, "") for name in self.header)

    def _cells(self, item: Item, value: Value | None) -> dict[str, str]:
        name = self.column(item)
        if item.type == "choices":
            ticked = value.value.split(JOINT) if value else []
            return {f"{name}___{redcap.box(c.code)}": "1" if c.code in ticked else "0" for c in item.choices}
        return {name: self._text(item, value.value)} if value else {}

    def _text(self, item: Item, text: str) -> str:
        """As REDCap writes it: yes and no as 1 and 0, a decimal comma where the field has one."""
        if item.type == "boolean":
            return {TRUE: "1", FALSE: "0"}.get(text, text)
        comma = "comma" in str(self.study.exchange.of("redcap_fields", item.id).get("validation", ""))
        return text.replace(".", ",") if comma and item.type == "quantity" else text
