"""What pages and commands read about accounts: their events, and what their roles in the studies ask of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.store import models as db
from trialwright.kernel.errors import Refused

READERS = ("administrator", "auditor")
"""Roles, in any study, that read the events of accounts."""
_TEMPORARY = ("account_added", "password_reset")
_CHOSEN = ("password_changed", "password_set")


@dataclass(frozen=True, slots=True)
class AccountLine:
    at: dt.datetime
    who: str
    what: str
    by: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    lines: tuple[AccountLine, ...]
    total: int
    page: int
    pages: int


def account_events(who: str = "", what: str = "", *, page: int = 1, size: int = 50) -> AccountPage:
    """Newest first; empty filters do not filter. Whether somebody may read them, `may_read_account_events` says."""
    equal = {name: value for name, value in (("who", who), ("what", what)) if value}
    found = db.AccountEvent.objects.filter(**equal)
    total = found.count()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    kept = found.order_by("-at", "-id")[(page - 1) * size : page * size]
    return AccountPage(tuple(AccountLine(e.at, e.who, e.what, e.by, e.detail) for e in kept), total, page, pages)


def may_read_account_events(username: str) -> bool:
    return db.Member.objects.filter(username=username, role__in=READERS, active=True).exists()


def demand_account_reader(username: str) -> None:
    """Raises Refused for somebody who is neither administrator nor auditor of a study here."""
    if not may_read_account_events(username):
        raise Refused(
            f"{username} may not read the events of accounts.", hint="This takes: administrator or auditor of a study."
        )


def acts_in_real_study(username: str) -> bool:
    """Whether the person has a role in a study with real subjects."""
    return db.Member.objects.filter(username=username, active=True, trial__virtual=False).exists()


def password_is_temporary(username: str) -> bool:
    """Whether somebody else chose the password that the account has now."""
    last = db.AccountEvent.objects.filter(who=username, what__in=(*_TEMPORARY, *_CHOSEN)).order_by("-id").first()
    return last is not None and last.what in _TEMPORARY
