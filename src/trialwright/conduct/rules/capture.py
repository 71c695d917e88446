"""What a save of a form means: which entries are accepted, what changes, what is still missing. No tables here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from trialwright.conduct.rules import facts, values
from trialwright.conduct.rules.blinding import blinded
from trialwright.conduct.rules.values import Entry, Place
from trialwright.kernel.errors import InputError, Refused, UnknownName
from trialwright.study.definition import Study
from trialwright.study.forms import Form, Group
from trialwright.study.items import Item


class FormErrors(Refused):
    """A form could not be saved: `fields` has a sentence for each field at fault. Nothing was saved."""

    def __init__(self, form: str, fields: Mapping[Place, str]) -> None:
        self.fields = dict(fields)
        listed = " ".join(f"{item}: {text}" for (_, _, item), text in list(self.fields.items())[:5])
        more = f" And {len(self.fields) - 5} more." if len(self.fields) > 5 else ""
        super().__init__(f"Form {form} was not saved. {listed}{more}")


class StaleForm(Refused):
    """Somebody else saved the form in between. `version` is the form's present one."""

    def __init__(self, form: str, version: int) -> None:
        self.version = version
        super().__init__(
            f"Form {form} was saved by somebody else while you worked on it.",
            hint="Open it again to see the difference.",
        )


class ReasonNeeded(Refused):
    """A saved value would change and no reason was given. `places` names the fields."""

    def __init__(self, form: str, places: Iterable[Place]) -> None:
        self.places = tuple(places)
        fields = ", ".join(item for _, _, item in self.places)
        super().__init__(f"Form {form}: changing a saved value needs a reason ({fields}).", hint="Say why it changes.")


@dataclass(frozen=True, slots=True)
class FormMap:
    """The fields of one form, ready to look up."""

    form: Form
    groups: Mapping[str, Group]
    group_of: Mapping[str, str]
    """item -> the first group that holds it."""
    items: Mapping[str, Item]
    spoken: frozenset[str]
    """Items that its checks, derivations and skip logic speak of, on this form and on others."""
    asked: frozenset[tuple[str, str]]
    """(group, item) of every field."""
    critical: frozenset[tuple[str, str]]
    """(group, item) of the fields that a monitor has to verify; blinded and computed ones are not among them."""

    def holds(self, place: Place) -> bool:
        """Whether the form has this field; it may have had it at another version of the definition."""
        group, row, item = place
        return (group, item) in self.asked and (row == 1 or (row > 1 and self.groups[group].repeating))


def form_map(study: Study, form_id: str) -> FormMap:
    """Raises UnknownName."""
    form = study.form_by_id.get(form_id)
    if form is None:
        raise UnknownName("form", form_id, study.form_by_id)
    group_of: dict[str, str] = {}
    for group, field in form.fields():
        group_of.setdefault(field.item, group.id)
    items = {item: study.item_by_id[item] for item in group_of}
    groups = {group.id: group for group in form.groups}
    asked = frozenset((group.id, field.item) for group, field in form.fields())
    kept = blinded(study).items
    critical = frozenset(
        (group.id, field.item)
        for group, field in form.fields()
        if field.critical and field.item not in kept and not items[field.item].derive
    )
    return FormMap(form, groups, group_of, items, spoken_items(study, form), asked, critical)


def spoken_items(study: Study, form: Form) -> frozenset[str]:
    """Items that the form's checks, derivations and skip logic speak of."""
    texts = [check.logic for check in form.checks]
    texts += [field.show_when for _, field in form.fields() if field.show_when]
    texts += [derive for item in form.item_ids() if (derive := study.item_by_id[item].derive)]
    return facts.items_in(study, *texts)


def accept(fields: FormMap, entries: Iterable[Entry]) -> dict[Place, Entry]:
    """The entries in canonical form, each at its place. Raises FormErrors naming every field at fault."""
    accepted: dict[Place, Entry] = {}
    errors: dict[Place, str] = {}
    for entry in entries:
        placed = entry if entry.group else replace(entry, group=fields.group_of.get(entry.item, ""))
        place = (placed.group, placed.row, placed.item)
        try:
            _check_place(fields, placed, place in accepted)
            accepted[place] = _canonical(fields.items[placed.item], placed)
        except InputError as error:
            errors[place] = str(error)
    if errors:
        raise FormErrors(fields.form.id, errors)
    return accepted


def _check_place(fields: FormMap, entry: Entry, seen: bool) -> None:
    group = fields.groups.get(entry.group)
    if group is None or all(field.item != entry.item for field in group.fields):
        raise InputError(f"There is no field '{entry.item}' on form {fields.form.id}.")
    if fields.items[entry.item].derive:
        raise InputError("This field is computed; it cannot be typed.")
    if entry.row < 1 or (entry.row > 1 and not group.repeating):
        raise InputError(f"There is no row {entry.row} in {entry.group}.")
    if seen:
        raise InputError("The field was sent twice.")


def _canonical(item: Item, entry: Entry) -> Entry:
    if entry.null_reason:
        values.check_null_reason(entry.null_reason)
        if entry.value.strip():
            raise InputError(
                f"Give either a value or the reason why there is none, not both ('{entry.value.strip()}')."
            )
        return replace(entry, value="", unit="", low=None, high=None, when=values.check_when(entry.when))
    if not entry.value.strip():
        return Entry(entry.item, "", group=entry.group, row=entry.row)
    unit = values.check_unit(item, entry.unit)
    text = values.canonical(item, entry.value)
    values.check_hard(item, text, unit)
    _check_limits(entry)
    when = values.check_when(entry.when)
    return Entry(entry.item, text, unit, entry.group, entry.row, entry.low, entry.high, when=when)


def _check_limits(entry: Entry) -> None:
    if not all(limit is None or math.isfinite(limit) for limit in (entry.low, entry.high)):
        raise InputError("The laboratory's limit is not a number.", hint="Write digits, as in 84.")
    if entry.low is not None and entry.high is not None and entry.low > entry.high:
        raise InputError(f"The lower limit {entry.low:g} is above the upper limit {entry.high:g}.")


class Row(Protocol):
    """A kept value: what `entry_of` needs of it."""

    group: str
    row: int
    item: str
    value: str
    unit: str
    low: float | None
    high: float | None
    null_reason: str
    when: str


def entry_of(row: Row) -> Entry:
    """A kept value in the form in which it is typed."""
    return Entry(row.item, row.value, row.unit, row.group, row.row, row.low, row.high, row.null_reason, row.when)


def is_empty(entry: Entry) -> bool:
    return not entry.value and not entry.null_reason


def merge(before: Mapping[Place, Entry], typed: Mapping[Place, Entry]) -> dict[Place, Entry]:
    """What the form holds after the save; emptied fields are gone."""
    return {place: entry for place, entry in {**before, **typed}.items() if not is_empty(entry)}


def overwritten(before: Mapping[Place, Entry], typed: Mapping[Place, Entry]) -> list[Place]:
    """Fields that held something and would hold something else: each demands a reason."""
    return [place for place, entry in typed.items() if place in before and before[place] != entry]


def demand_not_kept(form: str, hidden: frozenset[str], before: Mapping[Place, Entry], typed: Iterable[Place]) -> None:
    """For a person who does not see the items `hidden`: raises FormErrors where what they hold would be overwritten.

    Even by the same value: whether it is the same must not be found out.
    """
    kept = [place for place in typed if place in before and place[2] in hidden]
    if kept:
        sentence = "What is kept here is blinded; it cannot be overwritten by somebody who does not see it."
        raise FormErrors(form, dict.fromkeys(kept, sentence))


def missing(fields: FormMap, after: Mapping[Place, Entry], hidden: frozenset[str]) -> list[str]:
    """Required fields that are still empty (of each row that has begun, in a repeating group)."""
    lacking: list[str] = []
    for group in fields.groups.values():
        rows = {row for name, row, _ in after if name == group.id} or (set() if group.repeating else {1})
        required = [f.item for f in group.fields if f.required and f.item not in hidden]
        lacking += [item for row in sorted(rows) for item in required if (group.id, row, item) not in after]
    return lacking
