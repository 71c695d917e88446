"""Queries with their threads and their age: filtered, sorted and paged in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import BLINDED, Blinded, hidden_of
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.errors import UnknownName

LIVE = ("open", "answered")
WAITS_FOR: Mapping[str, str] = {"open": "site", "answered": "monitor"}
"""state of a live query -> whose turn it is."""
SORTS: Mapping[str, tuple[str, ...]] = {
    "opened": ("opened", "subject__subject", "number"),
    "waiting": ("since", "subject__subject", "number"),
    "subject": ("subject__subject", "number"),
    "form": ("form", "visit", "subject__subject", "number"),
    "item": ("item", "subject__subject", "number"),
    "state": ("state", "opened", "subject__subject", "number"),
}
AGES = (7, 14, 30)
"""Days at which one bucket of ages ends and the next one begins."""


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """Empty parts do not filter. `state` may also be "live": open or answered; `waits_for`: site or monitor (of live
    ones); `raised`: check or person; `over_days`: opened more than so many days ago.
    """

    state: str = ""
    site: str = ""
    subject: str = ""
    visit: str | None = None
    form: str = ""
    item: str = ""
    raised: str = ""
    waits_for: str = ""
    over_days: int | None = None


@dataclass(frozen=True, slots=True)
class MessageLine:
    at: dt.datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class QueryLine:
    """`number` counts within the subject; `check_id` "" for a query that a person asked (`opened_by`).

    `days`: whole days that it has been (or was) open; `waiting`: whole days since its last message, while somebody is
    waited for (`waits_for`: site, monitor, or "").
    """

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
    opened_by: str = ""
    days: int = 0
    waiting: int = 0
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class QueryPage:
    lines: tuple[QueryLine, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class AgeBucket:
    """Live queries opened `first` to `last` days ago (None: and more), by whom they wait for."""

    first: int
    last: int | None
    site: int
    monitor: int


def queries(
    study_id: str, by: Person, wanted: QueryFilter | None = None, *, page: int = 1, size: int = 50,
    sort: str = "opened", descending: bool = False, now: dt.datetime | None = None,
) -> QueryPage:  # fmt: skip
    """Oldest first unless sorted otherwise (`SORTS`): the longest open come at the top. Raises Refused, UnknownName.

    `now`: from when days are counted; in a virtual trial that is its last event, if not given.
    """
    wanted = wanted or QueryFilter()
    trial = studies.trial(study_id)
    moment = now or moment_of(trial)
    found = _filtered(asked(trial, by), wanted, moment)
    total = found.count()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    if sort not in SORTS:
        raise UnknownName("order of queries", sort, SORTS)
    if sort == "waiting":
        found = found.annotate(since=Coalesce(Max("messages__at"), "opened"))
    order = [f"-{name}" for name in SORTS[sort]] if descending else SORTS[sort]
    ordered = found.select_related("subject").prefetch_related("messages").order_by(*order)
    hidden = hidden_of(trial, by)
    lines = tuple(_line(q, moment, hidden) for q in ordered[(page - 1) * size : page * size])
    return QueryPage(lines, total, page, pages)


def query_ages(study_id: str, by: Person, *, now: dt.datetime | None = None) -> tuple[AgeBucket, ...]:
    """How many live queries of which age there are at the sites seen. Raises Refused."""
    trial = studies.trial(study_id)
    return ages_of(asked(trial, by), now or moment_of(trial))


def ages_of(found: QuerySet[db.Query], now: dt.datetime) -> tuple[AgeBucket, ...]:
    """The buckets of these queries, counted in one statement."""
    edges = [0, *(days + 1 for days in AGES), None]
    spans = list(pairwise(edges))
    counts: dict[str, Count] = {}
    for n, (first, beyond) in enumerate(spans):
        age = Q(opened__lte=now - dt.timedelta(days=first or 0)) if first else Q()
        age &= Q(opened__gt=now - dt.timedelta(days=beyond)) if beyond else Q()
        counts |= {f"{state}{n}": Count("id", filter=age & Q(state=state)) for state in LIVE}
    row = found.filter(state__in=LIVE).aggregate(**counts)
    return tuple(
        AgeBucket(first or 0, beyond - 1 if beyond else None, row[f"open{n}"], row[f"answered{n}"])
        for n, (first, beyond) in enumerate(spans)
    )


def moment_of(trial: db.Trial) -> dt.datetime:
    """Now, by the study's calendar: a virtual trial's is its own, and stands at its last event."""
    return trial.latest if trial.virtual and trial.latest else dt.datetime.now(dt.UTC)


def asked(trial: db.Trial, by: Person) -> QuerySet[db.Query]:
    """All queries at the sites that the person sees. Raises Refused."""
    seen = sites_seen(studies.of_trial(trial), by)
    return db.Query.objects.filter(subject__trial=trial, subject__site__in=seen)


def _filtered(found: QuerySet[db.Query], wanted: QueryFilter, now: dt.datetime) -> QuerySet[db.Query]:
    columns = {"site": "subject__site", "subject": "subject__subject", "form": "form", "item": "item"}
    found = found.filter(**{column: value for name, column in columns.items() if (value := getattr(wanted, name))})
    if wanted.state:
        found = found.filter(state__in=LIVE if wanted.state == "live" else (wanted.state,))
    if wanted.waits_for:
        found = found.filter(state__in=[state for state, whom in WAITS_FOR.items() if whom == wanted.waits_for])
    if wanted.raised:
        found = found.filter(check_id="") if wanted.raised == "person" else found.exclude(check_id="")
    if wanted.over_days is not None:
        found = found.filter(opened__lt=now - dt.timedelta(days=wanted.over_days))
    return found.filter(visit=wanted.visit) if wanted.visit is not None else found


def _line(query: db.Query, now: dt.datetime, hidden: Blinded) -> QueryLine:
    kept = hidden.query(query.form, query.check_id, query.item)
    messages = sorted(query.messages.all(), key=lambda message: message.number)
    thread = tuple(MessageLine(m.at, m.who, BLINDED if kept else m.text) for m in messages)
    last = thread[-1].at if thread else query.opened
    waits_for = WAITS_FOR.get(query.state, "")
    return QueryLine(
        query.subject.subject, query.number, query.subject.site, query.visit, query.form, query.group, query.row,
        query.item, query.check_id, query.state, BLINDED if kept else query.text, query.opened, query.closed, thread,
        query.opened_by, _days(query.opened, query.closed or now), _days(last, now) if waits_for else 0, waits_for,
    )  # fmt: skip


def _days(first: dt.datetime, last: dt.datetime) -> int:
    return max(0, (last - first).days)
