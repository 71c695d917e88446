"""Exports: ask for one, see how far it is, take the file."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Path, Router

from trialwright.conduct.actions import jobs
from trialwright.conduct.actions.people import person
from trialwright.conduct.export.reading import scope
from trialwright.kernel.errors import NotPermitted
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.shapes import Export, Name, Number

router = Router(tags=["Exports"])
ALL, ONE = "/studies/{study}/exports", "/studies/{study}/exports/{number}"
SHOWS = {"read_audit": "the audit trail", "read_blinded": "what is blinded"}
"""What an export shows to a person with that right, beside the data."""


@router.get(ALL, response=answers.Jobs, openapi_extra=told.READ, operation_id="exports")
def exports(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """Exports that the key's person asked for, newest first; and the kinds that there are."""
    caller = _allowed(read(request, study, "exports"))
    found = jobs.jobs(caller.study_id, caller.by)
    return shown(answers.Jobs(exports=[_job(job) for job in found], kinds=sorted(jobs.KINDS)))


@router.post(ALL, response={202: answers.JobOut}, openapi_extra=told.WRITE, operation_id="startExport")
def start(request: HttpRequest, study: Path[Name], body: Export) -> HttpResponse:
    """Ask for an export; a worker of the server makes it."""
    caller = _allowed(caller_of(request, study))

    def do() -> answers.JobOut:
        number = jobs.start_job(caller.study_id, body.kind, body.options, caller.by)
        return _job(jobs.job(caller.study_id, number, caller.by))

    return done(request, caller, do, 202)


@router.get(ONE, response=answers.JobOut, openapi_extra=told.READ, operation_id="export")
def export(request: HttpRequest, study: Path[Name], number: Path[Number]) -> HttpResponse:
    """How far an export is."""
    caller = _allowed(caller_of(request, study))
    return shown(_job(jobs.job(caller.study_id, number, caller.by)))


@router.delete(ONE, response=answers.JobOut, openapi_extra=told.WRITE, operation_id="cancelExport")
def cancel(request: HttpRequest, study: Path[Name], number: Path[Number]) -> HttpResponse:
    """Cancel an export; one that has ended stays as it is."""
    caller = _allowed(caller_of(request, study))
    return done(request, caller, lambda: _job(jobs.cancel_job(caller.study_id, number, caller.by)))


@router.get(f"{ONE}/file", openapi_extra=told.FILE, operation_id="exportFile")
def file(request: HttpRequest, study: Path[Name], number: Path[Number]) -> HttpResponseBase:
    """The file of an export that is done."""
    caller = _allowed(caller_of(request, study))
    made = jobs.result_of(caller.study_id, number, caller.by)
    return FileResponse(
        made.open("rb"), as_attachment=True, filename=made.name, content_type="application/octet-stream"
    )


def _allowed(caller: Caller) -> Caller:
    """A worker makes an export with all the rights of its person: a key must have every one that an export shows."""
    scope(caller.study_id, caller.by)
    whole, by = person(caller.study_id, caller.by.username), caller.by
    for action, held in SHOWS.items():
        if any(whole.role_for(action, r.site) and not by.role_for(action, r.site) for r in by.roles):
            raise NotPermitted(f"Exports of this person hold {held}.", hint=f"Make a key with the scope {action}.")
    return caller


def _job(job: jobs.Job) -> answers.JobOut:
    return answers.JobOut(
        number=job.number, kind=job.kind, options=dict(job.asked), state=job.state, done=job.done, total=job.total,
        created=job.created, ended=job.ended, sha256=job.sha256, message=job.message,
    )  # fmt: skip
