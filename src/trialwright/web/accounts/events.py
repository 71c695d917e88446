"""Every event of an account goes into the append-only log: what Django, allauth and axes signal is written here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.userkit import get_user_by_username
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import pre_save
from django.dispatch import Signal
from django.http import HttpRequest

from trialwright.conduct.actions.accounts import UNKNOWN, note_account_event
from trialwright.conduct.worklists.accounts import password_is_temporary

BEGAN, MUST_CHANGE = "began", "must_change"
"""What a session remembers of its log-in: when it began, and that the password was chosen by somebody else."""
KINDS = {"webauthn": "passkey", "totp": "code", "recovery_codes": "recovery code"}
_RECOVERY = Authenticator.Type.RECOVERY_CODES


def listen() -> None:
    """Connect; twice is once. What axes counts, it counts after us."""
    user_login_failed.connect(_failed, dispatch_uid="trialwright._failed")
    from axes.signals import user_locked_out

    receivers: tuple[tuple[Signal, Callable[..., None]], ...] = (
        (user_logged_in, _logged_in), (user_logged_out, _logged_out), (user_locked_out, _locked),
        (account.password_changed, _password_changed), (account.password_set, _password_changed),
        (mfa.authenticator_added, _added), (mfa.authenticator_reset, _added),
        (mfa.authenticator_removed, _removed), (mfa.authenticator_used, _used),
    )  # fmt: skip
    for signal, receiver in receivers:
        signal.connect(receiver, dispatch_uid=f"trialwright.{receiver.__name__}")
    pre_save.connect(_forget_what_was_sent, sender=AccessAttempt, dispatch_uid="trialwright.attempt")


def known(name: object) -> str:
    """The account's name, which log-in takes in any letters; what else was typed is nobody's business."""
    text = str(name or "")[:150]
    held = get_user_model().objects.filter(username=text).first() or get_user_by_username(text)
    return held.get_username() if held else UNKNOWN


def _logged_in(request: HttpRequest, user: Any, **_: Any) -> None:
    name = user.get_username()
    request.session[BEGAN] = int(time.time())
    request.session[MUST_CHANGE] = password_is_temporary(name)
    records = get_authentication_records(request, user)
    steps = [KINDS.get(record.get("type", ""), record["method"]) for record in records]
    note_account_event(name, "login", detail=", ".join(dict.fromkeys(steps)))


def _logged_out(request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        ended = getattr(request, "session_ended", "")
        note_account_event(user.get_username(), "session_expired" if ended else "logout", detail=ended)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """A failure of somebody who is logged in is one of the proof that was asked for."""
    inside = request is not None and request.user.is_authenticated
    step = str(credentials.get("step", "password"))
    note_account_event(known(credentials.get("username")), "proof_failed" if inside else "login_failed", detail=step)


def _locked(request: HttpRequest, username: str, **_: Any) -> None:
    """Axes signals each try at a closed door as well; the count of failures stands only where the door was closed."""
    if request.axes_failures_since_start is not None:  # type: ignore[attr-defined]  # axes sets it
        note_account_event(known(username), "locked")


def _password_changed(user: Any, request: HttpRequest, **_: Any) -> None:
    request.session[MUST_CHANGE] = False
    note_account_event(user.get_username(), "password_changed")


def _added(user: Any, authenticator: Any, **_: Any) -> None:
    made = "recovery_codes_made" if authenticator.type == _RECOVERY else "authenticator_added"
    note_account_event(
        user.get_username(), made, detail="" if authenticator.type == _RECOVERY else _kind(authenticator)
    )


def _removed(user: Any, authenticator: Any, **_: Any) -> None:
    note_account_event(user.get_username(), "authenticator_removed", detail=_kind(authenticator))


def _used(user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type == _RECOVERY:
        note_account_event(user.get_username(), "recovery_code_used")


def _kind(authenticator: Any) -> str:
    return KINDS[authenticator.type]


def _forget_what_was_sent(instance: Any, **_: Any) -> None:
    """Axes would keep the fields of the failed form; they may hold a code, or a value of a patient."""
    instance.get_data = instance.post_data = ""
