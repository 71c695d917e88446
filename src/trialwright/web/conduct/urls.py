"""Addresses below a study in conduct."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, path

from trialwright.web.conduct import (
    capture,
    closing,
    exports,
    files,
    over,
    oversight,
    overview,
    people,
    redacting,
    signing,
    study,
    typed,
)
from trialwright.web.conduct.subject import casebook
from trialwright.web.conduct.todo import todo


def _of_form(tail: str, view: Callable[..., HttpResponse], name: str) -> list[URLPattern]:
    """The same below a form of a visit and below a running form, which belongs to none."""
    return [
        path(f"subjects/<str:subject>/visits/<str:visit>/<str:form>/{tail}", view, name=f"visit_{name}"),
        path(f"subjects/<str:subject>/logs/<str:form>/{tail}", view, {"visit": ""}, name=f"log_{name}"),
    ]


urlpatterns: list[URLPattern] = [
    path("", overview.dashboard, name="dashboard"),
    path("subjects/", overview.subjects, name="subjects"),
    path("subjects/<str:subject>/", casebook, name="casebook"),
    path("subjects/<str:subject>/sign/", signing.sign, name="sign"),
    *_of_form("typed/", typed.follow, "typed"),
    *_of_form("discard/", typed.discard, "discard"),
    *_of_form("over/", over.over, "over"),
    *_of_form("files/<str:group>/<int:row>/<str:item>/", files.download, "file"),
    *_of_form("", capture.form, "form"),
    path("redact/", redacting.find, name="redact_find"),
    path("redact/<int:sequence>/", redacting.redact, name="redact"),
    path("todo/", todo, name="todo"),
    path("close/", closing.close, name="close"),
    path("study/", study.study, name="study"),
    path("versions/", study.versions, name="versions"),
    path("policy/", study.policy, name="policy"),
    path("people/", people.people, name="people"),
    path("tokens/", people.tokens, name="tokens"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:number>/", exports.download, name="export_file"),
    path("exports/<int:number>/cancel/", exports.cancel, name="export_cancel"),
    path("queries/", oversight.queries, name="queries"),
    path("queries/<str:subject>/<int:number>/", oversight.query, name="query"),
    path("audit/", oversight.audit, name="audit"),
]
