"""One subject: key facts, what screening decided, the timeline, and the forms with their states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.evidence import captured_of
from trialwright.conduct.rules import windows
from trialwright.conduct.rules.facts import Captured
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import BLINDED, Blinded, hidden_of
from trialwright.conduct.worklists.plans import Plans, may_begin, row_of, visit_state
from trialwright.conduct.worklists.seen import subject_seen
from trialwright.kernel.dates import PartialDate, completed_years
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import Text
from trialwright.study import schedule
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class Fact:
    """A key fact as captured: the latest value of an item."""

    item: str
    label: Text
    value: str
    shown: Text
    unit: str
    day: dt.date | None


@dataclass(frozen=True, slots=True)
class FormLine:
    form: str
    label: Text
    state: str
    version: int
    queries: int
    definition: str = ""
    """The version of the definition that it goes by: what it was captured under, until it is migrated."""


@dataclass(frozen=True, slots=True)
class VisitLine:
    """`first`, `last`: the window's days."""

    visit: str
    label: Text
    state: str
    planned: dt.date | None
    actual: dt.date | None
    first: dt.date | None
    last: dt.date | None
    timing: str
    reason: str
    dose: int | None
    forms: tuple[FormLine, ...]


@dataclass(frozen=True, slots=True)
class DoseLine:
    dose: int
    state: str
    """give, delay, stop."""
    planned: dt.date | None
    amount: float | None
    unit: str
    explanation: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """An adverse event for the timeline."""

    row: int
    term: str
    start: str
    end: str
    grade: str
    serious: str


@dataclass(frozen=True, slots=True)
class CriterionLine:
    criterion: str
    label: Text
    state: str
    explanation: str
    decides: bool | None
    """Speaks for the subject (True) or against (False); None while unknown."""


@dataclass(frozen=True, slots=True)
class Casebook:
    subject: str
    site: str
    site_name: Text
    state: str
    screened: dt.date
    consented: dt.date | None
    enrolled: dt.date | None
    first_dose: dt.date | None
    ended: dt.date | None
    end_reason: str
    arm: Text | None
    age: int | None
    """Completed years on the day of screening."""
    study_day: int | None
    """1 on the day of the first dose."""
    facts: tuple[Fact, ...]
    verdict: str
    criteria: tuple[CriterionLine, ...]
    visits: tuple[VisitLine, ...]
    doses: tuple[DoseLine, ...]
    events: tuple[EventLine, ...]
    logs: tuple[FormLine, ...]
    open_queries: int
    beyond: tuple[tuple[str, Text], ...] = ()
    """Visits beyond the plan that could take place now: id for `actions.add_visit`, label."""
    version: str = ""
    """The version of the definition in force at the site."""

    @property
    def next_visit(self) -> VisitLine | None:
        return next((v for v in self.visits if v.state in ("planned", "due", "overdue")), None)

    @property
    def next_dose(self) -> int | None:
        """Number of the first dose of a visit still to come."""
        return next((v.dose for v in self.visits if v.dose and v.state in ("planned", "due", "overdue")), None)


def casebook(study_id: str, subject_id: str, by: Person, *, today: dt.date | None = None) -> Casebook:
    """Raises UnknownName, Refused. `today` (that of the subject's site if not given) decides what is due."""
    trial = studies.trial(study_id)
    subject = subject_seen(trial, subject_id, by)
    plans = Plans(trial)
    known = plans.at(subject.site)
    study = known.study
    on = today or studies.today(trial, subject.site)
    hidden = hidden_of(trial, by)
    captured = captured_of(subject, _needed(study) - hidden.items)
    open_queries = _open_queries(subject)
    forms = {(f.visit, f.form): f for f in subject.forms.all()}
    held = {v.visit: v for v in subject.visits.all()}
    lines = _Lines(plans, study, forms, open_queries)
    site = next(s for s in plans.newest.study.registration.sites if s.id == subject.site)
    return Casebook(
        subject.subject, subject.site, site.name, subject.state, subject.screened,
        subject.consented or subject.guardian_consented, subject.enrolled, subject.first_dose, subject.ended,
        subject.end_reason, next((a.label for a in study.registration.arms if a.id == subject.arm), None),
        _age(study, captured, subject.screened),
        (min(on, subject.ended or on) - subject.first_dose).days + 1 if subject.first_dose else None,
        tuple(_facts(study, captured)), subject.verdict,
        tuple(_criteria(study, subject, hidden)),
        tuple(lines.visit(plan, row_of(plan, held, subject), subject, on) for plan in plans.of(subject.site, held)),
        tuple(_dose(row, hidden) for row in subject.doses.order_by("dose")),
        tuple(_events(study, captured)),
        tuple(lines.form("", form) for form in lines.at("", study.schedule.logs)),
        sum(open_queries.values()), may_begin(known, subject, held), study.version,
    )  # fmt: skip


def _dose(row: db.Dose, hidden: Blinded) -> DoseLine:
    if hidden.doses:
        return DoseLine(row.dose, row.state, row.planned, None, row.unit, BLINDED)
    return DoseLine(row.dose, row.state, row.planned, row.amount, row.unit, row.explanation)


def _criteria(study: Study, subject: db.Subject, hidden: Blinded) -> Iterator[CriterionLine]:
    """What was decided, in the definition's order."""
    held = {row.criterion: row for row in subject.criteria.all()}
    for plan in study.eligibility.criteria:
        if row := held.get(plan.id):
            good = (row.state == "met") == (plan.kind == "inclusion") if row.state != "unknown" else None
            why = BLINDED if plan.id in hidden.criteria else row.explanation
            yield CriterionLine(plan.id, plan.label, row.state, why, good)


class _Lines:
    def __init__(
        self, plans: Plans, study: Study, forms: Mapping[tuple[str, str], db.Form],
        queries: Mapping[tuple[str, str], int],
    ) -> None:  # fmt: skip
        self.plans, self.study, self.forms, self.queries = plans, study, forms, queries

    def at(self, visit: str, planned: tuple[str, ...]) -> list[str]:
        """The forms planned at a visit ("" for logs), and those that were captured there all the same."""
        return list(dict.fromkeys((*planned, *sorted(form for at, form in self.forms if at == visit))))

    def form(self, visit: str, form: str) -> FormLine:
        row = self.forms.get((visit, form))
        known = self.study.form_by_id.get(form)
        label = known.label if known else self.plans.form_label(form)
        state, version = (row.state, row.version) if row else (FORM.start, 0)
        pinned = row.definition if row else self.study.version
        return FormLine(form, label, state, version, self.queries.get((visit, form), 0), pinned)

    def visit(self, plan: schedule.Visit, row: db.Visit | None, subject: db.Subject, on: dt.date) -> VisitLine:
        planned, actual = (row.planned, row.actual) if row else (None, None)
        first, last = windows.window(plan, planned) if planned else (None, None)
        return VisitLine(
            plan.id, plan.label, visit_state(plan, row, subject, on) if row else "", planned, actual, first, last,
            windows.timing(plan, planned, actual) if actual else "", row.reason if row else "", plan.dose,
            tuple(self.form(plan.id, form) for form in self.at(plan.id, plan.forms)),
        )  # fmt: skip


def _open_queries(subject: db.Subject) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for visit, form in subject.queries.filter(state__in=("open", "answered")).values_list("visit", "form"):
        counted[visit, form] = counted.get((visit, form), 0) + 1
    return counted


def _needed(study: Study) -> set[str]:
    """Items that the casebook's head and timeline show: demography, the dosing weight, adverse events."""
    events = study.endpoints.event_forms
    demography = {item.id for item in study.items if item.sdtm and item.sdtm.domain == "DM" and item.sdtm.variable}
    return demography | {study.dosing.weight.item, events.term, events.start, events.end, events.grade, events.serious}


def _facts(study: Study, captured: tuple[Captured, ...]) -> Iterator[Fact]:
    """Demography and the dosing weight, each as last captured, in the definition's order."""
    events = study.endpoints.event_forms.adverse_events
    latest: dict[str, Captured] = {}
    for field in captured:
        if field.form != events and field.value:
            known = latest.get(field.item)
            if known is None or (field.day or dt.date.min) >= (known.day or dt.date.min):
                latest[field.item] = field
    for item in study.items:
        if last := latest.get(item.id):
            choice = item.choice(last.value)
            shown = choice.label if choice else Text(en=last.value)
            yield Fact(item.id, item.label, last.value, shown, last.unit, last.day)


def _age(study: Study, captured: tuple[Captured, ...], on: dt.date) -> int | None:
    births = {item.id for item in study.items if item.sdtm and item.sdtm.variable == "BRTHDTC"}
    for field in captured:
        if field.item in births and field.value:
            try:
                birth = PartialDate.parse(field.value)
            except InputError:
                return None
            return completed_years(birth.first, on) if birth.exact else None
    return None


def _events(study: Study, captured: tuple[Captured, ...]) -> Iterator[EventLine]:
    names = study.endpoints.event_forms
    rows: dict[int, dict[str, str]] = {}
    for field in captured:
        if field.form == names.adverse_events:
            rows.setdefault(field.row, {})[field.item] = field.value
    for row, values in sorted(rows.items()):
        columns = (names.term, names.start, names.end, names.grade, names.serious)
        yield EventLine(row, *(values.get(column, "") for column in columns))
