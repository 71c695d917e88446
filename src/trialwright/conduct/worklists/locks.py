"""What is frozen and locked now, of what a person sees."""

from __future__ import annotations

from dataclasses import replace

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.locks import Held
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import locked
from trialwright.conduct.worklists.masks import BLINDED, hidden_of
from trialwright.conduct.worklists.seen import sites_seen, subject_seen


def locks(study_id: str, by: Person, *, subject: str = "") -> tuple[Held, ...]:
    """In the order in which the places were first closed; for a subject, what holds something of it.

    Why a field was closed that the person does not see is kept back. Raises UnknownName, Refused.
    `rules.locks.covering` finds the one that holds a place.
    """
    trial = studies.trial(study_id)
    if subject:
        row = subject_seen(trial, subject, by)
        held = locked.held(trial, (row.site,), row.subject)
    else:
        held = locked.held(trial, sites_seen(studies.of_trial(trial), by))
    hidden = hidden_of(trial, by).items
    return tuple(replace(each, reason=BLINDED) if each.reason and each.scope.item in hidden else each for each in held)
