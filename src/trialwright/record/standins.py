"""The parts of a new definition that no registry record holds. Plain data; each says that it is ours."""

from __future__ import annotations

from typing import Any

OPEN = "To be written"
"""Stands where the record is silent and words are needed."""

_STAND_IN = {"assumption": "A stand-in, so that the definition is whole; the record does not say it."}
_USUAL = {"assumption": "Collected in every trial; the record does not list what is collected."}


def _item(name: str, label: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": label, "type": kind, **more, "source": _USUAL}


def _choices(**labels: str) -> list[dict[str, str]]:
    return [{"code": code, "label": label} for code, label in labels.items()]


ITEMS: list[dict[str, Any]] = [
    _item("birth_date", "Date of birth", "date", sdtm={"domain": "DM", "variable": "BRTHDTC"}),
    _item(
        "sex",
        "Sex",
        "choice",
        choices=[
            {"code": "female", "label": "Female", "submission": "F"},
            {"code": "male", "label": "Male", "submission": "M"},
        ],
        sdtm={"domain": "DM", "variable": "SEX"},
    ),
    _item("informed_consent", "Informed consent", "event", sdtm={"domain": "DM", "variable": "RFICDTC"}),
    _item(
        "weight",
        "Weight",
        "quantity",
        unit="kg",
        decimals=1,
        hard={"low": 0.3, "high": 400},
        codes={"loinc": "29463-7"},
        sdtm={"domain": "VS", "testcd": "WEIGHT", "test": "Weight"},
    ),
    _item("dose_given", "Dose given", "quantity", unit="mg", sdtm={"domain": "EX", "variable": "EXDOSE"}),
    _item("ae_term", "Adverse event", "text", sdtm={"domain": "AE", "variable": "AETERM"}),
    _item("ae_organ_class", "Organ system", "text", sdtm={"domain": "AE", "variable": "AEBODSYS"}),
    _item(
        "ae_grade",
        "Grade (CTCAE)",
        "choice",
        choices=[{"code": str(grade), "label": f"Grade {grade}"} for grade in range(1, 6)],
        sdtm={"domain": "AE", "variable": "AETOXGR"},
    ),
    _item("ae_serious", "Serious", "boolean", sdtm={"domain": "AE", "variable": "AESER"}),
    _item(
        "ae_related",
        "Related to the treatment",
        "choice",
        choices=_choices(not_related="Not related", related="Related"),
        sdtm={"domain": "AE", "variable": "AEREL"},
    ),
    _item(
        "ae_outcome",
        "Outcome",
        "choice",
        choices=_choices(recovered="Recovered", not_recovered="Not recovered", fatal="Fatal", unknown="Unknown"),
        sdtm={"domain": "AE", "variable": "AEOUT"},
    ),
    _item("ae_start", "Start", "date", sdtm={"domain": "AE", "variable": "AESTDTC"}),
    _item("ae_end", "End", "date", sdtm={"domain": "AE", "variable": "AEENDTC"}),
    _item(
        "end_reason",
        "Participation ended because of",
        "choice",
        choices=_choices(
            completed="Completed",
            adverse_event="Adverse Event",
            death="Death",
            lack_of_efficacy="Lack of Efficacy",
            lost_to_follow_up="Lost to Follow-up",
            physician_decision="Physician Decision",
            withdrawal="Withdrawal by Subject",
        ),
        sdtm={"domain": "DS", "variable": "DSDECOD"},
    ),
    _item("end_date", "Last day of participation", "date", sdtm={"domain": "DS", "variable": "DSSTDTC"}),
]

EVENT_FORM: dict[str, Any] = {
    "id": "adverse_events",
    "label": "Adverse events",
    "kind": "log",
    "groups": [
        {
            "id": "events",
            "repeating": True,
            "fields": [
                {"item": "ae_term", "required": True},
                "ae_organ_class",
                {"item": "ae_start", "required": True},
                "ae_end",
                {"item": "ae_grade", "required": True},
                {"item": "ae_serious", "required": True},
                "ae_related",
                "ae_outcome",
            ],
        }
    ],
    "checks": [
        {
            "id": "event_order",
            "logic": "ae_end >= ae_start",
            "message": "The event ends before it starts.",
            "item": "ae_end",
        }
    ],
}

SCHEDULE_REST: dict[str, Any] = {
    "epochs": [
        {
            "id": "SCREENING",
            "element": "Screening",
            "element_code": "SCRN",
            "starts": "Informed consent",
            "ends": "Start of treatment, or screening failure",
        },
        {
            "id": "TREATMENT",
            "element": "Treatment",
            "element_code": "TRT",
            "starts": "Start of treatment",
            "ends": "Last contact with the subject",
        },
    ],
    "logs": ["adverse_events", "end_of_participation"],
    "visits": [
        {
            "id": "screening",
            "number": 1,
            "label": "Screening",
            "epoch": "SCREENING",
            "anchor": "screening",
            "offset": 0,
            "forms": ["screening_visit", "criteria"],
            "source": _STAND_IN,
        },
        {
            "id": "treatment",
            "number": 2,
            "label": "Treatment",
            "epoch": "TREATMENT",
            "offset": 0,
            "forms": ["treatment"],
            "dose": 1,
            "source": _STAND_IN,
        },
        {
            "id": "assessment",
            "number": 3,
            "label": "Assessment",
            "epoch": "TREATMENT",
            "offset": 28,
            "window": {"before": 3, "after": 3},
            "forms": ["assessment"],
            "source": _STAND_IN,
        },
    ],
}

DOSING_REST: dict[str, Any] = {
    "interval_days": 28,
    "min_interval_days": 21,
    "dose_item": "dose_given",
    "steps": [{"first": 1, "last": 1, "per_kg": 1, "unit": "mg/kg", "source": _STAND_IN}],
    "weight": {"item": "weight", "use": "baseline", "source": _STAND_IN},
    "rounding": {"step": 1, "source": _STAND_IN},
    "infusion": {"minutes": 60, "source": _STAND_IN},
}

ENDPOINTS_REST: dict[str, Any] = {
    "populations": [
        {"id": "ENR", "label": "Enrolled", "rule": "enrolled", "source": _STAND_IN},
        {"id": "FAS", "label": "Full analysis set", "rule": "dosed", "source": _STAND_IN},
        {"id": "SAF", "label": "Safety set", "rule": "dosed", "source": _STAND_IN},
    ],
    "event_forms": {
        "adverse_events": "adverse_events",
        "term": "ae_term",
        "organ_class": "ae_organ_class",
        "grade": "ae_grade",
        "serious": "ae_serious",
        "related": "ae_related",
        "start": "ae_start",
        "end": "ae_end",
        "outcome": "ae_outcome",
    },
}

ASSUMPTIONS_REST: dict[str, Any] = {
    "recruitment": {"other_sites": {"site": "00", "opens": 0, "rate": 1.0}, "source": _STAND_IN},
    "screening": {"faults": [], "refusal": 0.0, "days": 7, "source": _STAND_IN},
    "response": {
        "classes": [{"id": "all", "label": "All", "chance": 1.0, "extent": 1, "block": 1, "taper": 1}],
        "source": _STAND_IN,
    },
    "visits": {"late": 0.0, "early": 0.0, "missed": 0.0, "source": _STAND_IN},
    "entry": {
        "slip": 0.0,
        "manual_query": 0.0,
        "delay": 0,
        "answer_days": 2,
        "reason_slip": "Typing error",
        "query": "Please check this value.",
        "answer": "Checked against the source.",
        "source": _STAND_IN,
    },
    "exits": {
        "form": "end_of_participation",
        "group": "main",
        "reason": "end_reason",
        "date": "end_date",
        "completed": "completed",
        "ways": [],
        "source": _STAND_IN,
    },
}
