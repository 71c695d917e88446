"""ADaM from SDTM: response by the definition's own parts, times, grades, imputed dates; patients by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from trialwright.analyse import datasets
from trialwright.analyse.adam import names
from trialwright.analyse.adam.dates import imputed, relative_day, sas_date
from trialwright.analyse.adam.time_to_event import last_day
from trialwright.analyse.displays.population import REGISTRY_AGES
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.snapshot import Snapshot, SubjectRow, ValueRow, VisitRow
from trialwright.formats.sas import sas_day
from trialwright.study.definition import Study
from trialwright.study.load import load_study

FIRST = dt.date(2026, 3, 4)
WELL = {
    "disease_activity_vas": "0.5",
    "wbc": "6",
    "platelets": "200",
    "ldh": "180",
    "ast": "20",
    "alt": "20",
    "fibrinogen": "3",
    "ferritin": "2500",
}
ILL = WELL | {"disease_activity_vas": "8", "platelets": "20", "ferritin": "15000", "ast": "400"}
FORMS = {"disease_activity_vas": "response", "wbc": "haematology", "platelets": "haematology"}


def value(
    subject: str, visit: str, item: str, text: str, *, row: int = 1, form: str = "", group: str = "g"
) -> ValueRow:
    return ValueRow(subject, visit, form or FORMS.get(item, "chemistry"), group, row, item, text)


class Trial:
    """Dosed patients with what was found at their visits."""

    def __init__(self) -> None:
        self.subjects: list[SubjectRow] = []
        self.visits: list[VisitRow] = []
        self.values: list[ValueRow] = []

    def patient(
        self, subject: str, visits: dict[str, tuple[int, dict[str, str]]], *, reason: str = "completed"
    ) -> None:
        last = FIRST
        for visit, (offset, found) in visits.items():
            last = FIRST + dt.timedelta(days=offset)
            self.visits.append(VisitRow(subject, visit, last, last, "done"))
            self.values += [value(subject, visit, item, text) for item, text in found.items() if text]
        dose = {"dose_given": "600", "infusion_start": f"{FIRST}T09:00"}
        self.values += [value(subject, "week1", item, text, form="dosing") for item, text in dose.items()]
        self.values.append(value(subject, "screening", "sex", "female", form="demographics"))
        state = "completed" if reason == "completed" else "discontinued"
        screened = FIRST - dt.timedelta(days=3)
        self.subjects.append(SubjectRow(subject, "01", state, screened, screened, FIRST, last, reason, "plonmarlimab"))

    def event(self, subject: str, row: int, **items: str) -> None:
        places = {"row": row, "form": "adverse_events", "group": "events"}
        self.values += [value(subject, "", f"ae_{item}", text, **places) for item, text in items.items()]

    def derive(self, study: Study) -> dict[str, Dataset]:
        cut = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
        parts = (tuple(self.subjects), tuple(self.visits), tuple(self.values))
        return datasets(study, Snapshot(study.id, study.version, cut, False, "", *parts, (), ()))[1]


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture(scope="module")
def derived(study: Study) -> dict[str, Dataset]:
    trial = Trial()
    start = {"screening": (-3, {}), "week1": (0, ILL)}
    trial.patient("01-001", start | {"week4": (21, ILL), "end_of_treatment": (56, WELL)})
    trial.patient("01-002", start | {"end_of_treatment": (58, WELL | {"ldh": ""})})
    trial.patient("01-003", start | {"week2": (7, WELL), "week4": (21, WELL | {"ferritin": "3100"})}, reason="death")
    trial.event("01-001", 1, term="Fever", start="2026-03", end="2026-03", grade="3", related="unlikely")
    trial.event("01-001", 2, term="fever", start="2026-03-02", grade="1", related="related")
    trial.event("01-001", 3, term="Rash", start="2026-04-01", grade="2", serious="true")
    return trial.derive(study)


def rows(derived: dict[str, Dataset], name: str, subject: str, **where: Any) -> list[dict[str, Any]]:
    found = [r for r in derived[name].frame.to_dicts() if r["SUBJID"] == subject]
    return [r for r in found if all(r[k] == v for k, v in where.items())]


def response(derived: dict[str, Dataset], subject: str, endpoint: str) -> dict[str, tuple[str, str]]:
    """Visit -> (answer, derivation) of a composite."""
    found = rows(derived, "ADRS", subject, ENDPTID=endpoint, PARCAT1="COMPOSITE")
    return {r["AVISIT"]: (r["AVALC"], r["DTYPE"]) for r in found}


def test_a_composite_holds_where_every_part_holds_at_that_visit(derived: dict[str, Dataset]) -> None:
    assert response(derived, "01-001", "complete_response") == {"END OF TREATMENT": ("Y", "")}
    parts = rows(derived, "ADRS", "01-001", ENDPTID="complete_response", PARCAT1="COMPONENT")
    assert {r["AVALC"] for r in parts} == {"Y"}
    assert len(parts) == 8


def test_a_missing_part_is_unknown_and_the_subject_counts_as_not_responding(derived: dict[str, Dataset]) -> None:
    assert response(derived, "01-002", "complete_response") == {"END OF TREATMENT": ("N", "NRI")}
    (ldh,) = rows(derived, "ADRS", "01-002", ENDPTID="complete_response", PARTID="ldh")
    assert (ldh["AVALC"], ldh["AVAL"]) == ("", None)
    assert response(derived, "01-003", "complete_response") == {"END OF TREATMENT": ("N", "NRI")}


def test_a_part_may_speak_of_the_baseline(derived: dict[str, Dataset]) -> None:
    """Ferritin 3100 is above 2000, but 79.3 % below the baseline of 15000: not yet 80 %."""
    found = rows(derived, "ADRS", "01-003", ENDPTID="time_to_response", PARTID="ferritin")
    answers = {r["AVISIT"]: r["AVALC"] for r in found}
    assert (answers["WEEK 2"], answers["WEEK 4"], answers["WEEK 5"]) == ("Y", "N", "")


def test_time_to_response_ends_at_the_first_response_or_is_censored_at_the_last_assessment(
    derived: dict[str, Dataset],
) -> None:
    times = {}
    for subject in ("01-001", "01-002", "01-003"):
        (row,) = rows(derived, "ADTTE", subject, ENDPTID="time_to_response")
        times[subject] = (row["AVAL"], row["CNSR"])
    assert times == {"01-001": (57, 0), "01-002": (59, 1), "01-003": (8, 0)}


def test_overall_survival_ends_with_death_only(derived: dict[str, Dataset]) -> None:
    (died,) = rows(derived, "ADTTE", "01-003", PARAMCD="OS")
    (alive,) = rows(derived, "ADTTE", "01-001", PARAMCD="OS")
    assert (died["AVAL"], died["CNSR"], died["EVNTDESC"]) == (22, 0, "Death")
    assert (alive["AVAL"], alive["CNSR"], alive["CNSDTDSC"]) == (57, 1, "Last known alive")


def test_change_and_shift_are_against_the_last_value_before_the_first_dose(derived: dict[str, Dataset]) -> None:
    last = rows(derived, "ADLB", "01-001", PARAMCD="FERRITIN")[-1]
    assert (last["BASE"], last["CHG"], last["PCHG"]) == (15000, -12500, pytest.approx(-83.333, rel=1e-4))
    platelets = rows(derived, "ADLB", "01-001", PARAMCD="PLAT")
    assert [r["ABLFL"] for r in platelets] == ["Y", "", ""]
    assert platelets[-1]["SHIFT1"] == "LOW to NORMAL"


def test_laboratory_values_are_graded_by_ctcae_5(derived: dict[str, Dataset]) -> None:
    """Platelets of 20 are grade 4, by version 5; the same value is grade 3 by version 6."""
    grades = [r["ATOXGR"] for r in rows(derived, "ADLB", "01-001", PARAMCD="PLAT")]
    assert grades == ["4", "4", "0"]


def test_treatment_emergent_and_related_events(derived: dict[str, Dataset]) -> None:
    before, fever, rash = sorted(rows(derived, "ADAE", "01-001"), key=lambda r: r["ASTDT"])
    assert (before["TRTEMFL"], before["AREL"], before["ASEV"]) == ("", "RELATED", "MILD")
    assert (fever["ASTDT"], fever["ASTDTF"], fever["TRTEMFL"]) == (sas_day(FIRST), "D", "Y")
    assert (fever["AENDT"], fever["AREL"], fever["ASEV"]) == (sas_date("2026-03-31"), "NOT RELATED", "SEVERE")
    assert (fever["AEDECOD"], before["AEDECOD"]) == ("Fever", "Fever")
    assert [r["AOCCFL"] for r in (before, fever, rash)] == ["", "Y", ""]
    assert [r["AOCCPFL"] for r in (before, fever, rash)] == ["", "Y", "Y"]


def test_subject_level_treatment_and_end(derived: dict[str, Dataset]) -> None:
    (row,) = rows(derived, "ADSL", "01-003")
    assert (row["EOSSTT"], row["DCSREAS"], row["DTHFL"]) == ("DISCONTINUED", "DEATH", "Y")
    assert (row["DOSESN"], row["CUMDOSE"], row["TRTDURD"]) == (1, 600, 1)
    assert (row["SAFFL"], row["FASFL"], row["ENRLFL"], row["PKFL"]) == ("Y", "Y", "Y", "N")


@pytest.mark.parametrize(
    ("text", "last", "not_before", "day", "flag"),
    [
        ("2026-03-15", False, None, "2026-03-15", ""),
        ("2026-03", False, None, "2026-03-01", "D"),
        ("2026-03", False, "2026-03-04", "2026-03-04", "D"),
        ("2026-03", False, "2026-04-04", "2026-03-01", "D"),
        ("2026", True, None, "2026-12-31", "M"),
        ("", True, None, "", ""),
    ],
)
def test_partial_dates_are_imputed_with_a_flag(text: str, last: bool, not_before: str, day: str, flag: str) -> None:
    found = imputed(text, last=last, not_before=sas_date(not_before or ""))
    assert found == (sas_date(day), flag)


def test_relative_days_have_no_zero() -> None:
    assert [relative_day(day, 100) for day in (99, 100, 101, None)] == [-1, 1, 2, None]


def test_parameter_codes_differ_and_fit(study: Study) -> None:
    codes = names.Names(study, taken={"FERRITIN", "CMPLTRSP"})
    found = [codes.endpoint(e) for e in study.endpoints.endpoints]
    parts = {codes.part(e, p) for e in study.endpoints.endpoints for p in e.parts}
    assert len(set(found)) == len(found)
    assert {"FERRITIN", "CMPLTRSP", "OS"}.isdisjoint(set(found) | parts)
    assert all(0 < len(code) <= 8 and code.isalnum() and code.isupper() for code in (*found, *parts))


def test_who_died_without_a_response_stays_in_the_denominator(study: Study) -> None:
    trial = Trial()
    trial.patient("01-001", {"screening": (-3, {}), "week1": (0, ILL), "week4": (21, ILL)}, reason="death")
    trial.patient("01-002", {"screening": (-3, {}), "week1": (0, ILL), "week4": (21, ILL)}, reason="withdrawal")
    found = trial.derive(study)
    last = last_day(study, next(e for e in study.endpoints.endpoints if e.id == "time_to_response"))
    died = rows(found, "ADTTE", "01-001", ENDPTID="time_to_response")[0]
    left = rows(found, "ADTTE", "01-002", ENDPTID="time_to_response")[0]
    assert (died["CNSR"], died["AVAL"]) == (1, last + 1)
    assert "died before a response" in died["CNSDTDSC"]
    assert (left["CNSR"], left["AVAL"], left["CNSDTDSC"]) == (1, 22, "Last assessment")


@pytest.mark.parametrize(("age", "group"), [(17, "<18"), (18, "18-64"), (64, "18-64"), (65, ">=65")])
def test_age_groups_of_the_protocol_begin_at_18_and_65(age: int, group: str) -> None:
    assert [word for low, high, word in names.AGE_GROUPS if low <= age < high] == [group]


@pytest.mark.parametrize(("age", "group"), [(18, "<=18 years"), (19, "Between 18 and 65 years"), (65, ">=65 years")])
def test_the_registry_puts_who_is_18_into_its_first_class(age: int, group: str) -> None:
    assert [word for low, high, word in REGISTRY_AGES if low <= age < high] == [group]
