"""What an administrator of the installation does to accounts; each deed stands in the log of accounts."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction

from trialwright.conduct.actions.accounts import note_account_event
from trialwright.conduct.actions.tokens import revoke_all
from trialwright.conduct.rules.policy import INSTALLER
from trialwright.conduct.worklists.accounts import password_is_temporary
from trialwright.kernel.errors import InputError, Refused, UnknownName
from trialwright.web.accounts import codes, failures
from trialwright.web.accounts.events import KINDS


@dataclass(frozen=True, slots=True)
class Kept:
    """An account as a list shows it. `factors`: kinds of second factors; `last`: its last login."""

    username: str
    name: str
    open: bool
    temporary: bool
    factors: tuple[str, ...]
    last: dt.datetime | None


def accounts() -> list[Kept]:
    """Every account, by its name."""
    held: dict[int, list[str]] = {}
    for user, kind in Authenticator.objects.order_by("id").values_list("user", "type"):
        held.setdefault(user, []).append(KINDS[kind])
    users = get_user_model().objects.order_by("username")
    return [_kept(user, tuple(held.get(user.pk, ()))) for user in users]


def _kept(user: Any, factors: tuple[str, ...]) -> Kept:
    name = user.get_username()
    return Kept(name, user.first_name, user.is_active, password_is_temporary(name), factors, user.last_login)


def add(username: str, name: str = "", password: str = "") -> str:
    """Make an account; its temporary password, a new one where none is given. Raises Refused, InputError."""
    users = get_user_model()
    if users.objects.filter(username=username).exists():
        raise Refused(f"There is an account '{username}' already.", hint="Use `reset-password` for a new password.")
    user = users(username=username, first_name=name)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise InputError(f"'{username}' cannot be the name of an account: {' '.join(error.messages)}") from None
    given = _password(user, password)
    user.set_password(given)
    with transaction.atomic():
        user.save()
        _note(username, "account_added")
    return given


def disable(username: str) -> None:
    """Close an account; who is logged in is so no longer, and its keys to the API open nothing."""
    with _changed(username, "account_disabled") as user:
        user.is_active = False
        revoke_all(username, by=INSTALLER.username)


def enable(username: str) -> None:
    with _changed(username, "account_enabled") as user:
        user.is_active = True


def reset_password(username: str, password: str = "") -> str:
    """Give a temporary password, which ends every session of the account; the password. Raises InputError."""
    with _changed(username, "password_reset") as user:
        given = _password(user, password)
        user.set_password(given)
    return given


def reset_mfa(username: str) -> int:
    """Remove all second factors and end every session; how many were removed."""
    user = account(username)
    with transaction.atomic():
        removed = [KINDS[each.type] for each in Authenticator.objects.filter(user=user)]
        Authenticator.objects.filter(user=user).delete()
        for kind in removed:
            _note(username, "authenticator_removed", kind)
        _end_sessions(user)
    return len(removed)


def unlock(username: str) -> bool:
    """Open an account that failures had closed; whether there were any."""
    account(username)
    found = failures.open_again(username)
    if found:
        _note(username, "unlocked")
    return bool(found)


def present_code(username: str) -> tuple[str, int] | None:
    """The code that the app of a demonstration account would show, and its seconds. Raises Refused for others."""
    held = codes.app_of(account(username))
    if held is None or not held.data.get("demo"):
        raise Refused(
            f"{username} has no authenticator app for demonstration.", hint="Codes of people are on their own devices."
        )
    return codes.present_code(held)


def account(username: str) -> Any:
    """The account. Raises UnknownName."""
    users = get_user_model().objects
    found = users.filter(username=username).first()
    if found is None:
        raise UnknownName("account", username, users.values_list("username", flat=True))
    return found


@contextmanager
def _changed(username: str, what: str) -> Iterator[Any]:
    with transaction.atomic():
        user = account(username)
        yield user
        user.save()
        _note(username, what)


def _password(user: Any, wanted: str) -> str:
    """The password, or a new one. Raises InputError for one that the rules do not allow."""
    given = wanted or secrets.token_urlsafe(12)
    try:
        validate_password(given, user)
    except ValidationError as error:
        raise InputError(f"The password cannot be used. {' '.join(error.messages)}") from None
    return given


def _end_sessions(user: Any) -> None:
    for session in Session.objects.filter(expire_date__gt=dt.datetime.now(dt.UTC)):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def _note(username: str, what: str, detail: str = "") -> None:
    note_account_event(username, what, by=INSTALLER.username, detail=detail)
