"""Captured values as tables: long (a row for each value) and wide (a table for each form)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from trialwright.conduct.exchange.values import Standing
from trialwright.conduct.export.reading import FormRead, Layout, Scope, SubjectRead
from trialwright.conduct.export.sheets import Archive, Cell, Column, Kind
from trialwright.conduct.export.told import Told
from trialwright.study.items import Item

Counted = Callable[[int], None]
"""Told how many values more are written."""
NUMBERS = ("quantity", "integer")
LONG = (
    "study", "site", "subject", "visit", "visit_label", "visit_number", "visit_date", "form", "form_label", "group",
    "row", "item", "label", "type", "value", "value_label", "number", "unit", "null_reason", "low", "high", "when",
    "form_state", "verified", "signed", "judged_by", "version", "definition",
)  # fmt: skip
WIDE = (
    "study", "site", "subject", "visit", "visit_label", "visit_number", "visit_date", "form_state", "signed",
    "version", "definition", "group", "row",
)  # fmt: skip
FREE = frozenset(
    {"visit_label", "form_label", "label", "value", "value_label", "unit", "null_reason", "when", "judged_by",
     "definition"}
)  # fmt: skip
"""Columns that may hold any text."""
_KINDS: dict[str, Kind] = {
    "visit_number": "number", "row": "integer", "number": "number", "low": "number", "high": "number",
    "version": "integer",
}  # fmt: skip


def columns(names: tuple[str, ...], told: Told) -> tuple[Column, ...]:
    """The fixed columns of a table."""
    return tuple(Column(n, told.text(f"column.{n}"), _KINDS.get(n, "text"), free=n in FREE) for n in names)


def number(item: Item | None, value: str) -> float | None:
    """The number that a value is; None where it is none (a result below the limit, a text, what was imported)."""
    if not value or item is None or item.type not in NUMBERS:
        return None
    try:
        return float(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class Frame:
    """What every row says of its form, worked out once a form."""

    scope: Scope
    told: Told

    @cached_property
    def typed(self) -> bool:
        """Whether numbers stand in columns of their own, as Parquet has them."""
        return self.told.typed

    def form(self, subject: SubjectRead, read: FormRead) -> dict[str, Cell]:
        plan = self.scope.layout(read.definition).visit(read.visit)
        return {
            "study": self.scope.study.id, "site": subject.site, "subject": subject.subject, "visit": read.visit,
            "visit_label": self.told.say(plan.label) if plan else "", "visit_number": plan.number if plan else None,
            "visit_date": subject.days.get(read.visit, ""), "form": read.form, "form_state": read.state,
            "signed": "yes" if read.state == "signed" else "", "version": read.version, "definition": read.definition,
        }  # fmt: skip


def write_long(archive: Archive, scope: Scope, told: Told, count: Counted) -> None:
    """One table of all values."""
    frame = Frame(scope, told)
    names = LONG if told.typed else tuple(name for name in LONG if name != "number")
    with archive.table("long", columns(names, told)) as sheet:
        makers: dict[str, _Long] = {}
        for subject in scope.read():
            for read in subject.forms:
                maker = makers.get(read.definition)
                if maker is None:
                    maker = makers[read.definition] = _Long(frame, scope.layout(read.definition))
                sheet.write(maker.rows(subject, read))
                count(len(read.values))


class _Long:
    """The rows of one version of the definition."""

    def __init__(self, frame: Frame, layout: Layout) -> None:
        self.frame, self.layout = frame, layout
        self._known: dict[tuple[str, str, str], tuple[Item | None, tuple[Cell, ...]]] = {}

    def _of_item(self, form: str, group: str, item: str) -> tuple[Item | None, tuple[Cell, ...]]:
        """The item, and (label, type) of it."""
        place = (form, group, item)
        if place not in self._known:
            found = self.layout.study.item_by_id.get(item)
            said = (self.frame.told.say(found.label), found.type) if found else ("", "")
            self._known[place] = found, said
        return self._known[place]

    def rows(self, subject: SubjectRead, read: FormRead) -> Iterator[list[Cell]]:
        about, told, typed = self.frame.form(subject, read), self.frame.told, self.frame.typed
        plan = self.layout.study.form_by_id.get(read.form)
        head = [about[n] for n in LONG[:8]] + [told.say(plan.label) if plan else ""]
        state, signed, save, version = (about[n] for n in ("form_state", "signed", "version", "definition"))
        verified = read.verified
        for v in read.values:
            item, (label, kind) = self._of_item(read.form, v.group, v.item)
            place = (v.group, v.row, v.item)
            yield [
                *head, v.group, v.row, v.item, label, kind, v.value, told.value(item, v.value),
                *((number(item, v.value),) if typed else ()), v.unit, v.null_reason, v.low, v.high, v.when,
                state, "yes" if place in verified else "", signed, v.judged_by, save, version,
            ]  # fmt: skip


# --- Wide -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    """An item of a form with the columns that it has. `group` "": it stands in one group of the form only."""

    item: Item
    column: str
    unit: bool
    number: bool


class WideForm:
    """The table of one form, over all versions of the definition that had it."""

    def __init__(self, scope: Scope, told: Told, form: str) -> None:
        self.scope, self.told, self.form, self.frame = scope, told, form, Frame(scope, told)
        self.fields: dict[tuple[str, str], _Field] = {}
        newest = [scope.layouts[scope.trial.version], *reversed(scope.layouts.values())]
        plans = [layout.study.form_by_id[form] for layout in newest if form in layout.study.form_by_id]
        places = list(dict.fromkeys((g.id, f.item) for plan in plans for g, f in plan.fields()))
        self.repeating = {group.id for plan in plans for group in plan.groups if group.repeating}
        asked = [item for _, item in places]
        for group, item in places:
            found = next(lay.study.item_by_id[item] for lay in newest if item in lay.study.item_by_id)
            if item not in scope.hidden:
                name = item if asked.count(item) == 1 else f"{group}.{item}"
                self.fields[group, item] = _Field(
                    found, name, found.unit not in ("", "1"), told.typed and found.type in NUMBERS
                )

    def columns(self) -> tuple[Column, ...]:
        return (*columns(WIDE, self.told), *(column for field in self.fields.values() for column in self._of(field)))

    def _of(self, field: _Field) -> Iterator[Column]:
        item = field.item
        yield Column(field.column, item.label, item=item.id, free=True)
        parts = [("number", field.number), ("unit", field.unit), ("null", True)]
        for part in (part for part, there in parts if there):
            label = self.told.text(f"part.{part}", en=item.label.en, zh=item.label.to("zh"))
            yield Column(
                f"{field.column}.{part}",
                label,
                "number" if part == "number" else "text",
                item.id,
                part,
                part != "number",
            )

    def rows(self, subject: SubjectRead, read: FormRead) -> Iterator[list[Cell]]:
        """A row for what does not repeat, and one for each row of each group that repeats."""
        lines: dict[tuple[str, int], dict[tuple[str, str], Standing]] = {}
        for value in read.values:
            line = (value.group, value.row) if value.group in self.repeating else ("", 1)
            lines.setdefault(line, {})[value.group, value.item] = value
        about = self.frame.form(subject, read)
        head = [about[name] for name in WIDE[:-2]]
        for (group, row), values in sorted(lines.items(), key=lambda pair: (pair[0][0] != "", 0)):
            yield [*head, group, row, *self._cells(values)]

    def _cells(self, values: dict[tuple[str, str], Standing]) -> Iterator[Cell]:
        for place, field in self.fields.items():
            value = values.get(place)
            yield value.value if value else None
            if field.number:
                yield number(field.item, value.value) if value else None
            if field.unit:
                yield value.unit if value else None
            yield value.null_reason if value else None


def write_wide(archive: Archive, scope: Scope, told: Told, count: Counted) -> list[WideForm]:
    """A table for each form that any version had; what they are is returned for the dictionary."""
    made = []
    for form in dict.fromkeys(form for layout in reversed(scope.layouts.values()) for form in layout.forms):
        wide = WideForm(scope, told, form)
        made.append(wide)
        with archive.table(f"wide/{form}", wide.columns()) as sheet:
            for subject in scope.read(form):
                for read in subject.forms:
                    sheet.write(wide.rows(subject, read))
                    count(len(read.values))
    return made
