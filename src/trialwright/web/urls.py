"""Addresses of the pages."""

from __future__ import annotations

from allauth.account import views as account
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from trialwright.web.api.api import api, unknown
from trialwright.web.conduct import capture, oversight, overview
from trialwright.web.conduct.subject import casebook
from trialwright.web.record import downloads, neighbours, search
from trialwright.web.record import views as record
from trialwright.web.screening import views as screening


def health(_request: HttpRequest) -> HttpResponse:
    """Answers as soon as the database does."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
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
    path("studies/<str:name>/screen/", screening.screen, name="screen"),
    path("studies/<str:name>/screen/verdict", screening.update, name="screen_verdict"),
    path("studies/<str:name>/screen/worksheet", screening.sheet, name="screen_worksheet"),
    path("studies/<str:name>/screen/worksheet.pdf", screening.pdf, name="screen_pdf"),
    path("studies/<str:name>/screen/start", screening.start, name="screen_start"),
    path("conduct/<str:study_id>/", overview.dashboard, name="dashboard"),
    path("conduct/<str:study_id>/subjects/", overview.subjects, name="subjects"),
    path("conduct/<str:study_id>/subjects/<str:subject>/", casebook, name="casebook"),
    path(
        "conduct/<str:study_id>/subjects/<str:subject>/visits/<str:visit>/<str:form>/",
        capture.visit_form,
        name="visit_form",
    ),
    path("conduct/<str:study_id>/subjects/<str:subject>/logs/<str:form>/", capture.log_form, name="log_form"),
    path("conduct/<str:study_id>/queries/", oversight.queries, name="queries"),
    path("conduct/<str:study_id>/queries/<str:subject>/<int:number>/", oversight.query, name="query"),
    path("conduct/<str:study_id>/audit/", oversight.audit, name="audit"),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/password/", account.password_change, name="account_change_password"),
]

handler400 = "trialwright.web.errors.bad_request"
handler403 = "trialwright.web.errors.forbidden"
handler404 = "trialwright.web.errors.not_found"
handler500 = "trialwright.web.errors.failed"
