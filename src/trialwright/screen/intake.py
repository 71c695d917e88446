"""What became of what was read: how much was understood, what was not, what was left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from trialwright.evidence.patient import Fact

SHOWN = 20
"""How many of the codes that nothing stands for are listed."""

Kind = Literal["facts", "csv", "fhir"]


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """How a patient's document was read.

    `resources`: statements in it (facts, rows or FHIR resources). `used`: those that became facts.
    `unmapped`: (`system|code`, how often) for which the study has no item, the most frequent first.
    `left_out`: (reason, how many). `refused`: a sentence for each value that cannot be. `notes`: what to know besides.
    """

    kind: Kind
    resources: int = 0
    used: int = 0
    unmapped: tuple[tuple[str, int], ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unmapped_total(self) -> int:
        """How many statements no item stands for."""
        return sum(count for _, count in self.unmapped)

    def lines(self) -> list[str]:
        """The report as sentences in English, for a terminal; nothing to say gives no line."""
        found = list(self.notes)
        if self.unmapped:
            top = ", ".join(f"{code} ({count})" for code, count in self.unmapped[:SHOWN])
            more = len(self.unmapped) - SHOWN
            found.append(
                f"{self.unmapped_total} of {self.resources} statements have no item in the study: {top}"
                + (f" and {more} more codes." if more > 0 else ".")
            )
        found += [f"Left out: {count} {reason}." for reason, count in self.left_out]
        return [*found, *self.refused]


@dataclass(slots=True)
class Tally:
    """Collects facts and the report while a document is read."""

    facts: list[Fact] = field(default_factory=list)
    used: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self, kind: Kind, resources: int) -> IntakeReport:
        return IntakeReport(
            kind, resources, self.used,
            tuple(sorted(self.unmapped.items(), key=lambda pair: (-pair[1], pair[0]))),
            tuple(sorted(self.left_out.items(), key=lambda pair: (-pair[1], pair[0]))),
            tuple(dict.fromkeys(self.refused)), tuple(self.notes),
        )  # fmt: skip
