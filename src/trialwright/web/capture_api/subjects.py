"""Subjects: the register, and a subject's way from registration to the end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import actions, worklists
from trialwright.conduct.worklists.masks import BLINDED
from trialwright.conduct.worklists.register import register, subject_line
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.shapes import (
    Consent,
    End,
    ExtraVisit,
    Name,
    Number,
    Reason,
    Registration,
    Start,
    SubjectsAsked,
)

router = Router(tags=["Subjects"])
ALL, ONE = "/studies/{study}/subjects", "/studies/{study}/subjects/{subject}"


@router.get(ALL, response=answers.Subjects, openapi_extra=told.READ, operation_id="subjects")
def subjects(request: HttpRequest, study: Path[Name], asked: Query[SubjectsAsked]) -> HttpResponse:
    """Subjects in the order of their numbers; `next` of an answer is `after` of the next request."""
    caller = read(request, study, "subjects", site=asked.site)
    lines, more = register(
        caller.study_id, caller.by, site=asked.site, state=asked.state, after=asked.after, size=asked.limit
    )
    return shown(answers.Subjects.model_validate({"subjects": lines, "next": more}))


@router.post(ALL, response={201: answers.SubjectOut}, openapi_extra=told.WRITE, operation_id="registerSubject")
def register_subject(request: HttpRequest, study: Path[Name], body: Registration) -> HttpResponse:
    """Begin screening of the next subject at a site."""
    caller = caller_of(request, study)

    def do() -> answers.SubjectOut:
        return _line(caller, actions.register_subject(caller.study_id, body.site, **caller.do()))

    return done(request, caller, do, 201)


@router.get(ONE, response=answers.SubjectForms, openapi_extra=told.READ, operation_id="subject")
def subject(request: HttpRequest, study: Path[Name], subject: Path[Name]) -> HttpResponse:
    """A subject with visits, the states of all forms, doses, and what screening decided."""
    caller = read(request, study, "subject", subject=subject)
    line = subject_line(caller.study_id, subject, caller.by)
    book = worklists.casebook(caller.study_id, subject, caller.by)
    return shown(
        answers.SubjectForms.model_validate(
            {
                "subject": line, "visits": book.visits, "logs": book.logs, "doses": book.doses,
                "criteria": book.criteria,
            }
        )
    )  # fmt: skip


@router.post(f"{ONE}/consent", response=answers.SubjectOut, openapi_extra=told.WRITE, operation_id="recordConsent")
def consent(request: HttpRequest, study: Path[Name], subject: Path[Name], body: Consent) -> HttpResponse:
    """Record the day on which the subject, or the guardian, signed."""
    caller = caller_of(request, study)

    def do() -> answers.SubjectOut:
        actions.record_consent(caller.study_id, subject, on=body.on, guardian=body.guardian, **caller.do())
        return _line(caller, subject)

    return done(request, caller, do)


@router.post(f"{ONE}/visits", response={201: answers.VisitAdded}, openapi_extra=told.WRITE, operation_id="addVisit")
def add(request: HttpRequest, study: Path[Name], subject: Path[Name], body: ExtraVisit) -> HttpResponse:
    """Record that a visit beyond the plan takes place; the answer says under which id."""
    caller = caller_of(request, study)

    def do() -> answers.VisitAdded:
        made = actions.add_visit(caller.study_id, subject, body.visit, on=body.on, **caller.do())
        return answers.VisitAdded(subject=subject, visit=made)

    return done(request, caller, do, 201)


@router.post(
    f"{ONE}/visits/{{visit}}/start", response=answers.VisitStarted, openapi_extra=told.WRITE, operation_id="startVisit"
)
def start(request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], body: Start) -> HttpResponse:
    """Record that a visit takes place; the answer says where the day lies against the visit's window."""
    caller = caller_of(request, study)

    def do() -> answers.VisitStarted:
        timing = actions.start_visit(caller.study_id, subject, visit, on=body.on, **caller.do())
        return answers.VisitStarted(visit=visit, timing=timing)

    return done(request, caller, do)


@router.post(
    f"{ONE}/visits/{{visit}}/miss", response=answers.VisitStarted, openapi_extra=told.WRITE, operation_id="missVisit"
)
def miss(request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], body: Reason) -> HttpResponse:
    """Record that a visit did not take place."""
    caller = caller_of(request, study)

    def do() -> answers.VisitStarted:
        actions.miss_visit(caller.study_id, subject, visit, body.reason, **caller.do())
        return answers.VisitStarted(visit=visit, timing="missed")

    return done(request, caller, do)


@router.post(
    f"{ONE}/eligibility", response=answers.VerdictOut, openapi_extra=told.WRITE, operation_id="decideEligibility"
)
def eligibility(request: HttpRequest, study: Path[Name], subject: Path[Name]) -> HttpResponse:
    """Screen what is captured against the criteria, and keep the answer of each."""
    caller = caller_of(request, study)

    def do() -> answers.VerdictOut:
        found = actions.decide_eligibility(caller.study_id, subject, **caller.do())
        kept = caller.hidden.criteria
        told = [(c.id, c.state, BLINDED if c.id in kept else c.explanation) for c in found.criteria]
        lines = [answers.CriterionOut(criterion=name, state=state, explanation=said) for name, state, said in told]
        return answers.VerdictOut(verdict=found.state, criteria=lines, missing=[m.item for m in found.missing])

    return done(request, caller, do)


@router.post(f"{ONE}/enrol", response=answers.SubjectOut, openapi_extra=told.WRITE, operation_id="enrol")
def enrol(request: HttpRequest, study: Path[Name], subject: Path[Name]) -> HttpResponse:
    """Enrol an eligible subject."""
    caller = caller_of(request, study)

    def do() -> answers.SubjectOut:
        actions.enrol(caller.study_id, subject, **caller.do())
        return _line(caller, subject)

    return done(request, caller, do)


@router.post(f"{ONE}/doses/{{dose}}", response=answers.DosePlanned, openapi_extra=told.WRITE, operation_id="planDose")
def dose(request: HttpRequest, study: Path[Name], subject: Path[Name], dose: Path[Number]) -> HttpResponse:
    """Decide on a dose from what is captured: give, delay or stop."""
    caller = caller_of(request, study)

    def do() -> answers.DosePlanned:
        plan = actions.plan_dose(caller.study_id, subject, dose, **caller.do())
        if caller.hidden.doses:
            return answers.DosePlanned(
                dose=dose, decision=plan.decision, amount=None, unit=plan.unit, explanation=BLINDED
            )
        return answers.DosePlanned(
            dose=dose, decision=plan.decision, amount=plan.amount, unit=plan.unit, explanation=plan.explanation
        )

    return done(request, caller, do)


@router.post(f"{ONE}/end", response=answers.Ended, openapi_extra=told.WRITE, operation_id="endParticipation")
def end(request: HttpRequest, study: Path[Name], subject: Path[Name], body: End) -> HttpResponse:
    """End a subject's participation."""
    caller = caller_of(request, study)

    def do() -> answers.Ended:
        state = actions.end_participation(caller.study_id, subject, body.reason, on=body.on, **caller.do())
        return answers.Ended(state=state)

    return done(request, caller, do)


def _line(caller: Caller, subject: str) -> answers.SubjectOut:
    return answers.SubjectOut.model_validate(subject_line(caller.study_id, subject, caller.by))
