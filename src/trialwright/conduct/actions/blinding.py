"""What is blinded in a study in conduct, over all versions of its definition."""

from __future__ import annotations

from dataclasses import replace

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.blinding import NOTHING, Blinded, blinded, reads_blinded
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db

_KNOWN: dict[str, Blinded] = {}
"""SHA-256 of the newest definition -> what it and those before it blind."""


def blinded_of(trial: db.Trial) -> Blinded:
    """What is blinded: by the newest version, and by earlier ones where the newest says nothing of the item."""
    found = _KNOWN.get(trial.definition)
    if found is None:
        newest = studies.of_trial(trial)
        found = blinded(newest)
        for version in trial.versions.exclude(version=trial.version).values_list("version", flat=True):
            earlier = blinded(studies.of_version(trial, version).study)
            found |= replace(earlier, items=earlier.items - newest.item_by_id.keys()) if earlier else NOTHING
        _KNOWN[trial.definition] = found
    return found


def hidden_of(trial: db.Trial, by: Person) -> Blinded:
    """What is kept from the person: nothing for who may read what is blinded at every site."""
    found = blinded_of(trial)
    return found if found and not reads_blinded(studies.of_trial(trial), by) else NOTHING
