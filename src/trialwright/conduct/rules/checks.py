"""Edit checks and derived items of one form: pure functions from captured values to findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trialwright.conduct.rules import facts, values
from trialwright.conduct.rules.capture import FormMap, missing, spoken_items
from trialwright.conduct.rules.facts import Captured, Days
from trialwright.conduct.rules.values import Entry, Place
from trialwright.evidence.patient import Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError
from trialwright.kernel.truth import Truth
from trialwright.logic import evaluate
from trialwright.study.definition import Study
from trialwright.study.forms import Form
from trialwright.study.items import Item

RANGE, FUTURE, HIDDEN, IMPOSSIBLE = "range", "future", "hidden", "impossible"
"""Checks that every field has: an unusual number, a day that has not come, an answer to a question not asked, an answer
that was taken under another version of the definition and would not be taken now."""

CheckKey = tuple[str, Place]
LIVE = ("open", "answered")
"""States of a query that waits for somebody."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A form being saved: where it stands, and what the subject's other forms say of items that it needs."""

    study: Study
    fields: FormMap
    days: Days
    visit: str = ""
    day: dt.date | None = None
    elsewhere: tuple[Captured, ...] = ()

    def patient(
        self, entries: Mapping[Place, Entry], signed: Mapping[Place, str], row: tuple[str, int] | None = None
    ) -> Patient:
        """The subject as this form's logic sees it: its own answers first; of the group of `row` only that row."""
        here = [
            self._captured(entry, signed.get(place, ""))
            for place, entry in entries.items()
            if (row is None or place[0] != row[0] or place[1] == row[1]) and self._matters(entry)
        ]
        own = set(self.fields.items)
        return facts.patient(self.study, self.days, [*here, *(c for c in self.elsewhere if c.item not in own)])

    def _matters(self, entry: Entry) -> bool:
        """Whether the form's logic speaks of the item, or the item says something of the others in its row."""
        place = (self.fields.form.id, entry.group, entry.item)
        return entry.item in self.fields.spoken or place in self.study.row_companions

    def _captured(self, entry: Entry, signed_by: str) -> Captured:
        return Captured(
            self.fields.form.id, entry.group, entry.row, entry.item, entry.value, self.visit, entry.unit,
            entry.low, entry.high, entry.null_reason, entry.when, signed_by, self.day,
        )  # fmt: skip


def dependents(study: Study) -> dict[str, frozenset[str]]:
    """item -> other forms that speak of it: they are looked at again when it changes."""
    found: dict[str, set[str]] = {}
    for form in study.forms:
        for item in spoken_items(study, form) - set(form.item_ids()):
            found.setdefault(item, set()).add(form.id)
    return {item: frozenset(forms) for item, forms in found.items()}


def known_by(visit: str, day: dt.date | None, captured: Iterable[Captured]) -> tuple[Captured, ...]:
    """What a visit on `day` can know: a later weight does not change an earlier dose, and of two weights of one day
    its own counts. A log (no day) knows all.
    """
    fields = [field for field in captured if day is None or field.day is None or field.day <= day]
    own = {field.item for field in fields if visit and field.visit == visit and field.value}
    return tuple(f for f in fields if f.visit == visit or f.item not in own or f.day != day)


def derive(scene: Scene, entries: Mapping[Place, Entry], signed: Mapping[Place, str]) -> dict[Place, Entry]:
    """The form's entries with its derived items computed; a derived item that cannot be computed is absent."""
    typed = {place: entry for place, entry in entries.items() if scene.fields.items[entry.item].derive is None}
    after = dict(typed)
    seen: dict[tuple[str, int], Patient] = {}
    for group, field in scene.fields.form.fields():
        item = scene.fields.items[field.item]
        if item.derive is None:
            continue
        for row in _rows(scene, typed, group.id):
            where = (group.id, row)
            if where not in seen:
                seen[where] = scene.patient(typed, signed, where)
            text = _computed(scene, item.id, seen[where])
            if text:
                after[*where, item.id] = Entry(item.id, text, item.unit, *where)
    return after


def _rows(scene: Scene, entries: Iterable[Place], group: str) -> list[int]:
    return sorted({row for name, row, _ in entries if name == group}) if scene.fields.groups[group].repeating else [1]


def _computed(scene: Scene, item_id: str, patient: Patient) -> str:
    item = scene.fields.items[item_id]
    assert item.derive is not None
    value = evaluate(scene.study.compile(item.derive), patient, unit=item.unit)
    if isinstance(value, Truth):
        return "" if value is Truth.UNKNOWN else value.value
    if isinstance(value, (bool, int, float, str, PartialDate)):
        return values.value_text(value, item.decimals)
    return ""


def hidden(scene: Scene, patient: Patient) -> frozenset[str]:
    """Items whose condition to be asked is false."""
    asked = [(field.item, field.show_when) for _, field in scene.fields.form.fields() if field.show_when]
    return frozenset(item for item, when in asked if _truth(scene.study, when, patient) is Truth.FALSE)


def findings(
    scene: Scene, entries: Mapping[Place, Entry], signed: Mapping[Place, str], whole: Patient, today: dt.date
) -> dict[CheckKey, str]:
    """Everything that deserves a query: (check, field) -> its text. `whole`: the patient with all of the form."""
    found = _field_findings(scene, entries, today)
    for item in sorted(hidden(scene, whole)):
        for place in (p for p in entries if p[2] == item):
            found[HIDDEN, place] = f"{scene.fields.items[item].label} is answered, but it is not asked here."
    for check in scene.fields.form.checks:
        group = scene.fields.group_of[check.item]
        repeating = scene.fields.groups[group].repeating
        for row in _rows(scene, entries, group):
            patient = scene.patient(entries, signed, (group, row)) if repeating else whole
            if _truth(scene.study, check.logic, patient) is Truth.FALSE:
                found[check.id, (group, row, check.item)] = check.message.en
    return found


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a form says of itself: its entries with the computed ones, required fields that are empty, findings."""

    after: Mapping[Place, Entry]
    missing: tuple[str, ...]
    found: Mapping[CheckKey, str]


def recheck(scene: Scene, entries: Mapping[Place, Entry], signed: Mapping[Place, str], today: dt.date) -> Recheck:
    """Look at what a form holds as though all of it had been saved just now."""
    after = derive(scene, entries, signed)
    whole = scene.patient(after, signed)
    lacking = missing(scene.fields, after, hidden(scene, whole))
    return Recheck(after, tuple(lacking), findings(scene, after, signed, whole, today))


@dataclass(frozen=True, slots=True)
class Settled:
    """What findings mean for the queries that checks have raised: each by its key, in the order of the findings."""

    passes: tuple[CheckKey, ...]
    stays: tuple[CheckKey, ...]
    raises: tuple[CheckKey, ...]
    reopens: tuple[CheckKey, ...]


def settle(
    known: Mapping[CheckKey, str], found: Mapping[CheckKey, str], touched: Callable[[CheckKey], bool]
) -> Settled:
    """`known`: the state of each query. One that somebody has looked at and closed is asked again only when what it
    hangs on has changed; for one that was cancelled a new one is raised then.
    """
    keys = sorted(found)
    return Settled(
        tuple(key for key, state in known.items() if state in LIVE and key not in found),
        tuple(key for key in keys if known.get(key) in LIVE),
        tuple(key for key in keys if key not in known or (known[key] == "cancelled" and touched(key))),
        tuple(key for key in keys if known.get(key) == "closed" and touched(key)),
    )


def _field_findings(scene: Scene, entries: Mapping[Place, Entry], today: dt.date) -> dict[CheckKey, str]:
    found: dict[CheckKey, str] = {}
    for place, entry in entries.items():
        item = scene.fields.items[entry.item]
        if wrong := impossible(item, entry):
            found[IMPOSSIBLE, place] = f"{item.label}: {wrong}"
            continue
        if message := values.soft_message(item, entry.value, entry.unit):
            found[RANGE, place] = message
        if values.future(item, entry.value, today):
            found[FUTURE, place] = f"{item.label} {entry.value} lies in the future. Please correct."
    return found


def impossible(item: Item, entry: Entry) -> str:
    """Why the item would not take a kept value now; "" where it would."""
    if not entry.value or item.derive is not None:
        return ""
    try:
        values.parse(item, entry.value)
        values.check_unit(item, entry.unit)
        values.check_hard(item, entry.value, entry.unit)
    except InputError as error:
        return str(error)
    return ""


def _truth(study: Study, expression: str | None, patient: Patient) -> Truth:
    value = evaluate(study.compile(expression), patient) if expression else Truth.UNKNOWN
    return value if isinstance(value, Truth) else Truth.UNKNOWN


def broken_rules(study: Study, patient: Patient) -> list[str]:
    """Ids of the dose rules that hold against dosing this patient now."""
    return [rule.id for rule in study.dosing.rules if _truth(study, rule.logic, patient) is Truth.TRUE]


def items_of_check(study: Study, form: Form, check_id: str) -> frozenset[str]:
    """Items that an edit check speaks of; empty for the checks of a single field."""
    return next((facts.items_in(study, check.logic) for check in form.checks if check.id == check_id), frozenset())
