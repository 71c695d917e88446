"""The API as a whole: its operations, its parser, and its paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.parser import Parser

from trialwright.web.capture_api import (
    amendments,
    definitions,
    exports,
    files,
    forms,
    oversight,
    queries,
    redactions,
    subjects,
    trail,
)
from trialwright.web.capture_api.keys import Key
from trialwright.web.capture_api.problems import handle, problem

BASE = "/api/capture/v1/"
VERSION = "1.0.0"


class Plain(Parser):
    """Reads JSON as it is meant between systems: no NaN, no lone surrogates, no nesting without end, no NUL."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        found = orjson.loads(request.body)
        if not isinstance(found, dict):
            raise TypeError("no object")
        if rb"\u0000" in request.body and _holds_nul(found):
            raise ValueError("NUL")
        return found


def _holds_nul(found: Any) -> bool:
    pending = [found]
    while pending:
        here = pending.pop()
        if isinstance(here, str) and "\0" in here:
            return True
        if isinstance(here, dict):
            pending += [*here, *here.values()]
        elif isinstance(here, list):
            pending += here
    return False


api = NinjaAPI(
    title="Trialwright: studies in conduct",
    version=VERSION,
    description="Subjects, forms, queries, oversight, history and exports of a study, for programs. A key made with "
    "`trialwright conduct token make` acts as its person, narrowed to its scopes: the same policy as on the pages. "
    "Every refusal is a problem (RFC 9457) with one sentence.",
    urls_namespace="capture-v1",
    docs_url=None,
    auth=Key(),
    parser=Plain(),
)
handle(api)
PARTS = (definitions, amendments, subjects, forms, files, queries, oversight, trail, redactions, exports)
for part in PARTS:
    api.add_router("", part.router)


def _answering(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """No cache keeps an answer; a method that a path does not have is a problem like any other."""

    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        if response.status_code != 405:
            return response
        allowed = ", ".join(sorted(response.headers.get("Allow", "").split(", ")))
        told = problem(405, f"{request.method} is not possible here. Possible: {allowed}.")
        told.headers["Allow"] = allowed
        return told

    answered.csrf_exempt = True  # type: ignore[attr-defined]  # Django's mark; a session never counts here
    return answered


def urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _answering(pattern.callback)
    return patterns, app, namespace


def unknown(_request: HttpRequest, rest: str) -> HttpResponse:
    """A path that this API does not have."""
    return problem(404, f"There is no path {BASE}{rest[:80]}. All are in {BASE}openapi.json.")
