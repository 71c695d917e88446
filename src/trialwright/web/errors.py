"""Pages for what did not work: one sentence that says what, where and what would be right."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from django.contrib.auth import logout
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from trialwright.kernel.errors import Refused, TrialwrightError, Unavailable, UnknownName, UserError
from trialwright.web import outage
from trialwright.web.page import is_fragment, page, trouble, words

log = logging.getLogger("django.request")


class refusals:  # noqa: N801 (a middleware's name stands in the settings like a function's)
    """Turns the errors of the rooms below into pages; the transaction that raised one is undone already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if found := outage.outage(error):
            log.error("The database is %s at %s", found.kind, request.path)
            return outage.answer(request, found)
        if not isinstance(error, TrialwrightError):
            return None
        status = status_of(error)
        if status == 500:
            # The class says what failed; its text might hold a patient's value.
            log.error("%s at %s", type(error).__name__, request.path)
        return problem(request, status, str(error))


def status_of(error: TrialwrightError) -> int:
    """403 for a refusal, 404 for a name that stands for nothing, 400 for other input, 503 for a database that fails,
    500 for a failure of ours.
    """
    kinds: tuple[tuple[type[TrialwrightError], int], ...] = (
        (Refused, 403), (UnknownName, 404), (UserError, 400), (Unavailable, 503),
    )  # fmt: skip
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


def problem(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """The page for a status, with `sentence` when there is more to say than the status says. A part of a page that
    was asked for is not replaced by it.
    """
    t = words(request)
    if is_fragment(request):
        return trouble(request, sentence or t(f"error.{status}.what"), status)
    title = t(f"error.{status}.title")
    return page(request, "errors/problem.html", title=title, status=status, code=status, sentence=sentence)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 400, str(exception) if type(exception) is BadRequest else "")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 403, str(exception) if type(exception) is PermissionDenied else "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = exception.args[0] if type(exception) is Http404 and exception.args else ""
    return problem(request, 404, said if isinstance(said, str) else "")


def failed(request: HttpRequest) -> HttpResponse:
    if found := outage.of_this_moment():
        return outage.answer(request, found)
    return problem(request, 500)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was opened before this session began, or cookies are off."""
    return problem(request, 403, words(request)("error.stale"))


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """Too many failed tries: says when the door opens again, and shows whoever was inside the door."""
    from trialwright.web.accounts import failures

    seconds = failures.closed_for(request, (credentials or {}).get("username", "")).total_seconds()
    if request.user.is_authenticated:
        request.session_ended = "locked"  # type: ignore[attr-defined]  # for the log of accounts
        logout(request)
    response = problem(request, 429, words(request).count("error.locked_out", max(1, math.ceil(seconds / 60))))
    response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response
