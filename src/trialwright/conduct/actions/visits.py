"""Visits as they take place or are missed, and the doses given at them."""

from __future__ import annotations

import datetime as dt

from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.rules import checks, dosing, facts, values, windows
from trialwright.conduct.rules.dosing import DosePlan, Moment, Weighed
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import SUBJECT, VISIT
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study import schedule
from trialwright.study.definition import Study


def start_visit(
    study_id: str,
    subject_id: str,
    visit_id: str,
    *,
    on: dt.date | None = None,
    by: Person,
    at: dt.datetime | None = None,
) -> windows.Timing:
    """Record that a visit takes place on a day (today if not given). The visit of the first dose fixes the planned
    days of all visits that count from it. Returns where the day lies against the visit's window.
    """
    with deed(study_id, "start_visit", by=by, at=at) as doing:
        subject, visit, plan = _visit(doing, subject_id, visit_id)
        day = on or doing.today
        if day > doing.today:
            raise Refused(f"Visit {visit_id} cannot be dated {day}: that day has not come.")
        state = VISIT.after(visit.state, "start", visit_id)
        if plan.dose == 1 and subject.first_dose is None:
            doing.change(subject, first_dose=day)
            _plan_visits(doing, subject, visit)
        target = windows.planned(plan, subject.screened, subject.first_dose)
        doing.change(visit, state=state, actual=day, planned=target, reason="")
        return windows.timing(plan, target, day)


def miss_visit(
    study_id: str, subject_id: str, visit_id: str, reason: str = "", *, by: Person, at: dt.datetime | None = None
) -> None:
    """Record that a visit did not take place."""
    with deed(study_id, "miss_visit", by=by, at=at, reason=reason) as doing:
        _, visit, _ = _visit(doing, subject_id, visit_id)
        doing.change(visit, state=VISIT.after(visit.state, "miss", visit_id), reason=reason)


def _visit(doing: Deed, subject_id: str, visit_id: str) -> tuple[db.Subject, db.Visit, schedule.Visit]:
    subject = doing.subject(subject_id, visit=visit_id)
    SUBJECT.after(subject.state, "visit", subject_id)
    plan = visit_plan(doing.study, visit_id)
    visit = rows(db.Visit).get(subject=subject, visit=visit_id)
    if visit is None:
        raise Refused(f"Visit {visit_id} is not open for subject {subject_id}: the subject is not enrolled yet.")
    return subject, visit, plan


def visit_plan(study: Study, visit_id: str) -> schedule.Visit:
    """The visit as scheduled. Raises UnknownName."""
    found = next((v for v in study.schedule.visits if v.id == visit_id), None)
    if found is None:
        raise UnknownName("visit", visit_id, [v.id for v in study.schedule.visits])
    return found


def _plan_visits(doing: Deed, subject: db.Subject, besides: db.Visit) -> None:
    plans = {v.id: v for v in doing.study.schedule.visits if v.anchor == "first_dose"}
    for visit in rows(db.Visit).all(subject=subject):
        if visit.visit in plans and visit.pk != besides.pk:
            doing.change(visit, planned=windows.planned(plans[visit.visit], subject.screened, subject.first_dose))


def plan_dose(
    study_id: str, subject_id: str, dose: int, *, on: dt.date | None = None, by: Person, at: dt.datetime | None = None
) -> DosePlan:
    """Decide on a dose from what is captured: give (with the amount and its arithmetic), delay or stop. Kept and
    logged. Raises Refused when no weight is known.
    """
    with deed(study_id, "plan_dose", by=by, at=at) as doing:
        visit_id = next((v.id for v in doing.study.schedule.visits if v.dose == dose), "")
        subject = doing.subject(subject_id, visit=visit_id)
        SUBJECT.after(subject.state, "dose", subject_id)
        plan = _decide_dose(doing, subject, dose, on or doing.today)
        content = {
            "state": plan.decision, "planned": on or doing.today, "amount": plan.amount, "unit": plan.unit,
            "explanation": plan.explanation,
        }  # fmt: skip
        held = rows(db.Dose).get(subject=subject, dose=dose)
        if held is None:
            doing.create(db.Dose(subject=subject, dose=dose, **content))
        else:
            doing.change(held, **content)
        return plan


def _decide_dose(doing: Deed, subject: db.Subject, dose: int, on: dt.date) -> DosePlan:
    study = doing.study
    rules = [rule.logic for rule in study.dosing.rules]
    needed = facts.items_in(study, *rules) | {study.dosing.weight.item}
    by_dose = {v.dose: v.id for v in study.schedule.visits if v.dose}
    visit = by_dose.get(dose, "")
    captured = checks.known_by(visit, on, captured_of(subject, needed))
    broken = set(checks.broken_rules(study, facts.patient(study, days_of(subject), captured)))
    held = {v.visit: v for v in rows(db.Visit).all(subject=subject)}
    before, this = held.get(by_dose.get(dose - 1, "")), held.get(visit)
    moment = Moment(on, this.planned if this else None, before.actual if before else None, subject.first_dose)
    weights = _weights(study, captured, on)
    return dosing.plan(study.dosing, dose, weights, moment, [r for r in study.dosing.rules if r.id in broken])


def _weights(study: Study, captured: tuple[facts.Captured, ...], on: dt.date) -> list[Weighed]:
    item = study.item_by_id[study.dosing.weight.item]
    found = []
    for field in captured:
        day = PartialDate.parse(field.when).last if field.when else field.day
        number = values.parse(item, field.value) if field.item == item.id and field.value else None
        if isinstance(number, float) and day is not None and day <= on:
            found.append(Weighed(values.in_own_unit(item, number, field.unit), day))
    return sorted(found, key=lambda weighed: weighed.day)
