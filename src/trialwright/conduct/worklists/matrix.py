"""Subjects by visits: what is done, due, overdue, missed, and where queries are open."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import QuerySet

from trialwright.conduct.actions import studies
from trialwright.conduct.rules import windows
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.texts import Text
from trialwright.study import schedule


@dataclass(frozen=True, slots=True)
class FormMark:
    form: str
    state: str
    """empty, in_progress, complete."""
    queries: int


@dataclass(frozen=True, slots=True)
class Cell:
    """`state`: "" (not to come), planned, due, overdue, done, missed; `timing` of a visit that took place."""

    visit: str
    state: str
    planned: dt.date | None
    actual: dt.date | None
    timing: str
    forms: tuple[FormMark, ...]

    @property
    def queries(self) -> int:
        return sum(form.queries for form in self.forms)

    @property
    def whole(self) -> bool:
        """Whether every form is complete."""
        return all(form.state == "complete" for form in self.forms)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    subject: str
    site: str
    state: str
    cells: tuple[Cell, ...]
    logs: tuple[FormMark, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    visits: tuple[tuple[str, Text], ...]
    logs: tuple[tuple[str, Text], ...]
    rows: tuple[MatrixRow, ...]


Marks = dict[tuple[int, str, str], tuple[str, int]]
"""(subject row, visit, form) -> (state, open queries)."""


def subjects_matrix(
    study_id: str, by: Person, *, site: str = "", state: str = "", today: dt.date | None = None
) -> Matrix:
    """All subjects seen, of one site or in one state if given. `today` (now if not given) decides what is due."""
    trial = studies.trial(study_id)
    study = studies.of_trial(trial)
    seen = sites_seen(study, by)
    subjects = trial.subjects.filter(site__in=[site] if site in seen else [] if site else seen)
    subjects = (subjects.filter(state=state) if state else subjects).order_by("subject")
    marks = _marks(subjects)
    visits: dict[int, dict[str, db.Visit]] = defaultdict(dict)
    for visit in db.Visit.objects.filter(subject__in=subjects):
        visits[visit.subject_id][visit.visit] = visit
    on = today or dt.datetime.now(dt.UTC).date()
    rows = tuple(
        MatrixRow(
            subject.subject, subject.site, subject.state,
            tuple(_cell(plan, visits[subject.pk].get(plan.id), subject, marks, on) for plan in study.schedule.visits),
            tuple(_mark(marks, subject.pk, "", form) for form in study.schedule.logs),
        )
        for subject in subjects
    )  # fmt: skip
    logs = tuple((form, study.form_by_id[form].label) for form in study.schedule.logs)
    return Matrix(tuple((v.id, v.label) for v in study.schedule.visits), logs, rows)


def _marks(subjects: QuerySet[db.Subject]) -> Marks:
    forms = db.Form.objects.filter(subject__in=subjects).values_list("subject_id", "visit", "form", "state")
    open_queries = db.Query.objects.filter(subject__in=subjects, state__in=("open", "answered"))
    counted = Counter(open_queries.values_list("subject_id", "visit", "form"))
    return {(subject, visit, form): (state, counted[subject, visit, form]) for subject, visit, form, state in forms}


def _mark(marks: Marks, subject: int, visit: str, form: str) -> FormMark:
    state, queries = marks.get((subject, visit, form), (FORM.start, 0))
    return FormMark(form, state, queries)


def _cell(plan: schedule.Visit, visit: db.Visit | None, subject: db.Subject, marks: Marks, on: dt.date) -> Cell:
    forms = tuple(_mark(marks, subject.pk, plan.id, form) for form in plan.forms)
    if visit is None:
        return Cell(plan.id, "", None, None, "", forms)
    timing = windows.timing(plan, visit.planned, visit.actual) if visit.actual else ""
    return Cell(plan.id, visit_state(plan, visit, subject, on), visit.planned, visit.actual, timing, forms)


def visit_state(plan: schedule.Visit, visit: db.Visit, subject: db.Subject, on: dt.date) -> str:
    """A planned visit is due from the first day of its window and overdue after the last; none comes after the end."""
    if visit.state != "planned":
        return visit.state
    if subject.ended:
        return ""
    if visit.planned is None:
        return "planned"
    return {"early": "planned", "in_window": "due", "late": "overdue"}[windows.timing(plan, visit.planned, on)]
