"""What an account owes before it opens a study: a password of its own, and, where the policy asks for it, a second
factor."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from trialwright.conduct.worklists.accounts import acts_in_real_study
from trialwright.web.accounts import codes
from trialwright.web.accounts.events import MUST_CHANGE
from trialwright.web.page import page, way_back, words

Handler = Callable[[HttpRequest], HttpResponse]
GUARDED = ("/conduct/", "/accounts/")
"""Pages behind the gate. Those under /account/ stay open: they are where the debt is paid."""


def log_in_first(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view for who is logged in. Others log in, and come back to the page where they were."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return redirect_to_login(way_back(request))

    return opened


def owes_password(request: HttpRequest) -> bool:
    return bool(request.session.get(MUST_CHANGE))


def owes_second_factor(request: HttpRequest) -> bool:
    """By the policy TRIALWRIGHT_REQUIRE_MFA: `real` (people of studies with real subjects), `all` or `none`."""
    policy = settings.TRIALWRIGHT_REQUIRE_MFA
    if policy == "none":
        return False
    asked = policy == "all" or acts_in_real_study(request.user.get_username())
    return asked and not codes.has_own_second_factor(request.user)


def detour(request: HttpRequest) -> HttpResponse | None:
    """Where somebody who just logged in goes first; None when nothing is owed."""
    if not request.user.is_authenticated:
        return None
    if owes_password(request):
        return redirect("account_change_password")
    return redirect("mfa_index") if owes_second_factor(request) else None


def gate(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        guarded = request.path.startswith(GUARDED)
        return (closed(request) if guarded else None) or get_response(request)

    return middleware


def closed(request: HttpRequest) -> HttpResponse | None:
    """The page that says what is owed; None when nothing is. For what acts in a study from outside `GUARDED`, too."""
    if not request.user.is_authenticated:
        return None
    if owes_password(request):
        return _closed(request, "password", "account_change_password")
    return _closed(request, "second", "mfa_index") if owes_second_factor(request) else None


def _closed(request: HttpRequest, what: str, where: str) -> HttpResponse:
    """The sentence that says what is owed, and the way there."""
    title = words(request)(f"account.owes.{what}")
    return page(request, "account/owes.html", title=title, status=403, what=what, where=where)
