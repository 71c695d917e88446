"""What the history of a study tells of one subject's values: who changed what, when, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from trialwright.conduct.export.reading import Place, Scope
from trialwright.conduct.worklists.masks import BLINDED

Where = tuple[str, str, str, int, str]
"""(visit, form, group, row, item)."""
_COLUMNS = ("sequence", "local", "who", "role", "action", "site", "reason", "content")


@dataclass(frozen=True, slots=True)
class Deed:
    """One event. `local`: ISO time at the site."""

    sequence: int
    local: str
    who: str
    role: str
    action: str
    site: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What an event changed of a value; `old` or `new` None: it was not there. Both hold what differs."""

    deed: Deed
    where: Where
    old: dict[str, Any] | None
    new: dict[str, Any] | None


def deeds_on(scope: Scope, subject: str) -> Iterator[tuple[Deed, list[list[Any]]]]:
    """Every event that changed values of the subject, oldest first, with [natural key, old, new, ...] of each; blinded
    ones are left out, and a reason that may tell of them is kept back."""
    for deed, rows, _ in deeds_and_versions(scope, subject):
        if rows is not None:
            yield deed, rows


def deeds_and_versions(
    scope: Scope, subject: str
) -> Iterator[tuple[Deed, list[list[Any]] | None, dict[tuple[str, str], str]]]:
    """As `deeds_on`, with the forms (visit, form) that the event took to a version of the definition; an event that did
    only this as well, with None for its values.
    """
    events = scope.trial.events.filter(subject=subject).order_by("sequence")
    hidden = scope.hidden
    for sequence, local, who, role, action, site, reason, content in events.values_list(*_COLUMNS).iterator(200):
        tables = orjson.loads(content)["rows"]
        rows = tables.get("value")
        shown = [row for row in rows if row[0][-1] not in hidden] if rows and hidden else rows
        why = BLINDED if reason and rows and len(shown) < len(rows) else reason
        pins = {
            (key[2], key[3]): new["definition"]
            for key, _, new, *_ in tables.get("form", ())
            if "definition" in (new or ())
        }
        if rows or pins:
            yield Deed(sequence, local, who, role, action, site, why), shown or None, pins


def last_deeds(scope: Scope, subject: str) -> dict[tuple[str, str], dict[Place, Deed]]:
    """(visit, form) -> place on it -> the event that changed its value last."""
    found: dict[tuple[str, str], dict[Place, Deed]] = {}
    for deed, rows in deeds_on(scope, subject):
        for (_, _, visit, form, group, row, item), *_ in rows:
            places = found.get((visit, form))
            if places is None:
                places = found[visit, form] = {}
            places[group, row, item] = deed
    return found


def steps_of(scope: Scope, subject: str) -> Iterator[Step]:
    """Every change of every value, oldest first."""
    for deed, rows in deeds_on(scope, subject):
        for (_, _, *where), old, new, *_ in rows:
            yield Step(deed, (*where,), old, new)
