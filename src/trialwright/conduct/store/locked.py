"""The locks that may hold something of a subject, in one statement: deeds ask for them while there are any."""

from __future__ import annotations

from collections.abc import Sequence

from trialwright.conduct.rules.locks import CLOSED, Held, Scope
from trialwright.conduct.store import models as db

_PARTS = ("site", "subject", "visit", "form", "group", "row", "item")


def held(
    trial: db.Trial, sites: Sequence[str] | None = None, subject: str | None = None, *, zone: str = "UTC"
) -> tuple[Held, ...]:
    """What is frozen or locked now; given sites, only there and above; given a subject, only of it and above.

    `zone`: the one in which the days of the sentences are to be told.
    """
    found = db.Lock.objects.filter(trial=trial, state__in=CLOSED)
    if sites is not None:
        found = found.filter(site__in=("", *sites))
    if subject is not None:
        found = found.filter(subject__in=("", subject))
    rows = found.order_by("id").values_list(*_PARTS, "state", "reason", "by", "at")
    return tuple(Held(Scope(*parts), state, reason, by, at, zone) for *parts, state, reason, by, at in rows)
