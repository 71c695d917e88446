"""Pages for what did not work: one sentence that says what, where and what would be right."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from trialwright.kernel.errors import Refused, TrialwrightError, UnknownName, UserError
from trialwright.web.page import page, words

log = logging.getLogger("django.request")


class refusals:  # noqa: N801 (a middleware's name stands in the settings like a function's)
    """Turns the errors of the rooms below into pages; the transaction that raised one is undone already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TrialwrightError):
            return None
        status = status_of(error)
        if status == 500:
            # The class says what failed; its text might hold a patient's value.
            log.error("%s at %s", type(error).__name__, request.path)
        return problem(request, status, str(error))


def status_of(error: TrialwrightError) -> int:
    """403 for a refusal, 404 for a name that stands for nothing, 400 for other input, 500 for a failure of ours."""
    kinds: tuple[tuple[type[TrialwrightError], int], ...] = ((Refused, 403), (UnknownName, 404), (UserError, 400))
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


def problem(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """The page for a status, with `sentence` when there is more to say than the status says."""
    title = words(request)(f"error.{status}.title")
    return page(request, "errors/problem.html", title=title, status=status, code=status, sentence=sentence)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 400, str(exception) if type(exception) is BadRequest else "")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 403, str(exception) if type(exception) is PermissionDenied else "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = exception.args[0] if type(exception) is Http404 and exception.args else ""
    return problem(request, 404, said if isinstance(said, str) else "")


def failed(request: HttpRequest) -> HttpResponse:
    return problem(request, 500)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was opened before this session began, or cookies are off."""
    return problem(request, 403, words(request)("error.stale"))


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: dict[str, str] | None = None
) -> HttpResponse:
    """Too many failed logins."""
    response = problem(request, 429, words(request)("error.locked_out"))
    response.headers["Retry-After"] = "900"
    return response
