"""FHIR as a door into screening: mapped by code, dated, with limits; what is doubtful or wrong stays outside."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.evidence.patient import Fact, Patient
from trialwright.formats.fhir import of_bundle
from trialwright.kernel.errors import InputError
from trialwright.screen.fhir_mapping import CodeBook
from trialwright.screen.intake import IntakeReport
from trialwright.screen.intake_bundle import patient_of_resources
from trialwright.screen.sources import read_patient
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
BOOK = CodeBook(STUDY)
DAY = dt.date(2026, 3, 15)
ME = {"reference": "Patient/p1"}
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "atc": "http://www.whocc.no/atc",
    "cvx": "http://hl7.org/fhir/sid/cvx",
}


def concept(code: str, display: str = "whatever it is called") -> dict[str, Any]:
    """`snomed|22298006` as a CodeableConcept, under a name that says nothing."""
    system, _, value = code.partition("|")
    return {"coding": [{"system": SYSTEMS.get(system, system), "code": value, "display": display}]}


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"}


def observation(code: str, **more: Any) -> dict[str, Any]:
    day = {} if "effectivePeriod" in more else {"effectiveDateTime": "2026-03-14T08:30:00+08:00"}
    fixed = {"resourceType": "Observation", "id": "o", "status": "final", "subject": ME}
    return fixed | day | {"code": concept(code)} | more


def condition(code: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": "c", "subject": ME, "code": concept(code), "onsetDateTime": "2026-01-10",
        "clinicalStatus": concept("s|active"), "verificationStatus": concept("s|confirmed"), **more,
    }  # fmt: skip


def administration(day: str, dose: dict[str, Any] | None, code: str = "rxnorm|6902", **more: Any) -> dict[str, Any]:
    dosage = {"route": concept("snomed|47625008")} | ({"dose": dose} if dose else {})
    return {
        "resourceType": "MedicationAdministration", "id": f"a{day}", "status": "completed", "subject": ME,
        "medicationCodeableConcept": concept(code), "effectiveDateTime": day, "dosage": dosage, **more,
    }  # fmt: skip


def order(timing: dict[str, Any] | None, dose: dict[str, Any], **more: Any) -> dict[str, Any]:
    instruction: dict[str, Any] = {"route": concept("snomed|26643006"), "doseAndRate": [{"doseQuantity": dose}]}
    if timing is not None:
        instruction["timing"] = timing
    return {
        "resourceType": "MedicationRequest", "id": "r", "status": "active", "intent": "order", "subject": ME,
        "medicationCodeableConcept": concept("atc|H02AB07"), "authoredOn": "2026-03-10",
        "dosageInstruction": [instruction], **more,
    }  # fmt: skip


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    person = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-05", "gender": "female"}
    people = [] if any(r["resourceType"] == "Patient" for r in resources) else [person]
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in (*people, *resources)]}


def read(*resources: dict[str, Any], day: dt.date | None = DAY) -> tuple[Patient, IntakeReport]:
    return patient_of_resources(of_bundle(bundle(*resources)), STUDY, book=BOOK, as_of=day)


def facts(*resources: dict[str, Any]) -> list[Fact]:
    return [f for f in read(*resources)[0].facts if f.item not in ("birth_date", "sex")]


def one(*resources: dict[str, Any]) -> Fact:
    found = facts(*resources)
    assert len(found) == 1, found
    return found[0]


def test_a_patient_gives_birth_and_sex() -> None:
    patient, _ = read(observation("loinc|8310-5", valueQuantity=quantity(38, "Cel")))
    assert patient.subject == "p1"
    assert [str(f.value) for f in patient.facts if f.item in ("birth_date", "sex")] == ["1980-05-05", "female"]
    assert patient.enrolment is None


def test_a_result_keeps_its_unit_limits_day_and_origin() -> None:
    limits = [{"low": quantity(0.5, "mg/dL"), "high": quantity(0.95, "mg/dL")}]
    found = one(observation("loinc|2160-0", valueQuantity=quantity(1.5, "mg/dL"), referenceRange=limits))
    assert (found.item, found.value, found.unit, found.low, found.high) == ("creatinine", 1.5, "mg/dL", 0.5, 0.95)
    assert (str(found.when), found.time, found.origin) == ("2026-03-14", "08:30:00", "Observation/o")


def test_limits_in_another_unit_are_stated_in_that_of_the_value() -> None:
    limits = [{"low": quantity(2, "g/L"), "high": quantity(4, "g/L"), "type": concept("t|normal")}]
    found = one(observation("loinc|3255-7", valueQuantity=quantity(120, "mg/dL"), referenceRange=limits))
    assert (found.low, found.high) == (200, 400)


def test_urea_nitrogen_is_read_as_urea() -> None:
    found = one(observation("loinc|3094-0", valueQuantity=quantity(28.014, "mg/dL")))
    assert (found.item, found.unit) == ("urea", "mmol/L")
    assert found.value == pytest.approx(10)


def test_components_are_read_too() -> None:
    parts = [
        {"code": concept("loinc|8480-6"), "valueQuantity": quantity(118, "mm[Hg]")},
        {"code": concept("loinc|8462-4"), "valueQuantity": quantity(76, "mm[Hg]")},
    ]
    assert [(f.item, f.value) for f in facts(observation("loinc|85354-9", component=parts))] == [
        ("systolic", 118),
        ("diastolic", 76),
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"dataAbsentReason": concept("x|not-performed")}, "not-performed"),
        ({"valueQuantity": {"value": 40000, "comparator": ">", "unit": "ug/L"}}, "reported as > 40000 ug/L"),
        ({"valueCodeableConcept": concept("snomed|261665006")}, "unknown"),
    ],
)
def test_what_was_asked_and_is_not_known_stays_unknown_with_its_reason(more: dict[str, Any], reason: str) -> None:
    found = one(observation("loinc|2276-4", **more))
    assert (found.item, found.value, found.reason) == ("ferritin", None, reason)


@pytest.mark.parametrize(
    ("code", "value", "item", "expected"),
    [
        ("loinc|82810-3", concept("loinc|LA15173-0"), "pregnant", True),
        ("loinc|82810-3", concept("snomed|60001007"), "pregnant", False),
        ("loinc|2106-3", concept("snomed|260385009"), "pregnant", False),
        ("loinc|88020-3", concept("loinc|LA28406-9"), "nyha_class", "III"),
        ("loinc|88020-3", concept("snomed|421704003"), "nyha_class", "II"),
        ("snomed|195967001", concept("snomed|2667000"), "lung_disease", False),
        ("snomed|22298006", concept("snomed|2667000"), "myocardial_infarction", "none"),
        ("loinc|29308-4", concept("icd10|M32.1"), "rheumatic_disease", True),
    ],
)
def test_coded_answers(code: str, value: dict[str, Any], item: str, expected: object) -> None:
    found = {f.item: f.value for f in facts(observation(code, valueCodeableConcept=value))}
    assert found[item] == expected


def test_a_negated_finding_is_no() -> None:
    assert one(observation("snomed|16294009", valueBoolean=False)).value is False
    assert one(observation("snomed|22298006", valueBoolean=False)).value == "none"


@pytest.mark.parametrize(
    ("code", "item", "value"),
    [
        ("snomed|401314000", "myocardial_infarction", "2026-01-10"),
        ("icd10|I21.4", "myocardial_infarction", "2026-01-10"),
        ("icd10|I20.0", "unstable_angina", "2026-01-10"),
        ("snomed|25569003", "severe_arrhythmia", "current"),
        ("icd10|C50.9", "malignancy", "current"),
        ("snomed|254637007", "malignancy", "current"),
        ("snomed|426979002", "lung_disease", "True"),
        ("icd10|J84.1", "lung_disease", "True"),
        ("icd10|M35.1", "rheumatic_disease", "True"),
        ("icd10|Z94.0", "transplant", "True"),
        ("snomed|72892002", "pregnant", "True"),
        ("snomed|60001007", "pregnant", "False"),
        ("icd10|D76.2", "infection_induced_hlh", "True"),
        ("icd10|F10.2", "alcohol_abuse", "current"),
        ("snomed|16294009", "splenomegaly", "True"),
        ("snomed|422293003", "nyha_class", "IV"),
    ],
)
def test_conditions_by_code(code: str, item: str, value: str) -> None:
    assert {f.item: str(f.value) for f in facts(condition(code))}[item] == value


def test_one_diagnosis_can_answer_several_items() -> None:
    assert {f.item: f.value for f in facts(condition("icd10|M33.1"))} == {
        "rheumatic_disease": True,
        "underlying_disease": "dermatomyositis",
    }


def test_a_condition_that_is_over_counts_only_as_history() -> None:
    over = {"clinicalStatus": concept("s|resolved"), "abatementDateTime": "2026-02-01"}
    assert facts(condition("snomed|72892002", **over)) == []
    assert one(condition("icd10|D61.9", **over)).value is True
    assert str(one(condition("icd10|C50.9", **over)).value) == "2026-02-01"
    assert one(condition("icd10|C50.9", clinicalStatus=concept("s|resolved"))).reason == "over, day not on file"


@pytest.mark.parametrize(
    "resource",
    [
        condition("snomed|22298006", verificationStatus=concept("s|entered-in-error")),
        condition("snomed|22298006", verificationStatus=concept("s|refuted")),
        condition("snomed|22298006", verificationStatus=concept("s|provisional")),
        condition("snomed|22298006", onsetDateTime="2026-03-16"),
        observation("loinc|8310-5", status="entered-in-error", valueQuantity=quantity(39, "Cel")),
        observation("loinc|8310-5", status="cancelled", valueQuantity=quantity(39, "Cel")),
        observation("loinc|8310-5", modifierExtension=[{"url": "x"}], valueQuantity=quantity(39, "Cel")),
        observation("loinc|8310-5", focus=[{"reference": "Patient/baby"}], valueQuantity=quantity(39, "Cel")),
        {"resourceType": "Immunization", "id": "i", "status": "not-done", "patient": ME,
         "vaccineCode": concept("cvx|03"), "occurrenceDateTime": "2026-03-01"},
        order({"code": concept("x|QD")}, quantity(60, "mg"), status="draft"),
        order({"code": concept("x|QD")}, quantity(60, "mg"), doNotPerform=True),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_left_out_and_counted(resource: dict[str, Any]) -> None:
    patient, report = read(resource)
    assert [f for f in patient.facts if f.item not in ("birth_date", "sex")] == []
    assert sum(count for _, count in report.left_out) == 1
    assert len(report.lines()) == 1


@pytest.mark.parametrize(
    ("code", "live"),
    [("cvx|03", True), ("cvx|121", True), ("cvx|37", True), ("cvx|149", True), ("atc|J07BD52", True),
     ("cvx|140", False), ("cvx|187", False), ("cvx|08", False), ("atc|J07BK03", False)],
)  # fmt: skip
def test_live_vaccines_by_code(code: str, live: bool) -> None:
    vaccine = {"resourceType": "Immunization", "id": "i", "status": "completed", "patient": ME,
               "vaccineCode": concept(code, "live attenuated"), "occurrenceDateTime": "2026-03-01"}  # fmt: skip
    assert [(f.item, str(f.value)) for f in facts(vaccine)] == ([("live_vaccine", "2026-03-01")] if live else [])


def test_a_transplant_done_long_ago_counts() -> None:
    done = {"resourceType": "Procedure", "id": "p", "status": "completed", "subject": ME,
            "code": concept("snomed|70536003"), "performedPeriod": {"start": "2010-01-01"}}  # fmt: skip
    assert (one(done).item, one(done).value) == ("transplant", True)


def test_no_known_allergy_is_an_answer() -> None:
    none = {"resourceType": "AllergyIntolerance", "id": "n", "patient": ME, "code": concept("snomed|716186003"),
            "clinicalStatus": concept("s|active"), "verificationStatus": concept("s|confirmed")}  # fmt: skip
    assert (one(none).item, one(none).value) == ("drug_allergy", False)


def doses(*resources: dict[str, Any]) -> list[tuple[str, object, str, str]]:
    return [(str(f.when)[-5:], f.value, f.agent, f.route) for f in facts(*resources) if f.item == "steroid_dose"]


def test_doses_of_a_day_add_up() -> None:
    twice = (
        administration("2026-03-12T08:00:00Z", quantity(500, "mg")),
        administration("2026-03-12T20:00:00Z", quantity(0.5, "g")),
    )
    assert doses(*twice, administration("2026-03-13", quantity(40, "mg"), "rxnorm|8640")) == [
        ("03-12", 1000, "methylprednisolone", "iv"),
        ("03-13", 40, "prednisone", "iv"),
    ]


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d",
                     "boundsPeriod": {"start": "2026-03-10", "end": "2026-03-11"}}}, [("03-10", 60), ("03-11", 60)]),
        ({"repeat": {"frequency": 1, "period": 2, "periodUnit": "d",
                     "boundsPeriod": {"start": "2026-03-10", "end": "2026-03-13"}}}, [("03-10", 30), ("03-12", 30)]),
        ({"repeat": {"frequency": 1, "period": 12, "periodUnit": "h", "boundsDuration": {"value": 2, "code": "d"}}},
         [("03-10", 60), ("03-11", 60)]),
        ({"code": concept("http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation|BID")}, [("03-10", 60)]),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": {"start": "2026-03-14"}}},
         [("03-14", 30), ("03-15", 30)]),
        (None, []),
    ],
)  # fmt: skip
def test_orders_are_spread_over_their_days(timing: dict[str, Any] | None, expected: list[tuple[str, float]]) -> None:
    assert [(day, mg) for day, mg, _, _ in doses(order(timing, quantity(30, "mg")))] == expected


def test_what_was_given_goes_before_what_was_ordered() -> None:
    ordered = order({"code": concept("x|QD")}, quantity(60, "mg"))
    given = administration("2026-03-10", quantity(50, "mg"), "rxnorm|8640")
    assert [mg for _, mg, _, _ in doses(ordered, given)] == [50]


def test_a_dose_that_is_not_stated_is_no_dose() -> None:
    _, report = read(administration("2026-03-10", None), administration("2026-03-11", quantity(1, "mg/kg")))
    assert report.lines() == [
        "Left out: 2 MedicationAdministration of methylprednisolone without a stated dose or day."
    ]


def test_a_medicine_may_be_given_by_reference() -> None:
    medicine = {"resourceType": "Medication", "id": "m1", "code": concept("rxnorm|6902")}
    given = administration("2026-03-10", quantity(80, "mg"), medicationReference={"reference": "Medication/m1"})
    del given["medicationCodeableConcept"]
    assert doses(medicine, given) == [("03-10", 80, "methylprednisolone", "iv")]
    inside = given | {"contained": [medicine], "medicationReference": {"reference": "#m1"}}
    assert doses(inside) == [("03-10", 80, "methylprednisolone", "iv")]


def test_what_has_no_item_is_counted_by_code() -> None:
    _, report = read(*[condition("snomed|38341003")] * 3, observation("loinc|4548-4", valueQuantity=quantity(5, "%")))
    assert report.unmapped == (("snomed|38341003", 3), ("loinc|4548-4", 1))
    assert "4 of 4 statements have no item in the study: snomed|38341003 (3), loinc|4548-4 (1)." in report.lines()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (quantity(385, "Cel"), "Is a point missing (38.5)?"),
        (quantity(38.5, "mg/dL"), "cannot be in mg/dL"),
        ({"value": 38.5}, "has no unit"),
    ],
)
def test_a_value_that_cannot_be_is_named_and_the_rest_is_read(value: dict[str, Any], sentence: str) -> None:
    good = observation("loinc|29463-7", valueQuantity=quantity(60, "kg"))
    patient, report = read(observation("loinc|8310-5", valueQuantity=value), good)
    assert [f.item for f in patient.facts][-1] == "weight"
    assert len(report.refused) == 1
    assert sentence in report.refused[0]
    assert report.refused[0].startswith("Observation/o")


def test_the_day_of_screening_is_the_last_clinical_day_unless_given() -> None:
    early, late = (
        observation("loinc|29463-7", valueQuantity=quantity(60, "kg"), effectiveDateTime=d)
        for d in ("2025-01-02", "2026-02-01")
    )
    assert read(early, late, day=None)[0].screening == dt.date(2026, 2, 1)
    assert len(read(early, late, day=dt.date(2025, 6, 1))[0].of("weight")) == 1
    with pytest.raises(InputError, match="No clinical day is on file"):
        read({"resourceType": "Patient", "id": "p1", "birthDate": "1980"}, day=None)


def test_a_death_is_said() -> None:
    dead = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-01-01", "deceasedDateTime": "2026-03-01"}
    assert read(dead)[1].lines() == ["The record says that the patient has died (2026-03-01)."]


def test_what_became_of_a_file_is_said_in_chinese_too() -> None:
    dead = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-01-01", "deceasedBoolean": True}
    _, report = read(
        dead,
        condition("snomed|38341003"),
        condition("snomed|22298006", verificationStatus=concept("s|refuted")),
        administration("2026-03-10", None),
        observation("loinc|8310-5", valueQuantity=quantity(385, "Cel")),
    )
    assert len(report.lines("zh")) == len(report.lines("en")) == 5
    died, codes, *left, odd = report.lines("zh")
    assert died == "记录显示患者已死亡。"
    assert codes == "4条记录中有1条在本研究中无对应项目：snomed|38341003 (1)。"
    assert left == [
        "未采用1条：未注明剂量或日期的MedicationAdministration（methylprednisolone）。",
        "未采用1条：已排除的Condition。",
    ]
    assert odd.startswith("未采用：Observation/o")


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ([{"resourceType": "Patient", "id": "p1"}, {"resourceType": "Patient", "id": "p2"}], "resources of 2 patients"),
        ([observation("loinc|8310-5", subject={"reference": "Patient/p2"})], "resources of 2 patients"),
        ([{"resourceType": "Patient", "id": "p1", "birthDate": "2026-03-16"}], "is after screening"),
    ],
)
def test_a_bundle_that_cannot_be_is_refused(resources: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(*resources)


def test_references_by_url_and_by_id_mean_the_same_patient() -> None:
    person = {"fullUrl": "urn:uuid:17", "resource": {"resourceType": "Patient", "id": "p1"}}
    refs = ("urn:uuid:17", "Patient/p1", "https://example.org/fhir/Patient/p1/_history/2")
    results = [
        {"resource": observation("loinc|29463-7", valueQuantity=quantity(60 + n, "kg"), subject={"reference": ref})}
        for n, ref in enumerate(refs)
    ]
    found = of_bundle({"resourceType": "Bundle", "entry": [person, *results]})
    assert {r.subject for r in found if r.kind == "Observation"} == {"p1"}


def test_a_page_of_a_search_says_that_there_is_more(tmp_path: Path) -> None:
    page = bundle(condition("icd10|M32")) | {"link": [{"relation": "next", "url": "https://example.org/2"}]}
    (tmp_path / "b.json").write_text(json.dumps(page))
    assert "one page of several" in read_patient(tmp_path / "b.json", STUDY)[1].lines()[0]


def test_a_single_resource_and_an_empty_bundle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"resourceType": "Patient"}')
    with pytest.raises(InputError, match="single FHIR resource"):
        read_patient(tmp_path / "p.json", STUDY)
    (tmp_path / "e.json").write_text('{"resourceType": "Bundle"}')
    with pytest.raises(InputError, match="holds no resource"):
        read_patient(tmp_path / "e.json", STUDY, as_of=DAY)
