"""The casebook of one subject."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.conduct import worklists
from trialwright.conduct.actions import Scope
from trialwright.conduct.rules.locks import covering
from trialwright.conduct.rules.states import SUBJECT
from trialwright.conduct.worklists import Casebook
from trialwright.conduct.worklists.casebook import FormLine
from trialwright.kernel.errors import InputError, Refused
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study
from trialwright.web.conduct import steps
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.conduct.steps import Tried
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
    """Read it, or (POST) do a step of it."""
    if desk.request.method == "POST":
        return _do(desk, subject)
    return _show(desk, subject, Tried())


def _show(desk: Desk, subject: str, refusal: Tried) -> HttpResponse:
    t = words(desk.request)
    book = worklists.casebook(desk.id, subject, desk.by, today=desk.today)
    desk.note("casebook", site=book.site, subject=book.subject)
    site = Step(t("conduct.site", id=book.site), f"{reverse('subjects', args=[desk.id])}?site={book.site}")
    held = worklists.locks(desk.id, desk.by, subject=subject)
    response = desk.page(
        "conduct/casebook.html",
        "subjects",
        title=book.subject,
        place=desk.place(site, Step(book.subject)),
        book=book,
        strip=strip(book, t.lang),
        hidden_facts=_dates(desk.study),
        may={step: desk.may(action, book.site) for step, action in _MAY.items()},
        can_begin=bool(book.consented),
        refusal=refusal,
        reasons=steps.reasons(desk, book),
        why_ended=steps.reason_in_words(desk, book.end_reason),
        ends=any(SUBJECT.allowed(book.state, step) for step in ("end", "complete")),
        beyond=_beyond(book),
        doses={dose.dose: dose for dose in book.doses},
        end_forms=_end_forms(desk.study, book),
        held=lambda visit="", form="": covering(held, Scope(book.site, book.subject, visit, form)),
    )
    response.status_code = 422 if refusal.sentence else 200
    return response


_MAY = {
    "start": "start_visit", "miss": "miss_visit", "add": "start_visit", "decide": "decide_eligibility",
    "enrol": "enrol", "plan": "plan_dose", "end": "end_participation", "sign": "sign", "close": "freeze",
}  # fmt: skip


def _do(desk: Desk, subject: str) -> HttpResponse:
    """One step; a refusal shows the casebook again with what was typed."""
    tried = steps.sent(desk.request.POST.dict())
    try:
        sentence, anchor = steps.do(desk, subject, tried)
    except (Refused, InputError) as refusal:
        return _show(desk, subject, replace(tried, sentence=str(refusal)))
    messages.success(desk.request, sentence)
    return redirect(f"{reverse('casebook', args=[desk.id, subject])}{f'#{anchor}' if anchor else ''}")


def _dates(study: Study) -> frozenset[str]:
    """Items that the head says in another way already: dates of birth and consent."""
    return frozenset(item.id for item in study.items if item.type in ("date", "event", "datetime"))


def _end_forms(study: Study, book: Casebook) -> list[FormLine]:
    """The running forms that ask why participation ended."""
    asked = {item.id for item in study.items if item.sdtm and item.sdtm.variable == "DSDECOD"}
    asking = {form.id for form in study.forms if any(f.item in asked for group in form.groups for f in group.fields)}
    return [line for line in book.logs if line.form in asking]


def _beyond(book: Casebook) -> list[tuple[str, Text]]:
    """Visits beyond the plan to be added; one that is proposed already stands among the others."""
    proposed = {visit.visit for visit in book.visits if visit.state}
    return [(visit, label) for visit, label in book.beyond if visit not in proposed]


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
