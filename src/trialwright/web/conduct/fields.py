"""The fields of one form as the page shows them, and what a person typed into them as entries for the save."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from trialwright.conduct.actions import Entry
from trialwright.conduct.rules.values import NULL_REASONS, Place
from trialwright.conduct.worklists import FieldView, FormView
from trialwright.kernel import units
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT, Text
from trialwright.study.definition import Study

FEW = 4
"""Up to so many choices stand side by side; more go into a list."""

MANY = 15
"""A group of more rows shows them as text; a row's inputs come when somebody opens it."""

_NAME = re.compile(r"([vunlhwk]):([a-z0-9_]+):([1-9][0-9]{0,3}):([a-z0-9_]+)$")
_PARTS = {"v": "value", "k": "value", "u": "unit", "n": "null_reason", "l": "low", "h": "high", "w": "when"}
LETTERS = {part: letter for letter, part in _PARTS.items() if letter != "k"}
_SHAPES = {
    "quantity": "number",
    "integer": "number",
    "date": "date",
    "event": "event",
    "datetime": "datetime",
    "time": "time",
    "choices": "several",
    "file": "file",
}
Typed = dict[Place, dict[str, str]]
"""field -> part of its entry -> what was typed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one row: what it asks, what it holds or what was typed instead, and what is wrong with that."""

    view: FieldView
    typed: Mapping[str, str]
    error: str
    limits: bool
    """Whether the item has reference limits, which a laboratory may set otherwise."""
    clash: Clash | None = None
    """What somebody else saved there meanwhile; which of the two stands is chosen at the top of the page."""
    why: str | None = None
    """The reason typed for this field alone; None: none is asked for yet."""

    @property
    def id(self) -> str:
        return anchor(self.view.place)

    @property
    def name(self) -> str:
        """What follows the letter in the names of its inputs."""
        return ":".join(str(part) for part in self.view.place)

    @property
    def stored(self) -> bool:
        return bool(self.view.value or self.view.null_reason)

    @property
    def shown(self) -> bool:
        """A field that is not asked here shows only when it holds something."""
        return not self.view.hidden or self.stored or bool(self.error) or bool(self.typed.get("value"))

    @property
    def overwrites(self) -> bool:
        """Whether something else was typed than is kept."""
        return self.stored and any(self.typed[part] != _kept(self.view, part) for part in self.typed)

    def part(self, name: str) -> str:
        """What stands in one of its inputs."""
        return self.typed[name] if name in self.typed else _kept(self.view, name)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """(name of an input, what was typed) of everything typed into the field: to be sent along unseen."""
        return tuple((f"{LETTERS[part]}:{self.name}", text) for part, text in self.typed.items())

    @property
    def units(self) -> tuple[str, ...]:
        return self.view.units if len(self.view.units) > 1 else ()

    @property
    def shape(self) -> str:
        """How it is asked: output, options, list, several, number, date, event, datetime, time, file, long or text."""
        if self.view.derived:
            return "output"
        if self.view.type in ("boolean", "judgement"):
            return "options"
        if self.view.type == "choice":
            return "options" if len(self.view.choices) <= FEW else "list"
        if self.view.type == "text" and self.view.lines > 1:
            return "long"
        return _SHAPES.get(self.view.type, "text")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The codes that are ticked, of several."""
        return tuple(self.part("value").split(JOINT))

    @property
    def choices(self) -> tuple[tuple[str, Text | None], ...]:
        """(code, label) to choose from; yes and no have no label of their own."""
        if self.view.type in ("boolean", "judgement"):
            return (("true", None), ("false", None))
        return tuple((choice.code, choice.label) for choice in self.view.choices)

    @property
    def file(self) -> str:
        """The name of the file that is kept."""
        return self.view.value.rpartition(JOINT)[0] if self.view.type == "file" else ""


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    new: bool
    cells: tuple[Cell, ...]
    open: bool = True
    """Whether it stands there to be filled in; else as text."""


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields: lines one under the other, or rows of a table."""

    id: str
    label: Text | None
    repeating: bool
    rows: tuple[Row, ...]

    @property
    def pattern(self) -> Row:
        """The row from which another one is made."""
        return self.rows[-1]

    @property
    def long(self) -> bool:
        return self.repeating and len(self.rows) > MANY

    @property
    def filled(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.new)


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that two people left differently: what was typed, what is kept now, and who saved that when."""

    place: Place
    mine: str
    theirs: str
    who: str
    at: str
    chosen: str = ""
    """mine, theirs, or "" while nobody has chosen."""

    @property
    def id(self) -> str:
        return anchor(self.place)

    @property
    def name(self) -> str:
        return ":".join(str(part) for part in self.place)


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says about what was typed."""

    typed: Typed
    errors: Mapping[Place, str]
    clashes: Mapping[Place, Clash]
    reasons: Mapping[Place, str]
    opened: frozenset[tuple[str, int]] = frozenset()
    """Rows (group, number) of a long group that are to be filled in."""


def anchor(place: Place) -> str:
    return "-".join(str(part) for part in place)


def place_of(name: str) -> Place | None:
    """The field that `group:row:item` names; None where it names none."""
    match = _NAME.match(f"v:{name}")
    return (match[2], int(match[3]), match[4]) if match else None


def sections(study: Study, sheet: FormView, said: Said) -> tuple[Section, ...]:
    """The form's groups. Rows that were typed but never stored come after the stored ones."""
    typed, made = said.typed, []
    for group in sheet.groups:
        rows = {row.number: (row.new, row.fields) for row in group.rows}
        pattern = group.rows[-1].fields
        for number in sorted({n for name, n, _ in typed if name == group.group and group.repeating}):
            fresh = tuple(replace(field, row=number) for field in pattern)
            rows[number] = (False, rows[number][1] if number in rows else fresh)
        if group.repeating and all(not new for new, _ in rows.values()):
            last = max(rows) + 1
            rows[last] = (True, tuple(replace(field, row=last) for field in pattern))
        busy = {place[:2] for place in (*typed, *said.errors)} | said.opened
        long = group.repeating and len(rows) > MANY
        shown = tuple(
            Row(n, rows[n][0], tuple(_cell(study, f, said) for f in rows[n][1]), not long or (group.group, n) in busy)
            for n in sorted(rows)
        )
        made.append(Section(group.group, group.label, group.repeating, shown))
    return tuple(made)


def _cell(study: Study, view: FieldView, said: Said) -> Cell:
    item, place = study.item_by_id.get(view.item), view.place
    limits = item is not None and item.normal is not None
    return Cell(
        view, said.typed.get(place, {}), said.errors.get(place, ""), limits, said.clashes.get(place),
        said.reasons.get(place),
    )  # fmt: skip


def _kept(view: FieldView, part: str) -> str:
    held = getattr(view, part)
    return f"{held:g}" if isinstance(held, float) else str(held or "")


def read(sent: Iterable[tuple[str, str]]) -> Typed:
    """What a person sent, by field. Names that are none of a form's fields are passed over; ticked boxes come one by
    one under the same name and are joined.
    """
    found: Typed = {}
    for name, value in sent:
        match = _NAME.match(name)
        if match:
            letter, group, row, item = match.groups()
            parts = found.setdefault((group, int(row), item), {})
            before = parts.get("value", "") if letter == "k" else ""
            parts[_PARTS[letter]] = JOINT.join(part for part in (before, value) if part)
    return found


def stored(sheet: FormView) -> dict[Place, Entry]:
    """The form as it is kept, with an empty entry for each empty field; derived fields are nobody's to send."""
    fields = [f for group in sheet.groups for row in group.rows for f in row.fields if not f.derived]
    return {
        f.place: Entry(f.item, f.value, f.unit, f.group, f.row, f.low, f.high, f.null_reason, f.when) for f in fields
    }


def changes(typed: Typed, before: Mapping[Place, Entry]) -> tuple[list[Entry], dict[Place, str]]:
    """The entries that differ from what is kept, and a sentence for each one that cannot be read at all."""
    entries: list[Entry] = []
    errors: dict[Place, str] = {}
    for place, parts in typed.items():
        held = before.get(place) or Entry(place[2], "", group=place[0], row=place[1])
        try:
            entry = _entry(held, parts)
        except InputError as error:
            errors[place] = str(error)
            continue
        if not same(held, entry):
            entries.append(entry)
    return entries, errors


def _entry(held: Entry, parts: Mapping[str, str]) -> Entry:
    limits = {name: _limit(parts[name]) for name in ("low", "high") if name in parts}
    words = {name: parts[name].strip() for name in ("value", "unit", "null_reason", "when") if name in parts}
    return replace(held, **limits, **words)  # type: ignore[arg-type]  # the names are those of Entry


def _limit(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise InputError(f"The laboratory's limit '{text}' is not a number.", hint="Write digits, as in 84.") from None


def same(held: Entry, entry: Entry) -> bool:
    """Whether nothing was changed; a unit or a limit beside an empty field says nothing yet."""
    if not entry.value or not held.value:
        return (held.value, held.null_reason) == (entry.value, entry.null_reason)
    return held == entry


def draft_of(typed: Typed, before: Mapping[Place, Entry]) -> dict[str, str]:
    """Name of an input -> what stands in it, for the fields that differ from what is kept."""
    nothing = Entry("", "")
    differing = [place for place, parts in typed.items() if _differs(before.get(place, nothing), parts)]
    return {f"{LETTERS[part]}:{':'.join(map(str, p))}": text for p in differing for part, text in typed[p].items()}


def _differs(held: Entry, parts: Mapping[str, str]) -> bool:
    """Also true of what cannot be read at all."""
    try:
        return not same(held, _entry(held, parts))
    except InputError:
        return True


def merge(
    typed: Typed, before: Mapping[Place, Entry], now: Mapping[Place, Entry], theirs: Collection[Place]
) -> tuple[Typed, list[Place]]:
    """What was typed on top of `before`, brought onto what is kept `now`; and the fields that both have changed
    (`theirs`: those that others have), each its own way.
    """
    nothing = Entry("", "")
    mine = {place: parts for place, parts in typed.items() if _differs(before.get(place, nothing), parts)}
    both = [place for place in mine if place in theirs and _differs(now.get(place, nothing), mine[place])]
    return mine, both


def as_typed(held: Entry, parts: Mapping[str, str]) -> str:
    """What was typed into a field that holds `held`, in short."""
    try:
        return shown(_entry(held, parts))
    except InputError:
        return parts.get("value", "")


def shown(entry: Entry) -> str:
    """An entry in short: 133 μmol/L, "not done", or a dash."""
    if entry.null_reason:
        return NULL_REASONS.get(entry.null_reason, entry.null_reason)
    unit = units.show(entry.unit) if entry.unit not in ("", "1") else ""
    return f"{entry.value} {unit}".strip() if entry.value else "–"
