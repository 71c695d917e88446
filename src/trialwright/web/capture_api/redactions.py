"""Redaction of what should never have been typed: what an event brought, and taking it out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Redacted
from trialwright.conduct.worklists import EventWords, Typed
from trialwright.kernel.errors import UnknownName
from trialwright.web.capture_api import amended, told
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.shapes import Name, Number, Redaction

router = Router(tags=["Redaction"])
EVENT = "/studies/{study}/audit/{sequence}"


@router.get(f"{EVENT}/words", response=amended.EventWordsOut, openapi_extra=told.READ, operation_id="eventWords")
def event_words(request: HttpRequest, study: Path[Name], sequence: Path[Number]) -> HttpResponse:
    """What an event of the audit trail brought that could be redacted, each under the name to redact it by."""
    caller = read(request, study, "redact", of=f"event {sequence}")
    found = worklists.event_words(caller.study_id, sequence, caller.by)
    return shown(amended.EventWordsOut.model_validate(found))


@router.post(f"{EVENT}/redaction", response=amended.RedactedOut, openapi_extra=told.WRITE, operation_id="redact")
def redact(request: HttpRequest, study: Path[Name], sequence: Path[Number], body: Redaction) -> HttpResponse:
    """Take words out for good: out of the log, where a tombstone stays, and out of the table. Cannot be undone."""
    caller = caller_of(request, study)

    def do() -> amended.RedactedOut:
        found = worklists.event_words(caller.study_id, sequence, caller.by)
        chosen = next((each for each in found.words if each.name == body.words), None)
        if chosen is None:
            raise UnknownName("word of this event", body.words, [each.name for each in found.words])
        return amended.RedactedOut.model_validate(_redacted(caller, found, chosen, body.reason))

    with actions.erasing():  # around the whole transaction: what was taken out leaves the file when that ends
        return done(request, caller, do)


def _redacted(caller: Caller, found: EventWords, chosen: Typed, reason: str) -> Redacted:
    who: dict[str, Any] = {"reason": reason, **caller.do()}
    if chosen.table == "reason":
        return actions.redact_reason(caller.study_id, found.sequence, **who)
    if chosen.table == "value":
        visit, form, group, row, item = chosen.key
        return actions.redact_value(
            caller.study_id, found.subject, form, item, visit=visit, group=group, row=row, sequence=found.sequence,
            **who,
        )  # fmt: skip
    return actions.redact_words(caller.study_id, found.subject, chosen.table, chosen.key, **who)
