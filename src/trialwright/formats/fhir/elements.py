"""Elements of FHIR R4 data types as plain values. Whatever has the wrong shape reads as absent; nothing raises.

Source: HL7 FHIR R4 (4.0.1), data types.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Coding:
    """`system` is the short name of a known code system (`loinc`, `snomed`, ...), else its address."""

    system: str
    code: str

    def __str__(self) -> str:
        return f"{self.system or '?'}|{self.code}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit`: the UCUM code where there is one, else the unit as printed. `comparator`: <, <=, >=, > or nothing."""

    value: float
    unit: str = ""
    comparator: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range. `kind` is its type's code (`normal` or nothing: the one that applies to most people)."""

    low: Quantity | None = None
    high: Quantity | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Dose:
    """One dosage instruction. `per_day`: how often in 24 h (None: not said). `days`: for how long (None: not said)."""

    quantity: Quantity
    route: tuple[Coding, ...] = ()
    per_day: float | None = None
    start: str = ""
    end: str = ""
    days: float | None = None
    as_needed: bool = False


SYSTEMS = {
    "http://loinc.org": "loinc",
    "http://snomed.info/sct": "snomed",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10",
    "http://hl7.org/fhir/sid/icd-10-gm": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cn": "icd10",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "icd10",
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm": "icd10",
    "http://www.whocc.no/atc": "atc",
    "http://fhir.de/CodeSystem/bfarm/atc": "atc",
    "http://hl7.org/fhir/sid/cvx": "cvx",
    "http://unitsofmeasure.org": "ucum",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.3": "icd10",
    "urn:oid:2.16.840.1.113883.6.90": "icd10",
    "urn:oid:2.16.840.1.113883.6.73": "atc",
    "urn:oid:2.16.840.1.113883.12.292": "cvx",
}
"""Addresses of code systems and their short names."""

_HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "a": 8766.0}
_SHORTEST, _LONGEST = 1 / 60, 8766.0
"""Hours between two doses that can be meant: a minute to a year."""
_DAILY = {
    "QD": 1, "DAILY": 1, "AM": 1, "PM": 1, "BED": 1, "BID": 2, "TID": 3, "QID": 4, "QOD": 0.5, "WK": 1 / 7,
    "Q1H": 24, "Q2H": 12, "Q3H": 8, "Q4H": 6, "Q6H": 4, "Q8H": 3, "Q12H": 2,
}  # fmt: skip
"""Codes of v3-GTSAbbreviation: times a day."""


def mapping(raw: Any) -> Json:
    return raw if isinstance(raw, dict) else {}


def entries(raw: Any) -> list[Json]:
    """The objects of a list; a single object counts as a list of one."""
    if isinstance(raw, dict):
        return [raw]
    return [x for x in raw if isinstance(x, dict)] if isinstance(raw, list) else []


def text(raw: Any) -> str:
    return raw.strip() if isinstance(raw, str) else ""


def number(raw: Any) -> float | None:
    """A finite number; JSON's numbers only."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        found = float(raw)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def codings(concept: Any) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept, or of a list of them; those without a code are left out."""
    found = [
        Coding(SYSTEMS.get(text(c.get("system")), text(c.get("system"))), text(c.get("code")))
        for one in entries(concept)
        for c in entries(one.get("coding"))
    ]
    return tuple(dict.fromkeys(c for c in found if c.code))


def code(concept: Any) -> str:
    """The first code of a concept, whatever its system: for status values."""
    return next((c.code for c in codings(concept)), "")


def quantity(raw: Any) -> Quantity | None:
    found = mapping(raw)
    value = number(found.get("value"))
    if value is None:
        return None
    unit = text(found.get("unit"))
    if SYSTEMS.get(text(found.get("system")), "ucum" if not found.get("system") else "") == "ucum":
        unit = text(found.get("code")) or unit
    return Quantity(value, unit, text(found.get("comparator")))


def ranges(raw: Any) -> tuple[Range, ...]:
    return tuple(Range(quantity(r.get("low")), quantity(r.get("high")), code(r.get("type"))) for r in entries(raw))


def reference(raw: Any) -> str:
    return text(mapping(raw).get("reference"))


def moment(resource: Json, name: str) -> tuple[str, str]:
    """(start, end) of `nameDateTime`, `nameInstant`, `nameDate` or `namePeriod`, as written; "" where not said."""
    for kind in ("DateTime", "Instant", "Date"):
        if found := text(resource.get(name + kind)):
            return found, found
    period = mapping(resource.get(name + "Period"))
    return text(period.get("start")), text(period.get("end"))


def dosages(raw: Any) -> tuple[Dose, ...]:
    """Dosage instructions (MedicationRequest, MedicationStatement) that name a dose; others are left out."""
    found = []
    for one in entries(raw):
        rates = [r for r in entries(one.get("doseAndRate")) if "doseQuantity" in r]
        dose = quantity(mapping(rates[0] if rates else None).get("doseQuantity"))
        if dose is not None:
            found.append(_timed(one, dose))
    return tuple(found)


def administered(raw: Any) -> tuple[Dose, ...]:
    """The one dose of a MedicationAdministration."""
    one = mapping(raw)
    dose = quantity(one.get("dose"))
    return () if dose is None else (Dose(dose, codings(one.get("route"))),)


def _timed(one: Json, dose: Quantity) -> Dose:
    timing = mapping(one.get("timing"))
    repeat = mapping(timing.get("repeat"))
    start, end = moment(repeat, "bounds")
    span = mapping(repeat.get("boundsDuration"))
    length, unit = number(span.get("value")), text(span.get("code")) or text(span.get("unit"))
    days = length * _HOURS[unit] / 24 if length is not None and unit in _HOURS else None
    needed = one.get("asNeededBoolean") is True or bool(codings(one.get("asNeededCodeableConcept")))
    return Dose(dose, codings(one.get("route")), _per_day(timing, repeat), start, end, days, needed)


def _per_day(timing: Json, repeat: Json) -> float | None:
    named = _DAILY.get(code(timing.get("code")).upper())
    period, unit = number(repeat.get("period")), text(repeat.get("periodUnit"))
    hours = (period or 0.0) * _HOURS.get(unit, 0.0)
    if _SHORTEST <= hours <= _LONGEST:
        return (number(repeat.get("frequency")) or 1.0) * 24 / hours
    return named
