"""Files: kept for a subject, named by the value of a field of type `file`, and given back as bytes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.http import content_disposition_header
from ninja import Path, Query, Router

from trialwright.conduct import actions
from trialwright.conduct.actions.attachments import content_of
from trialwright.kernel.errors import InputError, UnknownName
from trialwright.kernel.texts import JOINT
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.forms import LOG, SUBJECT, VISIT, Sheet, view_of
from trialwright.web.capture_api.keys import BYTES, Caller, caller_of, length_of, read, shown
from trialwright.web.capture_api.shapes import FieldAsked, FileNamed, Name

router = Router(tags=["Files"])
GIVEN: dict[str, Any] = {"openapi_extra": told.FILE}


@router.post(f"{SUBJECT}/files", response={201: answers.FileKept}, openapi_extra=told.UPLOAD, operation_id="attachFile")
def attach(request: HttpRequest, study: Path[Name], subject: Path[Name], asked: Query[FileNamed]) -> HttpResponse:
    """Keep a file for a subject; save the answer's `value` in a field of type `file`. Sent twice, it is kept once."""
    caller = caller_of(request, study)
    content = _whole(request)
    value = actions.attach_file(caller.study_id, subject, asked.name, content, **caller.do())
    digest = value.rpartition(JOINT)[2]
    return shown(answers.FileKept(value=value, bytes=len(content), sha256=digest), 201)


def _whole(request: HttpRequest) -> bytes:
    """The body, unless it was cut. `Key` has refused what is too large."""
    if request.content_type != BYTES:
        raise InputError(f"A file is sent as it is, with the content type {BYTES}.")
    announced = length_of(request)
    try:
        content: bytes = request.read(announced)
    except UnreadablePostError:
        content = b""
    if len(content) < announced:
        raise InputError(f"Only {len(content)} of {announced} bytes of the file arrived.", hint="Send it again.")
    return content


@router.get(f"{VISIT}/file", operation_id="visitFile", **GIVEN)
def visit_file(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name],
    asked: Query[FieldAsked],
) -> HttpResponse:  # fmt: skip
    """The file that a field names."""
    caller = read(request, study, "file", subject=subject, visit=visit, form=form)
    return _given(caller, (subject, visit, form), asked)


@router.get(f"{LOG}/file", operation_id="logFile", **GIVEN)
def log_file(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], asked: Query[FieldAsked]
) -> HttpResponse:
    """The file that a field of a running log names."""
    return _given(read(request, study, "file", subject=subject, form=form), (subject, "", form), asked)


def _given(caller: Caller, sheet: Sheet, asked: FieldAsked) -> HttpResponse:
    """As bytes to be stored and nothing else: no browser shows or runs it in our place."""
    fields = (field for group in view_of(caller, sheet).groups for row in group.rows for field in row.fields)
    named = (f for f in fields if (f.item, f.row) == (asked.item, asked.row) and asked.group in ("", f.group))
    field = next(named, None)
    if field is None or field.type != "file" or not field.value:
        raise UnknownName("file", asked.item, ())
    name, content = content_of(caller.study_id, field.value)
    response = HttpResponse(content, content_type=BYTES)
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
