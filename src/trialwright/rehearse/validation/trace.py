"""Traceability: each part of the definition that capture keeps to, and the tests of the pack that try it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trialwright.rehearse.validation.cases import Case, Result, Section
from trialwright.study.definition import Study

BY_HAND = "not part of this pack: try it by hand"
CRITERIA = "criteria are left out where the tests run: try it by hand"
ANY_DAY = "it has no window: it may take place on any day"
NO_TEST = "no test of this pack tries it"


@dataclass(frozen=True, slots=True)
class Traced:
    """`tests`: ids of cases, in the order of the pack; `reason`: why nothing was tried."""

    requirement: str
    tests: tuple[str, ...]
    result: Result
    reason: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def counted(self) -> str:
        """Tests by the first word of their id: `field 2, range 12`."""
        found = Counter(test.partition(".")[0] for test in self.tests)
        return ", ".join(f"{name} {count}" for name, count in found.items())


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the definition. `begins`: how the ids of its tests begin; `why`: what to say where there is none."""

    words: str
    begins: tuple[str, ...]
    why: str = NO_TEST


def trace(study: Study, sections: Iterable[Section]) -> tuple[Traced, ...]:
    """Every part of the definition in its order, with its tests."""
    known: dict[str, list[Case]] = defaultdict(list)
    for section in sections:
        for case in section.cases:
            steps = case.id.split(".")
            for n in range(1, len(steps) + 1):
                known[".".join(steps[:n])].append(case)
    return tuple(_traced(part, known) for part in _parts(study))


def _traced(part: _Part, known: Mapping[str, Sequence[Case]]) -> Traced:
    cases = [case for begin in part.begins for case in known.get(begin, ())]
    results = {case.result for case in cases}
    tests = tuple(case.id for case in cases)
    if "failed" in results:
        return Traced(part.words, tests, "failed")
    if "passed" in results:
        return Traced(part.words, tests, "passed")
    return Traced(part.words, tests, "not exercised", cases[0].reason if cases else part.why)


def _parts(study: Study) -> Iterator[_Part]:
    for visit in study.schedule.visits:
        yield _Part(f"Visit {visit.id}: {visit.label.en}", (f"window.{visit.id}",))
    for beyond in study.schedule.extra:
        yield _Part(f"Visit {beyond.id}: {beyond.label.en}", (), ANY_DAY)
    for form in study.forms:
        for group, field in form.fields():
            item, at = study.item_by_id[field.item], f"{form.id}.{group.id}.{field.item}"
            begins = (
                f"field.{at}", f"range.{item.id}", f"required.{at}", f"skip.{form.id}.{item.id}",
                f"derived.{form.id}.{item.id}",
            )  # fmt: skip
            yield _Part(f"Form {form.id}, {item.id}: {item.label.en}", begins)
        for check in form.checks:
            yield _Part(f"Form {form.id}, check {check.id}: {check.logic}", (f"check.{form.id}.{check.id}",))
    for criterion in study.eligibility.criteria:
        yield _Part(f"Criterion {criterion.id}: {criterion.label.en}", (), CRITERIA)
    if study.dosing.doses:
        yield _Part(f"Dosing: {study.dosing.doses} doses", (), BY_HAND)
