"""A test with what was expected and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Result = Literal["passed", "failed", "not exercised"]


@dataclass(frozen=True, slots=True)
class Case:
    """`reason`: why a test was not exercised. `id` is unique within its section."""

    id: str
    requirement: str
    test: str
    expected: str
    found: str
    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """`phase`: IQ, OQ or PQ."""

    id: str
    phase: str
    title: str
    cases: tuple[Case, ...]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(case.result for case in self.cases)
        return {"passed": found["passed"], "failed": found["failed"], "not exercised": found["not exercised"]}

    def plain(self) -> dict[str, Any]:
        return {
            "id": self.id, "phase": self.phase, "title": self.title, "counts": self.counts,
            "cases": [asdict(case) for case in self.cases],
        }  # fmt: skip


def judged(case_id: str, requirement: str, test: str, expected: object, found: object) -> Case:
    """A case that passes when what was found is what was expected."""
    want, got = str(expected), str(found)
    return Case(case_id, requirement, test, want, got, "passed" if want == got else "failed")


def skipped(case_id: str, requirement: str, test: str, reason: str) -> Case:
    return Case(case_id, requirement, test, "", "", "not exercised", reason)


def total(sections: Iterable[Section]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for section in sections:
        found.update(section.counts)
    return {"passed": found["passed"], "failed": found["failed"], "not exercised": found["not exercised"]}
