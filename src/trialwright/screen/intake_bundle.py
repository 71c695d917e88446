"""A patient from FHIR resources: what each says of the study's items, and what was left out.

Nothing is read into silence: a condition that is not on file stays unknown. Real records hold old mistakes, so a value
that cannot be is left out and named; it does not stop the patient.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from trialwright.evidence.patient import Fact, Patient
from trialwright.formats.fhir import Resource
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen.fhir_mapping import CodeBook, Target, terminology
from trialwright.screen.intake import IntakeReport, Tally
from trialwright.screen.intake_doses import daily_facts, is_daily
from trialwright.screen.intake_observed import condition_facts, observed_facts
from trialwright.screen.values import fact_of, first_day
from trialwright.study.definition import Study
from trialwright.study.items import Item

_WRONG = {"entered-in-error": "in_error"}
_DOUBTED = {
    "refuted": "refuted",
    "unconfirmed": "not_confirmed",
    "provisional": "not_confirmed",
    "differential": "not_confirmed",
}
_NOT_DONE = (
    "not-done",
    "cancelled",
    "draft",
    "registered",
    "preparation",
    "on-hold",
    "not-taken",
    "intended",
    "unknown",
)
_MEDICINES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")


@dataclass(slots=True)
class Intake:
    """What is known while one patient's resources are read."""

    study: Study
    book: CodeBook
    screening: dt.date
    tally: Tally


def patient_of_resources(
    resources: Sequence[Resource],
    study: Study,
    *,
    book: CodeBook | None = None,
    as_of: dt.date | None = None,
    today: dt.date | None = None,
    where: str = "Bundle",
) -> tuple[Patient, IntakeReport]:
    """A patient as of a day (`as_of`, else the last clinical day on file, not after `today`). Raises InputError."""
    subject = _one_patient(resources, where)
    tally = Tally()
    screening = as_of or _last_day(resources, today, where)
    intake = Intake(study, book or CodeBook(study), screening, tally)
    for person in (r for r in resources if r.kind == "Patient"):
        _person(person, intake)
    clinical = [r for r in resources if r.kind != "Patient"]
    usable = [r for r in clinical if _usable(r, intake)]
    for resource in usable:
        _read(resource, intake)
    _medicines([r for r in usable if r.kind in _MEDICINES], intake)
    patient = Patient(subject, screening, facts=tuple(dict.fromkeys(tally.facts)))
    _check_birth(patient, study, where)
    return patient, tally.report("fhir", len(clinical))


def _one_patient(resources: Sequence[Resource], where: str) -> str:
    """The patient's id. Statements on anybody else make it two patients."""
    ids = dict.fromkeys(r.id for r in resources if r.kind == "Patient")
    named = dict.fromkeys(r.subject for r in resources if r.kind != "Patient" and r.subject)
    people = list(dict.fromkeys([*ids, *named]))
    nameless = len({r for r in resources if r.kind == "Patient" and not r.id})
    if len(people) > 1 or nameless > 1:
        what = f"This holds resources of {max(len(people), nameless)} patients."
        raise InputError(what, where=where, hint="Give one patient, or a folder of them as a cohort.")
    if not people and not resources:
        hint = "It needs a Patient and what is known of them (Observation, Condition, ...)."
        raise InputError("This holds no resource that is read.", where=where, hint=hint)
    return people[0] if people else ""


def _last_day(resources: Iterable[Resource], today: dt.date | None, where: str) -> dt.date:
    days = [day for r in resources if r.kind != "Patient" for text in (r.start,) if (day := first_day(text))]
    past = [day for day in days if today is None or day <= today]
    if not past:
        raise InputError("No clinical day is on file.", where=where, hint="Give the day of screening with --as-of.")
    return max(past)


def _person(person: Resource, intake: Intake) -> None:
    """Birth and sex; a death on or before the day of screening is noted."""
    codes, tally = terminology()["patient"], intake.tally
    for part, value, variable in (("birth", person.start, "BRTHDTC"), ("sex", person.value, "SEX")):
        item = intake.book.item(codes[part]) or next(
            (i for i in intake.study.items if i.sdtm and i.sdtm.variable == variable), None
        )
        if item is None or not isinstance(value, str) or not value:
            continue
        if item.type == "choice" and item.choice(value) is None:
            tally.left_out["no_choice", part, item.id] += 1
            continue
        _take(tally, _stated, item, value, person.origin)
    if person.end:
        died = first_day(person.end)
        tally.notes.append(("died_on", str(died)) if died else ("died",))


def _usable(found: Resource, intake: Intake) -> bool:
    """Whether a resource may be read at all; else the reason is counted."""
    reason = _reason(found, intake.screening)
    if reason:
        intake.tally.left_out[reason, found.kind] += 1
    return not reason


def _reason(found: Resource, screening: dt.date) -> str:
    """The key of the text that says why a resource may not be read; "" where it may."""
    if found.status in _WRONG:
        return _WRONG[found.status]
    if found.kind in ("Condition", "AllergyIntolerance") and found.status in _DOUBTED:
        return _DOUBTED[found.status]
    if found.status in _NOT_DONE:
        return "not_done"
    if found.modified:
        return "changed_meaning"
    day = first_day(found.start)
    return "after_screening" if day is not None and day > screening else ""


def _read(found: Resource, intake: Intake) -> None:
    """All facts of one resource; medicines are only counted here, their days are added up together."""
    found = _diagnosis(found)
    targets = intake.book.find(found.codes)
    parts = [part for part in found.components if intake.book.find(part.codes)]
    if not targets and not parts:
        intake.tally.unmapped[code_shown(found)] += 1
        return
    dosed = found.kind in _MEDICINES and any(is_daily(t.item) for t in targets)
    if dosed:
        targets = tuple(t for t in targets if not is_daily(t.item))
    before, refused = len(intake.tally.facts), len(intake.tally.refused)
    for target in targets:
        _take(intake.tally, _facts, found, target, intake.screening)
    for part in parts:
        whole = replace(part, id=found.id, start=found.start, end=found.end)
        for target in intake.book.find(part.codes):
            _take(intake.tally, observed_facts, whole, target)
    used = len(intake.tally.facts) > before
    intake.tally.used += used
    if not used and not dosed and len(intake.tally.refused) == refused:
        intake.tally.left_out["answers_nothing", found.kind] += 1


def _diagnosis(found: Resource) -> Resource:
    """An Observation that asks for a finding or diagnosis says what a Condition of its answer would."""
    asks = any(c.code in terminology()["findings"] for c in found.codes)
    if not asks or not isinstance(found.value, tuple):
        return found
    return replace(found, kind="Condition", codes=found.value, value=None, end="")


def _facts(found: Resource, target: Target, screening: dt.date) -> list[Fact]:
    if found.kind == "Observation":
        return observed_facts(found, target)
    return condition_facts(found, target, screening)


def _stated(item: Item, value: str, origin: str) -> list[Fact]:
    return [fact_of(item, {"value": value}, where=origin)]


def _take(tally: Tally, read: Callable[..., list[Fact]], *args: object) -> None:
    """Take the facts of a reader; a value that cannot be is named and left out."""
    try:
        tally.facts.extend(read(*args))
    except UserError as error:
        tally.refused.append(str(error))


def _medicines(found: list[Resource], intake: Intake) -> None:
    """Daily doses; what was given goes before what was ordered or told."""
    for item in (i for i in intake.study.items if is_daily(i)):
        mine = [r for r in found if any(t.item.id == item.id for t in intake.book.find(r.codes))]
        facts, used = daily_facts(item, mine, intake.screening, intake.tally)
        intake.tally.facts.extend(facts)
        intake.tally.used += used


def speaks_of_an_item(found: Resource, book: CodeBook) -> bool:
    """Whether any item of the study may hear of a resource."""
    return bool(book.find(_diagnosis(found).codes)) or any(book.find(part.codes) for part in found.components)


def code_shown(found: Resource) -> str:
    """The code of a resource for the list of what has no item; one of a known code system, where it has several."""
    known = [c for c in found.codes if c.system and "/" not in c.system] or list(found.codes)
    return str(known[0]) if known else f"{found.kind} without a code"


def _check_birth(patient: Patient, study: Study, where: str) -> None:
    births = {i.id for i in study.items if i.sdtm and i.sdtm.variable == "BRTHDTC"}
    for fact in patient.facts:
        if fact.item in births and isinstance(fact.value, PartialDate) and fact.value.first > patient.screening:
            what = f"The birth ({fact.value}) is after screening ({patient.screening})."
            raise InputError(what, where=where, hint="Check the day of screening (--as-of).")
