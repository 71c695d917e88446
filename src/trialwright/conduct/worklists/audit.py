"""The audit trail: filtered and paged on the server, and the history of one field."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.chain import read_content
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import BLINDED, Veil, hidden_of, veiled
from trialwright.conduct.worklists.seen import sites_seen

_NOTHING = (None, "")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty parts do not filter."""

    subject: str = ""
    visit: str = ""
    form: str = ""
    item: str = ""
    who: str = ""
    action: str = ""
    site: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    sequence: int = 0
    """One event."""


@dataclass(frozen=True, slots=True)
class Change:
    """One column of one row: `what` names the row (`value vitals week1 body 1 weight`). None: there was or is none."""

    table: str
    what: str
    column: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class AuditLine:
    sequence: int
    at: dt.datetime
    local: str
    zone: str
    who: str
    role: str
    action: str
    site: str
    subject: str
    visit: str
    form: str
    reason: str
    version: str
    hash: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    lines: tuple[AuditLine, ...]
    total: int
    page: int
    pages: int


def audit_trail(
    study_id: str, by: Person, wanted: AuditFilter | None = None, *, page: int = 1, size: int = 50
) -> AuditPage:
    """Newest first. Raises Refused for somebody who may not read the trail."""
    wanted = wanted or AuditFilter()
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by, "read_audit")
    hidden = hidden_of(trial, by)
    everywhere = by.role_for("read_audit") is not None  # then an index alone counts them
    found = _filtered(trial.events.filter(Q() if everywhere else Q(site="") | Q(site__in=seen)), wanted)
    if hidden and wanted.item:
        found = found.filter(_about(wanted.item))
    total = found.count()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    events = list(found.order_by("-sequence")[(page - 1) * size : page * size])
    veil = Veil.over(trial, hidden, {event.subject for event in events})
    return AuditPage(tuple(_line(event, wanted.item, veil) for event in events), total, page, pages)


def _filtered(events: QuerySet[db.Event], wanted: AuditFilter) -> QuerySet[db.Event]:
    names = ("subject", "visit", "form", "who", "action", "site", "sequence")
    equal = {name: getattr(wanted, name) for name in names if getattr(wanted, name)}
    events = events.filter(**equal)
    if wanted.item:
        events = events.filter(content__contains=json.dumps(wanted.item))
    if wanted.since:
        events = events.filter(at__gte=wanted.since)
    return events.filter(at__lt=wanted.until) if wanted.until else events


def _about(item: str) -> Q:
    """Events that name the item as one: at the end of a key, or as what a query asks about. Nobody is to guess a value
    that is blinded by looking for it.
    """
    name = json.dumps(item)
    return Q(content__contains=f"{name}]") | Q(content__contains=f'"item":{name}')


def _line(event: db.Event, item: str, veil: Veil) -> AuditLine:
    rows, reason = veil.event(read_content(event.content)["rows"], event.reason)
    changes = tuple(c for c in _changes(rows) if not item or c.what.endswith(f" {item}"))
    return AuditLine(
        event.sequence, event.at, event.local, event.zone, event.who, event.role, event.action, event.site,
        event.subject, event.visit, event.form, reason, event.version, event.hash, changes,
    )  # fmt: skip


def _changes(tables: Mapping[str, Sequence[Sequence[Any]]]) -> Iterator[Change]:
    for table, rows in tables.items():
        for key, old, new, *_ in rows:
            what = " ".join([table, *(str(part) for part in key[2:] if part != "")])
            before, after = old or {}, new or {}
            for column in {**after, **before}:
                was, becomes = before.get(column), after.get(column)
                if was not in _NOTHING or becomes not in _NOTHING:
                    yield Change(table, what, column, was, becomes)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One step in the life of a field; `old` and `new` hold what changed ({} before the first and after a removal)."""

    sequence: int
    local: str
    zone: str
    who: str
    role: str
    reason: str
    old: dict[str, Any]
    new: dict[str, Any]


def field_history(
    study_id: str, by: Person, subject: str, form: str, place: Place, visit: str = ""
) -> list[HistoryLine]:
    """Everything that ever happened to one field, oldest first. Raises Refused."""
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by, "read_audit")
    of_form = trial.events.filter(subject=subject, visit=visit, form=form, site__in=seen)
    events = of_form.filter(action__in=("save_form", "redact_value", "migrate_form"))
    kept = place[2] in hidden_of(trial, by).items
    return [
        _step(event, old, new, kept)
        for event in events.order_by("sequence")
        for at, old, new in value_changes(event.content)
        if at == place
    ]


def _step(event: db.Event, old: dict[str, Any] | None, new: dict[str, Any] | None, kept: bool) -> HistoryLine:
    before, after = (veiled(side) if kept else side or {} for side in (old, new))
    reason = BLINDED if kept and event.reason else event.reason
    return HistoryLine(event.sequence, event.local, event.zone, event.who, event.role, reason, before, after)


def value_changes(content: str) -> Iterator[tuple[Place, dict[str, Any] | None, dict[str, Any] | None]]:
    """(place, old, new) of every field that an event changed."""
    for key, old, new, *_ in read_content(content)["rows"].get("value", ()):
        yield (key[-3], key[-2], key[-1]), old, new
