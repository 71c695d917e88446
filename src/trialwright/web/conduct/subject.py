"""The casebook of one subject."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse

from trialwright.conduct import worklists
from trialwright.conduct.worklists import Casebook
from trialwright.study.definition import Study
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words


@dataclass(frozen=True, slots=True)
class Mark:
    """A visit on the timeline strip: `at` is its place from 0 to 100."""

    visit: str
    label: str
    state: str
    day: dt.date
    at: float
    dose: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """An adverse event on the strip, from `start` to `end` (0 to 100)."""

    term: str
    grade: str
    start: float
    end: float
    row: int


@dataclass(frozen=True, slots=True)
class Strip:
    first: dt.date
    last: dt.date
    marks: tuple[Mark, ...]
    stretches: tuple[Stretch, ...]


@at_desk
def casebook(desk: Desk, subject: str) -> HttpResponse:
    t = words(desk.request)
    book = worklists.casebook(desk.id, subject, desk.by, today=desk.today)
    desk.note("casebook", site=book.site, subject=book.subject)
    site = Step(t("conduct.site", id=book.site), f"{reverse('subjects', args=[desk.id])}?site={book.site}")
    return desk.page(
        "conduct/casebook.html",
        "subjects",
        title=book.subject,
        place=desk.place(site, Step(book.subject)),
        book=book,
        strip=strip(book, t.lang),
        hidden_facts=_dates(desk.study),
    )


def _dates(study: Study) -> frozenset[str]:
    """Items that the head says in another way already: dates of birth and consent."""
    return frozenset(item.id for item in study.items if item.type in ("date", "event", "datetime"))


def strip(book: Casebook, lang: str) -> Strip | None:
    """The subject's time from screening to the last visit, with visits, doses and events on it."""
    dated = [(v, v.actual or v.planned) for v in book.visits]
    days = [day for visit, day in dated if day and visit.state]
    if not days:
        return None
    first, last = min([book.screened, *days]), max([book.screened, *days])
    whole = max(1, (last - first).days)

    def at(day: dt.date) -> float:
        return round(100 * min(max((day - first).days, 0), whole) / whole, 2)

    marks = tuple(Mark(v.visit, v.label.to(lang), v.state, day, at(day), v.dose) for v, day in dated if day and v.state)
    stretches = []
    for event in book.events:
        start, end = _day(event.start), _day(event.end)
        if start:
            stretches.append(Stretch(event.term, event.grade, at(start), at(end or book.ended or last), event.row))
    return Strip(first, last, marks, tuple(stretches))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None
