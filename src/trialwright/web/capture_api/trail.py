"""The audit trail, filtered and paged."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import worklists
from trialwright.conduct.worklists import AuditFilter
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import read, shown
from trialwright.web.capture_api.shapes import Name, TrailAsked

router = Router(tags=["Audit trail"])


@router.get("/studies/{study}/audit", response=answers.Trail, openapi_extra=told.READ, operation_id="auditTrail")
def audit(request: HttpRequest, study: Path[Name], asked: Query[TrailAsked]) -> HttpResponse:
    """What was done, newest first: who, when, why, and every column that changed."""
    caller = read(request, study, "audit", site=asked.site, subject=asked.subject, visit=asked.visit, form=asked.form)
    names = ("subject", "visit", "form", "item", "who", "action", "site")
    equal = {name: getattr(asked, name) for name in names}
    wanted = AuditFilter(**equal, since=_zoned(asked.since), until=_zoned(asked.until))
    found = worklists.audit_trail(caller.study_id, caller.by, wanted, page=asked.page, size=asked.limit)
    return shown(
        answers.Trail.model_validate(
            {"events": found.lines, "total": found.total, "page": found.page, "pages": found.pages}
        )
    )


def _zoned(moment: dt.datetime | None) -> dt.datetime | None:
    """A time without a zone is meant in UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment and moment.tzinfo is None else moment
