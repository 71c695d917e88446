"""Whatever stands in a JSON, CSV or FHIR document: it is read and gets a verdict, or is refused in a sentence."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.kernel.errors import UserError
from trialwright.screen import verdict
from trialwright.screen.facts_csv import patients_of_csv
from trialwright.screen.facts_text import parse
from trialwright.screen.fhir_mapping import CodeBook
from trialwright.screen.intake_document import patient_of_document
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
BOOK = CodeBook(STUDY)
DAY = dt.date(2026, 3, 15)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["subject", "screening", "enrolment", "first_dose", "facts", "item", "value", "when", "resourceType", "entry"]
)
SHAPED = st.recursive(
    JSON | st.sampled_from(["2026-03-15", "weight", "Bundle", "Patient"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


def screened(document: Any) -> None:
    with contextlib.suppress(UserError):
        patient, _ = patient_of_document(document, STUDY, where="x.json", as_of=DAY, today=DAY, book=BOOK)
        assert verdict(STUDY, patient).state in ("undetermined", "not_eligible")


@given(JSON | SHAPED)
@settings(max_examples=200, deadline=None)
def test_any_document(document: Any) -> None:
    screened(document)


@given(st.text(max_size=60) | JSON.map(json.dumps))
@settings(max_examples=200, deadline=None)
def test_any_text(text: str) -> None:
    with contextlib.suppress(UserError):
        screened(parse(text, "x.json"))


CELLS = st.sampled_from(["subject", "screening", "item", "value", "weight", "2026-03-15", "60", '"', ";", "", "\n"])
ROWS = st.lists(CELLS, max_size=6).map(",".join)


@given(st.lists(ROWS, max_size=5).map("\n".join))
@settings(max_examples=200, deadline=None)
def test_any_table(text: str) -> None:
    with contextlib.suppress(UserError):
        for _, patient in patients_of_csv(text, STUDY):
            assert isinstance(patient, UserError) or verdict(STUDY, patient).state != "eligible"


def words(text: str) -> st.SearchStrategy[str]:
    """One of the words of a text."""
    return st.sampled_from(text.split())


ODD = st.sampled_from([None, True, -1, 0, 5e-324, 1e308, 3.5, "", [], {}, [[]], [{}]]) | words(
    "x 2026-03-14 2026 9999-12-31 mg mg/d d Cel Patient/p1 final entered-in-error active http://loinc.org "
    "http://snomed.info/sct 8310-5 22298006"
)
NAMES = words(
    "value unit code system coding low high type start end reference repeat timing period periodUnit frequency "
    "boundsPeriod boundsDuration doseAndRate doseQuantity dose route"
)
TOP = words(
    "id status code subject effectiveDateTime effectivePeriod valueQuantity valueCodeableConcept valueBoolean "
    "referenceRange component dataAbsentReason clinicalStatus verificationStatus onsetDateTime abatementDateTime "
    "medicationCodeableConcept dosage dosageInstruction vaccineCode occurrenceDateTime birthDate gender "
    "deceasedDateTime contained medicationReference"
)
ELEMENT = st.recursive(
    ODD | st.sampled_from([{"coding": [{"system": "http://www.whocc.no/atc", "code": "H02AB04"}]},
                           {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
KINDS = words(
    "Patient Observation Condition Immunization Procedure MedicationRequest MedicationStatement "
    "MedicationAdministration Medication AllergyIntolerance"
)
RESOURCE = st.builds(
    lambda kind, rest: {**rest, "resourceType": kind}, KINDS, st.dictionaries(TOP, ELEMENT, max_size=8)
)


@given(st.lists(RESOURCE, max_size=3))
@settings(max_examples=400, deadline=None)
def test_any_bundle(resources: list[dict[str, Any]]) -> None:
    screened({"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]})
