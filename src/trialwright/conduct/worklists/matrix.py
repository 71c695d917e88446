"""Subjects by visits: what is done, due, overdue, missed, signed, locked, and where queries are open."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from trialwright.conduct.actions import studies
from trialwright.conduct.rules import windows
from trialwright.conduct.rules.locks import Held as Lock
from trialwright.conduct.rules.locks import Scope, covering
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.plans import Plans, row_of, visit_state
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.conduct.worklists.waiting import LIVE
from trialwright.kernel.texts import Text
from trialwright.study import schedule
from trialwright.study.schedule import BeyondPlan

OPEN = ("queries", "due", "overdue", "in_progress", "to_sign", "to_verify")
"""What may be open at a subject, by which the matrix is filtered."""
_OF_FORMS: Mapping[str, dict[str, Any]] = {
    "in_progress": {"state": "in_progress"},
    "to_sign": {"state": "complete"},
    "to_verify": {"to_verify__gt": 0},
}


@dataclass(frozen=True, slots=True)
class FormMark:
    """`state`: empty, in_progress, complete, signed; `closed`: frozen, locked, ""; `verified`: all that is critical."""

    form: str
    state: str
    queries: int
    verified: bool = False
    closed: str = ""

    @property
    def look(self) -> str:
        """The one state to show where there is room for one: what says most about what may still happen."""
        if self.queries:
            return "queried"
        return self.closed or ("verified" if self.verified and self.state != "signed" else self.state)


@dataclass(frozen=True, slots=True)
class Cell:
    """`state`: "" (not to come), planned, due, overdue, done, missed; `timing` of a visit that took place."""

    visit: str
    state: str
    planned: dt.date | None
    actual: dt.date | None
    timing: str
    forms: tuple[FormMark, ...]
    label: Text | None = None

    @property
    def queries(self) -> int:
        return sum(form.queries for form in self.forms)

    @property
    def whole(self) -> bool:
        """Whether every form is complete."""
        return all(form.state in ("complete", "signed") for form in self.forms)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """`extra`: visits beyond the plan, each with its label."""

    subject: str
    site: str
    state: str
    cells: tuple[Cell, ...]
    logs: tuple[FormMark, ...]
    extra: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """`rows` are those of one page; `total` and `states` (state of a subject -> how many) are of all that fit."""

    visits: tuple[tuple[str, Text], ...]
    logs: tuple[tuple[str, Text], ...]
    rows: tuple[MatrixRow, ...]
    extra: bool = False
    """Whether there are visits beyond the plan."""
    total: int = 0
    page: int = 1
    pages: int = 1
    states: Mapping[str, int] = field(default_factory=dict)


Held = Mapping[str, db.Visit]
"""Visit -> its row."""
Marks = dict[tuple[int, str, str], FormMark]
"""(subject row, visit, form) -> how the form stands."""


def subjects_matrix(
    study_id: str, by: Person, *, site: str = "", state: str = "", open: str = "", today: dt.date | None = None,
    page: int = 1, size: int = 0,
) -> Matrix:  # fmt: skip
    """Subjects seen: of one site, in one state, with something open (one of OPEN) if given; `size` 0 for all at once.

    `today` (that of the study if not given) decides what is due.
    """
    trial = studies.trial(study_id)
    plans = Plans(trial)
    seen = sites_seen(plans.newest.study, by)
    on = today or studies.today(trial, "")
    found = trial.subjects.filter(site__in=[site] if site in seen else [] if site else seen)
    found = (found.filter(state=state) if state else found).order_by("subject")
    found = _with_open(found, open, plans, on)
    states = dict(found.order_by().values_list("state").annotate(n=Count("pk")))
    total = sum(states.values())
    pages = max(1, -(-total // size)) if size else 1
    page = min(max(1, page), pages)
    shown = list(found[(page - 1) * size : page * size] if size else found)
    rows = _Rows(plans, _marks(trial, shown), on)
    listed = [(subject, visits) for subject, visits in _with_visits(shown)]
    columns, extra = rows.columns(listed)
    return Matrix(
        tuple((visit.id, visit.label) for visit in columns), rows.logs,
        tuple(rows.row(subject, held, columns) for subject, held in listed), extra, total, page, pages, states,
    )  # fmt: skip


def forms_of_a_row(study_id: str) -> int:
    """How many forms the plan asks of one subject: so wide is a row of the matrix."""
    plan = studies.definition(study_id).schedule
    return sum(len(visit.forms) * (visit.times or 1) for visit in plan.visits) + len(plan.logs)


def _with_open(found: QuerySet[db.Subject], open: str, plans: Plans, on: dt.date) -> QuerySet[db.Subject]:
    """The subjects at which something is open. Nothing is signed over a live query."""
    live = db.Query.objects.filter(state__in=LIVE)
    if open == "queries":
        return found.filter(Exists(live.filter(subject=OuterRef("pk"))))
    if open in _OF_FORMS:
        forms = db.Form.objects.filter(subject=OuterRef("pk"), **_OF_FORMS[open])
        asked = live.filter(subject=OuterRef("subject"), visit=OuterRef("visit"), form=OuterRef("form"))
        return found.filter(Exists(forms.filter(~Exists(asked)) if open == "to_sign" else forms))
    if open not in ("due", "overdue"):
        return found
    waiting = [
        subject.pk
        for subject, held in _with_visits(list(found))
        if any(_state(plan, subject, held, on) == open for plan in plans.of(subject.site, held))
    ]
    return found.filter(pk__in=waiting)


def _state(plan: schedule.Visit, subject: db.Subject, held: Held, on: dt.date) -> str:
    row = row_of(plan, held, subject)
    return visit_state(plan, row, subject, on) if row else ""


def _with_visits(subjects: list[db.Subject]) -> list[tuple[db.Subject, Held]]:
    visits: dict[int, dict[str, db.Visit]] = defaultdict(dict)
    for visit in db.Visit.objects.filter(subject__in=[subject.pk for subject in subjects]):
        visits[visit.subject_id][visit.visit] = visit
    return [(subject, visits[subject.pk]) for subject in subjects]


class _Rows:
    """The rows of a matrix: each subject by the version of the definition in force at its site."""

    def __init__(self, plans: Plans, marks: Marks, on: dt.date) -> None:
        self.plans, self.marks, self.on = plans, marks, on
        self.captured: dict[tuple[int, str], list[str]] = defaultdict(list)
        for subject, visit, form in marks:
            self.captured[subject, visit].append(form)
        labels = {form.id: form.label for form in plans.newest.study.forms}
        begun = {form for _, visit, form in marks if not visit}
        names = [*plans.newest.study.schedule.logs, *sorted(begun - {*plans.newest.study.schedule.logs})]
        self.logs = tuple((name, labels.get(name) or plans.form_label(name)) for name in names)

    def columns(self, listed: Iterable[tuple[db.Subject, Held]]) -> tuple[list[schedule.Visit], bool]:
        """Every visit that one of the subjects has or could have by the plan; whether one has others."""
        found = {visit.id: visit for visit in self.plans.newest.study.schedule.visits}
        extra = bool(self.plans.newest.study.schedule.extra)
        for subject, held in listed:
            for visit in self.plans.of(subject.site, held):
                if isinstance(visit, BeyondPlan):
                    extra = True
                else:
                    found.setdefault(visit.id, visit)
        return self.plans.in_order(found.values()), extra

    def row(self, subject: db.Subject, held: Held, columns: Iterable[schedule.Visit]) -> MatrixRow:
        own = {plan.id: plan for plan in self.plans.of(subject.site, held)}
        cells = tuple(
            self.cell(plan, subject, held) if (plan := own.get(column.id)) else Cell(column.id, "", None, None, "", ())
            for column in columns
        )
        extra = tuple(self.cell(plan, subject, held) for plan in own.values() if isinstance(plan, BeyondPlan))
        logs = tuple(_mark(self.marks, subject.pk, "", form) for form, _ in self.logs)
        return MatrixRow(subject.subject, subject.site, subject.state, cells, logs, extra)

    def cell(self, plan: schedule.Visit, subject: db.Subject, held: Held) -> Cell:
        """The plan's forms, and those that were captured at the visit all the same."""
        key = subject.pk
        names = dict.fromkeys((*plan.forms, *sorted(self.captured.get((key, plan.id), ()))))
        forms = tuple(_mark(self.marks, key, plan.id, form) for form in names)
        visit = row_of(plan, held, subject)
        if visit is None:
            return Cell(plan.id, "", None, None, "", forms, plan.label)
        timing = windows.timing(plan, visit.planned, visit.actual) if visit.actual else ""
        state = visit_state(plan, visit, subject, self.on)
        return Cell(plan.id, state, visit.planned, visit.actual, timing, forms, plan.label)


def _marks(trial: db.Trial, subjects: list[db.Subject]) -> Marks:
    keys = [subject.pk for subject in subjects]
    columns = ("subject_id", "visit", "form", "state", "verified", "to_verify")
    forms = db.Form.objects.filter(subject__in=keys).values_list(*columns)
    live = db.Query.objects.filter(subject__in=keys, state__in=LIVE)
    queries = Counter(live.values_list("subject_id", "visit", "form"))
    closed = _closed(trial, subjects)
    return {
        (subject, visit, form): FormMark(
            form, state, queries[subject, visit, form], bool(verified) and not waiting, closed(subject, visit, form)
        )
        for subject, visit, form, state, verified, waiting in forms
    }


def _closed(trial: db.Trial, subjects: list[db.Subject]) -> Callable[[int, str, str], str]:
    """What tells whether a form is frozen or locked. While nothing in the study is, it asks nothing."""
    if not trial.held:
        return lambda subject, visit, form: ""
    held = locked.held(trial)
    scopes = {subject.pk: Scope(subject.site, subject.subject) for subject in subjects}
    near: dict[int, list[Lock]] = {
        key: [lock for lock in held if not lock.scope.item and lock.scope.meets(scope)] for key, scope in scopes.items()
    }

    def state(subject: int, visit: str, form: str) -> str:
        scope = scopes[subject]
        lock = covering(near[subject], Scope(scope.site, scope.subject, visit, form)) if near[subject] else None
        return lock.state if lock else ""

    return state


def _mark(marks: Marks, subject: int, visit: str, form: str) -> FormMark:
    return marks.get((subject, visit, form)) or _not_begun(form)


@cache
def _not_begun(form: str) -> FormMark:
    return FormMark(form, FORM.start, 0)
