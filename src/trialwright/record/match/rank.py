"""How well a study fits a note: a few features, each with a weight that was learned once (see docs/matching.md)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from trialwright.record.match.note import Note
from trialwright.record.match.trial import Trial
from trialwright.record.terms import Statistics

FEATURES = ("age", "sex", "names", "condition", "inclusion", "best_line", "exclusion", "denied", "length")
_K, _B = 1.2, 0.6
_LENGTHS = {"names": 17.0, "inclusion": 110.0, "exclusion": 140.0}
"""Usual words in a field, for BM25."""
_DAMP = 2.0
"""Idf mass that a condition must have before being matched whole counts in full."""
_LINE_DAMP, _LEAST_LINE = 4.0, 4.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A note made ready for comparing. `mass`: idf mass of its terms; `said`: each statement's words and weight."""

    note: Note
    terms: Mapping[str, float]
    mass: float
    denied: Mapping[str, float]
    denied_mass: float
    said: tuple[tuple[frozenset[str], float], ...]

    @classmethod
    def of(cls, note: Note, statistics: Statistics) -> Asked:
        terms = {word: weight * statistics.idf(word) for word, weight in note.terms.items()}
        denied = {word: statistics.idf(word) for word in sorted(note.denied)}
        said = tuple((frozenset(s.words), s.weight) for s in note.of("said"))
        return cls(note, terms, sum(terms.values()) or 1.0, denied, sum(denied.values()) or 1.0, said)


def features(asked: Asked, trial: Trial, statistics: Statistics) -> dict[str, float]:
    """The values of FEATURES for one study.

    age, sex: 1 where the study does not take such a patient, else 0. names: BM25 of the note over title, conditions and
    keywords. condition: how fully one condition is said in one statement. inclusion, exclusion: BM25 over each half of
    the criteria. best_line: how fully the best inclusion line is said. denied: BM25 of what the note denies over the
    names. length: log of the inclusion part's words. All BM25 are shares of the note's idf mass.
    """
    flat = [word for condition in trial.conditions for word in condition]
    names = (*flat, *trial.title, *trial.keywords)
    inclusion = [word for line in trial.inclusion for word in line]
    exclusion = [word for line in trial.exclusion for word in line]
    return {
        "age": float(age_misfit(asked.note.age, trial)),
        "sex": float(sex_misfit(asked.note.sex, trial)),
        "names": _bm25(asked.terms, names, _LENGTHS["names"]) / asked.mass,
        "condition": best_condition(asked, trial.conditions, statistics)[0],
        "inclusion": _bm25(asked.terms, inclusion, _LENGTHS["inclusion"]) / asked.mass,
        "best_line": max((_said_share(asked, line, statistics) for line in trial.inclusion), default=0.0),
        "exclusion": _bm25(asked.terms, exclusion, _LENGTHS["exclusion"]) / asked.mass,
        "denied": _bm25(asked.denied, (*flat, *trial.title), _LENGTHS["names"]) / asked.denied_mass,
        "length": math.log1p(len(inclusion)),
    }


def score(values: Mapping[str, float], weights: Mapping[str, float] | None = None) -> float:
    """The weighted sum; only its order means something."""
    table = weights if weights is not None else learned()
    return sum(table[name] * values[name] for name in FEATURES)


@cache
def learned() -> dict[str, float]:
    """The weights that ship with the package."""
    table = yaml.safe_load((resources.files(__package__) / "weights.yaml").read_text(encoding="utf-8"))
    return {name: float(table[name]) for name in FEATURES}


def age_misfit(age: float | None, trial: Trial) -> bool:
    """Whether the age lies outside the study's limits; a limit that is not stated, or an unknown age, never is."""
    if age is None:
        return False
    too_young = trial.lowest is not None and age + 1e-6 < trial.lowest
    return too_young or (trial.highest is not None and age >= trial.highest)


def sex_misfit(sex: str, trial: Trial) -> bool:
    return bool(sex) and trial.sex not in ("ALL", sex)


def best_condition(
    asked: Asked, conditions: Sequence[tuple[str, ...]], statistics: Statistics, *, whole: bool = False
) -> tuple[float, int]:
    """The most fully said condition: its share, weighed by the statement that says it, and its place (-1: none).

    `whole`: only among those of which one statement says every word.
    """
    best, place = 0.0, -1
    for number, condition in enumerate(conditions):
        parts = {word: statistics.idf(word) for word in condition if word in asked.terms}
        mass = sum(map(statistics.idf, condition)) + _DAMP
        for said, weight in asked.said if parts else ():
            if whole and not said.issuperset(condition):
                continue
            share = weight * sum(idf for word, idf in parts.items() if word in said) / mass
            if share > best:
                best, place = share, number
    return best, place


def _said_share(asked: Asked, line: Iterable[str], statistics: Statistics) -> float:
    parts = {word: statistics.idf(word) for word in line}
    whole = sum(parts.values())
    if whole < _LEAST_LINE:
        return 0.0
    return sum(idf for word, idf in parts.items() if word in asked.terms) / (whole + _LINE_DAMP)


def _bm25(terms: Mapping[str, float], field: Sequence[str], usual: float) -> float:
    """BM25 of weighted terms (weight x idf) over one field. Robertson & Zaragoza 2009."""
    counts = Counter(field)
    damp = _K * (1 - _B + _B * len(field) / usual)
    return sum(terms[word] * n * (_K + 1) / (n + damp) for word, n in counts.items() if word in terms)
