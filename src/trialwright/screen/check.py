"""The author's assurance: do the criteria give what was expected, and where do their limits lie?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from trialwright.kernel.truth import Truth
from trialwright.screen import words
from trialwright.screen.cases import FILE, CaseResult, base_patient, read_cases, run_cases
from trialwright.screen.check_atoms import Probe, Trial, probes
from trialwright.study.definition import Study

_STATE = {Truth.TRUE: "met", Truth.FALSE: "not_met", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Check:
    """`cases` is None where the study brings none. `untried`: criteria that no case speaks of."""

    study: str
    cases: tuple[CaseResult, ...] | None
    probes: tuple[Probe, ...]
    untried: tuple[str, ...]

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        return tuple(case for case in self.cases or () if case.problems)


def check(id_or_folder: str | Path, study: Study, lang: str = "en") -> Check:
    """Run the study's cases and make the patients at the limits, said in `lang`.

    Raises DefinitionError for a wrong cases file.
    """
    found = read_cases(id_or_folder, study)
    results = tuple(run_cases(*found, study, lang)) if found else None
    usable = found is not None and results is not None and results[0].state != "refused"
    base = base_patient(found[0], study) if usable and found else None
    spoken = {name for result in results or () for name in result.criteria}
    untried = tuple(c.id for c in study.eligibility.criteria if c.id not in spoken)
    return Check(study.id, results, tuple(probes(study, base, lang)), untried)


def as_document(found: Check) -> dict[str, Any]:
    """The check as plain data."""
    return {
        "study": found.study,
        "cases": None
        if found.cases is None
        else [
            {"case": c.case, "line": c.line, "verdict": c.state, "holds": not c.problems, "problems": list(c.problems)}
            for c in found.cases
        ],
        "failed": len(found.failures),
        "criteria_without_case": list(found.untried),
        "limits": [
            {"criterion": p.criterion, "atom": p.text, "patients": [_trial(t) for t in p.trials]} for p in found.probes
        ],
    }


def _trial(trial: Trial) -> dict[str, str]:
    return {"given": trial.given, "atom": trial.atom.value, "criterion": _STATE[trial.criterion]}


def as_text(found: Check, lang: str = "en") -> str:
    """The check as lines: the limits as a table, then the cases, the failures last. `lang`: that of `check`."""
    return "\n".join((*_limits(found, lang), "", *_cases(found, lang)))


def _limits(found: Check, lang: str) -> Iterator[str]:
    yield words.text("limits_head", lang)
    for criterion, group in groupby(found.probes, key=lambda p: p.criterion):
        yield ""
        yield criterion
        for probe in group:
            yield f"  {probe.text}"
            width = max((words.columns(t.given) for t in probe.trials), default=0)
            for trial in probe.trials:
                given, answer = _padded(trial.given, width), _padded(words.text(trial.atom.value, lang), 8)
                yield f"      {given}  {answer} {words.text(_STATE[trial.criterion], lang)}"
            if not probe.trials:
                yield f"      {words.text('no_probe', lang)}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - words.columns(text))


def _cases(found: Check, lang: str) -> Iterator[str]:
    if found.cases is None:
        yield words.text("no_cases", lang, FILE)
        return
    for case in found.failures:
        yield f"{FILE}:{case.line}: {case.case}"
        yield from (f"    {problem}" for problem in case.problems)
    held = len(found.cases) - len(found.failures)
    yield words.text("cases_held", lang, str(held), str(len(found.cases)))
    if found.untried:
        yield words.text("untried", lang, ", ".join(found.untried))
