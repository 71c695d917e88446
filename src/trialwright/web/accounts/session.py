"""How long a session lives: it ends when nobody was there for a while, and at the latest after a working day.

A request that nobody made by hand (a page that asks again by itself how a job goes) says so with the header X-Passive,
and does not keep the session alive.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from trialwright.web.accounts.events import BEGAN
from trialwright.web.page import is_fragment

Handler = Callable[[HttpRequest], HttpResponse]
SEEN = "seen"
EVERY = 30
"""The session is written again at most once in so many seconds."""


def left(request: HttpRequest) -> int:
    """Seconds until the session ends if nobody does anything; negative when it should have ended."""
    now = int(time.time())
    idle = settings.TRIALWRIGHT_IDLE - (now - int(request.session.get(SEEN, now)))
    whole = settings.TRIALWRIGHT_SESSION - (now - int(request.session.get(BEGAN, now)))
    return min(idle, whole)


def keep_session(get_response: Handler) -> Handler:
    """Ends a session whose time is over, and notes that somebody is there."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return _asked_to_log_in(request, get_response(request))
        if left(request) <= 0:
            return _over(request, get_response)
        _touch(request)
        return get_response(request)

    return middleware


@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """Seconds left, whose session it is, and the token for its forms: after a log-in in another window a page that is
    still open goes on with it, or ends when it is somebody else's. POST: I am still here.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"left": 0})
    return JsonResponse({"left": left(request), "who": request.user.get_username(), "token": get_token(request)})


def _over(request: HttpRequest, get_response: Handler) -> HttpResponse:
    whole = int(time.time()) - int(request.session.get(BEGAN, 0)) >= settings.TRIALWRIGHT_SESSION
    request.session_ended = "length" if whole else "inactivity"  # type: ignore[attr-defined]  # for the log of accounts
    logout(request)
    return _anew() if is_fragment(request) else get_response(request)


def _asked_to_log_in(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The log-in is a page: it does not take the place of a part of one that is still open."""
    asked = answer.status_code == 302 and answer.headers["Location"].startswith(reverse("account_login"))
    return _anew() if asked and is_fragment(request) else answer


def _anew() -> HttpResponse:
    answer = HttpResponse(status=204)
    answer.headers["HX-Refresh"] = "true"  # the page asks for the log-in and comes back; what was typed is its draft
    return answer


def _touch(request: HttpRequest) -> None:
    now = int(time.time())
    request.session.setdefault(BEGAN, now)
    asks = request.path == reverse("account_session")
    passive = "X-Passive" in request.headers or (asks and request.method == "GET")
    due = now - int(request.session.get(SEEN, 0)) >= EVERY or (asks and request.method == "POST")
    if due and not (passive and SEEN in request.session):
        request.session[SEEN] = now
