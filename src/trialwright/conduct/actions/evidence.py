"""Reads what is captured of a subject, in the shape that rules reason on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from trialwright.conduct.rules.facts import Captured, Days
from trialwright.conduct.store import models as db
from trialwright.conduct.store.captured import captured


def days_of(subject: db.Subject, enrolment: dt.date | None = None) -> Days:
    """The subject's days; `enrolment` stands in while the subject is not enrolled yet."""
    return Days(subject.subject, subject.screened, subject.enrolled or enrolment, subject.first_dose)


def captured_of(
    subject: db.Subject, items: Collection[str] | None = None, *, besides: db.Form | None = None
) -> tuple[Captured, ...]:
    """Values of the subject in a stable order, of `items` only if given, and not those of the form `besides`."""
    if items is not None and not items:
        return ()
    return tuple(Captured(*row) for row in captured(subject.pk, items, besides.pk if besides else None))
