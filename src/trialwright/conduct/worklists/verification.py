"""How far source data verification has come, by site, subject and form."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.errors import UnknownName

LEVELS = {
    "site": ("subject__site",),
    "subject": ("subject__site", "subject__subject"),
    "form": ("subject__site", "subject__subject", "visit", "form"),
}


@dataclass(frozen=True, slots=True)
class ProgressLine:
    """`to_verify`: critical values that wait; `verified`: values that stand verified; `lost`: values that have changed
    since they were. `waiting`: forms that hold critical values to verify. Parts below the level are "".
    """

    site: str
    subject: str
    visit: str
    form: str
    forms: int
    waiting: int
    to_verify: int
    verified: int
    lost: int


def verification(
    study_id: str, by: Person, *, level: str = "site", site: str = "", subject: str = "", waiting: bool = False
) -> tuple[ProgressLine, ...]:
    """One statement. `waiting`: only forms that hold something to verify. Raises Refused, UnknownName."""
    if level not in LEVELS:
        raise UnknownName("level", level, LEVELS)
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by)
    found = db.Form.objects.filter(subject__trial=trial, subject__site__in=[s for s in seen if site in ("", s)])
    found = found.filter(subject__subject=subject) if subject else found
    found = found.filter(Q(to_verify__gt=0) | Q(lost__gt=0)) if waiting else found
    return _lines(found, LEVELS[level])


def _lines(found: QuerySet[db.Form], names: tuple[str, ...]) -> tuple[ProgressLine, ...]:
    counted = (
        found.values_list(*names)
        .annotate(
            forms=Count("id"), waiting=Count("id", filter=Q(to_verify__gt=0)), critical=Sum("to_verify"),
            done=Sum("verified"), changed=Sum("lost"),
        )
        .order_by(*names)
    )  # fmt: skip
    blank = ("",) * (4 - len(names))
    return tuple(ProgressLine(*row[: len(names)], *blank, *row[len(names) :]) for row in counted)
