"""Captured values on their way between systems, one a line in a file beside the study folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trialwright.evidence.snapshot import Snapshot, ValueRow
from trialwright.kernel.errors import InputError

SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Value:
    """One answer. `item` "" says only that the place (visit, form, group, row) was there; what is in `kept` is of it.

    `repeat` numbers the repetitions of a visit. `keys`: the other system's own keys of visit, form and groups where
    they are not these numbers. `kept`: what that system says beyond, or other than, this (raw text, audit, signature).
    """

    subject: str
    visit: str
    form: str
    group: str
    row: int
    item: str
    value: str
    unit: str = ""
    null_reason: str = ""
    when: str = ""
    low: float | None = None
    high: float | None = None
    repeat: int = 1
    keys: tuple[str, ...] = ()
    kept: dict[str, Any] = field(default_factory=dict)


class Standing(NamedTuple):
    """A value as it stands on a form of conduct. `judged_by`: who gave the judgement that it is."""

    group: str
    row: int
    item: str
    value: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    null_reason: str = ""
    when: str = ""
    judged_by: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A subject with its site; `kept` as in `Value`."""

    subject: str
    site: str = ""
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Captured:
    """All subjects, and their values in the order of the file."""

    people: tuple[Person, ...] = ()
    values: tuple[Value, ...] = ()


def visit_and_turn(visit: str) -> tuple[str, int]:
    """The visit that an occurrence is of, and which time it is: `unscheduled.2` is ("unscheduled", 2)."""
    name, _, turn = visit.partition(".")
    return name, int(turn) if turn.isascii() and turn.isdigit() else 1


def of_snapshot(snapshot: Snapshot) -> Captured:
    """What conduct extracted."""
    people = tuple(Person(row.subject, row.site) for row in snapshot.subjects)
    return Captured(people, tuple(map(_of_row, snapshot.values)))


def _of_row(v: ValueRow) -> Value:
    visit, turn = visit_and_turn(v.visit)
    return Value(
        v.subject, visit, v.form, v.group, v.row, v.item, v.value, v.unit, v.null_reason, v.when, v.low, v.high, turn
    )


def lines(captured: Captured) -> Iterator[str]:
    """A line of JSON for each subject, then for each value; what equals its default is left out."""
    for person in captured.people:
        yield json.dumps({"kind": SUBJECT, **_plain(person)}, ensure_ascii=False)
    for value in captured.values:
        yield json.dumps(_plain(value), ensure_ascii=False)


def _plain(part: Person | Value) -> dict[str, Any]:
    found = {}
    for each in dataclasses.fields(part):
        value = getattr(part, each.name)
        if value not in ("", None, (), {}) and not (each.name == "repeat" and value == 1):
            found[each.name] = list(value) if isinstance(value, tuple) else value
    return found


def from_lines(text: Iterable[str], where: str = "data.ndjson") -> Captured:
    """What `lines` wrote. Raises InputError with the line."""
    people, values = [], []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            if said.pop("kind", "") == SUBJECT:
                people.append(Person(**said))
            else:
                empty = {"visit": "", "form": "", "group": "", "row": 1, "item": "", "value": ""}
                values.append(Value(**{**empty, **said, "keys": tuple(said.get("keys", ()))}))
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                "This line is no value.", where=f"{where}:{number}", hint="Import the data again."
            ) from None
    return Captured(tuple(people), tuple(values))
