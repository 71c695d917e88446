"""Definitions of the studies in conduct, rebuilt from the database itself: each is kept there, pinned by its hash."""

from __future__ import annotations

import json
from functools import cache, cached_property, lru_cache, partial

from trialwright.conduct.rules import capture, checks
from trialwright.conduct.rules.chain import canonical_json, sha256
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import UnknownName
from trialwright.study.definition import Study


class InForce:
    """A definition that is in force, and what every save of a form asks of it, worked out once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.form = cache(partial(capture.form_map, study))
        """The fields of a form, by its id. Raises UnknownName."""

    @cached_property
    def dependents(self) -> dict[str, frozenset[str]]:
        """item -> other forms that speak of it."""
        return checks.dependents(self.study)


_DEFINITIONS: dict[str, InForce] = {}


def definition_text(study: Study) -> str:
    """The definition as one canonical JSON text."""
    return canonical_json(study.model_dump(mode="json", by_alias=True))


@lru_cache(maxsize=8)
def _read(text: str) -> Study:
    return Study.model_validate(json.loads(text))


def of_trial(trial: db.Trial) -> Study:
    """The definition in force, read once in a process."""
    return in_force(trial).study


def in_force(trial: db.Trial) -> InForce:
    """The definition in force with what follows from it."""
    known = _DEFINITIONS.get(trial.definition)
    if known is None:
        version = db.Version.objects.get(trial=trial, version=trial.version)
        known = _DEFINITIONS[sha256(version.definition)] = InForce(_read(version.definition))
    return known


def studies() -> dict[str, Study]:
    """All studies that are in conduct here, by id."""
    return {trial.study: of_trial(trial) for trial in db.Trial.objects.order_by("study")}


def trial(study_id: str) -> db.Trial:
    """The study's row. Raises UnknownName."""
    found = db.Trial.objects.filter(study=study_id).first()
    if found is None:
        raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
    return found


def definition(study_id: str) -> Study:
    """The definition in force of a study in conduct. Raises UnknownName."""
    return of_trial(trial(study_id))
