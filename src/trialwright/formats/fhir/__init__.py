"""FHIR R4 (JSON): resources as plain values. What they mean for a study is decided elsewhere."""

from trialwright.formats.fhir.bundle import coded, has_more_pages, of_bundle, of_resource, patient_id
from trialwright.formats.fhir.elements import Coding, Dose, Quantity, Range
from trialwright.formats.fhir.resources import KINDS, Resource

__all__ = [
    "KINDS",
    "Coding",
    "Dose",
    "Quantity",
    "Range",
    "Resource",
    "coded",
    "has_more_pages",
    "of_bundle",
    "of_resource",
    "patient_id",
]
