"""Codes of the built-in study: what each system's code for a finding, test, medicine or vaccine says of an item.

Most codes were compared with public value sets; the meanings written here are our reading, so these tests hold what was
decided and do not prove it. What a code is called plays no part, so all displays here say nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from trialwright.evidence.patient import Fact
from trialwright.formats.fhir import Coding, of_bundle
from trialwright.screen.fhir_mapping import CodeBook, terminology
from trialwright.screen.intake_bundle import patient_of_resources
from trialwright.screen.sources import read_patient
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
BOOK = CodeBook(STUDY)
DAY = dt.date(2026, 3, 15)
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "atc": "http://www.whocc.no/atc",
    "cvx": "http://hl7.org/fhir/sid/cvx",
}


def concept(code: str) -> dict[str, Any]:
    system, _, value = code.partition("|")
    return {"coding": [{"system": SYSTEMS[system], "code": value, "display": "-"}], "text": "-"}


def resource(kind: str, code: str, **more: Any) -> dict[str, Any]:
    """A resource of the kinds that take a plain `code`, on 1 March 2026."""
    usual: dict[str, dict[str, Any]] = {
        "Observation": {"status": "final", "effectiveDateTime": "2026-03-01"},
        "Procedure": {"status": "completed", "performedDateTime": "2026-03-01"},
        "Condition": {"onsetDateTime": "2026-03-01", "clinicalStatus": {"coding": [{"code": "active"}]}},
    }
    fixed = {"resourceType": kind, "id": "x", "subject": {"reference": "Patient/p"}, "code": concept(code)}
    return fixed | usual[kind] | more


def facts(*resources: dict[str, Any]) -> dict[str, Fact]:
    """item -> its fact."""
    found = of_bundle({"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]})
    return {f.item: f for f in patient_of_resources(found, STUDY, book=BOOK, as_of=DAY)[0].facts}


def values(*resources: dict[str, Any]) -> dict[str, object]:
    return {item: str(f.value) if f.value is not None else None for item, f in facts(*resources).items()}


def measured(code: str, value: float, unit: str) -> Fact:
    (fact,) = facts(resource("Observation", code, valueQuantity={"value": value, "unit": unit, "code": unit})).values()
    return fact


# --- Tests: one measurement has a code for each property, specimen and method ---------------------------------------


@pytest.mark.parametrize(
    ("item", "codes", "value", "unit"),
    [
        ("creatinine", "2160-0 38483-4", 1.5, "mg/dL"),
        ("creatinine", "14682-9 59826-8", 133, "umol/L"),
        ("urea", "22664-7 14937-7 59570-2", 9.1, "mmol/L"),
        ("haemoglobin", "718-7 20509-6 30350-3 59260-0", 8.9, "g/dL"),
        ("platelets", "777-3 26515-7 778-1", 80, "10*3/uL"),
        ("neutrophils", "751-8 26499-4 753-4", 0.9, "10*9/L"),
        ("triglycerides", "2571-8 3048-6", 280, "mg/dL"),
        ("triglycerides", "14927-8 30524-3", 3.2, "mmol/L"),
        ("fibrinogen", "3255-7 48664-7", 140, "mg/dL"),
        ("ferritin", "2276-4 20567-4 24373-3", 900, "ng/mL"),
        ("scd25", "76039-7", 3000, "U/mL"),
        ("body_temperature", "8310-5 8331-1 8333-7 8330-3 75539-7", 39, "Cel"),
        ("weight", "29463-7 3141-9 8351-9", 60, "kg"),
        ("height", "8302-2 3137-7", 170, "cm"),
        ("fvc_percent_predicted", "19872-1", 75, "%"),
        ("fev1_fvc", "19926-5", 68, "%"),
    ],
)
def test_a_measurement_is_known_by_each_of_its_codes(item: str, codes: str, value: float, unit: str) -> None:
    for code in codes.split():
        found = measured(f"loinc|{code}", value, unit)
        assert (found.item, found.value, found.unit) == (item, value, unit)


@pytest.mark.parametrize("code", ["3094-0", "6299-2"])
def test_urea_nitrogen_in_mg_per_dl_becomes_urea(code: str) -> None:
    found = measured(f"loinc|{code}", 28.014, "mg/dL")
    assert (found.item, found.unit) == ("urea", "mmol/L")
    assert found.value == pytest.approx(10)


def test_segmented_neutrophils_and_the_albumin_ratio_are_other_measurements() -> None:
    for code in ("30451-9", "9318-7", "2161-8"):
        assert BOOK.find([Coding("loinc", code)]) == ()


# --- Diagnoses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value", "codes"),
    [
        ("rheumatic_disease", "True",
         ("icd10|M06.1 icd10|M08.2 icd10|M32.1 icd10|M33.1 icd10|M31.3 icd10cm|M04.1 snomed|55464009 snomed|68815009 "
         "snomed|396230008 snomed|201796004 snomed|1156801007 snomed|69896004 snomed|195353004 snomed|414341000")),
        ("splenomegaly", "True", "icd10|R16.1 icd10|R16.2 snomed|16294009 snomed|36760000"),
        ("infection_induced_hlh", "True", "icd10|D76.2"),
        ("primary_hlh", "True", "snomed|398250003"),
        ("malignancy", "current",
         ("icd10|C50.9 icd10|C97 icd10cm|C4A.9 icd10cm|C7A.00 snomed|363346000 snomed|254837009 snomed|399068003 "
         "snomed|109969005 snomed|94381002 snomed|702391001")),
        ("lung_disease", "True",
         "icd10|J45 icd10cm|J45.909 icd10|J44.1 icd10|J84.1 snomed|195967001 snomed|13645005 snomed|700250006"),
        ("myocardial_infarction", "2026-03-01",
         "icd10|I21.9 icd10|I22.0 icd10cm|I21.A1 snomed|22298006 snomed|57054005 snomed|401303003 snomed|703164000"),
        ("unstable_angina", "2026-03-01", "icd10|I20.0 snomed|4557003 snomed|25106000"),
        ("severe_arrhythmia", "current",
         "icd10|I47.2 icd10cm|I47.20 icd10|I49.0 snomed|25569003 snomed|71908006 snomed|426525004 snomed|164896001"),
        ("haematological_disease", "True",
         ("icd10|D61.9 icd10|D46.9 icd10|C91.0 icd10|D66 icd10|M31.1 snomed|306058006 snomed|52967002 snomed|91861009 "
         "snomed|308121000 snomed|109995007 snomed|2897005")),
        ("transplant", "True",
         "icd10|Z94.0 icd10cm|Z94.84 icd10|T86.1 icd10cm|T86.5 snomed|737295003 snomed|737297006 snomed|213148006"),
        ("pregnant", "True", "icd10|Z33 icd10cm|Z3A.20 icd10|O24.4 icd10|Z32.1 snomed|77386006 snomed|47200007"),
        ("lactating", "True", "icd10|Z39.1 snomed|413712001"),
        ("alcohol_abuse", "current", "icd10|F10.1 icd10|F10.2 icd10cm|F10.20 snomed|15167005 snomed|7200002"),
        ("nyha_class", "III", "snomed|420913000"),
    ],
)  # fmt: skip
def test_a_diagnosis_is_known_in_each_code_system(item: str, value: str, codes: str) -> None:
    for code in codes.split():
        assert values(resource("Condition", code)).get(item) == value, code


@pytest.mark.parametrize(
    ("item", "codes"),
    [
        ("rheumatic_disease", "icd10|M17.1 icd10|M35.7 icd10|M79.0 snomed|396332003 snomed|239873007"),
        ("splenomegaly", "icd10|Q89.0 icd10|R16.0 snomed|80515008"),
        ("primary_hlh", "icd10|D76.1"),
        ("infection_induced_hlh", "icd10|D76.1 snomed|398250003"),
        ("malignancy", "icd10|D05.1 icd10|D22.9 icd10|Z85.3 snomed|92691004 snomed|126906006"),
        ("myocardial_infarction", "icd10|I25.2 icd10|I20.9 snomed|364006 snomed|53741008"),
        ("unstable_angina", "icd10|I20.1 snomed|194828000"),
        ("severe_arrhythmia", "icd10|I48 icd10|I49.3 snomed|49436004"),
        ("haematological_disease", "icd10|D50.9 icd10|D64.9 icd10|D70 icd10|D75.1 icd10|D76.1 snomed|271737000"),
        ("transplant", "icd10|Z94.7 icd10cm|T86.84 snomed|14698002"),
        ("pregnant", "icd10|O80 icd10|O03.9 icd10cm|Z32.02 snomed|19169002"),
        ("alcohol_abuse", "icd10|F10.0 icd10|F17.2 snomed|449868002"),
        ("nyha_class", "snomed|88805009"),
    ],
)
def test_what_only_looks_alike_is_not_taken_for_it(item: str, codes: str) -> None:
    for code in codes.split():
        assert item not in values(resource("Condition", code)), code


def test_a_code_that_says_in_remission_is_no_current_disease() -> None:
    """ICD-10-CM; the day on which it ended is not in the code, so it stays unknown."""
    for code, item in (("F10.11", "alcohol_abuse"), ("F10.21", "alcohol_abuse")):
        assert values(resource("Condition", f"icd10cm|{code}"))[item] is None, code
    assert values(resource("Condition", "icd10cm|C92.01"))["haematological_disease"] == "True", "a history is enough"


def test_cancers_that_spread_or_lie_in_the_blood_are_not_exempt() -> None:
    for code in ("icd10|C79.5", "icd10|C83.3", "snomed|94222008", "snomed|94381002", "snomed|109969005"):
        assert values(resource("Condition", code))["malignancy_exempt"] == "False", code
    assert "malignancy_exempt" not in values(resource("Condition", "icd10|C44.3"))


# --- Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "answer", "item", "value"),
    [
        ("loinc|82810-3", "loinc|LA15173-0", "pregnant", "True"),
        ("loinc|82810-3", "loinc|LA26683-5", "pregnant", "False"),
        ("loinc|82810-3", "loinc|LA4489-6", "pregnant", None),
        ("loinc|80384-1", "snomed|10828004", "pregnant", "True"),
        ("loinc|2118-8", "snomed|260385009", "pregnant", "False"),
        ("loinc|63895-7", "loinc|LA29252-6", "lactating", "True"),
        ("loinc|63895-7", "loinc|LA29253-4", "lactating", "False"),
        ("loinc|88020-3", "loinc|LA28407-7", "nyha_class", "IV"),
        ("loinc|88020-3", "snomed|420300004", "nyha_class", "I"),
        ("snomed|36760000", "snomed|373067005", "splenomegaly", "False"),
    ],
)
def test_a_coded_answer_says_yes_no_or_not_known(code: str, answer: str, item: str, value: str | None) -> None:
    assert values(resource("Observation", code, valueCodeableConcept=concept(answer)))[item] == value


# --- Procedures, vaccines and medicines ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["23719005", "234336002", "70536003", "18027006", "32413006", "88039007", "52213001"])
def test_a_transplant_that_was_done(code: str) -> None:
    assert values(resource("Procedure", f"snomed|{code}")) == {"transplant": "True"}


LIVE = (
    "cvx|03 cvx|04 cvx|05 cvx|06 cvx|07 cvx|19 cvx|21 cvx|25 cvx|37 cvx|56 cvx|75 cvx|94 cvx|111 cvx|116 cvx|119 "
    "cvx|121 cvx|122 cvx|149 cvx|174 cvx|178 cvx|182 cvx|183 cvx|184 cvx|204 cvx|317 atc|J07BD52 atc|J07BK01 "
    "atc|J07BL01 atc|J07BH02 atc|J07AN01 snomed|871831003 snomed|871908002 snomed|2221000221107 snomed|1121000221106 "
    "snomed|1861000221106 snomed|1010313002"
)
NOT_LIVE = (
    "cvx|08 cvx|10 cvx|20 cvx|33 cvx|43 cvx|62 cvx|88 cvx|91 cvx|101 cvx|113 cvx|115 cvx|133 cvx|140 cvx|150 cvx|187 "
    "cvx|188 cvx|190 cvx|207 cvx|208 atc|J07BK03 atc|J07AP03 atc|J07BF03 atc|J07BB02 snomed|1119349007"
)


@pytest.mark.parametrize(("codes", "live"), [(LIVE, True), (NOT_LIVE, False)])
def test_live_vaccines_are_told_from_others(codes: str, live: bool) -> None:
    for code in codes.split():
        given = {
            "resourceType": "Immunization", "id": "i", "status": "completed", "patient": {"reference": "Patient/p"},
            "vaccineCode": concept(code), "occurrenceDateTime": "2026-03-01",
        }  # fmt: skip
        assert values(given) == ({"live_vaccine": "2026-03-01"} if live else {}), code


def test_a_vaccination_may_be_reported_as_what_was_done() -> None:
    assert values(resource("Procedure", "snomed|38598009")) == {"live_vaccine": "2026-03-01"}


@pytest.mark.parametrize(
    ("agent", "codes"),
    [
        ("prednisone", "rxnorm|8640 rxnorm|312617 atc|H02AB07 snomed|116602009"),
        ("prednisolone", "rxnorm|8638 atc|H02AB06 snomed|116601002"),
        ("methylprednisolone", "rxnorm|6902 rxnorm|259966 atc|H02AB04 snomed|116593003"),
        ("dexamethasone", "rxnorm|3264 rxnorm|1116927 atc|H02AB02 snomed|372584003"),
        ("betamethasone", "rxnorm|1514 atc|H02AB01 snomed|116571008"),
        ("hydrocortisone", "rxnorm|5492 atc|H02AB09 snomed|396458002"),
        ("cortisone", "rxnorm|2878 atc|H02AB10"),
        ("triamcinolone", "rxnorm|10759 atc|H02AB08"),
        ("deflazacort", "rxnorm|22396 atc|H02AB13"),
    ],
)
def test_a_glucocorticoid_is_known_by_ingredient_product_and_class(agent: str, codes: str) -> None:
    for code in codes.split():
        given = {
            "resourceType": "MedicationAdministration", "id": "a", "status": "completed",
            "subject": {"reference": "Patient/p"}, "medicationCodeableConcept": concept(code),
            "effectiveDateTime": "2026-03-01",
            "dosage": {"dose": {"value": 40, "unit": "mg", "code": "mg"}, "route": concept("snomed|47625008")},
        }  # fmt: skip
        found = facts(given)["steroid_dose"]
        assert (found.agent, found.route, found.value, found.unit) == (agent, "iv", 40, "mg/d"), code


def test_inhaled_and_topical_glucocorticoids_are_not_systemic_doses() -> None:
    """Fluticasone inhaler and hydrocortisone cream, as the real records hold them."""
    for code in ("rxnorm|896209", "rxnorm|106258", "atc|R03BA05", "atc|D07AA02"):
        assert BOOK.find([Coding(*code.split("|"))]) == ()


# --- The table itself ------------------------------------------------------------------------------------------------


def test_each_code_of_the_table_stands_once_and_is_well_formed() -> None:
    """LOINC and SNOMED CT codes carry a check digit, so a slip of the finger is found."""
    table = terminology()
    loincs = [code for group in table["same"] for code in group]
    own = {c for i in STUDY.items for c in (i.codes.loinc, *i.codes.loinc_also) if c}
    assert [code for code, n in Counter(loincs).items() if n > 1] == []
    assert [code for code in {*loincs, *own} if not _luhn(code.replace("-", ""))] == []
    snomed = {*table["kinds"], *(c for kinds in table["kinds"].values() for c in kinds)}
    snomed |= {c for part in ("agents", "routes") for named in table[part].values() for c in named.get("snomed", ())}
    snomed |= {c for item in STUDY.items for c in (*item.codes.snomed, *item.codes.denied.snomed)}
    snomed |= {c for item in STUDY.items for choice in item.choices for c in choice.codes.snomed}
    assert [code for code in sorted(snomed) if not _verhoeff(code)] == []


def _luhn(digits: str) -> bool:
    total = 0
    for n, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + n % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _verhoeff(digits: str) -> bool:
    """Verhoeff's check: the dihedral group of order 10, a permutation for each place."""
    turn = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = turn[value]
        check = _times(check, value)
    return check == 0


def _times(a: int, b: int) -> int:
    """Product in the dihedral group: 0-4 are turns, 5-9 turns of the mirrored pentagon."""
    turned, mirrored = (a % 5 + (b % 5 if a < 5 else -(b % 5))) % 5, (a >= 5) != (b >= 5)
    return turned + 5 * mirrored


def test_the_real_records_hold_the_items_that_were_counted_in_them(shared: Path) -> None:
    """All twelve: how often each item is found, so that a lost code is seen."""
    found: Counter[str] = Counter()
    for path in sorted((shared / "fhir").glob("*.json.gz")):
        found.update(f.item for f in read_patient(path, STUDY)[0].facts)
    wanted = {"creatinine": 22, "urea": 22, "haemoglobin": 25, "platelets": 25, "triglycerides": 19, "fev1_fvc": 10,
              "body_temperature": 9, "lung_disease": 1, "live_vaccine": 6}  # fmt: skip
    assert {item: found[item] for item in wanted} == wanted
    assert not {"rheumatic_disease", "malignancy", "transplant", "steroid_dose", "pregnant"} & set(found)
