"""Failed tries count, whichever step they fail at; django-axes keeps the count, and too many close the door."""

from __future__ import annotations

import datetime as dt
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off, get_credentials
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from trialwright.conduct.actions.accounts import UNKNOWN
from trialwright.web.accounts.events import known


def counted_as(_request: HttpRequest, credentials: dict[str, Any] | None) -> str | None:
    """Under which name django-axes counts: that of the account, in whatever letters somebody writes it."""
    typed = (credentials or {}).get("username")
    account = known(typed)
    return typed if account == UNKNOWN else account


def is_closed(request: HttpRequest, username: str) -> bool:
    """Whether too many tries failed for this account; the answer to the request then says until when."""
    credentials = get_credentials(username)
    if AxesProxyHandler.is_allowed(request, credentials):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined]  # where django-axes looks for it
    request.axes_credentials = credentials  # type: ignore[attr-defined]
    return True


def count(request: HttpRequest, username: str, step: str) -> None:
    """A try failed at a step behind the password: `code`, `passkey`."""
    user_login_failed.send(sender=__name__, credentials={"username": username, "step": step}, request=request)


def forget(request: HttpRequest, username: str) -> None:
    """The person showed who it is: earlier failures no longer count."""
    AxesProxyHandler.update_request(request)
    AxesProxyHandler.get_implementation().reset_user_attempts(request, get_credentials(username))


def closed_for(request: HttpRequest, username: str) -> dt.timedelta:
    """How long the account stays closed from now on."""
    AxesProxyHandler.update_request(request)
    found = AxesProxyHandler.get_implementation().get_user_attempts(request, get_credentials(username))
    latest = max((a.attempt_time for attempts in found for a in attempts), default=None)
    whole: dt.timedelta = get_cool_off(request)
    return max(latest + whole - dt.datetime.now(dt.UTC), dt.timedelta()) if latest else whole


def open_again(username: str) -> int:
    """Forget all failures of an account, wherever they came from; how many counters there were."""
    removed: Any = AxesProxyHandler.reset_attempts(username=username)
    return int(removed)
