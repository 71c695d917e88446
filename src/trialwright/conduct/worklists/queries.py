"""Queries with their threads, filtered and paged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.seen import sites_seen


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Empty parts do not filter; `state` may also be "live": open or answered."""

    state: str = ""
    site: str = ""
    subject: str = ""
    visit: str | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class MessageLine:
    at: dt.datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class QueryLine:
    """`number` counts within the subject; `check_id` "" for a query that a person asked."""

    subject: str
    number: int
    site: str
    visit: str
    form: str
    group: str
    row: int
    item: str
    check_id: str
    state: str
    text: str
    opened: dt.datetime
    closed: dt.datetime | None
    thread: tuple[MessageLine, ...]


@dataclass(frozen=True, slots=True)
class QueryPage:
    lines: tuple[QueryLine, ...]
    total: int
    page: int
    pages: int


def queries(
    study_id: str, by: Person, wanted: QueryFilter | None = None, *, page: int = 1, size: int = 50
) -> QueryPage:
    """Oldest first: the longest open come at the top. Raises Refused."""
    wanted = wanted or QueryFilter()
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by)
    found = db.Query.objects.filter(subject__trial=trial, subject__site__in=seen)
    if wanted.state:
        found = found.filter(state__in=("open", "answered") if wanted.state == "live" else (wanted.state,))
    found = found.filter(subject__site=wanted.site) if wanted.site else found
    found = found.filter(subject__subject=wanted.subject) if wanted.subject else found
    found = found.filter(form=wanted.form) if wanted.form else found
    found = found.filter(visit=wanted.visit) if wanted.visit is not None else found
    total = found.count()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    ordered = (
        found.select_related("subject").prefetch_related("messages").order_by("opened", "subject__subject", "number")
    )
    return QueryPage(tuple(_line(q) for q in ordered[(page - 1) * size : page * size]), total, page, pages)


def _line(query: db.Query) -> QueryLine:
    thread = sorted(query.messages.all(), key=lambda message: message.number)
    return QueryLine(
        query.subject.subject, query.number, query.subject.site, query.visit, query.form, query.group, query.row,
        query.item, query.check_id, query.state, query.text, query.opened, query.closed,
        tuple(MessageLine(message.at, message.who, message.text) for message in thread),
    )  # fmt: skip
