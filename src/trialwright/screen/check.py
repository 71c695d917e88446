"""The author's assurance: do the criteria give what was expected, and where do their limits lie?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from trialwright.kernel.truth import Truth
from trialwright.screen.cases import FILE, CaseResult, base_patient, read_cases, run_cases
from trialwright.screen.check_atoms import Probe, Trial, probes
from trialwright.study.definition import Study

_ANSWER = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "unknown"}
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


def check(id_or_folder: str | Path, study: Study) -> Check:
    """Run the study's cases and make the patients at the limits. Raises DefinitionError for a wrong cases file."""
    found = read_cases(id_or_folder, study)
    results = tuple(run_cases(*found, study)) if found else None
    usable = found is not None and results is not None and results[0].state != "refused"
    base = base_patient(found[0], study) if usable and found else None
    spoken = {name for result in results or () for name in result.criteria}
    untried = tuple(c.id for c in study.eligibility.criteria if c.id not in spoken)
    return Check(study.id, results, tuple(probes(study, base)), untried)


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


def as_text(found: Check) -> str:
    """The check as lines: the limits as a table, then the cases, the failures last."""
    return "\n".join((*_limits(found), "", *_cases(found)))


def _limits(found: Check) -> Iterator[str]:
    yield "At the limits: what is given, the answer of the part, and the criterion where this part decides."
    for criterion, group in groupby(found.probes, key=lambda p: p.criterion):
        yield ""
        yield criterion
        for probe in group:
            yield f"  {probe.text}"
            width = max((len(t.given) for t in probe.trials), default=0)
            for trial in probe.trials:
                yield f"      {trial.given:<{width}}  {_ANSWER[trial.atom]:<8} {_STATE[trial.criterion]}"
            if not probe.trials:
                yield "      no patients can be made for this one"


def _cases(found: Check) -> Iterator[str]:
    if found.cases is None:
        yield f"The study has no {FILE}: nobody has said yet what its patients should get. Only the limits were tried."
        return
    for case in found.failures:
        yield f"{FILE}:{case.line}: {case.case}"
        yield from (f"    {problem}" for problem in case.problems)
    held = len(found.cases) - len(found.failures)
    yield f"{held} of {len(found.cases)} cases came out as expected."
    if found.untried:
        yield f"No case speaks of {', '.join(found.untried)}."
