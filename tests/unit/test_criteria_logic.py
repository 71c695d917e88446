"""Criteria of a record become logic where every word of them is understood, and stay text otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.many import Found, read_many
from trialwright.record.begin_criteria import Begun, begin_criteria
from trialwright.record.criteria_logic import Reader, read_criterion

READ = [
    ("E01", "Platelets < 50 x 10^9/L", "platelets < 50 10*9/L"),
    ("I01", "Platelet count ≥100 × 10⁹/L;", "platelets >= 100 10*9/L"),
    ("I01", "Absolute neutrophil count (ANC) >= 1,500/mm3", "neutrophils >= 1500 /uL"),
    ("E01", "eGFR < 60 mL/min/1.73m2", "egfr < 60 mL/min/{1.73_m2}"),
    ("I01", "Serum creatinine ≤ 1.5 mg/dL", "creatinine <= 1.5 mg/dL"),
    ("I01", "Total bilirubin ≤ 1.5 x ULN", "bilirubin <= 1.5 * uln(bilirubin)"),
    ("I01", "AST and ALT ≤ 2.5 times the upper limit of normal", "ast <= 2.5 * uln(ast) and alt <= 2.5 * uln(alt)"),
    ("E01", "ALT or AST > 3 × ULN", "alt > 3 * uln(alt) or ast > 3 * uln(ast)"),
    ("E01", "Hemoglobin < 9 g/dL or platelets < 75,000/mm3", "haemoglobin < 9 g/dL or platelets < 75000 /uL"),
    ("I01", "ECOG performance status of 0 or 1", "ecog <= 1"),
    ("I01", "BMI between 18.5 and 30 kg/m2", "bmi >= 18.5 kg/m2 and bmi <= 30 kg/m2"),
    ("E01", "BMI of 40 or higher", "bmi >= 40 kg/m2"),
    ("I01", "Left ventricular ejection fraction (LVEF) at least 50%", "lvef >= 50 %"),
    ("I01", "Adequate renal function: creatinine clearance ≥ 50 mL/min", "creatinine_clearance >= 50 mL/min"),
    (
        "I01",
        "Adequate organ function as defined by the following:\nANC ≥ 1.5 x 10^9/L\nHb ≥ 90 g/L",
        "neutrophils >= 1.5 10*9/L and haemoglobin >= 90 g/L",
    ),
    (
        "E01",
        "Inadequate marrow function as defined by any of the following:\nANC < 1.0 x 10^9/L\nplatelets < 50 x 10^9/L",
        "neutrophils < 1 10*9/L or platelets < 50 10*9/L",
    ),
    (
        "I01",
        "Aged 18 to 75 years (inclusive)",
        "birth_date + 18 years <= screening and birth_date + 76 years > screening",
    ),
    ("I01", "Male or female, ≥ 18 years of age", "birth_date + 18 years <= screening"),
    ("I01", "Aged at least 16 years, of any gender", "birth_date + 16 years <= screening"),
    ("I01", "Adults aged 18 years or older at informed consent", "birth_date + 18 years <= screening"),
    ("I01", "Equal to or older than 22 years of age", "birth_date + 22 years <= screening"),
    ("I01", "At least 13 years of age at the time of enrollment", "birth_date + 13 years <= enrolment"),
    (
        "I01",
        "≥18 years old and <80 years old",
        "birth_date + 18 years <= screening and birth_date + 80 years > screening",
    ),
    ("I01", "Women 18 years of age or older", 'sex == "female" and birth_date + 18 years <= screening'),
    ("E01", "Patients younger than 12 years", "birth_date + 12 years > screening"),
    ("I01", "6 to 17 months of age", "birth_date + 6 months <= screening and birth_date + 18 months > screening"),
    ("E01", "Pregnant or lactating women", 'sex == "female" and (pregnant or lactating)'),
    ("E01", "Pregnancy", 'sex == "female" and pregnant'),
    ("E03", "Live vaccine within 30 days before screening", "within(event_e03, 30 days, before: screening)"),
    ("E03", "3. Stroke within six months prior to enrollment;", "within(event_e03, 6 months, before: enrolment)"),
]

LEFT = [
    ("I01", "Age over 18 years"),
    ("I01", "Age >18 and < 60 years"),
    ("I01", "Aged 18 years or older at the time of the surgery"),
    ("I01", "Aged 18 years or older at baseline"),
    ("I01", "Healthy adults aged 18 to 65 years"),
    ("I01", "Japanese men aged 65 years or older"),
    ("I01", "Skeletally mature and at least 18 years old"),
    ("I01", "Non-pregnant female at least 18 years of age"),
    ("I01", "Adults under 60 years of age"),
    ("I01", "Adults with BMI ≥ 30 kg/m2"),
    ("I01", "Adult women"),
    ("I01", "At least 6 months"),
    ("I01", "Male participants..."),
    ("I01", "Men:"),
    ("I01", "Adults able to consent"),
    ("I01", "Men and women"),
    ("I01", "ECOG 0-1 and life expectancy of 3 months"),
    ("I01", "Total bilirubin ≤ 1.5 × ULN (except subjects with Gilbert syndrome)"),
    ("I01", "AST or ALT ≤ 2.5 × ULN"),
    ("E01", "ALT and AST > 3 × ULN"),
    ("E01", "Platelets < 100"),
    ("E01", "Platelets < 100.000 / mL3"),
    ("E01", "Platelets < 100 /mm3"),
    ("I01", "HbA1c > 7 mmol/mol"),
    ("E01", "Pregnant women unless sterilised"),
    ("E01", "Pregnant or planning to become pregnant"),
    ("I01", "Pregnant women"),
    ("E01", "Surgery within 30 days"),
    ("E01", "Surgery within 4 weeks before the first dose"),
    ("E01", "Surgery within 4 weeks before screening and not recovered"),
    ("E01", "Exposed to a drug within 30 days or 5 half-lives before screening"),
    ("E01", "BMI 18 to 30"),
    ("E01", "Any of the following:\nplatelets < 50 x 10^9/L\nan illness"),
    ("E01", ""),
    ("E01", "x" * 5000),
]


@pytest.mark.parametrize(("code", "text", "logic"), READ)
def test_what_can_be_read(code: str, text: str, logic: str | None) -> None:
    found = read_criterion(code, text)
    assert (found.logic if found else None) == logic


@pytest.mark.parametrize(("code", "text"), LEFT)
def test_what_leaves_a_doubt_stays_text(code: str, text: str) -> None:
    assert read_criterion(code, text) is None


def test_a_window_keeps_the_words_of_its_event() -> None:
    reader = Reader()
    reader.read("E07", "7. Stroke or TIA within 6 months before screening")
    assert reader.items["event_e07"]["label"] == "Stroke or TIA (day of the latest)"
    assert reader.draws() == [{"item": "event_e07", "value": "none"}]


def test_a_patient_who_fulfils_all_criteria_can_be_drawn() -> None:
    reader = Reader()
    assert reader.read("I01", "Hemoglobin ≥ 9 g/dL")
    assert reader.read("I02", "ALT ≤ 2.5 x ULN")
    assert reader.read("E01", "BMI > 20 kg/m2")
    assert {draw["item"]: draw["number"] for draw in reader.draws()} == {"haemoglobin": 130, "alt": 22, "bmi": 14}


def test_a_criterion_that_nobody_could_fulfil_beside_the_others_stays_text() -> None:
    reader = Reader()
    assert reader.read("I01", "BMI ≥ 30 kg/m2")
    assert reader.read("E01", "BMI > 28 kg/m2") == ""
    assert list(reader.items) == ["bmi"]


def begun(criteria: str, low: str = "18 Years", high: str = "") -> Begun:
    ages = {"minimumAge": low, "maximumAge": high, "sex": "ALL"}
    modules = {
        "identificationModule": {"nctId": "NCT00000001"},
        "eligibilityModule": {"eligibilityCriteria": criteria, **{key: value for key, value in ages.items() if value}},
    }
    return begin_criteria(StudyRecord.of({"protocolSection": modules}))


def logic_of(found: Begun) -> dict[str, str]:
    return {criterion["id"]: criterion["logic"] for criterion in found.criteria}


@pytest.mark.parametrize(
    "text",
    [
        "Adults >= 18 years and diagnosed with a disease",
        "Adults (at least 18 years of age) without a history of surgery",
        "Non-pregnant and non-lactating women aged 18 years or older",
        "Speaks English and is 18 years or older",
        "A child whose parent is at least 18 years old",
        "18 years of age or older at the time of the operation",
    ],
)
def test_an_age_is_never_all_that_is_left_of_a_longer_demand(text: str) -> None:
    found = begun(f"Inclusion Criteria:\n\n* {text}")
    assert logic_of(found) == {"I01": "judged_i01", "I02": "birth_date + 18 years <= screening"}
    assert [item["id"] for item in found.judged] == ["judged_i01"]


def test_a_text_that_says_just_the_records_limits_needs_no_second_criterion() -> None:
    found = begun("Inclusion Criteria:\n\n* Aged 18 to 60 years (inclusive) at enrolment", high="60 Years")
    assert logic_of(found) == {"I01": "birth_date + 18 years <= enrolment and birth_date + 61 years > enrolment"}
    assert "limits" not in found.criteria[0]["label"]


@pytest.mark.parametrize("text", ["Age >18 and < 60 years", "Older than 18 years but less than 60"])
def test_an_end_that_may_be_left_out_is_judged_and_shown_beside_the_records_limits(text: str) -> None:
    found = begun(f"Inclusion Criteria:\n\n* {text}", high="60 Years")
    assert logic_of(found)["I01"] == "judged_i01"
    assert found.criteria[0]["label"] == f"{text} (but the record's limits: at least 18 years; at most 60 years)"


def test_a_strict_end_that_is_certain_holds_against_the_records_limits() -> None:
    found = begun("Inclusion Criteria:\n\n* Patients ≥18 years old and <80 years old", high="80 Years")
    assert logic_of(found)["I01"] == "birth_date + 18 years <= screening and birth_date + 80 years > screening"
    assert found.criteria[0]["label"].endswith("(but the record's limits: at least 18 years; at most 80 years)")


def test_words_that_count_the_end_in_are_no_conflict() -> None:
    found = begun(
        "Inclusion Criteria:\n\n* Skeletally mature, at least 18 and not older than 60 years", high="60 Years"
    )
    assert found.criteria[0]["label"] == "Skeletally mature, at least 18 and not older than 60 years"


@pytest.mark.parametrize("nothing", ["N/A", "NA", "None", "none;", "Not applicable.", "n / a"])
def test_a_list_that_says_it_is_empty_gives_no_criterion(nothing: str) -> None:
    found = begun(f"Inclusion Criteria:\n\n* 18 years of age or older\n\nExclusion Criteria:\n\n* {nothing}")
    assert list(logic_of(found)) == ["I01"]


AGE_WORDS = """
a adult adults age aged ages all an and any are at be being between both breast breastfeeding consent currently
enrollment enrolment equal feeding female females for form from gender genders greater in inclusive inclusively
individual informed is lactating less limit limited male males man men more must no not nursing of old older on or
over above participant participants patient patients pregnancy pregnant range regardless screening sex signing
subject subjects than that the time to under who with woman women year years y month months least
"""


def test_no_record_loses_a_word_of_a_criterion_that_became_an_age_or_a_sex(shared: Path) -> None:
    texts = [
        criterion["text"]
        for found in read_many(shared / "record" / "ctgov_v2_dev.jsonl.gz")
        if isinstance(found, Found)
        for criterion in begin_criteria(StudyRecord.of(found.data)).criteria
        if re.search(r"birth_date|sex ==", criterion["logic"]) and criterion["label"] != "Age and sex"
    ]
    assert len(texts) > 150
    assert {word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())} - set(AGE_WORDS.split()) == set()
