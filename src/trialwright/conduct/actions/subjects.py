"""A subject's way: registration, consent, eligibility, enrolment, the end."""

from __future__ import annotations

import datetime as dt

from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.ledger import Deed, Place, deed
from trialwright.conduct.rules import facts, windows
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import SITE, SUBJECT
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused
from trialwright.screen import Verdict, verdict

COMPLETED = "completed"


def register_subject(study_id: str, site_id: str, *, by: Person, at: dt.datetime | None = None) -> str:
    """Begin screening of the next subject at a site. Returns the subject's id: site and number, `01-001`."""
    with deed(study_id, "register_subject", by=by, at=at) as doing:
        site = doing.site(site_id)
        SITE.after(site.state, "register", site_id)
        number = site.registered + 1
        doing.change(site, registered=number)
        name = f"{site_id}-{number:03}"
        doing.place = Place(site_id, name)
        subject = doing.create(db.Subject(trial=doing.trial, subject=name, site=site_id, screened=doing.today))
        planned = [v for v in doing.study.schedule.visits if v.anchor == "screening"]
        visits = [{"visit": v.id, "planned": windows.planned(v, subject.screened, None)} for v in planned]
        doing.create_all(db.Visit, subject, visits)
    return name


def record_consent(
    study_id: str, subject_id: str, *, on: dt.date | None = None, guardian: bool = False,
    by: Person, at: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Record the day on which the subject (or the guardian) signed; nothing may be captured before."""
    with deed(study_id, "record_consent", by=by, at=at) as doing:
        subject = doing.subject(subject_id)
        SUBJECT.after(subject.state, "consent", subject_id)
        day = on or doing.today
        if day > doing.today:
            raise Refused(f"Consent of subject {subject_id} cannot be dated {day}: that day has not come.")
        doing.change(subject, **{"guardian_consented" if guardian else "consented": day})


def decide_eligibility(study_id: str, subject_id: str, *, by: Person, at: dt.datetime | None = None) -> Verdict:
    """Screen the captured facts against the criteria and keep the answer of each. The subject stays in screening:
    `enrol` or `end_participation` (a screen failure) is the next step.
    """
    with deed(study_id, "decide_eligibility", by=by, at=at) as doing:
        subject = doing.subject(subject_id)
        SUBJECT.after(subject.state, "decide", subject_id)
        return _screen(doing, subject, None)


def enrol(study_id: str, subject_id: str, *, by: Person, at: dt.datetime | None = None) -> None:
    """Enrol an eligible subject. Screens again as of the day of enrolment, on which some windows hang.

    Raises Refused when the study has its planned number, consent is missing, or the verdict is not "eligible".
    """
    with deed(study_id, "enrol", by=by, at=at) as doing:
        subject = doing.subject(subject_id)
        state = SUBJECT.after(subject.state, "enrol", subject_id)
        trial = doing.trial
        if trial.enrolled >= trial.planned:
            raise Refused(f"Enrolment is complete: all {trial.planned} places are taken.")
        demand_consent(subject)
        found = _screen(doing, subject, doing.today)
        if found.state != "eligible":
            raise Refused(f"Subject {subject_id} cannot be enrolled: {_why_not(found)}.")
        arm = doing.study.dosing.arm
        doing.change(trial, enrolled=trial.enrolled + 1)
        doing.change(subject, state=state, enrolled=doing.today, arm=arm)
        visits = [{"visit": v.id} for v in doing.study.schedule.visits if v.anchor == "first_dose"]
        doing.create_all(db.Visit, subject, visits)


def demand_consent(subject: db.Subject) -> None:
    """Raises Refused while nobody has consented."""
    if subject.consented is None and subject.guardian_consented is None:
        raise Refused(f"No consent of subject {subject.subject} is recorded.", hint="Record it first.")


def _screen(doing: Deed, subject: db.Subject, enrolment: dt.date | None) -> Verdict:
    days = days_of(subject, enrolment)
    found = verdict(doing.study, facts.patient(doing.study, days, captured_of(subject)))
    held = {row.criterion: row for row in rows(db.Criterion).all(subject=subject)}
    new = []
    for result in found.criteria:
        columns = {"state": result.state, "explanation": result.explanation}
        if result.id in held:
            doing.change(held[result.id], **columns)
        else:
            new.append({"criterion": result.id, **columns})
    doing.create_all(db.Criterion, subject, new)
    doing.change(subject, verdict=found.state)
    return found


def _why_not(found: Verdict) -> str:
    if found.state == "not_eligible":
        failing = [criterion.id for criterion in found.criteria if criterion.stands_against]
        return f"not eligible by {', '.join(failing)}"
    return f"eligibility is undetermined ({', '.join(c.id for c in found.criteria if c.state == 'unknown')} unknown)"


def end_participation(
    study_id: str, subject_id: str, reason: str, *, on: dt.date | None = None, by: Person, at: dt.datetime | None = None
) -> str:
    """End a subject's participation; `reason` is a code, "completed" for completers. Returns the new state:
    screen_failed (from screening), completed, or discontinued; the last one proposes the visit of early termination.
    """
    reason = reason.strip()
    with deed(study_id, "end_participation", by=by, at=at, reason=reason) as doing:
        subject = doing.subject(subject_id)
        if not reason:
            raise Refused(f"Ending the participation of subject {subject_id} needs a reason.")
        state = SUBJECT.after(subject.state, "complete" if reason == COMPLETED else "end", subject_id)
        day = on or doing.today
        if day > doing.today:
            raise Refused(f"The end of subject {subject_id} cannot be dated {day}: that day has not come.")
        doing.change(subject, state=state, ended=day, end_reason=reason)
        if state == "discontinued":
            _propose_last_visit(doing, subject)
        return state


def _propose_last_visit(doing: Deed, subject: db.Subject) -> None:
    """Who leaves before the time comes once more, where the definition asks for that: due from the day of the end."""
    for extra in doing.study.schedule.extra:
        proposed = extra.kind == "early_termination"
        if proposed and rows(db.Visit).get(subject=subject, visit=extra.id) is None:
            doing.create(db.Visit(subject=subject, visit=extra.id, planned=subject.ended))
