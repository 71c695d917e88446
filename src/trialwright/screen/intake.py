"""What became of what was read: how much was understood, what was not, what was left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from trialwright.evidence.patient import Fact
from trialwright.screen import words

SHOWN = 20
"""How many of the codes that nothing stands for are listed."""

Kind = Literal["facts", "csv", "fhir"]
Said = tuple[str, ...]
"""The key of a text in `words`, and what fills its places."""
_Key = TypeVar("_Key", str, Said)


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """How a patient's document was read.

    `resources`: statements in it (facts, rows or FHIR resources). `used`: those that became facts.
    `unmapped`: (`system|code`, how often) for which the study has no item, the most frequent first.
    `left_out`: (reason, how many). `refused`: the error of each value that cannot be. `notes`: what to know besides.
    """

    kind: Kind
    resources: int = 0
    used: int = 0
    unmapped: tuple[tuple[str, int], ...] = ()
    left_out: tuple[tuple[Said, int], ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[Said, ...] = ()

    @property
    def unmapped_total(self) -> int:
        """How many statements no item stands for."""
        return sum(count for _, count in self.unmapped)

    def lines(self, lang: str = "en") -> list[str]:
        """The report as sentences; nothing to say gives no line. An error keeps its own words."""
        found = [_said(note, lang) for note in self.notes]
        if self.unmapped:
            top = ", ".join(f"{code} ({count})" for code, count in self.unmapped[:SHOWN])
            if len(self.unmapped) > SHOWN:
                top = words.text("more_codes", lang, top, str(len(self.unmapped) - SHOWN))
            found.append(words.text("no_item", lang, str(self.unmapped_total), str(self.resources), top))
        found += [words.text("left_out", lang, str(count), _said(why, lang)) for why, count in self.left_out]
        return [*found, *(words.text("refused_value", lang, error) for error in self.refused)]


def _said(said: Said, lang: str) -> str:
    return words.text(said[0], lang, *said[1:])


def ranked(counts: Counter[_Key]) -> tuple[tuple[_Key, int], ...]:
    """The most frequent first."""
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(slots=True)
class Tally:
    """Collects facts and the report while a document is read."""

    facts: list[Fact] = field(default_factory=list)
    used: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[Said] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)

    def report(self, kind: Kind, resources: int) -> IntakeReport:
        return IntakeReport(
            kind, resources, self.used, ranked(self.unmapped), ranked(self.left_out),
            tuple(dict.fromkeys(self.refused)), tuple(self.notes),
        )  # fmt: skip
