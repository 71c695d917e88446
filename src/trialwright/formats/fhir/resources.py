"""Resources of FHIR R4 in one plain shape. Source: HL7 FHIR R4 (4.0.1), the pages of the resources named in KINDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trialwright.formats.fhir.elements import (
    Coding,
    Dose,
    Json,
    Quantity,
    Range,
    administered,
    code,
    codings,
    dosages,
    entries,
    mapping,
    moment,
    quantity,
    ranges,
    reference,
    text,
)

Value = Quantity | bool | str | tuple[Coding, ...] | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A statement on a patient. Days are as written; what a kind of resource does not have is empty.

    `status`: of the resource; of a Condition its verification status. `clinical`: of a Condition, its clinical status.
    `value`: a Quantity, a truth, a text (also a date), codings, or None; `absent` says why it is None.
    `codes` of a Patient are empty; its `value` is the sex, its `start` the birth, its `end` the death.
    """

    kind: str
    id: str = ""
    subject: str = ""
    status: str = ""
    clinical: str = ""
    codes: tuple[Coding, ...] = ()
    start: str = ""
    end: str = ""
    value: Value = None
    absent: str = ""
    interpretation: tuple[Coding, ...] = ()
    ranges: tuple[Range, ...] = ()
    components: tuple[Resource, ...] = ()
    doses: tuple[Dose, ...] = ()
    medication: str = ""
    """Reference to a Medication, where the medicine is not coded in place."""
    modified: bool = False
    """It carries an extension that changes its meaning, or speaks of somebody other than its subject (a fetus)."""

    @property
    def origin(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


Fields = dict[str, Any]
"""What a reader of one kind fills in; `read` adds what all kinds have."""


def _patient(raw: Json) -> Fields:
    died = text(raw.get("deceasedDateTime")) or ("true" if raw.get("deceasedBoolean") is True else "")
    return {"start": text(raw.get("birthDate")), "end": died, "value": text(raw.get("gender")) or None}


def _observation(raw: Json) -> Fields:
    start, end = moment(raw, "effective")
    parts = tuple(Resource("Observation", **_observed(c)) for c in entries(raw.get("component")))
    return dict(_observed(raw), status=text(raw.get("status")), start=start, end=end, components=parts)


def _observed(raw: Json) -> Fields:
    value = _value(raw)
    absent = (code(raw.get("dataAbsentReason")) or "unknown") if value is None and "dataAbsentReason" in raw else ""
    return {
        "codes": codings(raw.get("code")), "value": value, "absent": absent,
        "interpretation": codings(raw.get("interpretation")), "ranges": ranges(raw.get("referenceRange")),
    }  # fmt: skip


def _value(raw: Json) -> Value:
    if isinstance(found := raw.get("valueBoolean"), bool):
        return found
    if "valueQuantity" in raw:
        return quantity(raw["valueQuantity"])
    if isinstance(found := raw.get("valueInteger"), int) and not isinstance(found, bool):
        return quantity({"value": found, "code": "1"})
    if "valueCodeableConcept" in raw:
        return codings(raw["valueCodeableConcept"]) or None
    return text(raw.get("valueDateTime")) or text(raw.get("valueString")) or None


def _condition(raw: Json) -> Fields:
    start = moment(raw, "onset")[0] or text(raw.get("recordedDate"))
    ended = moment(raw, "abatement")
    return {"status": code(raw.get("verificationStatus")), "clinical": code(raw.get("clinicalStatus")),
        "codes": codings(raw.get("code")), "start": start, "end": ended[1] or ended[0],
    }  # fmt: skip


def _procedure(raw: Json) -> Fields:
    start, end = moment(raw, "performed")
    return {"status": text(raw.get("status")), "codes": codings(raw.get("code")), "start": start, "end": end}


def _immunization(raw: Json) -> Fields:
    day = moment(raw, "occurrence")[0]
    found = codings(raw.get("vaccineCode"))
    return {"status": text(raw.get("status")), "codes": found, "start": day, "end": day}


def _allergy(raw: Json) -> Fields:
    """The substances to which the patient reacts: of the allergy itself and of its reactions."""
    found = (*codings(raw.get("code")), *(c for r in entries(raw.get("reaction")) for c in codings(r.get("substance"))))
    return {"status": code(raw.get("verificationStatus")), "clinical": code(raw.get("clinicalStatus")),
        "codes": tuple(dict.fromkeys(found)), "start": moment(raw, "onset")[0] or text(raw.get("recordedDate")),
    }  # fmt: skip


def _medicine(raw: Json) -> Fields:
    return {
        "status": text(raw.get("status")), "codes": codings(raw.get("medicationCodeableConcept")),
        "medication": reference(raw.get("medicationReference")),
    }  # fmt: skip


def _request(raw: Json) -> Fields:
    """An order. One that is not to be carried out, or a mere plan or proposal, has the status `not-done`."""
    idle = raw.get("doNotPerform") is True or text(raw.get("intent")) in ("proposal", "plan", "option")
    found = _medicine(raw)
    day = text(raw.get("authoredOn"))
    status = "not-done" if idle else found["status"]
    return dict(found, status=status, start=day, doses=dosages(raw.get("dosageInstruction")))


def _statement(raw: Json) -> Fields:
    start, end = moment(raw, "effective")
    return dict(_medicine(raw), start=start, end=end, doses=dosages(raw.get("dosage")))


def _administration(raw: Json) -> Fields:
    start, end = moment(raw, "effective")
    found = _medicine(raw)
    return dict(found, start=start, end=end, doses=administered(raw.get("dosage")))


def _medication(raw: Json) -> Fields:
    """A medicine: its own codes and those of its ingredients."""
    own = (*codings(raw.get("code")), *(c for i in entries(raw.get("ingredient")) for c in _ingredient(i)))
    return {"codes": tuple(dict.fromkeys(own))}


def _ingredient(raw: Json) -> tuple[Coding, ...]:
    return codings(raw.get("itemCodeableConcept"))


KINDS: dict[str, Callable[[Json], Fields]] = {
    "Patient": _patient,
    "Observation": _observation,
    "Condition": _condition,
    "Procedure": _procedure,
    "Immunization": _immunization,
    "AllergyIntolerance": _allergy,
    "MedicationRequest": _request,
    "MedicationStatement": _statement,
    "MedicationAdministration": _administration,
    "Medication": _medication,
}
"""The kinds of resources that are read; all others speak of care, money or people and are passed over."""


def read(raw: Any) -> Resource | None:
    """One resource in the plain shape; None for a kind that is not read."""
    kind = text(mapping(raw).get("resourceType"))
    if kind not in KINDS:
        return None
    subject = reference(raw.get("subject")) or reference(raw.get("patient"))
    somebody = bool(raw.get("focus")) or _other(subject)
    odd = somebody or bool(raw.get("modifierExtension"))
    own = "" if _other(subject) else subject
    return Resource(kind, id=text(raw.get("id")), subject=own, modified=odd, **KINDS[kind](raw))


def _other(subject: str) -> bool:
    """Whether a reference names something other than a patient: a device, a group, a place."""
    parts = subject.split("/_history/")[0].split("/")
    return len(parts) > 1 and parts[-2].isalpha() and parts[-2] != "Patient"
