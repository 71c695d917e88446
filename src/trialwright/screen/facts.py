"""Facts files: a patient as JSON. Whatever cannot be right is refused with one sentence; nothing is guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.errors import InputError, UnknownName, nearest
from trialwright.screen.facts_checks import check_patient, without_repeats
from trialwright.screen.facts_text import parse, read_text
from trialwright.screen.values import fact_of, partial_date, printable, short
from trialwright.study.definition import Study
from trialwright.study.items import Item

MOST = 20_000
"""Facts of one patient."""

PATIENT_KEYS = ("subject", "screening", "enrolment", "first_dose", "facts")
FACT_KEYS = ("item", "value", "unit", "low", "high", "when", "agent", "route", "signed_by", "reason", "origin")


def read_facts(path: Path, study: Study, *, today: dt.date | None = None) -> Patient:
    """Read a facts file. `today`: days after it (and after screening and enrolment) are refused."""
    return patient_of(parse(read_text(path), path.name), study, where=path.name, today=today)


def patient_of(document: Any, study: Study, *, where: str = "facts", today: dt.date | None = None) -> Patient:
    """A patient from a parsed facts document."""
    head = head_of(document, where)
    raw = document["facts"]
    if not isinstance(raw, list):
        raise InputError("'facts' is not a list.", where=where, hint='Write "facts": [{"item": ..., "value": ...}].')
    if len(raw) > MOST:
        raise InputError(f"These are more than {MOST} facts.", where=where, hint="Give the facts of one patient.")
    facts = [one_fact(fact, study, f"{where}, fact {n}") for n, fact in enumerate(raw, 1)]
    return whole_patient(head, facts, study, where=where, today=today)


def whole_patient(
    head: Patient, facts: Sequence[Fact], study: Study, *, where: str, today: dt.date | None = None
) -> Patient:
    """The patient with these facts, checked against each other and against the days. Raises InputError."""
    patient = Patient(head.subject, head.screening, head.enrolment, head.first_dose, tuple(facts))
    check_patient(patient, study, where, today)
    return without_repeats(patient, study)


def head_of(document: Any, where: str) -> Patient:
    """Subject and days of a facts document, its facts left aside."""
    hint = 'Write {"subject": "P-001", "screening": "2026-03-15", "facts": [...]}.'
    if isinstance(document, list):
        raise InputError("This is not a facts file: it is a list.", where=where, hint=hint)
    if not isinstance(document, dict) or "facts" not in document:
        raise InputError("This is not a facts file.", where=where, hint=hint)
    _only(document, PATIENT_KEYS, where)
    screening = _day(document, "screening", where)
    if screening is None:
        raise InputError("The day of screening is missing.", where=where, hint='Write "screening": "2026-03-15".')
    enrolment, first_dose = _day(document, "enrolment", where), _day(document, "first_dose", where)
    if enrolment and enrolment < screening:
        raise InputError(f"Enrolment ({enrolment}) is before screening ({screening}).", where=where)
    if first_dose and first_dose < (enrolment or screening):
        raise InputError(f"The first dose ({first_dose}) is before screening or enrolment.", where=where)
    return Patient(_subject(document.get("subject"), where), screening, enrolment, first_dose)


def _subject(raw: Any, where: str) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str) or len(raw) > 200:
        raise InputError("'subject' is not a short text.", where=where, hint='Write "subject": "P-001".')
    return " ".join(printable(raw, "subject", where).split())


def one_fact(raw: Any, study: Study, where: str) -> Fact:
    """A fact as a facts file has it. `where` names the file and the number of the fact."""
    if not isinstance(raw, dict) or not isinstance(raw.get("item"), str):
        raise InputError(
            "This is not a fact: it names no item.", where=where, hint='Write {"item": "weight", "value": 60}.'
        )
    name = short(raw["item"])[1:-1]
    place = f"{where} ({name})"
    _only(raw, FACT_KEYS, place)
    if "value" not in raw:
        raise InputError("The fact has no value.", where=place, hint="Write null where it is not known.")
    item, synonym = find_item(raw["item"], study, where)
    return fact_of(item, raw, synonym=synonym, where=place)


def find_item(name: str, study: Study, where: str) -> tuple[Item, str]:
    """The item of a name, and the synonym under which it came. Raises UnknownName with the nearest names."""
    if name in study.item_by_id:
        return study.item_by_id[name], ""
    for item in study.items:
        if any(synonym.id == name for synonym in item.synonyms):
            return item, name
    known = [*study.item_by_id, *(s.id for item in study.items for s in item.synonyms)]
    raise UnknownName("item", short(name)[1:-1], known, where=where)


def _only(document: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    odd = next((key for key in document if key not in known), None)
    if odd is not None:
        raise InputError(f"{short(odd)} is not known here.", where=where, hint=nearest(odd[:60], known))


def _day(document: Mapping[str, Any], key: str, where: str) -> dt.date | None:
    raw = document.get(key)
    if raw is None or raw == "":
        return None
    day = partial_date(raw, f"{where}, {key}")
    if not day.exact:
        raise InputError(f"{short(raw)} is not a whole date.", where=f"{where}, {key}", hint="Write 2026-03-15.")
    return day.first
