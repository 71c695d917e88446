"""Facts of one patient against each other: days that cannot be, births after screening, values that contradict."""

from __future__ import annotations

import datetime as dt
import math

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnitError
from trialwright.study.definition import Study
from trialwright.study.items import Item

ROUNDING = 0.005
"""Relative difference of one value stated in two units, each rounded as laboratories do."""


def check_patient(patient: Patient, study: Study, where: str, today: dt.date | None = None) -> None:
    """Refuse what cannot be. `today`: also days after it, unless the patient's own lie later. Raises InputError."""
    _births(patient, study)
    own = (patient.screening, patient.enrolment, patient.first_dose, today)
    _none_later(patient, max(day for day in own if day))
    _no_contradiction(patient, study, where)


def birth_items(study: Study) -> frozenset[str]:
    """The items that hold a date of birth: they go to DM.BRTHDTC."""
    return frozenset(i.id for i in study.items if i.sdtm and i.sdtm.variable == "BRTHDTC")


def without_repeats(patient: Patient, study: Study) -> Patient:
    """Facts that say the same of the same moment stay once: the one that says most, of these the first by text."""
    found: dict[tuple[object, ...], list[Fact]] = {}
    for fact in patient.facts:
        found.setdefault(_moment(fact, patient), []).append(fact)
    kept: list[Fact] = []
    for facts in found.values():
        kept.extend(_distinct(facts, study.item_by_id[facts[0].item]) if len(facts) > 1 else facts)
    return Patient(patient.subject, patient.screening, patient.enrolment, patient.first_dose, tuple(kept))


def _distinct(facts: list[Fact], item: Item) -> list[Fact]:
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda f: (-_said(f), str(f.value), f.unit, f.reason, f.origin)):
        if not any((fact.value is None) == (other.value is None) and agree(fact, other, item) for other in kept):
            kept.append(fact)
    return kept


def _said(fact: Fact) -> int:
    return sum(bool(x) or x == 0 for x in (fact.low, fact.high, fact.signed_by, fact.when, fact.agent, fact.route))


def _moment(fact: Fact, patient: Patient) -> tuple[object, ...]:
    """Item and moment. A fact without a day is of the day of screening; several agents or routes may share a day."""
    when = fact.when or PartialDate.day(patient.screening)
    return (fact.item, when, fact.time, fact.agent, fact.route)


def _none_later(patient: Patient, latest: dt.date) -> None:
    for fact in patient.facts:
        late = next((d for d in (fact.when, fact.value) if isinstance(d, PartialDate) and d.first > latest), None)
        if late is not None:
            hint = f"The latest day that can be is {latest}."
            raise InputError(f"{late} lies in the future.", where=fact.origin, hint=hint)


def _births(patient: Patient, study: Study) -> None:
    births = birth_items(study)
    for fact in patient.facts:
        if fact.item in births and isinstance(fact.value, PartialDate) and fact.value.first > patient.screening:
            what = f"The birth ({fact.value}) is after screening ({patient.screening})."
            raise InputError(what, where=fact.origin)


def _no_contradiction(patient: Patient, study: Study, where: str) -> None:
    """Two different values of one item at one moment cannot both be right."""
    seen: dict[tuple[object, ...], list[Fact]] = {}
    for fact in patient.facts:
        item = study.item_by_id[fact.item]
        if fact.value is None or item.type == "text" or (item.type == "judgement" and not fact.signed_by):
            continue
        others = seen.setdefault(_moment(fact, patient), [])
        if any(not _together(other, fact, item) for other in others[:3]):
            day = f"on {fact.when}" if fact.when else "without a day"
            what = f"'{fact.item}' has two different values {day}."
            raise InputError(what, where=where, hint="Keep the right one, or give each its own day and time.")
        others.append(fact)


def _together(a: Fact, b: Fact, item: Item) -> bool:
    """Whether both can be right: they agree, or are two occurrences of one event. `none` denies every occurrence."""
    if item.type == "event":
        return (a.value == "none") == (b.value == "none")
    return agree(a, b, item)


def agree(a: Fact, b: Fact, item: Item) -> bool:
    """Whether two facts say the same; numbers in two units may differ by their rounding."""
    if not _number(a.value) or not _number(b.value):
        return a.value == b.value and type(a.value) is type(b.value)
    first, second = (_stated(fact, item) for fact in (a, b))
    if first is None or second is None:
        return a.value == b.value and a.unit == b.unit
    return math.isclose(first, second, rel_tol=1e-9 if (a.unit or item.unit) == (b.unit or item.unit) else ROUNDING)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stated(fact: Fact, item: Item) -> float | None:
    assert isinstance(fact.value, int | float)
    try:
        return units.convert(float(fact.value), fact.unit or item.unit or "1", item.unit or "1", item.molar_mass)
    except UnitError:
        return None
