"""A small trial captured by hand through conduct's own actions: what the tests of the pages open and change.

Site 01 has a treated subject (01-001, two doses given, one open query), one in screening (01-002); site 02 none yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from trialwright.conduct import actions
from trialwright.conduct.actions import Entry, Person
from trialwright.study.definition import Study
from trialwright.study.load import load_study

STUDY = "nct07208058"
DAY = dt.date(2026, 3, 2)
PASSWORDS = {
    name: f"{name} keeps a long secret" for name in ("coordinator", "investigator", "monitor", "auditor", "elsewhere")
}
SHANGHAI = ZoneInfo("Asia/Shanghai")

Answers = Mapping[str, str | tuple[str, str] | tuple[str, str, float, float]]
"""item -> value, or (value, unit), or (value, unit, lower limit, upper limit)."""

SCREENING: Mapping[str, Answers] = {
    "consent": {"informed_consent": "2026-03-02"},
    "demographics": {"birth_date": "1984-06-11", "sex": "female"},
    "disease": {
        "rheumatic_disease": "true", "underlying_disease": "still", "disease_onset": "2026-02",
        "splenomegaly": "true", "haemophagocytosis": "true", "nk_activity_low": "true",
        "primary_hlh": "false", "infection_induced_hlh": "false", "treatment_induced_hlh": "false",
    },
    "eligibility": {
        "malignancy": "none", "drug_allergy": "false", "haematological_disease": "false",
        "transplant": "false", "unstable_disease": "false", "myocardial_infarction": "none", "unstable_angina": "none",
        "severe_arrhythmia": "none", "nyha_class": "none", "trial_participation": "none",
        "in_interventional_trial": "false", "live_vaccine": "none", "alcohol_abuse": "none", "pregnant": "false",
        "lactating": "false", "judged_lung_unsuitable": "false", "judged_uncontrolled_infection": "false",
        "judged_history_unsuitable": "false", "judged_otherwise_unsuitable": "false",
    },
    "lung_function": {"lung_disease": "false", "fvc_percent_predicted": "94", "fev1_fvc": "81"},
    "vitals": {
        "weight": "58", "height": "163", "body_temperature": "39.1", "systolic": "112", "diastolic": "70",
        "pulse": "104", "respiratory_rate": "20", "oxygen_saturation": "97",
    },
    "haematology": {
        "wbc": "2.4", "haemoglobin": ("84", "g/L", 115, 150), "platelets": ("62", "10*9/L", 125, 350),
        "neutrophils": "0.8", "lymphocytes": "1.1",
    },
    "chemistry": {
        "ast": "142", "alt": "98", "ldh": "810", "bilirubin": "21", "albumin": "29",
        "creatinine": ("62", "umol/L", 45, 84), "urea": ("5.1", "mmol/L", 2.8, 7.2),
        "triglycerides": "3.9", "fibrinogen": "1.3", "d_dimer": "4.2", "crp": "88",
    },
    "biomarkers": {"ferritin": "15300", "scd25": "6630", "cxcl9": "8400"},
}  # fmt: skip
LATER: Mapping[str, Answers] = {form: SCREENING[form] for form in ("vitals", "haematology", "chemistry", "biomarkers")}


def build() -> Study:
    """Capture the scene in the database that Django is set up on."""
    study = load_study(STUDY)
    actions.open_study(study, virtual=True, at=_at(-30))
    for name, role, site in (
        ("coordinator", "coordinator", ""), ("investigator", "investigator", ""), ("monitor", "monitor", ""),
        ("auditor", "auditor", ""), ("elsewhere", "coordinator", "02"),
    ):  # fmt: skip
        actions.add_person(STUDY, name, name.capitalize(), role, site=site, at=_at(-30))
    for site in ("01", "02"):
        actions.activate_site(STUDY, site, at=_at(-20))
    investigator = actions.person(STUDY, "investigator")
    _treated(study, investigator)
    second = actions.register_subject(STUDY, "01", by=investigator, at=_at(10))
    actions.record_consent(STUDY, second, by=investigator, at=_at(10, 10))
    actions.start_visit(STUDY, second, "screening", by=investigator, at=_at(10, 10))
    save(study, second, "screening", {"demographics": SCREENING["demographics"]}, by=investigator, at=_at(10, 11))
    return study


def _treated(study: Study, by: Person) -> None:
    subject = actions.register_subject(STUDY, "01", by=by, at=_at(0))
    actions.record_consent(STUDY, subject, by=by, at=_at(0, 10))
    actions.start_visit(STUDY, subject, "screening", by=by, at=_at(0, 10))
    save(study, subject, "screening", SCREENING, by=by, at=_at(0, 11))
    steroids = [
        Entry(item, value, group="days", row=row)
        for row, day in enumerate(("2026-02-24", "2026-02-25", "2026-02-26"), 1)
        for item, value in (
            ("steroid_day", day), ("steroid_agent", "methylprednisolone"),
            ("steroid_route", "iv"), ("steroid_dose", "120"),
        )
    ]  # fmt: skip
    outcome = Entry("steroid_outcome", "no_response")
    actions.save_form(STUDY, subject, "steroid_history", [*steroids, outcome], visit="screening", by=by, at=_at(0, 12))
    actions.decide_eligibility(STUDY, subject, by=by, at=_at(1))
    actions.enrol(STUDY, subject, by=by, at=_at(1, 10))
    for dose, day in ((1, 2), (2, 9)):
        actions.start_visit(STUDY, subject, f"week{dose}", by=by, at=_at(day))
        save(study, subject, f"week{dose}", LATER, by=by, at=_at(day, 10))
        actions.plan_dose(STUDY, subject, dose, by=by, at=_at(day, 11))
    odd = [Entry("body_temperature", "42.3")]
    actions.save_form(
        STUDY, subject, "vitals", odd, visit="week2", reason="Read again from the chart", by=by, at=_at(9, 12)
    )


def save(study: Study, subject: str, visit: str, forms: Mapping[str, Answers], *, by: Person, at: dt.datetime) -> None:
    for form, answers in forms.items():
        actions.save_form(study.id, subject, form, list(entries(answers)), visit=visit, by=by, at=at)


def entries(answers: Answers) -> Iterable[Entry]:
    for item, answer in answers.items():
        value, *rest = (answer,) if isinstance(answer, str) else answer
        unit, *limits = rest or ("",)
        low, high = (float(limit) for limit in limits) if limits else (None, None)
        yield Entry(item, str(value), unit=str(unit), low=low, high=high)


def open_accounts() -> None:
    from trialwright.web.accounts.people import set_password

    for name, password in PASSWORDS.items():
        set_password(name, password)


def _at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(DAY + dt.timedelta(days=day), dt.time(hour), SHANGHAI)
