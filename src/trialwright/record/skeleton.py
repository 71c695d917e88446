"""A study definition as plain data, from a registry record: its words where it has them, else stand-ins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trialwright.formats.ctgov.record import Location, RecordContact, RecordDate, StudyRecord
from trialwright.kernel.dates import PartialDate
from trialwright.record.begin_criteria import Begun, begin_criteria, short
from trialwright.record.criteria import plain
from trialwright.record.standins import (
    ASSUMPTIONS_REST,
    DOSING_REST,
    ENDPOINTS_REST,
    EVENT_FORM,
    ITEMS,
    OPEN,
    SCHEDULE_REST,
)

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """`parts`: file name without `.yaml` -> its data. `notes`: where a stand-in took the place of a fact."""

    parts: Data
    begun: Begun
    notes: tuple[str, ...]


def skeleton(record: StudyRecord) -> Skeleton:
    """A whole definition, as far as the record goes and with stand-ins beyond."""
    notes: list[str] = []
    registration = _registration(record, notes)
    begun, outcomes = begin_criteria(record), _outcomes(record)
    arm, asked = registration["arms"][0], [outcome["part"] for outcome in outcomes]
    items = [*ITEMS, *begun.reader.items.values(), *begun.judged, *(_outcome_item(outcome) for outcome in outcomes)]
    forms = _forms(begun, asked)
    parts: Data = {
        "study": registration,
        "items": items,
        "forms": forms,
        "schedule": _schedule([form["id"] for form in forms]),
        "eligibility": {"criteria": begun.criteria},
        "dosing": {"arm": arm["id"], "intervention": arm["interventions"][0], **_treatment(record), **DOSING_REST},
        "endpoints": {**ENDPOINTS_REST, "endpoints": [outcome["endpoint"] for outcome in outcomes]},
        "assumptions": _assumptions(record, begun, asked),
    }
    return Skeleton(parts, begun, tuple(notes))


# --- study.yaml ------------------------------------------------------------------------------------------------------


def _registration(record: StudyRecord, notes: list[str]) -> Data:
    identity, dates = record.identification, record.dates
    start = _day(dates.start, None, "start", notes)
    interventions = _interventions(record)
    return {
        "id": record.id.lower(),
        "version": "0.1",
        "version_date": _day(dates.updated, start, "last update", notes),
        "identity": _filled(
            nct_id=record.id,
            org_study_id=identity.org_study_id or record.id,
            brief_title=record.title or record.id,
            official_title=identity.official_title or record.title or record.id,
            acronym=identity.acronym,
            other_ids=[_filled(id=i.id, kind=i.kind or "OTHER", domain=i.domain) for i in identity.secondary_ids],
        ),
        "status": _filled(
            overall=dates.status or "UNKNOWN",
            start=start,
            start_kind=dates.start.kind or "ESTIMATED",
            completion=max(start, _day(dates.completion, start, "completion", notes)),
            completion_kind=dates.completion.kind or "ESTIMATED",
            last_update=_day(dates.updated, start, "last update", []),
            why_stopped=dates.why_stopped,
        ),
        "design": _design(record, notes),
        "brief_summary": plain(record.brief_summary) or OPEN,
        **_filled(detailed_description=plain(record.detailed_description)),
        "conditions": list(record.conditions) or [OPEN],
        **_filled(keywords=list(record.keywords)),
        "arms": _arms(record, interventions),
        "interventions": interventions,
        "sponsor": {"name": record.sponsor.name or OPEN, "kind": record.sponsor.kind or "UNKNOWN"},
        **_filled(collaborators=[{"name": c.name, "kind": c.kind or "UNKNOWN"} for c in record.collaborators]),
        "responsible_party": record.responsible.kind or "SPONSOR",
        **_filled(central_contacts=[_contact(contact) for contact in record.central_contacts]),
        "sites": [_site(number, place) for number, place in enumerate(record.locations, 1)],
    }


def _filled(**parts: Any) -> Data:
    return {key: value for key, value in parts.items() if value not in ("", [], {}, None)}


def _day(date: RecordDate, otherwise: str | None, what: str, notes: list[str]) -> str:
    """An ISO day; a partial date gives its first day, and a note says so."""
    if not date.date:
        stand_in = otherwise or dt.date(2000, 1, 1).isoformat()
        notes.append(f"The record gives no {what}; {stand_in} stands in.")
        return stand_in
    found = PartialDate.parse(date.date)
    if not found.exact:
        notes.append(f"The record gives {date.date} as {what}; its first day stands in.")
    return found.first.isoformat()


def _design(record: StudyRecord, notes: list[str]) -> Data:
    design, rules = record.design, record.eligibility
    if not design.enrolment:
        notes.append("The record gives no enrolment above 0; 1 stands in.")
    return _filled(
        study_type=design.study_type or "INTERVENTIONAL",
        phases=list(design.phases),
        enrolment=design.enrolment or 1,
        enrolment_kind=design.enrolment_kind or "ESTIMATED",
        min_age=_whole_years(rules.minimum_age),
        max_age=_whole_years(rules.maximum_age),
        sex=rules.sex or "ALL",
        healthy_volunteers=rules.healthy_volunteers,
    ) | {
        "phases": list(design.phases),
        "allocation": design.allocation or "NA",
        "intervention_model": design.intervention_model or design.observational_model,
        "primary_purpose": design.primary_purpose,
        "masking": design.masking,
    }


def _whole_years(age: str) -> int | None:
    number = re.match(r"(\d+) Years?$", age)
    return int(number[1]) if number else None


def _interventions(record: StudyRecord) -> list[Data]:
    names = _ids([entry.name for entry in record.interventions], "intervention")
    found = [
        _filled(
            id=name,
            name=entry.name or name,
            kind=entry.kind or "OTHER",
            other_names=list(entry.other_names),
        )
        | {"description": plain(entry.description) or entry.name}
        for name, entry in zip(names, record.interventions, strict=True)
    ]
    return found or [{"id": "intervention", "name": OPEN, "kind": "OTHER", "description": OPEN}]


def _arms(record: StudyRecord, interventions: list[Data]) -> list[Data]:
    by_name = {entry["name"]: entry["id"] for entry in interventions}
    names = _ids([arm.label for arm in record.arms], "arm")
    found = []
    for name, arm in zip(names, record.arms, strict=True):
        given = [by_name[full.split(": ", 1)[-1]] for full in arm.interventions if full.split(": ", 1)[-1] in by_name]
        found.append(
            {
                "id": name,
                "label": arm.label or name,
                "kind": arm.kind or "OTHER",
                "description": plain(arm.description) or arm.label or OPEN,
                "interventions": given or [interventions[0]["id"]],
            }
        )
    first = interventions[0]
    return found or [
        {"id": "arm", "label": "All", "kind": "OTHER", "description": OPEN, "interventions": [first["id"]]}
    ]


def _ids(labels: Iterable[str], kind: str) -> list[str]:
    """An id for each label, all different."""
    found: list[str] = []
    for label in labels:
        words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40].rstrip("_")
        base = words if re.match(r"[a-z]", words) else f"{kind}_{words}".rstrip("_")
        name, number = base, 2
        while name in found:
            name, number = f"{base}_{number}", number + 1
        found.append(name)
    return found


def _contact(contact: RecordContact) -> Data:
    return _filled(name=contact.name, role=contact.role or "CONTACT", phone=contact.phone, email=contact.email)


def _site(number: int, place: Location) -> Data:
    return {
        "id": f"{number:02}",
        "name": place.facility or ", ".join(filter(None, (place.city, place.country))) or OPEN,
        "city": place.city,
        "province": place.state,
        "country": place.country,
        "status": place.status,
        **_filled(contacts=[_contact(contact) for contact in place.contacts if contact.name]),
        "timezone": "UTC",
    }


# --- endpoints.yaml, forms.yaml, assumptions.yaml --------------------------------------------------------------------


def _outcomes(record: StudyRecord) -> list[Data]:
    """Each planned outcome as an endpoint that is reached or not."""
    ranks = {"primary": "primary", "secondary": "secondary", "other": "exploratory"}
    found = [
        _outcome(number, rank=ranks[o.rank], title=o.measure, what=o.description, when=o.time_frame)
        for number, o in enumerate(record.outcomes, 1)
    ]
    if not any(outcome["endpoint"]["rank"] == "primary" for outcome in found):
        stand_in = _outcome(len(found) + 1, rank="primary", title=OPEN, what=OPEN, when=OPEN)
        stand_in["endpoint"]["source"] = {"assumption": "The record posts no primary outcome."}
        found.insert(0, stand_in)
    return found


def _outcome(number: int, *, rank: str, title: str, what: str, when: str) -> Data:
    part = f"outcome_{number}"
    return {
        "part": part,
        "endpoint": {
            "id": f"endpoint_{number}",
            "rank": rank,
            "aim": "efficacy",
            "measure": "binary",
            "title": plain(title) or OPEN,
            "description": plain(what) or plain(title) or OPEN,
            "time_frame": plain(when) or OPEN,
            "population": "FAS",
            "visits": ["assessment"],
            "parts": [{"id": "reached", "label": "Reached", "logic": part}],
            "source": "registry",
        },
    }


def _outcome_item(outcome: Data) -> Data:
    return {
        "id": outcome["part"],
        "label": f"Reached: {short(outcome['endpoint']['title'])}",
        "type": "boolean",
        "sdtm": {"domain": "RS", "testcd": outcome["part"].replace("outcome_", "OUT"), "test": outcome["part"].upper()},
        "source": {"assumption": "Reached or not, until the endpoint has its own items."},
    }


def _forms(begun: Begun, outcomes: list[str]) -> list[Data]:
    read, judged = list(begun.reader.items), [item["id"] for item in begun.judged]
    forms: list[Data] = [
        _form("screening_visit", "Screening", ["birth_date", "sex", "informed_consent", "weight"]),
        _form("treatment", "Treatment", ["dose_given"]),
        _form("assessment", "Assessment", outcomes),
        EVENT_FORM,
        {**_form("end_of_participation", "End of participation", ["end_reason", "end_date"]), "kind": "log"},
    ]
    if read:
        forms.append(_form("screening_findings", "Findings at screening", read))
    if judged:
        forms.append(_form("criteria", "Criteria that the investigator judges", judged))
    return forms


def _schedule(forms: list[str]) -> Data:
    """The visits, with the forms that there are at screening."""
    first, *others = SCHEDULE_REST["visits"]
    asked = [name for name in ("screening_visit", "screening_findings", "criteria") if name in forms]
    return {**SCHEDULE_REST, "visits": [{**first, "forms": asked}, *others]}


def _form(name: str, label: str, items: list[str]) -> Data:
    return {"id": name, "label": label, "groups": [{"id": "main", "fields": items}]}


def _treatment(record: StudyRecord) -> Data:
    name = record.interventions[0].name if record.interventions else "treatment"
    return {"treatment": name.upper()[:200]}


def _assumptions(record: StudyRecord, begun: Begun, outcomes: list[str]) -> Data:
    low, high = _whole_years(record.eligibility.minimum_age), _whole_years(record.eligibility.maximum_age)
    first, last = (low or 0) + 0.1, max((high if high is not None else 90) + 0.9, (low or 0) + 0.5)
    sexes = {"FEMALE": {"female": 1.0}, "MALE": {"male": 1.0}}.get(record.eligibility.sex, {"female": 0.5, "male": 0.5})
    people: list[Data] = [
        {"item": "birth_date", "age": {"uniform": True, "low": first, "high": last}},
        {"item": "sex", "choices": sexes},
        {"item": "informed_consent", "day": 0},
        {"item": "weight", "number": {"mean": 65, "sd": 10, "low": 40, "high": 110}},
        *begun.reader.draws(),
        *({"item": i["id"], "value": "true" if i["id"].startswith("judged_i") else "false"} for i in begun.judged),
    ]
    source = {"assumption": "A stand-in: everybody who comes is eligible."}
    return {
        "people": {"answers": people, "source": source},
        **ASSUMPTIONS_REST,
        "answers": [{"item": name, "chance": 0.5} for name in outcomes],
    }
