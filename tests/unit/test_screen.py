"""Screening of the built-in study: one patient who is eligible, and what each change to her facts does."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trialwright.kernel.errors import InputError, UserError
from trialwright.screen import Verdict, patient_of, read_facts, verdict
from trialwright.screen.output import as_document, as_text
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
DAY = "2026-03-14"
NO_EVENTS = (
    "malignancy",
    "myocardial_infarction",
    "unstable_angina",
    "severe_arrhythmia",
    "trial_participation",
    "live_vaccine",
    "alcohol_abuse",
)
NOT_SO = (
    "primary_hlh",
    "infection_induced_hlh",
    "treatment_induced_hlh",
    "drug_allergy",
    "lung_disease",
    "haematological_disease",
    "transplant",
    "unstable_disease",
    "pregnant",
    "lactating",
    "in_interventional_trial",
    "haemophagocytosis",
    "nk_activity_low",
)
JUDGED = (
    "judged_lung_unsuitable",
    "judged_uncontrolled_infection",
    "judged_history_unsuitable",
    "judged_otherwise_unsuitable",
)
LABS: dict[str, tuple[float, str]] = {
    "body_temperature": (39.2, "Cel"),
    "haemoglobin": (85, "g/L"),
    "platelets": (62, "10*9/L"),
    "neutrophils": (1.4, "10*9/L"),
    "triglycerides": (3.6, "mmol/L"),
    "fibrinogen": (1.2, "g/L"),
    "ferritin": (15300, "ug/L"),
    "scd25": (5008, "U/mL"),
    "fvc_percent_predicted": (92, "%"),
    "fev1_fvc": (81, "%"),
}


def base() -> dict[str, dict[str, Any]]:
    """Facts of an eligible patient, by item."""
    facts: dict[str, dict[str, Any]] = {
        "birth_date": {"value": "1980-05-05"},
        "sex": {"value": "female"},
        "informed_consent": {"value": "2026-03-15"},
        "rheumatic_disease": {"value": True},
        "splenomegaly": {"value": True, "when": DAY},
        "weight": {"value": 60},
        "steroid_outcome": {"value": "no_response"},
        "malignancy_exempt": {"value": False},
        "nyha_class": {"value": "none"},
        "creatinine": {"value": 60, "unit": "umol/L", "low": 45, "high": 84, "when": DAY},
        "urea": {"value": 5.0, "unit": "mmol/L", "low": 2.6, "high": 7.5, "when": DAY},
    }
    facts |= {name: {"value": value, "unit": unit, "when": DAY} for name, (value, unit) in LABS.items()}
    facts |= {name: {"value": "none"} for name in NO_EVENTS}
    facts |= {name: {"value": False} for name in NOT_SO}
    facts |= {name: {"value": False, "signed_by": "Dr Li"} for name in JUDGED}
    for day in (10, 11, 12):
        facts[f"steroid_dose#{day}"] = {
            "value": 100,
            "unit": "mg/d",
            "agent": "methylprednisolone",
            "route": "iv",
            "when": f"2026-03-{day}",
        }
    return facts


def document(facts: dict[str, Any], **days: str) -> dict[str, Any]:
    rows = [{"item": name.split("#")[0], **keys} for name, keys in facts.items() if keys is not None]
    return {"subject": "P-001", "screening": "2026-03-15", "enrolment": "2026-03-18", **days, "facts": rows}


def screened(change: dict[str, Any] | None = None, **days: str) -> Verdict:
    """The base patient with some facts changed (a mapping), dropped (None) or given plain values."""
    facts = copy.deepcopy(base())
    for name, given in (change or {}).items():
        facts[name] = given if given is None or isinstance(given, dict) else {**facts.get(name, {}), "value": given}
    return verdict(STUDY, patient_of(document(facts, **days), STUDY))


def state(found: Verdict, criterion: str) -> str:
    return next(c.state for c in found.criteria if c.id == criterion)


def flips(found: Verdict, criterion: str) -> tuple[str, ...]:
    return next(c.flips_under for c in found.criteria if c.id == criterion)


def test_the_base_patient_is_eligible() -> None:
    found = screened()
    assert found.state == "eligible", [(c.id, c.state, c.explanation) for c in found.criteria]
    assert [c.id for c in found.criteria] == [f"I0{n}" for n in range(1, 6)] + [f"E{n:02}" for n in range(1, 18)]
    assert found.missing == ()
    assert found.warnings == ()


NO_STEROIDS = {f"steroid_dose#{day}": None for day in (10, 11, 12)}
PULSE = {"weight": 80} | {
    f"steroid_dose#{day}": {
        "value": 1,
        "unit": "g/d",
        "agent": "methylprednisolone",
        "route": "iv",
        "when": f"2026-03-{day}",
    }
    for day in (10, 11, 12)
}
DEXAMETHASONE = {
    f"steroid_dose#{day}": {"value": 13.5, "agent": "dexamethasone", "route": "iv", "when": f"2026-03-{day}"}
    for day in (10, 11, 12)
}


@pytest.mark.parametrize(
    ("change", "criterion", "answer"),
    [
        # Age in completed years; 80 until the day before the 81st birthday; guardian below 18.
        ({"birth_date": "2010-03-16"}, "I01", "not_met"),
        ({"birth_date": "2010-03-15", "guardian_consent": "2026-03-15"}, "I01", "met"),
        ({"birth_date": "1945-03-16"}, "I01", "met"),
        ({"birth_date": "1945-03-15"}, "I01", "not_met"),
        ({"birth_date": "1945"}, "I01", "unknown"),
        ({"birth_date": "1980"}, "I01", "met"),
        ({"birth_date": "2008-03-16"}, "I02", "unknown"),
        ({"birth_date": "2008-03-16", "guardian_consent": "none"}, "I02", "not_met"),
        ({"birth_date": "2008-03-15"}, "I02", "met"),
        ({"informed_consent": "none"}, "I02", "not_met"),
        ({"rheumatic_disease": False}, "I03", "not_met"),
        # HLH-2004: closed limits, five of eight over unknowns.
        ({"body_temperature": 38.4, "splenomegaly": None, "scd25": None}, "I04", "unknown"),
        ({"body_temperature": 38.4, "splenomegaly": False, "scd25": 2399}, "I04", "not_met"),
        (
            {"body_temperature": 38.5, "splenomegaly": False, "scd25": 2400, "platelets": 100, "ferritin": 500},
            "I04",
            "not_met",
        ),
        ({"splenomegaly": False, "platelets": 99.9, "ferritin": 500, "scd25": 2400, "fibrinogen": 1.5}, "I04", "met"),
        (
            {
                "splenomegaly": False,
                "triglycerides": {"value": 265.6, "unit": "mg/dL", "when": DAY},
                "fibrinogen": 1.51,
                "scd25": 100,
                "nk_activity_low": True,
            },
            "I04",
            "not_met",
        ),
        (
            {
                "splenomegaly": False,
                "triglycerides": {"value": 265.8, "unit": "mg/dL", "when": DAY},
                "fibrinogen": 1.51,
                "scd25": 100,
                "nk_activity_low": True,
            },
            "I04",
            "met",
        ),
        ({"ferritin": {"value": 9000, "when": "2026-03-01"}, "splenomegaly": False}, "I04", "unknown"),
        ({"scd25": {"value": 9000, "unit": "pg/mL", "when": DAY}, "splenomegaly": False}, "I04", "unknown"),
        # Steroids: three days in a row, equivalents added up, systemic routes, the cap of a pulse.
        (NO_STEROIDS, "I05", "unknown"),
        ({**NO_STEROIDS, "steroid_dose": "none"}, "I05", "not_met"),
        (PULSE, "I05", "met"),
        (DEXAMETHASONE, "I05", "met"),
        ({"steroid_dose#12": None}, "I05", "unknown"),
        ({"steroid_outcome": "controlled"}, "I05", "not_met"),
        ({"steroid_outcome": None}, "I05", "unknown"),
        ({"weight": None}, "I05", "unknown"),
        (
            {
                f"steroid_dose#{d}": {"value": 900, "agent": "prednisone", "route": "inhaled", "when": f"2026-03-{d}"}
                for d in (10, 11, 12)
            },
            "I05",
            "not_met",
        ),
        # Exclusions.
        ({"primary_hlh": True}, "E01", "met"),
        ({"infection_induced_hlh": None}, "E02", "unknown"),
        ({"treatment_induced_hlh": True, "infection_induced_hlh": None}, "E02", "met"),
        ({"malignancy": "2021-03-15"}, "E03", "met"),
        ({"malignancy": "2021-03-14"}, "E03", "not_met"),
        ({"malignancy": "current", "malignancy_exempt": True}, "E03", "not_met"),
        ({"malignancy": "2021"}, "E03", "unknown"),
        ({"lung_disease": True}, "E05", "not_met"),
        ({"lung_disease": True, "fvc_percent_predicted": 79.9}, "E05", "met"),
        ({"lung_disease": True, "fev1_fvc": 70}, "E05", "not_met"),
        ({"judged_lung_unsuitable": {"value": True, "signed_by": "Dr Li"}}, "E05", "met"),
        ({"judged_lung_unsuitable": {"value": True}}, "E05", "unknown"),
        ({"myocardial_infarction": "2025-09-15"}, "E06", "met"),
        ({"myocardial_infarction": "2025-09-14"}, "E06", "not_met"),
        ({"myocardial_infarction": "2025-09"}, "E06", "unknown"),
        ({"nyha_class": "III"}, "E06", "met"),
        ({"nyha_class": "II"}, "E06", "not_met"),
        ({"nyha_class": None}, "E06", "unknown"),
        ({"judged_uncontrolled_infection": {"value": False}}, "E07", "unknown"),
        (
            {
                "creatinine": {"value": 126, "low": 45, "high": 84, "when": DAY},
                "sex": "male",
                "birth_date": "2000-01-01",
            },
            "E08",
            "not_met",
        ),
        ({"creatinine": {"value": 126.1, "low": 45, "high": 84, "when": DAY}}, "E08", "met"),
        ({"creatinine": {"value": 60, "when": DAY}}, "E08", "unknown"),
        ({"urea": {"value": 11.3, "high": 7.5, "when": DAY}}, "E08", "met"),
        ({"urea": None, "bun": {"value": 31.6, "high": 21, "when": DAY}}, "E08", "met"),
        ({"urea": None, "bun": {"value": 31.5, "high": 21, "when": DAY}}, "E08", "not_met"),
        ({"urea": None}, "E08", "unknown"),
        ({"creatinine": {"value": 111.8, "high": 200, "when": DAY}}, "E08", "met"),
        ({"sex": "male", "pregnant": None, "lactating": None}, "E13", "not_met"),
        ({"lactating": None}, "E13", "unknown"),
        ({"pregnant": True}, "E13", "met"),
        ({"trial_participation": "2025-12-18"}, "E14", "met"),
        ({"trial_participation": "2025-12-17"}, "E14", "not_met"),
        ({"in_interventional_trial": True}, "E14", "met"),
        ({"live_vaccine": "2026-02-13"}, "E15", "met"),
        ({"live_vaccine": "2026-02-12"}, "E15", "not_met"),
        ({"alcohol_abuse": "current"}, "E16", "met"),
        ({"alcohol_abuse": "2025-12-15"}, "E16", "met"),
        ({"alcohol_abuse": "2025-12-14"}, "E16", "not_met"),
    ],
)
def test_criterion(change: dict[str, Any], criterion: str, answer: str) -> None:
    found = screened(change)
    assert state(found, criterion) == answer
    result = next(c for c in found.criteria if c.id == criterion)
    assert result.explanation
    assert bool(result.missing) == (answer == "unknown")
    kept_out = answer == ("not_met" if criterion.startswith("I") else "met")
    if kept_out:
        assert found.state == "not_eligible"
    elif answer == "unknown":
        assert found.state != "eligible"


@pytest.mark.parametrize(
    ("change", "criterion", "reading"),
    [
        ({"birth_date": "1945-06-01"}, "I01", "until_80th_birthday"),
        ({"body_temperature": 38.2, "splenomegaly": False}, "I04", "fever_from_38"),
        (
            {
                "splenomegaly": False,
                "triglycerides": {"value": 265.2, "unit": "mg/dL", "when": DAY},
                "fibrinogen": 1.51,
            },
            "I04",
            "triglycerides_265_mg_dl",
        ),
        ({"ferritin": {"value": 9000, "when": "2026-03-01"}, "splenomegaly": False}, "I04", "any_day"),
        (DEXAMETHASONE, "I05", "from_2_mg_kg"),
        ({"lung_disease": True}, "E05", "either_alone"),
        ({"myocardial_infarction": "2025-09-16"}, "E06", "before_enrolment"),
        (
            {"creatinine": {"value": 100, "high": 84, "when": DAY}, "height": 150, "weight": 45},
            "E08",
            "egfr_of_own_surface",
        ),
    ],
)
def test_a_verdict_that_hangs_on_a_reading_says_so(change: dict[str, Any], criterion: str, reading: str) -> None:
    found = screened(change)
    assert reading in flips(found, criterion)
    assert any(criterion in warning for warning in found.warnings)


def test_the_base_patient_hangs_on_no_reading() -> None:
    assert all(not c.flips_under for c in screened().criteria)


def test_open_tests_that_alone_decide_come_first() -> None:
    found = screened({"splenomegaly": False, "scd25": None, "haemophagocytosis": None, "weight": None})
    assert found.state == "undetermined"
    assert [m.item for m in found.missing] == ["weight", "haemophagocytosis", "scd25"]
    assert found.missing[0].decides == (("I05", "met"), ("I05", "not_met"))
    assert found.missing[0].verdicts == ("not_eligible",)
    assert found.missing[1].decides == (("I04", "met"),)
    assert found.missing[1].with_any_of == ("scd25",)
    assert "either one positive makes HLH-2004" in found.missing[1].sentence
    assert "5 of 8 (I04 met)" in found.missing[1].sentence
    assert found.missing[2].sentence == found.missing[1].sentence


def test_where_none_decides_alone_those_come_first_that_decide_with_most_others() -> None:
    open_ = ("scd25", "haemophagocytosis", "neutrophils", "haemoglobin")
    found = screened({"splenomegaly": False} | dict.fromkeys(open_))
    assert all(not m.decides for m in found.missing)
    assert {m.item for m in found.missing[:2]} == {"scd25", "haemophagocytosis"}
    assert "only together with one other" in found.missing[0].sentence


def test_a_decided_verdict_asks_for_nothing() -> None:
    assert screened({"primary_hlh": True, "scd25": None}).missing == ()


@pytest.mark.parametrize(
    ("change", "days", "warning"),
    [
        ({}, {"enrolment": None}, "day of screening (2026-03-15) stands in"),
        ({"birth_date": "2009-01-01", "guardian_consent": "2026-03-15"}, {}, "validated"),
        ({"scd25": {"value": 9000, "unit": "pg/mL", "when": DAY}}, {}, "without the assay's own factor"),
        ({"judged_otherwise_unsuitable": {"value": False}}, {}, "is not signed"),
        ({"ferritin": {"value": 9000, "when": "2026-03-01"}}, {}, "no more than 7 days apart"),
        ({"creatinine": {"value": 60, "when": DAY}}, {}, "without its laboratory's limits"),
        (
            {"steroid_dose#12": {"value": 60, "agent": "budesonide", "route": "oral", "when": "2026-03-12"}},
            {},
            "budesonide",
        ),
    ],
)
def test_warnings(change: dict[str, Any], days: dict[str, Any], warning: str) -> None:
    assert any(warning in text for text in screened(change, **days).warnings)


def test_facts_after_the_asked_day_are_left_out() -> None:
    import datetime as dt

    patient = patient_of(document(base()), STUDY)
    assert state(verdict(STUDY, patient, as_of=dt.date(2026, 3, 11)), "I05") == "unknown"


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"item": "creatinin", "value": 1}, "Did you mean creatinine"),
        ({"item": "creatinine", "value": 80, "unit": "Cel"}, "cannot be in °C"),
        ({"item": "creatinine", "value": 80, "unit": "umoll/L"}, "is not a unit"),
        ({"item": "body_temperature", "value": 385}, "Is a point missing (38.5)?"),
        ({"item": "weight", "value": 0}, "is impossible"),
        ({"item": "weight", "value": "heavy"}, "is not a number"),
        ({"item": "weight", "value": True}, "is not a number"),
        ({"item": "weight", "value": [60]}, "is not a number"),
        ({"item": "weight"}, "has no value"),
        ({"item": "weight", "value": 60, "unti": "kg"}, "Did you mean unit"),
        ({"item": "weight", "value": 60, "unit": 5}, "'unit' is not a text"),
        ({"item": "weight", "value": 60, "when": "2026-03-40"}, "is not a date"),
        ({"item": "weight", "value": 60, "when": "2027-01-01"}, "lies in the future"),
        ({"item": "live_vaccine", "value": "2027-01-01"}, "lies in the future"),
        ({"item": "birth_date", "value": "2026-03-16"}, "after screening"),
        ({"item": "sex", "value": "femal"}, "Did you mean female"),
        ({"item": "sex", "value": "female", "unit": "kg"}, "has no unit"),
        ({"item": "splenomegaly", "value": "perhaps"}, "is not true or false"),
        ({"item": "creatinine", "value": 80, "low": 90, "high": 40}, "lower limit 90 is above"),
        ({"item": "creatinine", "value": 80, "high": "84"}, "'high' is not a number"),
        ("weight 60", "This is not a fact"),
    ],
)
def test_a_fact_that_cannot_be_is_refused(fact: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        patient_of({"screening": "2026-03-15", "facts": [fact]}, STUDY, where="patient.json")
    assert message in str(caught.value)
    assert caught.value.where.startswith("patient.json")


def test_two_values_of_one_moment_are_refused_and_repeats_are_not() -> None:
    facts = [{"item": "weight", "value": 60, "when": DAY}, {"item": "weight", "value": 61, "when": DAY}]
    with pytest.raises(InputError, match="two different values on 2026-03-14"):
        patient_of({"screening": "2026-03-15", "facts": facts}, STUDY)
    assert len(patient_of({"screening": "2026-03-15", "facts": [facts[0], facts[0]]}, STUDY).facts) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"screening": "2026-03-15", "facts": [', "patient.json:1: This is not JSON"),
        ("[1, 2]", "This is not a facts file"),
        ('{"resourceType": "Bundle"}', "This is not a facts file"),
        ('{"facts": []}', "day of screening is missing"),
        ('{"screening": "2026-03", "facts": []}', "is not a whole date"),
        ('{"screening": "2026-03-15", "enrolment": "2026-03-14", "facts": []}', "before screening"),
        ('{"screening": "2026-03-15", "facts": {}}', "'facts' is not a list"),
        ('{"screening": "2026-03-15", "facts": [{"item": "weight", "value": NaN}]}', "NaN is not a number"),
        ('{"screening": "2026-03-15", "fact": [], "facts": []}', "Did you mean facts"),
        ("[" * 100_000, "nested too deeply"),
        ("\xff\xfe", "This is not JSON"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "patient.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_facts(path, STUDY)
    assert message in str(caught.value)


def test_no_file_no_text_and_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_facts(tmp_path / "none.json", STUDY)
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_facts(tmp_path / "latin.json", STUDY)
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(InputError, match="larger than"):
        read_facts(tmp_path / "huge.json", STUDY)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_verdict_can_be_read(lang: str) -> None:
    facts = base() | {"scd25": None, "weight": None, "splenomegaly": {"value": False}}
    found = verdict(STUDY, patient_of(document(facts), STUDY), lang=lang)
    text = as_text(STUDY, found, lang)
    assert all(c.id in text for c in found.criteria)
    assert text.splitlines()[0] == ("尚不能确定" if lang == "zh" else "UNDETERMINED")
    assert max(len(line) for line in text.splitlines()) <= 100
    assert json.loads(as_document(STUDY, found))["verdict"] == found.state


@pytest.mark.parametrize(
    ("change", "code"), [({}, 0), ({"primary_hlh": {"value": True}}, 1), ({"ferritin": None, "weight": None}, 4)]
)
def test_the_command_answers_by_its_exit_code(tmp_path: Path, change: dict[str, Any], code: int) -> None:
    from trialwright.cli.screen import app

    path = tmp_path / "p.json"
    path.write_text(json.dumps(document({**base(), **change})), encoding="utf-8")
    answer = CliRunner().invoke(app, ["nct07208058", str(path), "--json"])
    assert answer.exit_code == code, answer.output
    document_ = json.loads(answer.output)
    assert document_["verdict"] == {0: "eligible", 1: "not_eligible", 4: "undetermined"}[code]
    assert set(document_["criteria"][0]) >= {"id", "state", "atoms", "flips_under"}


def test_every_open_test_has_one_sentence_that_begins_with_its_names() -> None:
    found = verdict(STUDY, patient_of(document({}), STUDY))
    assert found.state == "undetermined"
    assert {m.item for m in found.missing} >= {"birth_date", "ferritin", "live_vaccine", "judged_lung_unsuitable"}
    for missing in found.missing:
        assert missing.sentence.endswith(missing.effect)
        assert missing.label.split(" ")[0] in missing.sentence.removesuffix(missing.effect)
        assert missing.verdicts == () or missing.decides


def test_a_reading_that_changes_the_verdict_says_what_it_would_be() -> None:
    found = screened({"birth_date": "1945-06-01"})
    assert found.state == "eligible"
    assert "The verdict would be not eligible if I01 were read so: No older than the 80th birthday." in found.warnings
    decided = screened({"birth_date": "1945-06-01", "primary_hlh": True})
    assert "I01 would come out otherwise if read so: No older than the 80th birthday." in decided.warnings


def test_items_of_parts_that_are_decided_are_not_asked_for() -> None:
    """Fibrinogen is not needed beside high triglycerides, nor a guardian's consent for an adult."""
    found = screened({"fibrinogen": None, "splenomegaly": None, "scd25": None, "informed_consent": None})
    assert {m.item for m in found.missing} == {"informed_consent", "splenomegaly", "scd25"}


def test_the_one_thing_that_all_waits_for_decides_the_verdict_both_ways() -> None:
    found = screened({"weight": None})
    assert [(m.item, m.verdicts) for m in found.missing] == [("weight", ("eligible", "not_eligible"))]
    assert (
        found.missing[0].sentence
        == "Weight: could decide I05 either way; can make the patient eligible or not eligible"
    )


def test_the_count_is_told() -> None:
    found = screened({"splenomegaly": False, "scd25": None, "haemophagocytosis": None})
    why = next(c.explanation for c in found.criteria if c.id == "I04")
    assert why.startswith("4 of 8 so far, 5 needed, 2 open: ")
    assert next(c.explanation for c in screened().criteria if c.id == "I04").startswith("6 of 8, 5 needed: ")


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"weight": {"value": 60, "when": "2026-01-01"}}, "Weight of 2026-01-01 was 73 days old at screening."),
        ({"live_vaccine": "2026-02"}, "only 2026-02 is known"),
    ],
)
def test_warnings_of_days(change: dict[str, Any], warning: str) -> None:
    assert any(warning in text for text in screened(change).warnings)
