"""The operations of the API and their errors: a plain sentence, 400 or 404."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query
from ninja.errors import HttpError, ValidationError

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import InputError, TrialwrightError, UnknownName, nearest
from trialwright.web import catalogue
from trialwright.web.api import asked, metadata, stats, studies, told
from trialwright.web.errors import status_of

API_VERSION = "2.0.5"
"""The version of the official API whose paths and parameters these are."""

MOST_RELATED = 100

api = NinjaAPI(
    title="Trialwright: registered studies",
    version=API_VERSION,
    description="The paths, parameters, paging and JSON of the ClinicalTrials.gov API, version 2, over this server's "
    "records; and related studies with reasons.",
    urls_namespace="api-v2",
    docs_url=None,
)


@api.exception_handler(TrialwrightError)
def wrong(_request: HttpRequest, error: TrialwrightError) -> HttpResponse:
    """What the rooms below refuse, as text."""
    return HttpResponse(str(error), status=status_of(error), content_type="text/plain; charset=utf-8")


@api.exception_handler(ValidationError)
def malformed(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A parameter of the wrong type."""
    first = error.errors[0]
    text = f"`{first['loc'][-1]}` parameter has incorrect value: {first['msg']}."
    return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")


@api.exception_handler(HttpError)
def unreadable(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that is no JSON."""
    text = "The body cannot be read. Send a JSON object."
    return HttpResponse(text, status=error.status_code, content_type="text/plain; charset=utf-8")


@api.get("/studies", openapi_extra=told.LISTED, operation_id="listStudies", tags=["Studies"])
def list_studies(request: HttpRequest, asked_for: Query[told.StudiesAsked]) -> HttpResponse:
    """Studies that match queries and filters, page by page."""
    told.only(request.GET, told.StudiesAsked)
    return studies.page(catalogue.library(), request.GET)


@api.get("/studies/metadata", openapi_extra=told.MANY, operation_id="studiesMetadata", tags=["Studies"])
def studies_metadata(request: HttpRequest, asked_for: Query[told.MetadataAsked]) -> HttpResponse:
    """The fields of a study."""
    told.only(request.GET, told.MetadataAsked)
    return studies.as_json(metadata.fields())


@api.get("/studies/search-areas", openapi_extra=told.MANY, operation_id="searchAreas", tags=["Studies"])
def search_areas(request: HttpRequest) -> HttpResponse:
    """Groups of fields that are searched together."""
    told.only(request.GET)
    return studies.as_json(metadata.areas())


@api.get("/studies/enums", openapi_extra=told.MANY, operation_id="enums", tags=["Studies"])
def enums(request: HttpRequest) -> HttpResponse:
    """The values of every enum."""
    told.only(request.GET)
    return studies.as_json(metadata.enums())


@api.get("/studies/{nctId}", openapi_extra=told.ONE, operation_id="fetchStudy", tags=["Studies"])
def fetch_study(request: HttpRequest, nctId: str, asked_for: Query[told.StudyAsked]) -> HttpResponse:  # noqa: N803
    """One study."""
    told.only(request.GET, told.StudyAsked)
    return studies.one(catalogue.library(), nctId, request.GET)


@api.get("/studies/{nctId}/related", openapi_extra=told.KIN, operation_id="relatedStudies", tags=["Studies"])
def related_studies(request: HttpRequest, nctId: str, count: Query[int] = 10) -> HttpResponse:  # noqa: N803
    """Studies like this one, closest first, with reasons."""
    told.only(request.GET, "count")
    studies.kept(catalogue.library(), nctId)
    if not 1 <= count <= MOST_RELATED:
        raise InputError(f"`count` parameter: {count} is not from 1 to {MOST_RELATED}.")
    found = catalogue.library().related(studies.number(nctId), count)
    return studies.as_json({"related": studies.plain(found)})


@api.post("/match", openapi_extra=told.MATCHED, operation_id="matchPatient", tags=["Studies"])
def match_patient(request: HttpRequest, patient: told.Described) -> HttpResponse:
    """Studies for a patient who is described in a few sentences. Nothing of the note is kept or logged."""
    told.only(request.GET)
    if not patient.note.strip():
        raise InputError("`note`: describe the patient in a few words.")
    return studies.as_json({"studies": studies.plain(catalogue.library().match(patient.note, patient.count))})


@api.get("/stats/size", openapi_extra=told.SIZES, operation_id="sizeStats", tags=["Stats"])
def size_stats(request: HttpRequest) -> HttpResponse:
    """How large the studies' JSON is."""
    told.only(request.GET)
    return studies.as_json(stats.sizes(catalogue.library()))


@api.get("/stats/field/values", openapi_extra=told.MANY_OF, operation_id="fieldValuesStats", tags=["Stats"])
def field_values(request: HttpRequest, asked_for: Query[told.StatsAsked]) -> HttpResponse:
    """Which values fields have, and how often."""
    told.only(request.GET, told.StatsAsked)
    names, types = asked.listed(request.GET, "fields"), asked.listed(request.GET, "types")
    for kind in types:
        if kind not in stats.TYPES:
            raise InputError(f"`types` parameter: there is no type `{kind[:80]}`.", hint=nearest(kind, stats.TYPES))
    chosen = [stats.leaf(name) for name in names] or list(model().fields.values())
    chosen = [field for field in chosen if not types or stats.type_of(field) in types]
    return studies.as_json(stats.values(catalogue.library(), chosen))


@api.get("/stats/field/sizes", openapi_extra=told.MANY_OF, operation_id="listSizesStats", tags=["Stats"])
def list_sizes(request: HttpRequest, fields: Query[str] = "") -> HttpResponse:
    """How many values lists have."""
    told.only(request.GET, "fields")
    chosen = [stats.listed_field(name) for name in asked.listed(request.GET, "fields")]
    return studies.as_json(stats.list_sizes(catalogue.library(), chosen or stats.list_fields()))


@api.get("/version", openapi_extra=told.VERSION, operation_id="version", tags=["Version"])
def version(request: HttpRequest) -> HttpResponse:
    """The version of this API, and the day of the data."""
    told.only(request.GET)
    return studies.as_json({"apiVersion": API_VERSION, "dataTimestamp": catalogue.timestamp()})


def unknown(_request: HttpRequest, rest: str) -> HttpResponse:
    """A path that this API does not have."""
    return wrong(_request, UnknownName("path", f"/api/v2/{rest[:80]}", ("/api/v2/studies", "/api/v2/version")))
