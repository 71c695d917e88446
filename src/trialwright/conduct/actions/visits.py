"""Visits as they take place or are missed, and the doses given at them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.actions.subjects import demand_consent
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
from trialwright.study.schedule import base_of


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
    days of all visits that count from it; a repeating visit plans its next time. A visit beyond the plan is made here:
    `unscheduled.3` after `unscheduled.2`. Returns where the day lies against the visit's window.
    """
    with deed(study_id, "start_visit", by=by, at=at) as doing:
        subject, plan = _subject_at(doing, subject_id, visit_id)
        return _start(doing, subject, plan, on or doing.today)


def add_visit(
    study_id: str, subject_id: str, extra_id: str, *,
    on: dt.date | None = None, by: Person, at: dt.datetime | None = None,
) -> str:  # fmt: skip
    """Record that a visit beyond the plan takes place, by its id in the definition (`unscheduled`). Returns the id that
    it has now (`unscheduled.2`).
    """
    with deed(study_id, "start_visit", by=by, at=at) as doing:
        subject = doing.subject(subject_id, visit=extra_id)
        extra = doing.study.schedule.extra_of(extra_id)
        if extra is None or extra.id != extra_id:
            raise UnknownName("visit beyond the plan", extra_id, [v.id for v in doing.study.schedule.extra])
        count = sum(base_of(row.visit)[0] == extra_id for row in rows(db.Visit).all(subject=subject))
        once = extra.kind == "early_termination"
        subject, plan = _subject_at(doing, subject_id, extra_id if once else f"{extra_id}.{count + 1}")
        _start(doing, subject, plan, on or doing.today)
        return plan.id


def miss_visit(
    study_id: str, subject_id: str, visit_id: str, reason: str = "", *, by: Person, at: dt.datetime | None = None
) -> None:
    """Record that a visit did not take place."""
    reason = reason.strip()
    with deed(study_id, "miss_visit", by=by, at=at, reason=reason) as doing:
        subject, plan = _subject_at(doing, subject_id, visit_id)
        visit = _row(doing, subject, plan)
        _write(doing, visit, state=VISIT.after(visit.state, "miss", visit_id), reason=reason)
        _plan_next(doing, subject, plan)


def _subject_at(doing: Deed, subject_id: str, visit_id: str) -> tuple[db.Subject, schedule.Visit]:
    """The subject with the visit's plan, if visits of this kind may take place now."""
    subject = doing.subject(subject_id, visit=visit_id)
    plan = visit_plan(doing.study, visit_id)
    closing = isinstance(plan, schedule.BeyondPlan) and plan.kind == "early_termination"
    SUBJECT.after(subject.state, "closing_visit" if closing else "visit", subject_id)
    return subject, plan


def _start(doing: Deed, subject: db.Subject, plan: schedule.Visit, day: dt.date) -> windows.Timing:
    if day > doing.today:
        raise Refused(f"Visit {plan.id} cannot be dated {day}: that day has not come.")
    _demand_order(subject, plan, day)
    visit = _row(doing, subject, plan)
    state = VISIT.after(visit.state, "start", plan.id)
    if plan.dose == 1 and subject.first_dose is None:
        doing.change(subject, first_dose=day)
        _plan_visits(doing, subject, visit)
    target = windows.planned(plan, subject.screened, subject.first_dose) or visit.planned
    _write(doing, visit, state=state, actual=day, planned=target, reason="")
    _plan_next(doing, subject, plan)
    return windows.timing(plan, target, day)


def _row(doing: Deed, subject: db.Subject, plan: schedule.Visit) -> db.Visit:
    """The visit's row, a new one where the visit is open without one: beyond the plan, or since an amendment.

    Raises Refused where it is not open.
    """
    held = rows(db.Visit).get(subject=subject, visit=plan.id)
    if held is not None:
        return held
    if isinstance(plan, schedule.BeyondPlan):
        _demand_next(subject, plan)
    else:
        _demand_open(subject, plan)
    return db.Visit(subject=subject, visit=plan.id)


def _write(doing: Deed, visit: db.Visit, **columns: Any) -> None:
    if visit.pk:
        doing.change(visit, **columns)
        return
    for name, value in columns.items():
        setattr(visit, name, value)
    doing.create(visit)


def _demand_open(subject: db.Subject, plan: schedule.Visit) -> None:
    """A planned visit opens with screening or enrolment, a later time of it with the one before. Raises Refused."""
    name, count = base_of(plan.id)
    if count > 1:
        before = rows(db.Visit).get(subject=subject, visit=name if count == 2 else f"{name}.{count - 1}")
        is_open, why = before is not None and before.state != VISIT.start, "the one before it comes first"
    elif plan.anchor == "first_dose":
        is_open, why = subject.enrolled is not None, "the subject is not enrolled yet"
    else:
        is_open, why = subject.state == SUBJECT.start, "screening is over"
    if not is_open:
        raise Refused(f"Visit {plan.id} is not open for subject {subject.subject}: {why}.")


def _demand_next(subject: db.Subject, plan: schedule.Visit) -> None:
    """A visit beyond the plan takes the next number, once somebody has consented. Raises Refused."""
    demand_consent(subject)
    name, count = base_of(plan.id)
    if count > 1 and rows(db.Visit).get(subject=subject, visit=f"{name}.{count - 1}") is None:
        raise Refused(f"Visit {plan.id} of subject {subject.subject} cannot come before {name}.{count - 1}.")


def _demand_order(subject: db.Subject, plan: schedule.Visit, day: dt.date) -> None:
    """The times of a repeating visit follow one another, each on a day of its own. Raises Refused."""
    if plan.every is None:
        return
    name, count = base_of(plan.id)
    for row in rows(db.Visit).all(subject=subject):
        other, number = base_of(row.visit)
        if other != name or number == count or row.actual is None:
            continue
        if (number < count and row.actual >= day) or (number > count and row.actual <= day):
            when = "after" if number < count else "before"
            raise Refused(f"Visit {plan.id} cannot be dated {day}: {row.visit} was on {row.actual}.",
                          hint=f"Give a day {when} it.")  # fmt: skip


def visit_plan(study: Study, visit_id: str) -> schedule.Visit:
    """The visit as scheduled, an occurrence of it or one beyond the plan. Raises UnknownName."""
    found = study.schedule.plan(visit_id)
    if found is None:
        known = [v.id for v in study.schedule.visits]
        known += [v.id if v.kind == "early_termination" else f"{v.id}.1" for v in study.schedule.extra]
        raise UnknownName("visit", visit_id, known)
    return found


def _plan_visits(doing: Deed, subject: db.Subject, besides: db.Visit) -> None:
    """The first dose was given: every visit that counts from it gets its day."""
    for visit in rows(db.Visit).all(subject=subject):
        plan = doing.study.schedule.plan(visit.visit)
        if plan is None or isinstance(plan, schedule.BeyondPlan) or visit.pk == besides.pk:
            continue
        if plan.anchor == "first_dose":
            doing.change(visit, planned=windows.planned(plan, subject.screened, subject.first_dose))


def _plan_next(doing: Deed, subject: db.Subject, plan: schedule.Visit) -> None:
    """A repeating visit took place or was missed: its next time is to come."""
    following = doing.study.schedule.following(plan.id)
    if following is None or rows(db.Visit).get(subject=subject, visit=following.id) is not None:
        return
    target = windows.planned(following, subject.screened, subject.first_dose)
    doing.create(db.Visit(subject=subject, visit=following.id, planned=target))


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
    if study.dosing.weight.item not in study.item_by_id:
        raise Refused(f"Study {study.id} plans no doses: it does not capture the weight that they hang on.")
    rules = [rule.logic for rule in study.dosing.rules]
    needed = facts.items_in(study, *rules) | {study.dosing.weight.item}
    by_dose = {v.dose: v.id for v in study.schedule.visits if v.dose}
    visit = by_dose.get(dose, "")
    captured = checks.known_by(visit, on, captured_of(subject, needed))
    broken = set(checks.broken_rules(study, facts.patient(study, days_of(subject), captured)))
    held = {v.visit: v for v in rows(db.Visit).all(subject=subject)}
    this = held.get(visit)
    before = [row.actual for n, v in by_dose.items() if n < dose and (row := held.get(v)) and row.actual]
    moment = Moment(on, this.planned if this else None, max(before, default=None), subject.first_dose)
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
