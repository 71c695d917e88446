"""Accounts: who is logged in, and as whom that person acts in a study."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from allauth.mfa.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest

from trialwright.conduct.actions import people, studies
from trialwright.conduct.actions.accounts import note_account_event
from trialwright.conduct.rules.policy import INSTALLER, ROLES, Person
from trialwright.web import clock
from trialwright.web.accounts import codes
from trialwright.web.accounts.session import left

DEMO = ("coordinator", "investigator", "monitor", "data_manager", "auditor")
"""Roles that get an account in a demonstration; the account's name is the role's."""


SIGNS = "investigator"
"""The demonstration account that gets an authenticator app: signing takes its code."""


@dataclass(frozen=True, slots=True)
class Account:
    """`app`: what an authenticator app takes (otpauth://...), where the account has one."""

    username: str
    password: str
    what: str
    app: str = ""


def signed_in(request: HttpRequest) -> dict[str, object]:
    """`account`: the name to show, empty while nobody is logged in; `idle`: when the page warns of the session's end;
    `passkeys`: whether they work here."""
    name = username(request)
    idle = {"left": left(request), "warn": settings.TRIALWRIGHT_WARN} if name else {}
    return {"account": name, "idle": idle, "passkeys": passkeys_work(request)}


def username(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else ""


def acting(request: HttpRequest, study_id: str) -> Person:
    """The person who is logged in, with the roles held in this study. Raises Refused for somebody without any."""
    return people.person(study_id, username(request))


def passkeys_work(request: HttpRequest) -> bool:
    """Whether browsers offer passkeys here: by HTTPS or on this machine, and under a name, not a number."""
    host = request.get_host().rsplit(":", 1)[0].strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False


def demo_accounts() -> list[Account]:
    """One account for each demonstration role in every virtual study, each with a new random password.

    Studies with real subjects get none: whoever works there has an account of one's own.
    """
    held = [study_id for study_id in studies.studies() if studies.trial(study_id).virtual]
    if not held:
        return []
    for study_id in held:
        now = clock.now(study_id, virtual=True)
        for role in DEMO:
            people.add_person(study_id, role, f"Demo {ROLES[role]}", role, by=INSTALLER, at=now)
    return [_demo_account(role) for role in DEMO]


def _demo_account(role: str) -> Account:
    password = secrets.token_urlsafe(9)
    user = set_password(role, password)
    app = codes.give_demo_app(user) if role == SIGNS else ""
    uri = get_adapter().build_totp_url(user, app) if app else ""
    return Account(role, password, f"{ROLES[role]}, all sites", uri)


def has_account(name: str) -> bool:
    """Whether somebody may log in under this name."""
    return get_user_model().objects.filter(username=name, is_active=True).exists()


def set_password(name: str, password: str) -> Any:
    """Give the account a password that it may keep; the account is made if there is none, and returned."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    user.set_password(password)
    with transaction.atomic():
        user.save()
        note_account_event(name, "password_set", by=INSTALLER.username)
    return user
