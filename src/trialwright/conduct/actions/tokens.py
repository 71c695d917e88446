"""Keys to the JSON API. A key acts as the person who made it, narrowed to its scopes, in one study.

The secret is shown once; its SHA-256 is kept. It is 256 random bits, so a plain hash suffices, and looking it up by
that hash tells nothing by its timing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.accounts import note_account_event, revoke
from trialwright.conduct.actions.people import person
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES, Person, demand
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import InputError, Refused, UnknownName

NEVER = ("sign", "make_token")
"""A signature needs a person and a second factor; a key makes no keys."""
LONGEST = 366
"""Days."""
MOST = 20
"""Keys of one person that work at once."""
NAME = 80
"""Characters of a key's name."""
_MARK = "tw_"
_SHOWN = 11
_SEEN = dt.timedelta(minutes=1)
"""When a key was last used is written down at most once in this time."""


class KeyRefused(Refused):
    """The key opens nothing: unknown, expired, revoked, or its person has no role any more."""


@dataclass(frozen=True, slots=True)
class Token:
    """A key as it may be shown. `prefix`: its first characters."""

    number: int
    study: str
    username: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created: dt.datetime
    expires: dt.datetime
    last_used: dt.datetime | None
    revoked: dt.datetime | None

    def state(self, at: dt.datetime) -> str:
        """works, expired, revoked."""
        return "revoked" if self.revoked else "expired" if self.expires <= at else "works"


def make_token(
    study_id: str, name: str, scopes: Iterable[str], days: int, *, by: Person, at: dt.datetime | None = None
) -> str:
    """Make a key for oneself; returns its secret, which is nowhere kept. `days`: how long it works, 1 to 366.

    `scopes`: actions of the policy, each of which one of the person's own roles allows. The time is the machine's, as
    for everything that guards a door. Raises UnknownName, InputError, Refused.
    """
    trial, now = studies.trial(study_id), at or dt.datetime.now(dt.UTC)
    demand(by, "make_token", _site_of(by, "make_token"))
    wanted = _checked(by, tuple(dict.fromkeys(scopes)))
    title = name.strip()
    if not title or len(title) > NAME or not title.isprintable():
        raise InputError(f"A key needs a name of 1 to {NAME} characters.", hint="Say what uses it: `nightly export`.")
    if not 1 <= days <= LONGEST:
        raise InputError(f"A key cannot work for {days} days.", hint=f"Give 1 to {LONGEST}.")
    secret = _MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        held = db.Token.objects.filter(trial=trial, username=by.username, revoked=None, expires__gt=now).count()
        if held >= MOST:
            raise Refused(f"{held} keys of yours work already.", hint="Revoke one that nobody uses.")
        db.Token.objects.create(
            trial=trial, username=by.username, name=title, prefix=secret[:_SHOWN], sha256=_digest(secret),
            scopes=" ".join(wanted), created=now, expires=now + dt.timedelta(days=days),
        )  # fmt: skip
        note_account_event(by.username, "token_made", detail=f"{secret[:_SHOWN]} {study_id} {' '.join(wanted)}")
    return secret


def _site_of(by: Person, action: str) -> str:
    """A site where the person may do it; "" where the right is bound to none."""
    return next((role.site for role in by.roles if by.role_for(action, role.site)), "")


def _checked(by: Person, scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes in the policy's order. Raises UnknownName, InputError, Refused."""
    if not scopes:
        raise InputError("A key needs at least one scope.", hint="To read: `read`.")
    own = frozenset[str]().union(*(ALLOWED[role.role] for role in by.roles))
    for scope in scopes:
        if scope not in ACTIONS:
            raise UnknownName("scope", scope, ACTIONS)
        if scope in NEVER:
            raise Refused(f"A key cannot {ACTIONS[scope]}.", hint="That takes the person.")
        if scope not in own:
            held = ", ".join(sorted({ROLES[role.role] for role in by.roles}))
            raise Refused(f"{by.name} ({held}) may not {ACTIONS[scope]}, so no key of theirs may.")
    return tuple(action for action in ACTIONS if action in scopes)


def revoke_token(study_id: str, prefix: str, *, by: Person, at: dt.datetime | None = None) -> Token:
    """End a key of one's own (an administrator: anybody's), named by its first characters. Raises UnknownName, Refused.

    A key that was revoked already stays as it is.
    """
    found = db.Token.objects.filter(trial=studies.trial(study_id), prefix=prefix)
    if by.role_for("add_person") is None:
        found = found.filter(username=by.username)
    row = found.first()
    if row is None:
        raise UnknownName("key", prefix, ())
    with transaction.atomic():
        revoke(db.Token.objects.filter(pk=row.pk), by=by.username, at=at)
    row.refresh_from_db()
    return _shown(row)


def revoke_all(username: str, *, by: str) -> None:
    """End every key of an account, in whatever study."""
    revoke(db.Token.objects.filter(username=username), by=by)


def tokens(study_id: str, *, by: Person) -> list[Token]:
    """One's own keys (an administrator: everybody's), the newest first."""
    found = db.Token.objects.filter(trial=studies.trial(study_id)).order_by("-id")
    return [_shown(row) for row in (found if by.role_for("add_person") else found.filter(username=by.username))]


def person_of(secret: str, *, at: dt.datetime | None = None) -> tuple[Token, Person]:
    """The key and the person that it stands for, whose roles are those held now. Raises KeyRefused."""
    now = at or dt.datetime.now(dt.UTC)
    digest = _digest(secret)
    row = db.Token.objects.filter(sha256=digest).first()
    if row is None or not hmac.compare_digest(row.sha256, digest):
        raise KeyRefused("This key is not known here.", hint="Make one with `trialwright conduct token make`.")
    if row.revoked is not None:
        raise KeyRefused(f"The key {row.prefix} was revoked on {row.revoked:%Y-%m-%d}.", hint="Make a new one.")
    if row.expires <= now:
        raise KeyRefused(f"The key {row.prefix} expired on {row.expires:%Y-%m-%d}.", hint="Make a new one.")
    try:
        whose = person(row.trial_id, row.username)
    except Refused:
        raise KeyRefused(f"The key {row.prefix} belongs to somebody who has no role in the study any more.") from None
    if row.last_used is None or now - row.last_used >= _SEEN:
        db.Token.objects.filter(pk=row.pk).update(last_used=now)
    return _shown(row), replace(whose, scopes=frozenset(row.scopes.split()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _shown(row: db.Token) -> Token:
    return Token(
        row.pk, row.trial_id, row.username, row.name, row.prefix, tuple(row.scopes.split()), row.created, row.expires,
        row.last_used, row.revoked,
    )  # fmt: skip
