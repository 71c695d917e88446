"""The verdict as the page and the worksheet show it: the answer, what keeps out, what would decide, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.kernel.texts import Text
from trialwright.screen import CriterionResult, MissingItem, Verdict, verdict
from trialwright.study.eligibility import Criterion
from trialwright.web.screening.answers import Answers, hidden

SIGNS = {"eligible": ("met", "tick"), "not_eligible": ("not", "cross"), "undetermined": ("unknown", "question")}
"""verdict -> (colour, icon)."""

EXAMPLE = "EXAMPLE"
"""Screening number of the invented patient."""

FEW = 8
"""Open tests that are shown at once; the others on demand."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion with its answer. `flips`: labels of the readings under which it would be otherwise."""

    result: CriterionResult
    criterion: Criterion
    flips: tuple[Text, ...]

    @property
    def sign(self) -> tuple[str, str]:
        """(colour, icon): what speaks for the patient, against, or is open; the word says whether it is met."""
        if self.result.state == "unknown":
            return "unknown", "question"
        return ("met", "tick") if self.result.stands_for else ("not", "cross")


@dataclass(frozen=True, slots=True)
class Test:
    """Open tests that one sentence speaks of."""

    items: tuple[MissingItem, ...]
    sentence: str

    @property
    def tail(self) -> str:
        """The sentence after the names, which the page shows as links."""
        return self.items[0].effect


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that is said about one patient."""

    answers: Answers
    verdict: Verdict
    judged: tuple[Judged, ...]
    hidden: tuple[str, ...]

    @property
    def sign(self) -> tuple[str, str]:
        return SIGNS[self.verdict.state]

    @property
    def counts(self) -> Mapping[str, int]:
        results = [j.result for j in self.judged]
        good, bad = sum(r.stands_for for r in results), sum(r.stands_against for r in results)
        return {"good": good, "bad": bad, "open": len(results) - good - bad}

    @property
    def against(self) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.result.stands_against)

    @property
    def tests(self) -> tuple[Test, ...]:
        """What is missing, the furthest-reaching first; items that decide only together are one line."""
        together: dict[str, list[MissingItem]] = {}
        for item in self.verdict.missing:
            together.setdefault(item.sentence, []).append(item)
        return tuple(Test(tuple(items), sentence) for sentence, items in together.items())

    @property
    def is_example(self) -> bool:
        return self.answers.get("subject") == EXAMPLE

    @property
    def flipping(self) -> tuple[tuple[str, Text], ...]:
        return tuple((j.criterion.id, label) for j in self.judged for label in j.flips)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The verdict's notes, but for those on readings, which have a place of their own."""
        lang = self.answers.words.lang
        said = [(id_, label.to(lang)) for id_, label in self.flipping]
        return tuple(w for w in self.verdict.warnings if not any(id_ in w and label in w for id_, label in said))

    def kind(self, kind: str) -> tuple[Judged, ...]:
        return tuple(j for j in self.judged if j.criterion.kind == kind)


def show(answers: Answers) -> Shown:
    """Screen what was answered."""
    patient = answers.patient()
    found = verdict(answers.study, patient, lang=answers.words.lang)
    criteria = {criterion.id: criterion for criterion in answers.study.eligibility.criteria}
    judged = tuple(_judged(result, criteria[result.id]) for result in found.criteria)
    return Shown(answers, found, judged, tuple(hidden(answers, patient)))


def _judged(result: CriterionResult, criterion: Criterion) -> Judged:
    labels = {reading.id: reading.label for reading in criterion.readings}
    return Judged(result, criterion, tuple(labels[name] for name in result.flips_under if name in labels))
