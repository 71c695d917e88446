"""The key itself, and the study as it is defined: forms, items, sites."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import worklists
from trialwright.conduct.actions import studies
from trialwright.conduct.worklists.definitions import definition_at
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.errors import UnknownName
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import JSON, Caller, read, shown
from trialwright.web.capture_api.shapes import ItemsAsked, Name, VersionAsked

router = Router(tags=["Study"])


@router.get("/key", response=answers.KeyOut, openapi_extra=told.READ, operation_id="key", tags=["Key"])
def key(request: HttpRequest) -> HttpResponse:
    """What this key opens, for whom, and until when."""
    caller = request.auth  # type: ignore[attr-defined]  # ninja hands on here what `Key` gave
    assert isinstance(caller, Caller)
    token, by = caller.token, caller.by
    roles = [answers.RoleOut(role=r.role, site=r.site) for r in by.roles]
    return shown(
        answers.KeyOut(
            study=token.study, person=by.username, name=token.name, prefix=token.prefix, roles=roles,
            scopes=list(token.scopes), expires=token.expires,
        )
    )  # fmt: skip


@router.get("/studies/{study}", response=answers.StudyOut, openapi_extra=told.READ, operation_id="study")
def study(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """The study in conduct, in figures."""
    caller = read(request, study, "study")
    trial, defined = studies.trial(caller.study_id), caller.study
    sites_seen(defined, caller.by)
    identity = defined.registration.identity
    return shown(
        answers.StudyOut(
            study=trial.study, version=trial.version, registry_number=identity.nct_id,
            title=answers.Label.model_validate(identity.brief_title), state=trial.state, virtual=trial.virtual,
            planned=trial.planned, enrolled=trial.enrolled, forms=len(defined.forms), items=len(defined.items),
            visits=len(defined.schedule.visits), now=caller.now,
        )
    )  # fmt: skip


@router.get("/studies/{study}/definition", openapi_extra=told.READ, response=dict, operation_id="definition")
def definition(request: HttpRequest, study: Path[Name], asked: Query[VersionAsked]) -> HttpResponse:
    """The whole definition as one JSON object: the one in force, or the one of a version."""
    caller = read(request, study, "definition")
    sites_seen(caller.study, caller.by)
    return HttpResponse(definition_at(caller.study_id, asked.version), content_type=JSON)


@router.get("/studies/{study}/sites", response=answers.Sites, openapi_extra=told.READ, operation_id="sites")
def sites(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """The sites whose data this key may read."""
    caller = read(request, study, "sites")
    known = {site.id: site for site in caller.study.registration.sites}
    lines = [
        answers.SiteOut(
            site=line.site, name=answers.Label.model_validate(line.name), city=answers.Label.model_validate(line.city),
            country=answers.Label.model_validate(known[line.site].country), timezone=known[line.site].timezone,
            state=line.state, activated=line.activated, screened=line.screened, enrolled=line.enrolled,
            open_queries=line.open_queries,
        )
        for line in worklists.dashboard(caller.study_id, caller.by).sites
    ]  # fmt: skip
    return shown(answers.Sites(sites=lines))


@router.get("/studies/{study}/forms", response=answers.FormDefinitions, openapi_extra=told.READ, operation_id="forms")
def forms(request: HttpRequest, study: Path[Name]) -> HttpResponse:
    """Every form with its fields and edit checks."""
    caller = read(request, study, "forms")
    sites_seen(caller.study, caller.by)
    return shown(answers.FormDefinitions.model_validate({"forms": caller.study.forms}))


@router.get(
    "/studies/{study}/forms/{form}",
    response=answers.FormDefinition,
    openapi_extra=told.READ,
    operation_id="formDefinition",
)
def form(request: HttpRequest, study: Path[Name], form: Path[Name]) -> HttpResponse:
    """One form with its fields and edit checks."""
    caller = read(request, study, "form definition", form=form)
    sites_seen(caller.study, caller.by)
    found = caller.study.form_by_id.get(form)
    if found is None:
        raise UnknownName("form", form, caller.study.form_by_id)
    return shown(answers.FormDefinition.model_validate(found))


@router.get("/studies/{study}/items", response=answers.ItemDefinitions, openapi_extra=told.READ, operation_id="items")
def items(request: HttpRequest, study: Path[Name], asked: Query[ItemsAsked]) -> HttpResponse:
    """Items in the order of the definition."""
    caller = read(request, study, "items")
    sites_seen(caller.study, caller.by)
    ids = [item.id for item in caller.study.items]
    if asked.after and asked.after not in ids:
        raise UnknownName("item", asked.after, ids)
    start = ids.index(asked.after) + 1 if asked.after else 0
    page = caller.study.items[start : start + asked.limit]
    more = page[-1].id if start + asked.limit < len(ids) else ""
    return shown(answers.ItemDefinitions.model_validate({"items": page, "next": more}))
