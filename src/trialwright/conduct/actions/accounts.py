"""What happens to accounts, in a log of its own: append-only, for all studies, without passwords, codes, addresses."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import UnknownName

UNKNOWN = "unknown"
"""Stands for every name that was tried and is no account's: it may be a password typed into the wrong field."""

EVENTS = (
    "login", "login_failed", "logout", "locked", "unlocked", "session_expired", "proof_given", "proof_failed",
    "account_added", "account_disabled", "account_enabled", "password_set", "password_changed", "password_reset",
    "authenticator_added", "authenticator_removed", "recovery_codes_made", "recovery_code_used", "token_made",
    "token_revoked",
)  # fmt: skip
"""Everything that is logged. `password_reset` and `account_added` leave a password that must be changed."""


def note_account_event(who: str, what: str, *, by: str = "", detail: str = "", at: dt.datetime | None = None) -> None:
    """One insert. `who`: the account, or UNKNOWN; `by`: who did it, where it was somebody else.

    Raises UnknownName for an event that is not one of EVENTS.
    """
    if what not in EVENTS:
        raise UnknownName("account event", what, EVENTS)
    moment = at or dt.datetime.now(dt.UTC)
    rows(db.AccountEvent).insert(db.AccountEvent(at=moment, who=who, what=what, by=by, detail=detail[:200]))


def revoke(keys: QuerySet[db.Token], *, by: str, at: dt.datetime | None = None) -> None:
    """End those of the keys to the API that work, each once, and log it. `by`: who does it."""
    moment = at or dt.datetime.now(dt.UTC)
    for row in keys.filter(revoked=None):
        if db.Token.objects.filter(pk=row.pk, revoked=None).update(revoked=moment):
            other = "" if by == row.username else by
            note_account_event(row.username, "token_revoked", by=other, detail=f"{row.prefix} {row.trial_id}")
