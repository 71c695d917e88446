"""Accounts: who is logged in, and as whom that person acts in a study."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from trialwright.conduct.actions import people, studies
from trialwright.conduct.rules.policy import INSTALLER, ROLES, Person
from trialwright.web import clock

DEMO = ("coordinator", "investigator", "monitor", "data_manager", "auditor")
"""Roles that get an account in a demonstration; the account's name is the role's."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody makes an account for oneself: an administrator does."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    password: str
    what: str


def signed_in(request: HttpRequest) -> dict[str, object]:
    """`account`: the name to show, empty while nobody is logged in."""
    return {"account": username(request)}


def username(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else ""


def acting(request: HttpRequest, study_id: str) -> Person:
    """The person who is logged in, with the roles held in this study. Raises Refused for somebody without any."""
    return people.person(study_id, username(request))


def demo_accounts() -> list[Account]:
    """One account for each demonstration role in every study in conduct, each with a new random password."""
    held = studies.studies()
    if not held:
        return []
    made = [Account(role, secrets.token_urlsafe(9), f"{ROLES[role]}, all sites") for role in DEMO]
    for study_id in held:
        now = clock.now(study_id, virtual=studies.trial(study_id).virtual)
        for account in made:
            people.add_person(
                study_id, account.username, f"Demo {ROLES[account.username]}", account.username, by=INSTALLER, at=now
            )
    for account in made:
        set_password(account.username, account.password)
    return made


def set_password(name: str, password: str) -> None:
    """Make the account if there is none."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    user.set_password(password)
    user.save()
