"""Eligibility criteria as the page shows them: the demand, and on request what the logic does with it."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion


@dataclass(frozen=True, slots=True)
class Shown:
    """A criterion with its logic in words and in the language of the definition."""

    criterion: Criterion
    prose: str
    logic: str
    readings: tuple[tuple[str, str], ...]
    """(label, logic) of the ways not taken."""


_MADE: dict[tuple[str, str, str], tuple[Shown, ...]] = {}
"""By id and version of the study, and language: the prose of a definition does not change."""


def criteria(study: Study, lang: str) -> dict[str, tuple[Shown, ...]]:
    """All criteria of a study in two lists, `inclusion` and `exclusion`."""
    key = (study.id, study.version, lang)
    if key not in _MADE:
        _MADE[key] = tuple(_shown(study, criterion, lang) for criterion in study.eligibility.criteria)
    shown = _MADE[key]
    return {kind: tuple(s for s in shown if s.criterion.kind == kind) for kind in ("inclusion", "exclusion")}


def _shown(study: Study, criterion: Criterion, lang: str) -> Shown:
    from trialwright.logic import prose

    return Shown(
        criterion,
        prose(study.compile(criterion.logic), lang),
        criterion.logic,
        tuple((reading.label.to(lang), reading.logic) for reading in criterion.readings),
    )
