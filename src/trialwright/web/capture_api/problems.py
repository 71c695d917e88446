"""Refusals as RFC 9457 problem details: one sentence, and a sentence for each field where fields are at fault."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from trialwright.conduct.actions import FormErrors, ReasonNeeded, unavailable
from trialwright.conduct.actions.tokens import KeyRefused
from trialwright.conduct.rules.values import Place
from trialwright.kernel.errors import NotPermitted, Refused, TrialwrightError, Unavailable, UnknownName, UserError

log = logging.getLogger("trialwright.api")
TYPE = "application/problem+json"
TITLES = {
    400: "No JSON", 401: "No key", 403: "Not permitted", 404: "Not found", 405: "No such method", 409: "Conflict",
    413: "Too large", 422: "Cannot be used", 500: "Failed", 503: "Database not available",
}  # fmt: skip
MOST_FIELDS = 50
"""Fields that an answer names."""
LARGEST = 2_000_000
"""Bytes of a request's body."""
AGAIN = 5
"""Seconds after which it is worth while to ask a database again that did not answer."""


class TooLarge(Refused):
    """The body is larger than the `most` bytes that are taken."""

    def __init__(self, most: int = LARGEST) -> None:
        super().__init__(f"The body is larger than {most} bytes.", hint="Send less at once.")


def problem(
    status: int, sentence: str, *, fields: Iterable[tuple[str, str]] = (), more: Mapping[str, Any] | None = None
) -> HttpResponse:
    """`fields`: (field, sentence) for each field at fault. `more`: members of this kind of problem."""
    named = [{"field": field, "detail": said} for field, said in fields][:MOST_FIELDS]
    content = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": sentence, "fields": named}
    response = HttpResponse(
        json.dumps({**content, **(more or {})}, ensure_ascii=False), status=status, content_type=TYPE
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="trialwright"'
    return response


def name_of(place: Place) -> str:
    """How the API names a field of a form: group/row/item."""
    return "/".join(str(part) for part in place)


def handle(api: NinjaAPI) -> None:
    """Let `api` answer every error of the rooms below, and its own, as a problem."""

    @api.exception_handler(TrialwrightError)
    def refused(_request: HttpRequest, error: TrialwrightError) -> HttpResponse:
        return of_error(error)

    @api.exception_handler(ValidationError)
    def malformed(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        fields = [(".".join(map(str, e["loc"][1:] or e["loc"])), f"{e['msg']}.") for e in error.errors]
        sentence = f"The request is not as the document describes it: {', '.join(name for name, _ in fields[:5])}."
        return problem(422, sentence, fields=fields)

    @api.exception_handler(AuthenticationError)
    def nobody(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return problem(401, "Send a key as `Authorization: Bearer tw_...`; a log-in of the pages does not count here.")

    @api.exception_handler(HttpError)
    def unreadable(_request: HttpRequest, _error: HttpError) -> HttpResponse:
        return problem(400, "The body cannot be read. Send one JSON object in UTF-8.")

    @api.exception_handler(RequestDataTooBig)
    def large(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
        return of_error(TooLarge())

    @api.exception_handler(Exception)
    def failed(request: HttpRequest, error: Exception) -> HttpResponse:
        if found := unavailable(error):
            return of_error(found)
        # The class says what failed; its text might hold a patient's value.
        log.error("%s at %s", type(error).__name__, request.path)
        return problem(500, "This failed inside trialwright; nothing was saved.")


def of_error(error: TrialwrightError) -> HttpResponse:
    """The problem for what a room below refuses."""
    if isinstance(error, FormErrors):
        return problem(422, str(error), fields=[(name_of(place), said) for place, said in error.fields.items()])
    if isinstance(error, ReasonNeeded):
        needed = "This changes what was saved; give a reason."
        return problem(422, str(error), fields=[(name_of(place), needed) for place in error.places])
    kinds: tuple[tuple[type[TrialwrightError], int], ...] = (
        (KeyRefused, 401), (NotPermitted, 403), (TooLarge, 413), (Refused, 409), (UnknownName, 404),
        (UserError, 422), (Unavailable, 503),
    )  # fmt: skip
    status = next((status for kind, status in kinds if isinstance(error, kind)), 500)
    if status == 500:
        log.error("%s in the API", type(error).__name__)
    response = problem(status, str(error))
    if isinstance(error, Unavailable):
        log.error("The database is %s", error.kind)
        response.headers["Retry-After"] = str(AGAIN)
    return response
