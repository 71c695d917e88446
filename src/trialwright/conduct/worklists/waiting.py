"""One list of what waits for a person, and how it is read: its first lines, and how many there are in all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import Blinded


@dataclass(frozen=True, slots=True)
class Line:
    """Where something waits; empty parts do not apply. `count`: of what the list is about (values to verify, forms not
    begun, number of the query); `days`: for how long it has waited, or is overdue; `text`: a query's question.
    """

    site: str = ""
    subject: str = ""
    visit: str = ""
    form: str = ""
    group: str = ""
    row: int = 0
    item: str = ""
    count: int = 0
    days: int | None = None
    day: dt.date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """`lines` are the first ones of `total`."""

    kind: str
    total: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a list is made for: the person, the sites, the day."""

    trial: db.Trial
    by: Person
    sites: tuple[str, ...]
    today: dt.date
    limit: int
    hidden: Blinded
    zone: str = "UTC"
    """Where days begin."""

    def section(
        self, kind: str, found: QuerySet[Any, Any], columns: Sequence[str], make: Callable[..., Line]
    ) -> Section:
        """One statement, and another one to count when there are more lines than are shown."""
        rows = list(found.values_list(*columns)[: self.limit + 1])
        total = len(rows) if len(rows) <= self.limit else found.count()
        return Section(kind, total, tuple(make(*row) for row in rows[: self.limit]))

    def forms(self) -> QuerySet[db.Form]:
        return db.Form.objects.filter(subject__trial=self.trial, subject__site__in=self.sites)

    def subjects(self) -> QuerySet[db.Subject]:
        return db.Subject.objects.filter(trial=self.trial, site__in=self.sites)

    def queries(self) -> QuerySet[db.Query]:
        return db.Query.objects.filter(subject__trial=self.trial, subject__site__in=self.sites)

    def since(self, moment: dt.datetime) -> int:
        """Whole days from a moment to today."""
        return max(0, (self.today - self.day(moment)).days)

    def day(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(ZoneInfo(self.zone)).date()


FORM = ("subject__site", "subject__subject", "visit", "form")
"""Columns that name a form."""
LIVE = ("open", "answered")
