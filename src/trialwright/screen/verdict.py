"""The verdict on one patient: eligible, not eligible or undetermined, with reasons, open tests and warnings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from trialwright.evidence.patient import Patient
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.logic import Atom, Explanation, evaluate, explain
from trialwright.logic.context import Context
from trialwright.screen import words
from trialwright.screen.warnings import warnings_of
from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion

VerdictState = Literal["eligible", "not_eligible", "undetermined"]
CriterionState = Literal["met", "not_met", "unknown"]

_STATES: dict[Truth, CriterionState] = {Truth.TRUE: "met", Truth.FALSE: "not_met", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A fact behind an atom, ready to read: `value` with its unit as reported, `limits` of its laboratory."""

    item: str
    label: str
    value: str
    when: str
    origin: str
    limits: str = ""


@dataclass(frozen=True, slots=True)
class AtomLine:
    """`state`: true, false, unknown. `needs`: labels of the items that are missing for it."""

    text: str
    state: str
    values: tuple[ValueLine, ...]
    needs: tuple[str, ...]
    term: str = ""


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """For an exclusion, `met` means that the patient has the excluding condition. `flips_under`: ids of readings."""

    id: str
    kind: Literal["inclusion", "exclusion"]
    label: Text
    state: CriterionState
    explanation: str
    atoms: tuple[AtomLine, ...]
    flips_under: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def stands_against(self) -> bool:
        """Whether this criterion keeps the patient out."""
        return self.state == ("not_met" if self.kind == "inclusion" else "met")

    @property
    def stands_for(self) -> bool:
        return self.state == ("met" if self.kind == "inclusion" else "not_met")


@dataclass(frozen=True, slots=True)
class MissingItem:
    """`criteria`: those that need the item. `decides`: (criterion, state) pairs that knowing it alone could bring."""

    item: str
    label: str
    criteria: tuple[str, ...]
    decides: tuple[tuple[str, CriterionState], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    state: VerdictState
    criteria: tuple[CriterionResult, ...]
    missing: tuple[MissingItem, ...]
    """Empty once decided; else in the order of how far each item could decide."""
    warnings: tuple[str, ...]
    subject: str = ""
    screening: dt.date | None = None

    @property
    def reasons(self) -> tuple[CriterionResult, ...]:
        """The criteria that keep the patient out."""
        return tuple(c for c in self.criteria if c.stands_against)


def verdict(study: Study, patient: Patient, *, as_of: dt.date | None = None, lang: str = "en") -> Verdict:
    """Judge a patient. `as_of`: facts that became known after that day are left out."""
    seen = patient if as_of is None else _known_by(patient, as_of)
    context = Context(seen)
    explained = [(c, explain(study.compile(c.logic), context)) for c in study.eligibility.criteria]
    results = tuple(_result(study, context, criterion, why, lang) for criterion, why in explained)
    state = _overall(results)
    missing = _missing(explained, lang) if state == "undetermined" else ()
    notes = (*warnings_of(study, context, lang), *_flips(study, results, lang))
    return Verdict(state, results, missing, notes, patient.subject, patient.screening)


def _known_by(patient: Patient, day: dt.date) -> Patient:
    return replace(patient, facts=tuple(f for f in patient.facts if f.when is None or f.when.first <= day))


def _overall(results: Iterable[CriterionResult]) -> VerdictState:
    results = tuple(results)
    if any(r.stands_against for r in results):
        return "not_eligible"
    return "eligible" if all(r.stands_for for r in results) else "undetermined"


def _result(study: Study, context: Context, criterion: Criterion, why: Explanation, lang: str) -> CriterionResult:
    return CriterionResult(
        criterion.id, criterion.kind, criterion.label, _STATES[why.truth], words.explanation(why, lang),
        tuple(_line(atom, lang) for atom in why.atoms), _flipping(study, context, criterion, why.truth),
        tuple(m.ref.id for m in why.missing),
    )  # fmt: skip


def _line(atom: Atom, lang: str) -> AtomLine:
    values = tuple(
        ValueLine(
            u.ref.id,
            u.ref.label.to(lang),
            words.value(u, lang),
            str(u.fact.when or ""),
            u.fact.origin,
            words.limits(u, lang),
        )
        for u in atom.used
    )
    needs = tuple(ref.label.to(lang) for ref in atom.missing)
    return AtomLine(
        words.atom(atom, lang), atom.truth.value, values, needs, atom.term.label.to(lang) if atom.term else ""
    )


def _flipping(study: Study, context: Context, criterion: Criterion, truth: Truth) -> tuple[str, ...]:
    """Readings under which the criterion would be decided otherwise."""
    others = ((r.id, evaluate(study.compile(r.logic), context)) for r in criterion.readings)
    return tuple(id_ for id_, other in others if other not in (truth, Truth.UNKNOWN))


def _flips(study: Study, results: tuple[CriterionResult, ...], lang: str) -> list[str]:
    labels = {(c.id, r.id): r.label for c in study.eligibility.criteria for r in c.readings}
    return [words.flip(r.id, labels[r.id, reading].to(lang), lang) for r in results for reading in r.flips_under]


def _missing(explained: list[tuple[Criterion, Explanation]], lang: str) -> tuple[MissingItem, ...]:
    """All missing items; first those that alone could decide the most criteria, in the order of the criteria."""
    found: dict[str, MissingItem] = {}
    for criterion, why in explained:
        for missing in why.missing:
            decides = tuple((criterion.id, _STATES[t]) for t in (Truth.TRUE, Truth.FALSE) if t in missing.decides)
            old = found.get(missing.ref.id)
            criteria = (*(old.criteria if old else ()), criterion.id)
            pairs = (*(old.decides if old else ()), *decides)
            label = missing.ref.label.to(lang)
            found[missing.ref.id] = MissingItem(
                missing.ref.id, label, criteria, pairs, words.would_decide(label, criteria, pairs, lang)
            )
    return tuple(sorted(found.values(), key=lambda m: -len(m.decides)))
