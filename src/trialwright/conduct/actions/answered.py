"""What the API answered to a request that carries an Idempotency-Key: the same request again gets the same answer.

The key is taken in the transaction of the action itself, so that an action and its answer stand or fall together, and
two requests with one key at once do the thing once. Only what was done is kept: a refusal changed nothing, and may be
another one next time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import InputError

KEEP = dt.timedelta(hours=24)
LONGEST = 100
"""Characters of a key."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`again`: it was given before, and nothing was done now."""

    status: int
    body: str
    again: bool = False


def once(study_id: str, key: str, asked: str, by: Person, do: Callable[[], tuple[int, str]]) -> Answer:
    """Do it, unless the person has asked the same under this key within 24 hours.

    `asked`: SHA-256 of the request. Raises InputError for a key that stands for another request.
    """
    if not 1 <= len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise InputError(f"An Idempotency-Key has 1 to {LONGEST} printable ASCII characters.")
    now = dt.datetime.now(dt.UTC)
    db.Answered.objects.filter(at__lt=now - KEEP).delete()
    try:
        with transaction.atomic():
            if known := _known(study_id, key, asked, by):
                return known
            row = db.Answered.objects.create(trial_id=study_id, username=by.username, key=key, asked=asked, at=now)
            row.status, row.body = do()
            row.save(update_fields=["status", "body"])
            return Answer(row.status, row.body)
    except IntegrityError:  # on PostgreSQL: somebody else's request under the same key was first
        known = _known(study_id, key, asked, by)
        if known is None:
            raise
        return known


def _known(study_id: str, key: str, asked: str, by: Person) -> Answer | None:
    row = db.Answered.objects.filter(trial=study_id, username=by.username, key=key).first()
    if row is None:
        return None
    if row.asked != asked:
        raise InputError("This Idempotency-Key was used for another request.", hint="Use a new key for each request.")
    return Answer(row.status, row.body, again=True)
