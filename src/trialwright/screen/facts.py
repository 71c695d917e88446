"""Facts files: a patient as JSON. Whatever cannot be right is refused with one sentence; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnknownName, nearest
from trialwright.screen.values import fact_of, partial_date
from trialwright.study.definition import Study
from trialwright.study.items import Item

LARGEST = 16 * 1024 * 1024
"""Bytes; no single patient needs more."""

_PATIENT = ("subject", "screening", "enrolment", "first_dose", "facts")
_FACT = ("item", "value", "unit", "low", "high", "when", "agent", "route", "signed_by", "reason", "origin")


def read_facts(path: Path, study: Study, *, today: dt.date | None = None) -> Patient:
    """Read a facts file. `today`: days after it (and after screening and enrolment) are refused."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(
                f"The file is larger than {LARGEST // 2**20} MiB.", where=path.name, hint="Give one patient's facts."
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", where=path.name) from None
    return patient_of(parse(text, path.name), study, where=path.name, today=today)


def parse(text: str, where: str) -> Any:
    """JSON, with line and column of a mistake."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}"
        raise InputError(f"This is not JSON: {error.msg.lower()} (column {error.colno}).", where=place) from None
    except RecursionError:
        raise InputError("This is not a facts file: it is nested too deeply.", where=where) from None
    except ValueError as error:
        raise InputError(f"This is not JSON: {error}.", where=where) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def patient_of(document: Any, study: Study, *, where: str = "facts", today: dt.date | None = None) -> Patient:
    """A patient from a parsed facts document."""
    if not isinstance(document, dict) or "facts" not in document:
        hint = 'Write {"subject": "P-001", "screening": "2026-03-15", "facts": [...]}.'
        raise InputError("This is not a facts file.", where=where, hint=hint)
    _only(document, _PATIENT, where)
    screening = _day(document, "screening", where)
    if screening is None:
        raise InputError("The day of screening is missing.", where=where, hint='Write "screening": "2026-03-15".')
    enrolment, first_dose = _day(document, "enrolment", where), _day(document, "first_dose", where)
    _in_order(screening, enrolment, first_dose, where)
    if not isinstance(document["facts"], list):
        raise InputError("'facts' is not a list.", where=where)
    facts = [_fact(raw, study, f"{where}, fact {n}") for n, raw in enumerate(document["facts"], 1)]
    unique = {replace(fact, origin=""): fact for fact in facts}
    patient = Patient(str(document.get("subject") or ""), screening, enrolment, first_dose, tuple(unique.values()))
    _births(patient, study)
    _none_later(patient, max(day for day in (screening, enrolment, first_dose, today) if day))
    _no_contradiction(patient, study, where)
    return patient


def _in_order(screening: dt.date, enrolment: dt.date | None, first_dose: dt.date | None, where: str) -> None:
    if enrolment and enrolment < screening:
        raise InputError(f"Enrolment ({enrolment}) is before screening ({screening}).", where=where)
    if first_dose and first_dose < (enrolment or screening):
        raise InputError(f"The first dose ({first_dose}) is before screening or enrolment.", where=where)


def _only(document: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    odd = next((key for key in document if key not in known), None)
    if odd is not None:
        raise InputError(f"'{odd}' is not known here.", where=where, hint=nearest(odd, known))


def _day(document: Mapping[str, Any], key: str, where: str) -> dt.date | None:
    raw = document.get(key)
    if raw is None:
        return None
    day = partial_date(raw, f"{where}, {key}")
    if not day.exact:
        raise InputError(f"'{raw}' is not a whole date.", where=f"{where}, {key}", hint="Write 2026-03-15.")
    return day.first


def _fact(raw: Any, study: Study, where: str) -> Fact:
    if not isinstance(raw, dict) or not isinstance(raw.get("item"), str):
        raise InputError(
            "This is not a fact: it names no item.", where=where, hint='Write {"item": "weight", "value": 60}.'
        )
    _only(raw, _FACT, where)
    if "value" not in raw:
        raise InputError("The fact has no value.", where=where, hint="Write null where it is not known.")
    name = raw["item"]
    item, synonym = _find(name, study, where)
    place = f"{where} ({name})"
    for key in ("unit", "agent", "route", "signed_by", "reason", "origin"):
        if raw.get(key) is not None and not isinstance(raw[key], str):
            raise InputError(f"'{key}' is not a text.", where=place)
    return fact_of(item, raw, synonym=synonym, where=place)


def _find(name: str, study: Study, where: str) -> tuple[Item, str]:
    """The item of a name, and the synonym under which it came."""
    if name in study.item_by_id:
        return study.item_by_id[name], ""
    for item in study.items:
        if any(synonym.id == name for synonym in item.synonyms):
            return item, name
    raise UnknownName("item", name, study.item_by_id, where=where)


def _none_later(patient: Patient, latest: dt.date) -> None:
    for fact in patient.facts:
        late = next((d for d in (fact.when, fact.value) if isinstance(d, PartialDate) and d.first > latest), None)
        if late is not None:
            hint = f"The latest day that can be is {latest}."
            raise InputError(f"{late} lies in the future.", where=fact.origin, hint=hint)


def _no_contradiction(patient: Patient, study: Study, where: str) -> None:
    """Two different values of one item at one moment cannot both be right; doses of two agents or routes can."""
    seen: dict[tuple[object, ...], Fact] = {}
    for fact in patient.facts:
        if fact.value is None:
            continue
        event = study.item_by_id[fact.item].type in ("event", "text") and fact.value != "none"
        key = (fact.item, fact.when, fact.time, fact.agent, fact.route, str(fact.value) if event else "")
        other = seen.setdefault(key, fact)
        if not _agree(other, fact):
            day = f"on {fact.when}" if fact.when else "without a day"
            what = f"'{fact.item}' has two different values {day}."
            raise InputError(what, where=where, hint="Keep the right one, or give each its own time.")


def _agree(a: Fact, b: Fact) -> bool:
    if isinstance(a.value, float) and isinstance(b.value, float):
        return math.isclose(a.value, b.value, rel_tol=1e-9)
    return a.value == b.value


def _births(patient: Patient, study: Study) -> None:
    """A date of birth (the item that goes to DM.BRTHDTC) lies before screening."""
    births = {i.id for i in study.items if i.sdtm and i.sdtm.variable == "BRTHDTC"}
    for fact in patient.facts:
        if fact.item in births and isinstance(fact.value, PartialDate) and fact.value.first > patient.screening:
            what = f"The birth ({fact.value}) is after screening ({patient.screening})."
            raise InputError(what, where=fact.origin)
