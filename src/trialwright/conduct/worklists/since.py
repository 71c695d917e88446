"""What a form held when somebody opened it, and what others have saved since: read back from the log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.actions import studies
from trialwright.conduct.rules import capture
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.values import Entry, Place
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.conduct.worklists.seen import subject_seen

_COLUMNS = ("value", "unit", "low", "high", "null_reason", "when")


@dataclass(frozen=True, slots=True)
class Step:
    """Who saved a field last, and when (the time at the site)."""

    who: str
    local: str
    zone: str


@dataclass(frozen=True, slots=True)
class Since:
    """`before`: what the form held at a version; `changed`: every field that was saved after it, by whom."""

    before: Mapping[Place, Entry]
    changed: Mapping[Place, Step]


def since(
    study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "", version: int
) -> Since:  # fmt: skip
    """Walks back from what is kept to the form's `version`, event by event. Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    subject = subject_seen(trial, subject_id, by)
    row = subject.forms.filter(visit=visit, form=form_id).first()
    hidden = hidden_of(trial, by).items
    values = [v for v in row.values.all() if v.item not in hidden] if row else []
    held = {(v.group, v.row, v.item): capture.entry_of(v) for v in values}
    changed: dict[Place, Step] = {}
    present = row.version if row else 0
    for event, rows in _backwards(trial, subject_id) if present > version else ():
        here = [part for part in rows.get("value", ()) if part[0][2:4] == [visit, form_id]]
        for key, old, new, *_ in here:
            place: Place = (key[4], key[5], key[6])
            if place[2] in hidden:
                continue
            changed.setdefault(place, Step(event.who, event.local, event.zone))
            _undo(held, place, old, new)
        present = _version_before(rows, visit, form_id, present)
        if present <= version:
            break
    return Since(held, changed)


def _backwards(trial: db.Trial, subject: str) -> Iterator[tuple[db.Event, dict[str, Any]]]:
    events = trial.events.filter(subject=subject).order_by("-sequence")
    return ((event, json.loads(event.content)["rows"]) for event in events.iterator(chunk_size=20))


def _undo(held: dict[Place, Entry], place: Place, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    if old is None:
        held.pop(place, None)
        return
    group, number, item = place
    now = held.get(place, Entry(item, "", group=group, row=number))
    columns = {name: getattr(now, name) for name in _COLUMNS}
    columns |= {name: value for name, value in old.items() if name in _COLUMNS}
    held[place] = Entry(item, group=group, row=number, **columns)


def _version_before(rows: Mapping[str, Any], visit: str, form: str, present: int) -> int:
    """The form's version before an event."""
    for key, old, _, *_ in rows.get("form", ()):
        if key[2:4] == [visit, form] and (old is None or "version" in old):
            return int(old["version"]) if old else 0
    return present
