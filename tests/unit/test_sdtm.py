"""SDTM from captured values: one patient by hand, with every kind of value that needs a decision."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from trialwright.analyse import sdtm
from trialwright.analyse.sdtm import terms
from trialwright.analyse.sdtm.context import study_day
from trialwright.analyse.sdtm.findings import rounded
from trialwright.analyse.sdtm.supplemental import split_text
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.snapshot import CriterionRow, Snapshot, SubjectRow, ValueRow, VisitRow
from trialwright.study.definition import Study
from trialwright.study.load import load_study

ID = "01-001"
DOSED = dt.date(2026, 3, 4)
LONG = "Fever with chills and rigors " * 9


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


def value(visit: str, form: str, item: str, text: str, **more: Any) -> ValueRow:
    return ValueRow(
        subject=more.pop("subject", ID),
        visit=visit,
        form=form,
        group=more.pop("group", "g"),
        row=more.pop("row", 1),
        item=item,
        value=text,
        **more,
    )


def log(group: str, row: int, **items: str) -> list[ValueRow]:
    form = {"events": "adverse_events", "drugs": "concomitant"}[group]
    return [value("", form, item, text, group=group, row=row) for item, text in items.items()]


VALUES = [
    value("screening", "demographics", "birth_date", "2008-02-29"),
    value("screening", "demographics", "sex", "female"),
    value("screening", "consent", "informed_consent", "2026-02-28"),
    value("screening", "chemistry", "creatinine", "1.2", unit="mg/dL", low=0.5, high=1.0),
    value("screening", "chemistry", "urea", "", null_reason="refused"),
    value("screening", "biomarkers", "ferritin", "15300", unit="ug/L"),
    value("screening", "lung_function", "fev1_fvc", "", null_reason="not_done"),
    value("week1", "biomarkers", "ferritin", "15.1", unit="mg/L"),
    value("week1", "dosing", "dose_given", "0.6", unit="g", group="infusion"),
    value("week1", "dosing", "infusion_start", "2026-03-04T09:00:00+08:00", group="infusion"),
    value("week1", "dosing", "infusion_end", "2026-03-04T10:05:00+08:00", group="infusion"),
    value("week1", "dosing", "infusion_adjusted", "none", group="infusion"),
    value("week1", "pk", "pk_sample_time", "2026-03-04T08:30:00+08:00", group="samples"),
    value("week1", "pk", "plonmarlimab_concentration", "<0.2", unit="mg/L", group="samples"),
    value("week1", "pk", "pk_sample_time", "2026-03-04T10:10:00+08:00", group="samples", row=2),
    value("week1", "pk", "plonmarlimab_concentration", "191600", unit="ng/mL", group="samples", row=2),
    value("unscheduled_1", "biomarkers", "ferritin", "9000", unit="ug/L"),
    value("week2", "ada", "ada_result", "positive"),
    *log("events", 1, ae_term=LONG, ae_start="2026-03-04", ae_grade="2", ae_serious="false", ae_outcome="recovered"),
    *log("events", 2, ae_term="SEPSIS", ae_start="2026-03", ae_grade="5", ae_serious="true", ae_outcome="fatal"),
    value("", "adverse_events", "ae_end", "2026-03-20", group="events", row=2),
    *log("drugs", 1, cm_agent="Prednisone", cm_dose="0.06", cm_start="2026-03-02", cm_route="oral"),
]


def snapshot() -> Snapshot:
    day = DOSED.replace
    failed = SubjectRow("02-001", "02", "screen_failed", day(day=1), day(day=1), None, day(day=2), "", "")
    treated = SubjectRow(
        ID, "01", "discontinued", day(month=2, day=28), None, day(day=3), day(day=20), "death", "plonmarlimab"
    )
    return Snapshot(
        study="nct07208058",
        version="1.0",
        cut=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        virtual=False,
        audit_head="",
        subjects=(failed, treated),
        visits=(
            VisitRow(ID, "screening", None, day(month=2, day=28), "done"),
            VisitRow(ID, "week1", DOSED, DOSED, "done"),
            VisitRow(ID, "unscheduled_1", None, day(day=6), "done"),
            VisitRow(ID, "week2", day(day=11), day(day=11), "done"),
            VisitRow(ID, "week3", day(day=18), None, "missed"),
            VisitRow(ID, "week4", day(day=25), None, "planned"),
            VisitRow("02-001", "screening", None, day(day=1), "done"),
        ),
        values=(*VALUES, value("screening", "demographics", "sex", "male", subject="02-001")),
        criteria=(
            CriterionRow("02-001", "I01", "met", ""),
            CriterionRow("02-001", "I03", "not_met", ""),
            CriterionRow("02-001", "E09", "met", ""),
            CriterionRow("02-001", "E10", "unknown", ""),
            CriterionRow(ID, "I01", "met", ""),
        ),
        queries=(),
    )


@pytest.fixture(scope="module")
def derived(study: Study) -> dict[str, Dataset]:
    return sdtm.derive(study, snapshot())


def rows(derived: dict[str, Dataset], name: str, **where: Any) -> list[dict[str, Any]]:
    return [r for r in derived[name].frame.to_dicts() if all(r[k] == v for k, v in where.items())]


def one(derived: dict[str, Dataset], name: str, **where: Any) -> dict[str, Any]:
    (row,) = rows(derived, name, **where)
    return row


def test_demographics_of_a_treated_subject_and_of_a_screen_failure(derived: dict[str, Dataset]) -> None:
    treated = one(derived, "DM", SUBJID=ID)
    assert treated["USUBJID"] == "THZ0103-MAS301-01-001"
    assert (treated["RFSTDTC"], treated["RFXENDTC"]) == ("2026-03-04T09:00", "2026-03-04T10:05")
    assert (treated["RFICDTC"], treated["RFPENDTC"]) == ("2026-02-28", "2026-03-20")
    assert (treated["AGE"], treated["AGEU"], treated["SEX"], treated["COUNTRY"]) == (17, "YEARS", "F", "CHN")
    assert (treated["DTHFL"], treated["DTHDTC"]) == ("Y", "2026-03-20")
    assert (treated["ARMCD"], treated["ACTARMCD"], treated["ARMNRS"]) == ("PLONMARLIMAB", "PLONMARLIMAB", "")
    failed = one(derived, "DM", SUBJID="02-001")
    assert (failed["ARMCD"], failed["ARM"], failed["ARMNRS"], failed["RFSTDTC"]) == ("", "", "SCREEN FAILURE", "")


def test_there_is_no_study_day_zero() -> None:
    reference = "2026-03-04T09:00"
    days = {day: study_day(day, reference) for day in ("2026-03-03", "2026-03-04", "2026-03-05T23:59", "2026-03", "")}
    assert list(days.values()) == [-1, 1, 2, None, None]


def test_results_are_kept_as_captured_and_converted_with_their_limits(derived: dict[str, Dataset]) -> None:
    creatinine = one(derived, "LB", LBTESTCD="CREAT")
    assert (creatinine["LBORRES"], creatinine["LBORRESU"]) == ("1.2", "mg/dL")
    assert creatinine["LBSTRESN"] == pytest.approx(106.08, rel=2e-3)
    assert (creatinine["LBSTRESU"], creatinine["LBNRIND"]) == ("umol/L", "HIGH")
    assert creatinine["LBSTNRHI"] == pytest.approx(creatinine["LBSTRESN"] / 1.2, rel=2e-3)
    assert one(derived, "LB", LBTESTCD="FERRITIN", VISITNUM=2.0)["LBSTRESN"] == 15100.0


def test_an_answer_without_a_value_says_why(derived: dict[str, Dataset]) -> None:
    refused = one(derived, "LB", LBTESTCD="UREA")
    assert (refused["LBSTAT"], refused["LBREASND"], refused["LBORRES"]) == ("NOT DONE", "SUBJECT REFUSED", "")
    assert one(derived, "RE", RETESTCD="FEV1FVC")["RESTAT"] == "NOT DONE"


def test_baseline_is_the_last_result_before_the_first_dose(derived: dict[str, Dataset]) -> None:
    flagged = [(r["VISITNUM"], r["LBLOBXFL"]) for r in rows(derived, "LB", LBTESTCD="FERRITIN")]
    assert flagged == [(1.0, ""), (2.0, "Y"), (2.01, "")]


def test_an_unscheduled_visit_is_numbered_after_the_one_before_it(derived: dict[str, Dataset]) -> None:
    visit = one(derived, "SV", VISITNUM=2.01)
    assert (visit["VISIT"], visit["SVPRESP"], visit["SVSTDY"]) == ("UNSCHEDULED 2.01", "", 3)
    assert (one(derived, "SV", VISIT="WEEK 3")["SVOCCUR"], rows(derived, "SV", VISIT="WEEK 4")) == ("N", [])


def test_concentrations_below_the_limit_have_no_number(derived: dict[str, Dataset]) -> None:
    before, after = rows(derived, "PC")
    assert (before["PCORRES"], before["PCSTRESC"], before["PCSTRESN"], before["PCLLOQ"]) == ("<0.2", "<0.2", None, 0.2)
    assert (before["PCTPT"], before["PCTPTNUM"], before["PCDTC"]) == ("PRE-DOSE", 1.0, "2026-03-04T08:30")
    assert (after["PCSTRESN"], after["PCELTM"], after["PCRFTDTC"]) == (191.6, "PT1H", "2026-03-04T09:00")


def test_an_administration_is_one_record_with_what_the_protocol_fixes(derived: dict[str, Dataset]) -> None:
    dose = one(derived, "EX")
    assert (dose["EXTRT"], dose["EXDOSE"], dose["EXDOSU"], dose["EXROUTE"]) == (
        "PLONMARLIMAB",
        600,
        "mg",
        "INTRAVENOUS",
    )
    assert (dose["EXSTDTC"], dose["EXENDTC"], dose["EXSTDY"]) == ("2026-03-04T09:00", "2026-03-04T10:05", 1)
    assert dose.get("EXADJ", "") == ""


def test_rows_of_logs_become_records_and_long_texts_go_on_in_supplemental_qualifiers(
    derived: dict[str, Dataset],
) -> None:
    fever, sepsis = sorted(rows(derived, "AE"), key=lambda r: r["AETOXGR"])
    assert (sepsis["AEDECOD"], sepsis["AEOUT"], sepsis["AESER"]) == ("Sepsis", "FATAL", "Y")
    assert (sepsis["AESTDTC"], sepsis["AESTDY"], sepsis["AEENDY"]) == ("2026-03", None, 17)
    extra = one(derived, "SUPPAE")
    assert extra["IDVARVAL"] == str(fever["AESEQ"])
    assert f"{fever['AETERM']} {extra['QVAL']}" == LONG.strip()
    assert (extra["QNAM"], extra["QLABEL"]) == ("AETERM1", "Reported Term for the Adverse Event 1")
    drug = one(derived, "CM")
    assert (drug["CMDOSE"], drug["CMDOSU"], drug["CMROUTE"], drug["EPOCH"]) == (0.06, "mg/day", "ORAL", "SCREENING")


def test_disposition_tells_consent_enrolment_and_the_end(derived: dict[str, Dataset]) -> None:
    found = [(r["DSDECOD"], r["DSSTDTC"]) for r in rows(derived, "DS", USUBJID=f"THZ0103-MAS301-{ID}")]
    assert found == [("INFORMED CONSENT OBTAINED", "2026-02-28"), ("ENROLLED", "2026-03-03"), ("DEATH", "2026-03-20")]
    assert "SCREEN FAILURE" in [r["DSDECOD"] for r in rows(derived, "DS", USUBJID="THZ0103-MAS301-02-001")]


def test_only_criteria_that_failed_are_in_ie(derived: dict[str, Dataset]) -> None:
    found = [(r["IETESTCD"], r["IECAT"], r["IEORRES"]) for r in rows(derived, "IE")]
    assert found == [("E09", "EXCLUSION", "Y"), ("I03", "INCLUSION", "N")]


def test_trial_design_speaks_for_the_whole_definition(study: Study, derived: dict[str, Dataset]) -> None:
    assert derived["TI"].frame.height == len(study.eligibility.criteria)
    assert derived["TV"].frame["VISIT"].to_list() == [v.label.en.upper() for v in study.schedule.visits]
    assert one(derived, "TS", TSPARMCD="PLANSUB")["TSVAL"] == str(study.registration.design.enrolment)
    assert one(derived, "TS", TSPARMCD="AGEMIN")["TSVAL"] == "P16Y"


@pytest.mark.parametrize(
    ("ucum", "submitted"),
    [("10*9/L", "10^9/L"), ("mL/min/{1.73_m2}", "mL/min/1.73m2"), ("Cel", "C"), ("mm[Hg]", "mmHg"), ("1", "")],
)
def test_units_are_written_in_controlled_terminology(ucum: str, submitted: str) -> None:
    assert terms.unit(ucum) == submitted


def test_a_long_text_is_cut_between_words_and_nothing_is_lost() -> None:
    parts = split_text(LONG * 3)
    assert len(parts) > 2
    assert all(len(part.encode()) <= 200 for part in parts)
    assert " ".join(parts) == (LONG * 3).strip()
    assert "".join(split_text("标" * 100)) == "标" * 100


def test_the_dose_and_the_events_have_a_place_though_their_items_name_none(study: Study) -> None:
    """The definition says elsewhere which item is the dose and which ones make an adverse event."""
    bare = [
        item.model_copy(update={"sdtm": None}) if item.sdtm and item.sdtm.domain in ("AE", "EX") else item
        for item in study.items
    ]
    parts = {name: getattr(study, name) for name in type(study).model_fields if name != "items"}
    other = type(study).model_construct(items=tuple(bare), **parts)
    derived = sdtm.derive(other, snapshot())
    (dose,) = derived["EX"].frame.to_dicts()
    assert (dose["EXDOSE"], dose["EXDOSU"], dose["EXSTDTC"]) == (600, "mg", "2026-03-04")
    assert sorted(derived["AE"].frame["AEOUT"]) == ["FATAL", "RECOVERED/RESOLVED"]
    assert derived["DM"].frame["DTHFL"].to_list() == ["Y", ""]


def test_a_result_called_none_is_a_result_and_a_reason_called_none_is_empty(study: Study) -> None:
    reason = study.item_by_id["infusion_adjusted"]
    assert terms.submission(reason, value("week1", "dosing", reason.id, "none")) == ""
    result = study.item_by_id["nyha_class"].model_copy(update={"sdtm": study.item_by_id["ada_result"].sdtm})
    assert terms.submission(result, value("screening", "eligibility", result.id, "none")) == "NONE"


@pytest.mark.parametrize(
    ("item", "standard", "text", "kept"),
    [
        ("urea", 24.97177847, "69.95", 24.97),
        ("urea", 24.98961, "70", 25.0),
        ("creatinine", 106.10433, "1.2", 106.1),
        ("creatinine", 1.2, "1.2", 1.2),
        ("ferritin", 0.0123456, "12.3", 0.0123),
    ],
)
def test_a_converted_result_has_no_digits_that_the_original_lacks(
    study: Study, item: str, standard: float, text: str, kept: float
) -> None:
    found = rounded(study.item_by_id[item], standard, float(text), text)
    assert found == pytest.approx(kept, abs=0.6 if item == "creatinine" else 1e-9)
    assert len(f"{found:.12g}".replace(".", "").lstrip("0")) <= max(3, len(text.replace(".", "")))


def test_the_present_episode_is_a_history_of_its_own(derived: dict[str, Dataset]) -> None:
    history = derived["MH"].frame.to_dicts()
    assert all(not row["MHSTDTC"] for row in history if row["MHCAT"] == "PRIMARY DIAGNOSIS")


def test_treatment_goes_on_for_seven_days_after_the_last_dose(study: Study) -> None:
    treatment = next(e for e in study.schedule.epochs if e.id == "TREATMENT")
    assert treatment.days_after_last_dose == study.dosing.interval_days
