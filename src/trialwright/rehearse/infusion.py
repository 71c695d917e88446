"""The dose of a visit: planned, given, or put off and planned again until a rule's limit is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from typing import TYPE_CHECKING

from trialwright.conduct import actions
from trialwright.conduct.actions import DosePlan
from trialwright.simulate.happenings import Period
from trialwright.simulate.patient import Given
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit

if TYPE_CHECKING:
    from trialwright.rehearse.life import Life

PREPARED = dt.timedelta(minutes=40)
"""From the decision to the start of the infusion."""
WRITTEN = dt.timedelta(minutes=15)
"""From the end of the infusion to the form that tells of it."""

Moments = Generator[dt.datetime, None, dt.datetime]
"""Yields the moments at which it goes on; returns the last of them."""


def dosing_visit(life: Life, visit: Visit, at: dt.datetime, period: Period) -> Moments:
    """Give the dose on the day of the visit or, if an event or a rule puts it off, on the first later day that allows
    it. Returns the moment of writing it down; without a dose, the last moment at which it was thought of."""
    yield at
    waits = None if life.stopped else _waits(life, visit, at, period)
    if waits is None:
        return at
    due, again = at.date(), False
    for later in range(waits, 1 + max(waits, _longest(life.study))):
        day = due + dt.timedelta(days=later)
        if later and day >= period.last:
            break
        if later:
            at = life.morning(day, f"{visit.id} again")
            life.earliest = (day - period.first_dose).days + 1
            yield at
        if again:
            at = yield from _measured_again(life, visit, at)
        plan = _planned(life, visit, at)
        if plan.decision == "give":
            return (yield from _given(life, (visit, plan), (at, bool(later)), period))
        life.stopped = _for_good(life.study, plan)
        again = bool(plan.rules)
        if plan.decision == "stop":
            break
    return at


def _waits(life: Life, visit: Visit, at: dt.datetime, period: Period) -> int | None:
    """Days that the dose waits for the end of adverse events; None when the patient will leave because of one."""
    events = life.study.assumptions.events
    if events is None or events.action is None or visit.dose == 1:
        return 0
    today, days = (at.date() - period.first_dose).days, 0
    for one in life.patient.happenings:
        if one.dose is not None or not one.start <= today <= one.end:
            continue
        if one.leaves:
            return None
        if one.holds and one.number not in period.held:
            period.held.add(one.number)
            days = max(days, min(one.end + 1 - today, events.action.days))
    return days


def _longest(study: Study) -> int:
    """Days for which any rule may put a dose off."""
    limits = [rule.max_delay_days for rule in study.dosing.rules if rule.action == "delay"]
    return max((study.dosing.interval_days - 1 if limit is None else limit for limit in limits), default=0)


def _planned(life: Life, visit: Visit, at: dt.datetime) -> DosePlan:
    assert visit.dose is not None
    return actions.plan_dose(life.study.id, life.subject, visit.dose, by=life.desk.team.investigator, at=at)


def _for_good(study: Study, plan: DosePlan) -> bool:
    """Whether a rule ends the treatment, and not only this dose."""
    return any(rule.action == "stop" and rule.id in plan.rules for rule in study.dosing.rules)


def _measured_again(life: Life, visit: Visit, at: dt.datetime) -> Moments:
    """Take the values anew on which the delayed dose hangs. Returns the moment at which they are known."""
    items, reason = life.stage.deciding, life.study.assumptions.entry.reason_again.en
    for form in visit.forms:
        if not items.isdisjoint(life.study.form_by_id[form].item_ids()):
            life.write(visit, form, at, careful=True, reason=reason)
    at += PREPARED
    yield at
    return at


def _given(life: Life, what: tuple[Visit, DosePlan], when: tuple[dt.datetime, bool], period: Period) -> Moments:
    """Give the dose; a reaction slows it. `when`: the moment of the decision, and whether the dose is late."""
    (visit, plan), (at, late) = what, when
    names, minutes = life.study.assumptions.infusion, life.study.dosing.infusion.minutes
    assert visit.dose is not None
    assert plan.amount is not None
    reactions = [one.kind.adjusts for one in life.patient.happenings if one.dose == visit.dose and one.kind.adjusts]
    adjusted = names.held if names and late else ""
    if names and reactions:
        adjusted, minutes = reactions[0], round(minutes * names.slowed)
    start = (at + PREPARED).replace(second=0, microsecond=0)
    life.doses.append(Given(start, plan.amount, minutes, plan.weight, adjusted))
    period.doses[visit.dose] = (start.date() - period.first_dose).days
    life.earliest = period.doses[visit.dose] + life.study.dosing.min_interval_days
    at = start + dt.timedelta(minutes=minutes) + WRITTEN
    yield at
    return at
