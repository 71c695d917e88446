"""The verdict on one patient: eligible, not eligible or undetermined, with reasons, open tests and warnings.

The states are computed at once; the words only when somebody reads them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from trialwright.evidence.patient import Patient
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.logic import Atom, Explanation, FactLike, evaluate, explain
from trialwright.logic.context import Context
from trialwright.logic.nodes import Node
from trialwright.screen import words
from trialwright.screen.verdict_missing import MissingItem, Outcome, missing_items
from trialwright.screen.verdict_tally import Tally, tally
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
    limits: str
    fact: FactLike = field(repr=False)


@dataclass(frozen=True, slots=True)
class AtomLine:
    """`state`: true, false, unknown. `needs`: labels of the items that are missing for it."""

    text: str
    state: str
    values: tuple[ValueLine, ...]
    needs: tuple[str, ...]
    term: str = ""


@dataclass(frozen=True)
class CriterionResult:
    """For an exclusion, `met` means that the patient has the excluding condition. `flips_under`: ids of readings."""

    criterion: Criterion = field(repr=False)
    state: CriterionState
    flips_under: tuple[str, ...]
    why: Explanation = field(repr=False)
    root: Node = field(repr=False)
    tally: Tally | None = None
    lang: str = "en"
    flip_states: tuple[CriterionState, ...] = ()
    """What the criterion is under each reading of `flips_under`."""

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def kind(self) -> Literal["inclusion", "exclusion"]:
        return self.criterion.kind

    @property
    def label(self) -> Text:
        return self.criterion.label

    @cached_property
    def explanation(self) -> str:
        """Why it has its state, in one or two short sentences."""
        return words.explanation(self.why, self.tally, self.lang)

    @property
    def prose(self) -> str:
        """The logic of the criterion in words."""
        return words.said(self.root, self.lang)

    @property
    def wanted(self) -> str:
        """What it demands, in the definition's words and in those of its logic."""
        return f"{self.criterion.text.to(self.lang)} [{self.prose}]"

    @cached_property
    def atoms(self) -> tuple[AtomLine, ...]:
        return tuple(_line(atom, self.missing, self.lang) for atom in self.why.atoms)

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of the items that it needs; empty once decided."""
        return tuple(m.ref.id for m in self.why.missing)

    @property
    def stands_against(self) -> bool:
        """Whether this criterion keeps the patient out."""
        return self.state == against(self.kind)

    @property
    def stands_for(self) -> bool:
        return self.state not in ("unknown", against(self.kind))


def against(kind: Literal["inclusion", "exclusion"]) -> CriterionState:
    """The state of a criterion of this kind that keeps a patient out."""
    return "not_met" if kind == "inclusion" else "met"


@dataclass(frozen=True)
class Verdict:
    """`as_of`: the day up to which facts were looked at, if one was asked for."""

    study: Study = field(repr=False)
    patient: Patient = field(repr=False)
    state: VerdictState
    criteria: tuple[CriterionResult, ...] = field(repr=False)
    context: Context = field(repr=False, compare=False)
    as_of: dt.date | None = None
    lang: str = "en"
    notes: tuple[str, ...] = ()
    """What the intake has to say of the file."""

    @property
    def subject(self) -> str:
        return self.patient.subject

    @property
    def screening(self) -> dt.date:
        return self.patient.screening

    @property
    def reasons(self) -> tuple[CriterionResult, ...]:
        """The criteria that keep the patient out."""
        return tuple(c for c in self.criteria if c.stands_against)

    @cached_property
    def missing(self) -> tuple[MissingItem, ...]:
        """Empty once decided; else in the order of how far each item could decide."""
        if self.state != "undetermined":
            return ()
        open_ = [Outcome(c.criterion, c.why, c.root) for c in self.criteria if c.state == "unknown"]
        return missing_items(open_, self.context, self.lang)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What should be known beside the verdict; readings that would change something come last."""
        return (*self.notes, *warnings_of(self.study, self.context, self.lang), *_flips(self))


def verdict(
    study: Study, patient: Patient, *, as_of: dt.date | None = None, lang: str = "en", notes: Sequence[str] = ()
) -> Verdict:
    """Judge a patient. `as_of`: facts that became known after that day are left out. `notes` lead the warnings."""
    seen = patient if as_of is None else _known_by(patient, as_of)
    context = Context(seen)
    results = tuple(_result(study, context, criterion, lang) for criterion in study.eligibility.criteria)
    return Verdict(study, seen, overall(results), results, context, as_of, lang, tuple(notes))


def _known_by(patient: Patient, day: dt.date) -> Patient:
    return replace(patient, facts=tuple(f for f in patient.facts if f.when is None or f.when.first <= day))


def overall(results: Iterable[CriterionResult]) -> VerdictState:
    """Not eligible once one criterion stands against, eligible when all stand for."""
    results = tuple(results)
    if any(r.stands_against for r in results):
        return "not_eligible"
    return "eligible" if all(r.stands_for for r in results) else "undetermined"


def _result(study: Study, context: Context, criterion: Criterion, lang: str) -> CriterionResult:
    expr = study.compile(criterion.logic)
    why = explain(expr, context)
    others = ((r.id, evaluate(study.compile(r.logic), context)) for r in criterion.readings)
    flips = [(id_, _STATES[t]) for id_, t in others if isinstance(t, Truth) and t not in (why.truth, Truth.UNKNOWN)]
    ids, states = tuple(id_ for id_, _ in flips), tuple(state for _, state in flips)
    counted = tally(expr.root, context)
    return CriterionResult(criterion, _STATES[why.truth], ids, why, expr.root, counted, lang, states)


def _line(atom: Atom, asked: Collection[str], lang: str) -> AtomLine:
    values = tuple(
        ValueLine(
            u.ref.id, u.ref.label.to(lang), words.value(u, lang), str(u.fact.when or ""), u.fact.origin,
            words.limits(u, lang), u.fact,
        )
        for u in atom.used
    )  # fmt: skip
    needs = tuple(ref.label.to(lang) for ref in atom.missing if ref.id in asked)
    return AtomLine(
        words.atom(atom, lang), atom.truth.value, values, needs, atom.term.label.to(lang) if atom.term else ""
    )


def _flips(found: Verdict) -> list[str]:
    """Readings under which a criterion would come out otherwise; first those that change the verdict."""
    changing, others = [], []
    for n, result in enumerate(found.criteria):
        labels = {r.id: r.label for r in result.criterion.readings}
        for reading, state in zip(result.flips_under, result.flip_states, strict=True):
            read_so = replace(result, state=state)
            then = overall((*found.criteria[:n], read_so, *found.criteria[n + 1 :]))
            label = labels[reading].to(found.lang)
            if then != found.state:
                changing.append(words.turns(result.id, label, then, found.lang))
            else:
                others.append(words.flip(result.id, label, found.lang))
    return changing + others
