"""A made-up study as large as real ones become: 50 forms, 1,500 items, 30 sites, rules within and across forms.

The same arguments give the same study. It is captured only: nothing of it is dosed or analysed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure

if TYPE_CHECKING:
    from trialwright.study.definition import Study

VISITS = 20
LONG_FORM = 60
"""Items of the first form."""
LOG = "long_log"
"""A running form with a repeating group."""
AIM = 2.0
ID = "big"
_SOURCE = {"assumption": "Something to measure with."}


def big_study(forms: int = 50, items: int = 1500, sites: int = 30) -> Study:
    """The study. Visits `visit01`, ... count from screening, `diary` repeats, `unscheduled` and `early` are beyond the
    plan; forms `form01` (60 items), ... hold items `f01_01`, ...
    """
    from trialwright.conduct.exchange.folder import ASSUMPTIONS, DOSING, ENDPOINTS, EPOCH
    from trialwright.study.definition import Study

    sizes = _sizes(forms, items)
    return Study.model_validate(
        {
            "study": _registration(sites),
            "items": [item for number, size in enumerate(sizes, 1) for item in _items(number, size)] + _log_items(),
            "forms": [*(_form(number, size, forms) for number, size in enumerate(sizes, 1)), _log()],
            "schedule": {"epochs": [EPOCH], "logs": [LOG], **_visits(forms)},
            "eligibility": {"criteria": []}, "dosing": DOSING, "endpoints": ENDPOINTS, "assumptions": ASSUMPTIONS,
        }
    )  # fmt: skip


def write_big_study(folder: Path, forms: int = 50, items: int = 1500, sites: int = 30) -> Path:
    """The study as a folder of its own, which `load_study` reads."""
    from trialwright.study.dump import dump_study

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in dump_study(big_study(forms, items, sites)).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run() -> list[Figure]:
    """How long `trialwright conduct build` computes on it: reading, checking, compiling."""
    from trialwright.conduct.rules import capture, checks
    from trialwright.study.building import build
    from trialwright.study.load import load_study

    with tempfile.TemporaryDirectory() as place:
        folder = write_big_study(Path(place) / ID)
        spent = []
        for _ in range(3):
            begun = time.process_time()
            study = load_study(folder)
            build(study)
            for form in study.forms:
                capture.form_map(study, form.id)
            checks.dependents(study)
            spent.append(time.process_time() - begun)
    return [Figure("conduct build: 50 forms, 1,500 items", "CPU s", tuple(spent), AIM)]


def name_of(form: int, item: int) -> str:
    return f"f{form:02}_{item:02}"


def _sizes(forms: int, items: int) -> list[int]:
    """The first form is long, the others share the rest; three items belong to the log."""
    first = min(LONG_FORM, items - forms)
    left, others = items - first - len(_log_items()), max(1, forms - 2)
    shared = [left // others + (number < left % others) for number in range(others)]
    return [first, *shared]


def _items(form: int, size: int) -> Iterator[dict[str, Any]]:
    for number in range(1, size + 1):
        yield {
            "id": name_of(form, number), "label": {"en": f"Question {form}.{number}", "zh": f"问题 {form}.{number}"},
            "source": _SOURCE, **_kind(form, number),
        }  # fmt: skip


def _kind(form: int, number: int) -> dict[str, Any]:
    """Ten kinds in turn; the last one is computed from the first two."""
    match number % 10:
        case 1 | 2:
            spread = {"hard": {"low": 0, "high": 500}, "soft": {"low": 10, "high": 200}}
            return {"type": "quantity", "unit": "mmol/L", "units": ["umol/L"], "decimals": 1, **spread}
        case 3:
            return {"type": "integer", "hard": {"low": 0, "high": 100}}
        case 4:
            codes = [{"code": code, "label": code.capitalize()} for code in ("none", "mild", "moderate", "severe")]
            return {"type": "choice", "choices": codes}
        case 5:
            return {"type": "boolean"}
        case 6:
            return {"type": "date"}
        case 7:
            return {"type": "text", "lines": 3}
        case 8:
            codes = [{"code": code, "label": code.capitalize()} for code in ("fever", "rash", "cough")]
            return {"type": "choices", "choices": codes}
        case 9:
            return {"type": "time"}
        case _:
            first, second = name_of(form, number - 9), name_of(form, number - 8)
            return {"type": "quantity", "unit": "1", "decimals": 2, "derive": f"{first} / {second}"}


def _form(form: int, size: int, forms: int) -> dict[str, Any]:
    fields = [_field(form, number) for number in range(1, size + 1)]
    half = max(1, size // 2)
    groups = [{"id": "first", "fields": fields[:half]}, {"id": "second", "fields": fields[half:]}]
    return {
        "id": f"form{form:02}", "label": {"en": f"Form {form}", "zh": f"表单 {form}"},
        "groups": [group for group in groups if group["fields"]], "checks": _checks(form, size, forms),
    }  # fmt: skip


def _field(form: int, number: int) -> dict[str, Any]:
    field: dict[str, Any] = {"item": name_of(form, number)}
    if number % 10 in (1, 4):
        field["required"] = True
    if number % 20 == 1:
        field["critical"] = True
    if number % 10 == 6:
        field["show_when"] = name_of(form, number - 1)
    if number % 10 == 7:
        field["show_when"] = f'{name_of(form, number - 3)} != "none"'
    return field


def _checks(form: int, size: int, forms: int) -> list[dict[str, Any]]:
    """Within the form for every ten items, and one against the form before it."""
    found = [
        _check(f"order{number}", f"{name_of(form, number)} < 10 * {name_of(form, number + 1)}", name_of(form, number))
        for number in range(1, size, 10)
    ]
    if form > 1:
        logic = f"{name_of(form, 3)} <= {name_of(form - 1, 3)} + 50"
        found.append(_check("against_last", logic, name_of(form, 3)))
    return found


def _check(name: str, logic: str, item: str) -> dict[str, Any]:
    return {"id": name, "logic": logic, "item": item, "message": {"en": "Please check.", "zh": "请核对。"}}


def _log_items() -> list[dict[str, Any]]:
    kinds = {"log_term": {"type": "text"}, "log_start": {"type": "date"}, "log_end": {"type": "date"}}
    return [{"id": name, "label": name.replace("_", " "), "source": _SOURCE, **kind} for name, kind in kinds.items()]


def _log() -> dict[str, Any]:
    fields = [{"item": "log_term", "required": True}, {"item": "log_start", "required": True}, "log_end"]
    check = _check("log_order", "log_end >= log_start", "log_end")
    group = {"id": "rows", "repeating": True, "fields": fields}
    return {"id": LOG, "label": {"en": "Events", "zh": "事件"}, "kind": "log", "groups": [group], "checks": [check]}


def _visits(forms: int) -> dict[str, Any]:
    """Each form is filled in at two or three of the visits; the first one holds the long form."""
    held: dict[int, list[str]] = {visit: [] for visit in range(VISITS)}
    for number in range(forms - 1):
        turns = (0, 7, 13) if number % 3 else (0, 7)
        for visit in sorted({(number + turn) % VISITS for turn in turns}):
            held[visit].append(f"form{number + 1:02}")
    planned = [
        _visit(f"visit{index + 1:02}", index + 1, held[index], offset=28 * index, window={"before": 3, "after": 3})
        for index in range(VISITS)
    ]
    last = 28 * VISITS
    diary = _visit("diary", VISITS + 1, held[0][:1], offset=last, every=7, times=12)
    extra = [
        _extra("early", VISITS + 2, held[0][:2], kind="early_termination"),
        _extra("unscheduled", 90, held[0][:2], kind="unscheduled"),
    ]
    return {"visits": [*planned, diary], "extra": extra}


def _visit(name: str, number: int, forms: list[str], **more: Any) -> dict[str, Any]:
    return {**_extra(name, number, forms), "anchor": "screening", **more}


def _extra(name: str, number: int, forms: list[str], **more: Any) -> dict[str, Any]:
    return {
        "id": name, "number": number, "label": {"en": name.capitalize(), "zh": f"访视 {number}"}, "epoch": "SCREENING",
        "forms": forms, "source": _SOURCE, **more,
    }  # fmt: skip


def _registration(sites: int) -> dict[str, Any]:
    day = "2026-01-01"
    return {
        "id": ID, "version": "1.0", "version_date": day,
        "identity": {
            "nct_id": "NCT00000000", "org_study_id": "BIG-1", "brief_title": "Big", "official_title": "A big study",
        },
        "status": {"overall": "RECRUITING", "start": day, "completion": "2030-01-01", "last_update": day},
        "design": {
            "study_type": "OBSERVATIONAL", "phases": ["NA"], "allocation": "", "intervention_model": "OTHER",
            "primary_purpose": "", "masking": "", "enrolment": 500, "enrolment_kind": "ESTIMATED",
        },
        "brief_summary": "Made up, to measure with.", "conditions": ["None"],
        "arms": [{"id": "all", "label": "All", "kind": "OTHER", "description": "All", "interventions": []}],
        "interventions": [], "sponsor": {"name": "Nobody", "kind": "OTHER"}, "responsible_party": "SPONSOR",
        "sites": [_site(f"{number:02}") for number in range(1, sites + 1)],
    }  # fmt: skip


def _site(name: str) -> dict[str, Any]:
    return {
        "id": name, "name": f"Site {name}", "city": "City", "province": "", "country": "Country",
        "status": "RECRUITING", "timezone": "Asia/Shanghai",
    }  # fmt: skip
