"""The study's dashboard and the matrix of subjects."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import escape
from markupsafe import Markup

from trialwright.conduct import worklists
from trialwright.conduct.rules.states import SUBJECT
from trialwright.conduct.worklists import Dashboard, FormMark
from trialwright.formats import svg
from trialwright.study.definition import Study
from trialwright.web.conduct.desk import Desk, at_desk, kept_filters
from trialwright.web.page import Step, is_fragment, page_number, pairs, words
from trialwright.web.words import Words

LOOKS = ("empty", "in_progress", "complete", "verified", "signed", "frozen", "locked", "queried")
"""How a form looks in the matrix, in the order in which it goes through these states."""
SQUARES = 6000
"""So many forms stand on a page of the matrix: as many subjects as that allows, from 20 to 100."""


@dataclass(frozen=True, slots=True)
class Recruitment:
    """The recruitment curve: its finding, the picture, and the same numbers as a table (day, planned, enrolled)."""

    finding: str
    picture: str
    rows: tuple[tuple[dt.date, float, int], ...]


@at_desk
def dashboard(desk: Desk) -> HttpResponse:
    if not desk.reads:
        return redirect("study", desk.id)
    t = words(desk.request)
    seen = worklists.dashboard(desk.id, desk.by)
    live = worklists.queries(desk.id, desk.by, worklists.QueryFilter(state="live"), size=6)
    recent = worklists.audit_trail(desk.id, desk.by, size=6).lines if desk.may_read_audit else ()
    return desk.page(
        "conduct/dashboard.html",
        "dashboard",
        title=t("conduct.dashboard"),
        place=(Step(desk.study.registration.identity.nct_id), Step(t("conduct.dashboard"))),
        seen=seen,
        flow={state: seen.flow.get(state, 0) for state in SUBJECT.table},
        screened=len(seen.screened_on),
        live=live,
        waiting=[s for s in worklists.todo(desk.id, desk.by, desk.today, limit=0).sections if s.total],
        recent=recent,
        recruitment=recruitment(desk.study, seen, t),
    )


def last_entry(study: Study) -> dt.date:
    """The last day on which a subject can be enrolled and have the last visit before the study's completion."""
    status = study.registration.status
    last = status.completion - dt.timedelta(days=study.schedule.days_on_study)
    return max(last, status.start + dt.timedelta(days=1))


def recruitment(study: Study, seen: Dashboard, t: Words) -> Recruitment:
    """Enrolment against a straight line from the study's start to the last entry that still can finish."""
    start, end = seen.start, last_entry(study)
    now = max([end if seen.newest is None else seen.newest.date(), *seen.enrolled_on]) if seen.enrolled_on else start
    first = min([start, *seen.enrolled_on])
    counted = Counter(seen.enrolled_on)
    steps, total = [(svg.day(first), 0.0)], 0
    for day in sorted(counted):
        total += counted[day]
        steps.append((svg.day(day), float(total)))
    steps.append((svg.day(max(now, first)), float(total)))
    finding = _finding(seen, t, _planned(seen, start, end, now), total)
    desc = t("dashboard.desc", first=first, last=now, enrolled=total, planned=seen.planned, end=end)
    picture = svg.plot(
        svg.Words(finding, desc),
        (svg.date_axis("", first, max(now, end)), svg.Axis(t("dashboard.subjects"), low=0, high=float(seen.planned))),
        [
            svg.Line(
                [(svg.day(start), 0.0), (svg.day(end), float(seen.planned))],
                t("dashboard.plan"),
                ink="slate",
                dash="6 4",
                width=1.5,
            ),
            svg.Line(steps, t("dashboard.actual"), step=True),
        ],
        height=300,
    )
    months = sorted({day.replace(day=1) for day in (*counted, now)})
    ends = [min(_next_month(m) - dt.timedelta(days=1), max(now, m)) for m in months]
    rows = tuple((day, _planned(seen, start, end, day), sum(d <= day for d in seen.enrolled_on)) for day in ends)
    return Recruitment(finding, picture, rows)


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _planned(seen: Dashboard, start: dt.date, end: dt.date, day: dt.date) -> float:
    share = (day - start).days / (end - start).days
    return seen.planned * min(1.0, max(0.0, share))


def _finding(seen: Dashboard, t: Words, planned: float, enrolled: int) -> str:
    if enrolled >= seen.planned:
        return t("dashboard.recruitment_full", n=seen.planned)
    if not enrolled:
        return t("dashboard.recruitment_none", planned=seen.planned)
    by = round(enrolled - planned)
    key = "even" if by == 0 else "ahead" if by > 0 else "behind"
    return t(f"dashboard.recruitment_{key}", enrolled=enrolled, planned=seen.planned, by=abs(by))


@at_desk
def subjects(desk: Desk) -> HttpResponse:
    """The matrix; its filters stand in the address: site, state, and what is open."""
    t = words(desk.request)
    get = desk.request.GET
    asked = {name: get.get(name, "") for name in ("site", "state", "open")}
    size = min(max(SQUARES // max(worklists.forms_of_a_row(desk.id), 1), 20), 100)
    matrix = worklists.subjects_matrix(
        desk.id, desk.by, site=asked["site"], state=asked["state"], open=asked["open"], today=desk.today,
        page=page_number(desk.request), size=size,
    )  # fmt: skip
    return desk.page(
        "conduct/matrix.html" if is_fragment(desk.request) else "conduct/subjects.html",
        "subjects",
        title=t("conduct.subjects"),
        place=desk.place(Step(t("conduct.subjects"))),
        matrix=matrix,
        asked=asked,
        sites=[site for site in desk.study.registration.sites if desk.by.sees(site.id)],
        states_of=tuple(SUBJECT.table),
        opens=worklists.OPEN,
        kept=kept_filters(pairs(get)),
        visits={visit: t.say(label) for visit, label in matrix.visits},
        squares=_squares(desk, t),
        words={look: t(f"form_state.{look}") for look in LOOKS},
        letters={look: t(f"form_letter.{look}") for look in LOOKS},
    )


def _squares(desk: Desk, t: Words) -> Callable[[str, str, Iterable[FormMark]], Markup]:
    """Makes the squares of a cell. There are thousands on a page: the template asks for them as finished markup."""
    names = {form.id: escape(t.say(form.label)) for form in desk.study.forms}
    looks = {look: escape(t(f"form_state.{look}")) for look in LOOKS}
    letters = {look: t(f"form_letter.{look}") for look in LOOKS}

    def made(where: str, when: str, forms: Iterable[FormMark]) -> Markup:
        when, squares = escape(when), []
        for form in forms:
            look = form.look
            told = ", ".join(looks[state] for state in _told(form))
            squares.append(
                f'<a class="cell {look}" href="{where}{form.form}/" aria-label="{when}, '
                f'{names.get(form.form, form.form)}: {told}">{letters[look]}</a>'
            )
        return Markup(f'<span class="cells">{"".join(squares)}</span>')  # noqa: S704  # every part is escaped or an id

    return made


def _told(form: FormMark) -> list[str]:
    """Everything that the square's name says: the form's own state, then what stands over it."""
    more = [*(["verified"] if form.verified else []), *([form.closed] if form.closed else [])]
    return [form.state, *more, *(["queried"] if form.queries else [])]
