"""The page for a database that is gone, busy or full: it asks the database nothing, and keeps what was typed."""

from __future__ import annotations

import sys

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from trialwright.conduct.actions import unavailable
from trialwright.kernel.errors import TrialwrightError, Unavailable
from trialwright.web.page import every_pair, is_fragment, page, trouble, words

AGAIN = 5
"""Seconds after which it is worth while to try again."""
_KEPT = "/conduct/"
"""Forms below this address are offered to be sent again. Others may hold passwords."""
_MOST = 2_000
"""Inputs that are kept."""


def outage(error: BaseException | None) -> Unavailable | None:
    """What it means for a person when `error` is a failure of the database; None when it is another one."""
    if isinstance(error, Unavailable):
        return error
    return unavailable(error) if error is not None and not isinstance(error, TrialwrightError) else None


def of_this_moment() -> Unavailable | None:
    """The failure of the database that is being handled just now."""
    return outage(sys.exception())


def answer(request: HttpRequest, found: Unavailable) -> HttpResponse:
    """503, with a button that sends the form again. Where htmx asked for a part of a page, the page stands as it is."""
    request.user = AnonymousUser()  # whoever it is, the database would have to say so
    t = words(request)
    sentence, again = t(f"outage.{found.kind}"), _again(request) if request.path.startswith(_KEPT) else []
    if is_fragment(request):
        response = trouble(request, sentence, 503)
    else:
        response = page(
            request, "errors/outage.html", title=t("outage.title"), status=503, code=503,
            sentence=sentence, again=again, address=request.get_full_path(),
        )  # fmt: skip
    response.headers["Retry-After"] = str(AGAIN)
    return response


def _again(request: HttpRequest) -> list[tuple[str, str]]:
    """(name, value) of what was sent: the token against forgery among it, which still holds."""
    if request.method != "POST":
        return []
    sent = [(name, value) for name, value in every_pair(request.POST) if "password" not in name]
    return sent if len(sent) <= _MOST else []
