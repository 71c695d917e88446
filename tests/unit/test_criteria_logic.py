"""Criteria of a record become logic where every word of them is understood, and stay text otherwise."""

from __future__ import annotations

import pytest

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
