"""`eligibility_cases.yaml`: patients with the answers that the author of the criteria expects.

A base patient, who is eligible, is written out once; each case says what is different in it and what comes of that.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import DefinitionError, InputError, UserError, nearest
from trialwright.screen.facts import patient_of
from trialwright.screen.verdict import CriterionState, Verdict, VerdictState, verdict
from trialwright.screen.words import text
from trialwright.study.base import Node
from trialwright.study.definition import Study
from trialwright.study.document import Document, read_yaml
from trialwright.study.items import Item
from trialwright.study.load import find_study

FILE = "eligibility_cases.yaml"


class Base(Node):
    """The patient that all cases start from. `day`: when values were measured that do not say so."""

    screening: str
    enrolment: str | None = None
    first_dose: str | None = None
    day: str = ""
    facts: dict[str, Any]
    """Item -> a value, a mapping with the keys of a facts file, or a list of these."""


class Case(Node):
    """What is different from the base patient, and what is expected.

    A plain value in `facts` keeps unit, limits and signature of the base patient's fact; null makes it unknown.
    Criteria that `expect` does not name must be as they are for the base patient.
    """

    name: str
    like: str = ""
    """A group whose differences come first."""
    screening: str | None = None
    enrolment: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    expect: dict[str, CriterionState] = Field(default_factory=dict)
    verdict: VerdictState
    flips: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Criterion -> readings under which it must come out otherwise; others must not."""
    missing: tuple[str, ...] = ()
    """Items that must lead the list of what is missing, in this order."""


class Cases(Node):
    base: Base
    groups: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Differences that several cases share."""
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`problems`: what came out otherwise than expected, as sentences; empty for a case that holds."""

    case: str
    line: int
    state: VerdictState | Literal["refused"]
    problems: tuple[str, ...]
    criteria: tuple[str, ...] = ()
    """Criteria that the case speaks of."""


def read_cases(id_or_folder: str | Path, study: Study) -> tuple[Cases, Document] | None:
    """The cases of a study folder; None where it has no such file. Raises DefinitionError with file and line."""
    path = find_study(id_or_folder) / FILE
    if not path.is_file():
        return None
    document = read_yaml(path)
    try:
        cases = Cases.model_validate(document.data)
    except ValidationError as error:
        first = error.errors()[0]
        raise DefinitionError(f"{first['msg']}.", where=document.where(first["loc"])) from None
    known = {c.id: {r.id for r in c.readings} for c in study.eligibility.criteria}
    for n, case in enumerate(cases.cases):
        if case.like and case.like not in cases.groups:
            hint = nearest(case.like, cases.groups)
            raise DefinitionError(f"There is no group '{case.like}'.", where=document.where(("cases", n)), hint=hint)
        _known_names(case, known, document.where(("cases", n)))
    return cases, document


def _known_names(case: Case, known: Mapping[str, set[str]], where: str) -> None:
    for name in (*case.expect, *case.flips):
        if name not in known:
            raise DefinitionError(f"There is no criterion '{name}'.", where=where, hint=nearest(name, known))
    for name, readings in case.flips.items():
        odd = next((r for r in readings if r not in known[name]), None)
        if odd is not None:
            raise DefinitionError(f"{name} has no reading '{odd}'.", where=where, hint=nearest(odd, known[name]))


def run_cases(cases: Cases, document: Document, study: Study, lang: str = "en") -> Iterator[CaseResult]:
    """The base patient, who must be eligible, then each case; problems are said in `lang`."""
    whole = base_patient(cases, study)
    found = verdict(study, whole)
    problems = () if found.state == "eligible" else (text("base_not", lang, text(found.state, lang)),)
    yield CaseResult(text("base", lang), document.line(("base",)), found.state, problems)
    usual = {c.id: c.state for c in found.criteria}
    for n, case in enumerate(cases.cases):
        yield _run(case, cases, study, usual, line=document.line(("cases", n)), lang=lang)


def base_patient(cases: Cases, study: Study) -> Patient:
    """The patient that all cases start from."""
    return patient_of(_document(cases, Case(name="base", verdict="eligible"), study), study, where="base")


def _run(
    case: Case, cases: Cases, study: Study, usual: Mapping[str, CriterionState], *, line: int, lang: str
) -> CaseResult:
    spoken = tuple(dict.fromkeys((*case.expect, *case.flips)))
    try:
        patient = patient_of(_document(cases, case, study), study, where=case.name)
    except (InputError, UserError) as error:
        return CaseResult(case.name, line, "refused", (str(error),), spoken)
    found = verdict(study, patient, lang=lang)
    return CaseResult(case.name, line, found.state, tuple(_differences(case, found, usual, lang)), spoken)


def _differences(case: Case, found: Verdict, usual: Mapping[str, CriterionState], lang: str) -> Iterator[str]:
    def odd(key: str, *parts: str) -> str:
        return text(key, lang, *parts)

    if found.state != case.verdict:
        yield odd("verdict_is", odd(found.state), odd(case.verdict))
    for result in found.criteria:
        wanted = case.expect.get(result.id, usual[result.id])
        if result.state != wanted:
            yield odd("criterion_is", result.id, odd(result.state), odd(wanted), result.explanation)
        flips = case.flips.get(result.id, result.flips_under if not case.flips else ())
        if set(result.flips_under) != set(flips):
            yield odd("flips_under", result.id, _listed(result.flips_under, lang), _listed(flips, lang))
    first = tuple(m.item for m in found.missing[: len(case.missing)])
    if case.missing and first != case.missing:
        yield odd("first_missing", _listed(first, lang), _listed(case.missing, lang))


def _listed(names: tuple[str, ...], lang: str) -> str:
    return ", ".join(names) or text("nothing", lang)


def _document(cases: Cases, case: Case, study: Study) -> dict[str, Any]:
    """The case as a facts file."""
    base, facts = cases.base, copy.deepcopy(cases.base.facts)
    for name, given in (*cases.groups.get(case.like, {}).items(), *case.facts.items()):
        facts[name] = _changed(facts.get(name), given)
    rows = [
        _row(name, entry, study.item_by_id.get(name), base.day)
        for name, given in facts.items()
        for entry in (given if isinstance(given, list) else [given])
    ]
    days = {
        "screening": case.screening or base.screening,
        "enrolment": base.enrolment if case.enrolment is None else case.enrolment or None,
        "first_dose": base.first_dose,
    }
    return {"subject": case.name, **days, "facts": rows}


def _changed(before: Any, given: Any) -> Any:
    """A plain value takes the place of the value alone; all else takes the place of the whole fact."""
    if isinstance(given, (dict, list)) or not isinstance(before, dict):
        return given
    return {**before, "value": given}


def _row(name: str, entry: Any, item: Item | None, day: str) -> dict[str, Any]:
    row = {"item": name, **(entry if isinstance(entry, dict) else {"value": entry})}
    if day and item is not None and item.type == "quantity":
        row.setdefault("when", day)
    return row
