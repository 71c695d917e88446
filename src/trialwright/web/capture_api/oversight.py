"""Source verification, locks, and signatures, which are read here and given only by people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import worklists
from trialwright.conduct.actions import locks as locking
from trialwright.conduct.actions import verification
from trialwright.conduct.rules.capture import form_map
from trialwright.conduct.rules.locks import Held, Scope
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import standing
from trialwright.kernel.errors import NotPermitted
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.shapes import Closing, FieldPlace, Name, SignaturesAsked, Verified

router = Router(tags=["Oversight"])
SUBJECT = "/studies/{study}/subjects/{subject}"
VISIT, LOG = f"{SUBJECT}/visits/{{visit}}/forms/{{form}}", f"{SUBJECT}/logs/{{form}}"
MARKS: dict[str, Any] = {"response": answers.VerifiedOut, "openapi_extra": told.READ}
MARKED: dict[str, Any] = {"response": answers.FormVerifiedOut, "openapi_extra": told.WRITE}
SIGNED: dict[str, Any] = {"response": answers.SignatureOut, "openapi_extra": told.WRITE}


@router.get(f"{VISIT}/verification", operation_id="visitVerification", **MARKS)
def visit_marks(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name]
) -> HttpResponse:
    """Which values of a form stand verified against their source."""
    return _marks(read(request, study, "verification", subject=subject, visit=visit, form=form), (subject, visit, form))


@router.get(f"{LOG}/verification", operation_id="logVerification", **MARKS)
def log_marks(request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name]) -> HttpResponse:
    """Which values of a running log stand verified against their source."""
    return _marks(read(request, study, "verification", subject=subject, form=form), (subject, "", form))


@router.post(f"{VISIT}/verification", operation_id="verifyVisitForm", **MARKED)
def verify_visit(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name], body: Verified
) -> HttpResponse:
    """Mark values as compared with their source."""
    return _verify(request, caller_of(request, study), (subject, visit, form), body)


@router.post(f"{LOG}/verification", operation_id="verifyLogForm", **MARKED)
def verify_log(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], body: Verified
) -> HttpResponse:
    """Mark values of a running log as compared with their source."""
    return _verify(request, caller_of(request, study), (subject, "", form), body)


@router.get("/studies/{study}/locks", response=answers.Locks, openapi_extra=told.READ, operation_id="locks")
def locks(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """What is frozen or locked now."""
    caller = read(request, study, "locks")
    held = worklists.locks(caller.study_id, caller.by)
    return shown(answers.Locks(locks=[_lock(each) for each in held]))


@router.post("/studies/{study}/locks", response=answers.LockOut, openapi_extra=told.WRITE, operation_id="turnLock")
def turn(request: HttpRequest, study: Path[Name], body: Closing) -> HttpResponse:
    """Freeze, lock or open a place: the study, a site, a subject, a visit, a form, or a field."""
    caller = caller_of(request, study)
    deeds = {"frozen": locking.freeze, "locked": locking.lock, "open": locking.unlock}
    scope = Scope(body.site, body.subject, body.visit, body.form, body.group, body.row, body.item)

    def do() -> answers.LockOut:
        return _lock(deeds[body.state](caller.study_id, scope, reason=body.reason, **caller.do()))

    return done(request, caller, do)


@router.get(
    "/studies/{study}/signatures", response=answers.Signatures, openapi_extra=told.READ, operation_id="signatures"
)
def signatures(request: HttpRequest, study: Path[Name], asked: Query[SignaturesAsked]) -> HttpResponse:
    """Signatures in the order in which they were given; a void one stays to be seen."""
    caller = read(request, study, "signatures", subject=asked.subject)
    found, more = standing.given_signatures(
        caller.study_id, caller.by, subject=asked.subject, state=asked.state, after=asked.after, size=asked.limit
    )
    lines = [{**asdict(each.line), "subject": each.subject, "site": each.site} for each in found]
    return shown(answers.Signatures.model_validate({"signatures": lines, "next": more}))


@router.post("/studies/{study}/signatures", operation_id="sign", **SIGNED)
def sign(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """Always refused: a signature needs a person."""
    caller_of(request, study)
    raise NotPermitted(
        "A program cannot sign: a signature needs the person, with a second factor.", hint="Sign on the form's page."
    )


Sheet = tuple[str, str, str]
"""Subject, visit ("" for a log) and form."""


def _marks(caller: Caller, sheet: Sheet) -> HttpResponse:
    subject, visit, form = sheet
    found = standing.verified_places(caller.study_id, subject, form, caller.by, visit=visit)
    places = [answers.PlaceOut(group=group, row=row, item=item) for group, row, item in found.places]
    return shown(answers.VerifiedOut(verified=places, to_verify=found.to_verify))


def _verify(request: HttpRequest, caller: Caller, sheet: Sheet, body: Verified) -> HttpResponse:
    subject, visit, form = sheet

    def do() -> answers.FormVerifiedOut:
        places = _places(caller, form, body.fields)
        found = verification.verify(
            caller.study_id, subject, form, places, visit=visit, version=body.version, **caller.do()
        )
        return answers.FormVerifiedOut.model_validate(found)

    return done(request, caller, do)


def _places(caller: Caller, form: str, fields: list[FieldPlace]) -> list[Place]:
    """A field without a group stands in the first one of the form that holds the item."""
    known = form_map(caller.study, form).group_of
    return [(field.group or known.get(field.item, ""), field.row, field.item) for field in fields]


def _lock(held: Held) -> answers.LockOut:
    names = ("site", "subject", "visit", "form", "group", "row", "item")
    parts = dict(zip(names, held.scope.parts, strict=True))
    return answers.LockOut.model_validate(
        {**parts, "state": held.state, "reason": held.reason, "by": held.by, "at": held.at}
    )
