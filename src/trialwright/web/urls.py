"""Addresses of the pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from trialwright.web.api.api import api, unknown
from trialwright.web.capture_api import api as capture_api
from trialwright.web.record import downloads, neighbours, search
from trialwright.web.record import views as record
from trialwright.web.screening import views as screening


def health(_request: HttpRequest) -> HttpResponse:
    """Whether the database answers, for whatever watches the server."""
    from django.db import Error, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return HttpResponse("The database does not answer.\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", record.home, name="home"),
    path("health", health, name="health"),
    path("search/", search.search, name="search"),
    path("search/download.<str:form>", search.download, name="search_download"),
    path("studies/<str:name>/", record.record, name="record"),
    path("studies/<str:name>/related/", neighbours.related, name="related"),
    path("studies/<str:name>/history/", neighbours.history, name="history"),
    path("studies/<str:name>/download.<str:form>", downloads.one, name="record_download"),
    path("api/v2/", api.urls),
    path("api/v2/<path:rest>", unknown),
    path("api/capture/v1/", capture_api.urls()),
    path("api/capture/v1/<path:rest>", capture_api.unknown),
    path("studies/<str:name>/screen/", screening.screen, name="screen"),
    path("studies/<str:name>/screen/verdict", screening.update, name="screen_verdict"),
    path("studies/<str:name>/screen/worksheet", screening.sheet, name="screen_worksheet"),
    path("studies/<str:name>/screen/worksheet.pdf", screening.pdf, name="screen_pdf"),
    path("studies/<str:name>/screen/start", screening.start, name="screen_start"),
    path("conduct/<str:study_id>/", include("trialwright.web.conduct.urls")),
    path("", include("trialwright.web.accounts.urls")),
]

handler400 = "trialwright.web.errors.bad_request"
handler403 = "trialwright.web.errors.forbidden"
handler404 = "trialwright.web.errors.not_found"
handler500 = "trialwright.web.errors.failed"
