"""Versions of the definition: where each is in force, what it changes and would lead to, approving and migrating."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import actions, worklists
from trialwright.conduct.rules.checks import CheckKey
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import FormImpact
from trialwright.kernel.errors import UnknownName
from trialwright.study.versions import difference
from trialwright.web.capture_api import amended, answers, told
from trialwright.web.capture_api.forms import LOG, VISIT, Sheet
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.shapes import Approval, Because, ImpactAsked, Name, SinceAsked

router = Router(tags=["Amendments"])
ALL, ONE = "/studies/{study}/versions", "/studies/{study}/versions/{version}"
MOVED: dict[str, Any] = {"response": answers.FormSavedOut, "openapi_extra": told.WRITE}


@router.get(ALL, response=amended.Versions, openapi_extra=told.READ, operation_id="versions")
def versions(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """Versions of the definition, and where each is in force."""
    caller = read(request, study, "versions")
    return shown(amended.Versions.model_validate({"versions": worklists.versions_of(caller.study_id, caller.by)}))


@router.get(f"{ONE}/changes", response=amended.DifferenceOut, openapi_extra=told.READ, operation_id="versionChanges")
def changes(request: HttpRequest, study: Path[Name], version: Path[Name], asked: Query[SinceAsked]) -> HttpResponse:
    """What a version changes of the one before, or of the one that is named; nothing before the first."""
    caller = read(request, study, "versions", of=version)
    names = [line.version for line in worklists.versions_of(caller.study_id, caller.by)]
    for name in (version, asked.since or version):
        if name not in names:
            raise UnknownName("version", name, names)
    before = asked.since or names[max(0, names.index(version) - 1)]
    old, new = (worklists.study_at(caller.study_id, name) for name in (before, version))
    return shown(amended.DifferenceOut.model_validate(difference(old, new)))


@router.get(f"{ONE}/impact", response=amended.ImpactOut, openapi_extra=told.READ, operation_id="versionImpact")
def impact(request: HttpRequest, study: Path[Name], version: Path[Name], asked: Query[ImpactAsked]) -> HttpResponse:
    """What migrating every captured form to a version would lead to; nothing is changed."""
    caller = read(request, study, "impact", site=asked.site, of=version)
    known = [site.id for site in caller.study.registration.sites]
    if asked.site and asked.site not in known:
        raise UnknownName("site", asked.site, known)
    found = worklists.impact(caller.study_id, version, caller.by, site=asked.site)
    total = len(found.lines)
    pages = max(1, -(-total // asked.limit))
    page = min(asked.page, pages)
    lines = found.lines[(page - 1) * asked.limit : page * asked.limit]
    return shown(
        amended.ImpactOut(
            version=found.version, subjects=found.subjects, forms=found.forms,
            concerned=[_line(each) for each in lines], total=total, page=page, pages=pages,
        )
    )  # fmt: skip


@router.post(f"{ONE}/approve", response=amended.Approved, openapi_extra=told.WRITE, operation_id="approveVersion")
def approve(request: HttpRequest, study: Path[Name], version: Path[Name], body: Approval) -> HttpResponse:
    """Put a version into force at a site, today or from a day to come; captured forms stay as they are."""
    caller = caller_of(request, study)

    def do() -> amended.Approved:
        day = actions.approve_version(caller.study_id, body.site, version, on=body.on, **caller.do())
        return amended.Approved(site=body.site, version=version, day=day)

    return done(request, caller, do)


@router.post(
    "/studies/{study}/sites/{site}/migrate",
    response=amended.MigratedOut,
    openapi_extra=told.WRITE,
    operation_id="migrateSite",
)
def migrate_site(request: HttpRequest, study: Path[Name], site: Path[Name], body: Because) -> HttpResponse:
    """Take every captured form of a site to the version in force there."""
    caller = caller_of(request, study)

    def do() -> amended.MigratedOut:
        found = actions.migrate_all(caller.study_id, site, reason=body.reason, **caller.do())
        return amended.MigratedOut.model_validate(found)

    return done(request, caller, do)


@router.post(f"{VISIT}/migrate", operation_id="migrateVisitForm", **MOVED)
def migrate_visit_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name], body: Because
) -> HttpResponse:
    """Take a captured form to the version in force at its site."""
    return _migrate(request, caller_of(request, study), (subject, visit, form), body.reason)


@router.post(f"{LOG}/migrate", operation_id="migrateLogForm", **MOVED)
def migrate_log_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], body: Because
) -> HttpResponse:
    """Take a captured running log to the version in force at its site."""
    return _migrate(request, caller_of(request, study), (subject, "", form), body.reason)


def _migrate(request: HttpRequest, caller: Caller, sheet: Sheet, reason: str) -> HttpResponse:
    subject, visit, form = sheet

    def do() -> answers.FormSavedOut:
        saved = actions.migrate_form(caller.study_id, subject, form, visit=visit, reason=reason, **caller.do())
        return answers.FormSavedOut.model_validate(saved)

    return done(request, caller, do)


def _line(line: FormImpact) -> amended.FormImpactOut:
    return amended.FormImpactOut(
        subject=line.subject, site=line.site, visit=line.visit, form=line.form, definition=line.definition,
        gone=line.gone, aside=_places(line.aside), impossible=_places(line.impossible), missing=list(line.missing),
        incomplete=line.incomplete, computed=_places(line.computed), opens=_checks(line.opens),
        closes=_checks(line.closes), signed=line.signed,
    )  # fmt: skip


def _places(places: tuple[Place, ...]) -> list[answers.PlaceOut]:
    return [answers.PlaceOut(group=group, row=row, item=item) for group, row, item in places]


def _checks(keys: tuple[CheckKey, ...]) -> list[amended.CheckAt]:
    return [amended.CheckAt(check=check, group=group, row=row, item=item) for check, (group, row, item) in keys]
