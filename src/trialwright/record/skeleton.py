"""A study definition as plain data, from a registry record: its words where it has them, else stand-ins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from trialwright.formats.ctgov.record import Location, RecordContact, RecordDate, StudyRecord
from trialwright.kernel.dates import PartialDate
from trialwright.record.criteria import plain, split_criteria
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
MOST_CRITERIA = 99
SHORT = 120
"""Characters of a criterion that says no more than an age."""


def skeleton(record: StudyRecord) -> tuple[Data, list[str]]:
    """(file name without `.yaml` -> its data, notes on what the record leaves open)."""
    notes: list[str] = []
    registration = _registration(record, notes)
    criteria, judged = _criteria(record)
    outcomes = _outcomes(record)
    arm = registration["arms"][0]
    parts: Data = {
        "study": registration,
        "items": [*ITEMS, *judged, *(_outcome_item(outcome) for outcome in outcomes)],
        "forms": _forms([item["id"] for item in judged], [outcome["part"] for outcome in outcomes]),
        "schedule": SCHEDULE_REST,
        "eligibility": {"criteria": criteria},
        "dosing": {"arm": arm["id"], "intervention": arm["interventions"][0], **_treatment(record), **DOSING_REST},
        "endpoints": {**ENDPOINTS_REST, "endpoints": [outcome["endpoint"] for outcome in outcomes]},
        "assumptions": _assumptions(record, [item["id"] for item in judged], [o["part"] for o in outcomes]),
    }
    return parts, notes


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
            name=entry.name,
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
        "name": place.facility or f"{place.city}, {place.country}",
        "city": place.city,
        "province": place.state,
        "country": place.country,
        "status": place.status,
        **_filled(contacts=[_contact(contact) for contact in place.contacts if contact.name]),
        "timezone": "UTC",
    }


# --- eligibility.yaml ------------------------------------------------------------------------------------------------


def _criteria(record: StudyRecord) -> tuple[list[Data], list[Data]]:
    """The criteria, and the judgements that answer those whose logic nobody has written yet."""
    lists = split_criteria(record.eligibility.criteria)
    inclusion = lists.inclusion or lists.preamble
    logic = _age_and_sex(record)
    ruled = _about_age_or_sex(inclusion, record) if logic else None
    criteria: list[Data] = []
    judged: list[Data] = []
    for letter, texts in (("I", inclusion), ("E", lists.exclusion)):
        for number, text in enumerate(_at_most(texts, MOST_CRITERIA - 1), 1):
            name, code = f"judged_{letter.lower()}{number:02}", f"{letter}{number:02}"
            if letter == "I" and number - 1 == ruled:
                criteria.append({"id": code, "label": _short(text), "text": text, "logic": logic})
                continue
            judged.append(_judgement(name, code, text))
            criteria.append({"id": code, "label": _short(text), "text": text, "logic": name})
    if logic and ruled is None:
        code = f"I{min(len(inclusion), MOST_CRITERIA - 1) + 1:02}"
        words = {"label": "Age and sex", "text": _ages_in_words(record)}
        criteria.append({"id": code, **words, "logic": logic})
    return criteria, judged


def _about_age_or_sex(texts: tuple[str, ...], record: StudyRecord) -> int | None:
    """Which of the record's own criteria says no more than its age limits and sex, if one does."""
    rules = record.eligibility
    limits = {match[0] for age in (rules.minimum_age, rules.maximum_age) if (match := re.match(r"\d+", age))}
    for index, text in enumerate(texts[: MOST_CRITERIA - 1]):
        numbers = set(re.findall(r"\d+", text))
        if limits and numbers == limits and len(text) <= SHORT and re.search(r"\b(aged?|years?|old)\b", text.lower()):
            return index
    return None


def _judgement(name: str, criterion: str, text: str) -> Data:
    return {
        "id": name,
        "label": f"{criterion}: {_short(text)}",
        "type": "judgement",
        "source": {"assumption": "Judged by the investigator until the criterion has its own logic."},
    }


def _at_most(texts: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Criteria beyond the last number go into the last one."""
    return texts if len(texts) <= most else (*texts[: most - 1], "\n".join(texts[most - 1 :]))


def _short(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 60 else first[:57].rsplit(" ", 1)[0] + " ..."


_PERIODS = {"year": "years", "month": "months", "week": "weeks", "day": "days"}


def _age_and_sex(record: StudyRecord) -> str:
    rules = record.eligibility
    parts = []
    if low := _age(rules.minimum_age):
        parts.append(f"birth_date + {low[0]} {low[1]} <= screening")
    if high := _age(rules.maximum_age):
        parts.append(f"birth_date + {high[0] + 1} {high[1]} > screening")
    if rules.sex in ("FEMALE", "MALE"):
        parts.append(f'sex == "{rules.sex.lower()}"')
    return " and ".join(parts)


def _age(text: str) -> tuple[int, str] | None:
    """A number of completed years, months, weeks or days; shorter ages have no day to count from."""
    match = re.match(r"(\d+) (Year|Month|Week|Day)s?$", text)
    return (int(match[1]), _PERIODS[match[2].lower()]) if match else None


def _ages_in_words(record: StudyRecord) -> str:
    rules = record.eligibility
    ages = [
        f"at least {rules.minimum_age}" if rules.minimum_age else "",
        f"at most {rules.maximum_age}" if rules.maximum_age else "",
    ]
    sex = {"FEMALE": "female", "MALE": "male"}.get(rules.sex, "")
    return "; ".join(part for part in (*ages, sex) if part).capitalize()


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
        "label": f"Reached: {_short(outcome['endpoint']['title'])}",
        "type": "boolean",
        "sdtm": {"domain": "RS", "testcd": outcome["part"].replace("outcome_", "OUT"), "test": outcome["part"].upper()},
        "source": {"assumption": "Reached or not, until the endpoint has its own items."},
    }


def _forms(judged: list[str], outcomes: list[str]) -> list[Data]:
    forms: list[Data] = [
        _form("screening_visit", "Screening", ["birth_date", "sex", "informed_consent", "weight"]),
        _form("treatment", "Treatment", ["dose_given"]),
        _form("assessment", "Assessment", outcomes),
        EVENT_FORM,
        {**_form("end_of_participation", "End of participation", ["end_reason", "end_date"]), "kind": "log"},
    ]
    return [*forms, _form("criteria", "Criteria that the investigator judges", judged)]


def _form(name: str, label: str, items: list[str]) -> Data:
    return {"id": name, "label": label, "groups": [{"id": "main", "fields": items}]}


def _treatment(record: StudyRecord) -> Data:
    name = record.interventions[0].name if record.interventions else "treatment"
    return {"treatment": name.upper()[:200]}


def _assumptions(record: StudyRecord, judged: list[str], outcomes: list[str]) -> Data:
    low, high = _whole_years(record.eligibility.minimum_age), _whole_years(record.eligibility.maximum_age)
    first, last = (low or 0) + 0.1, max((high if high is not None else 90) + 0.9, (low or 0) + 0.5)
    sexes = {"FEMALE": {"female": 1.0}, "MALE": {"male": 1.0}}.get(record.eligibility.sex, {"female": 0.5, "male": 0.5})
    people: list[Data] = [
        {"item": "birth_date", "age": {"uniform": True, "low": first, "high": last}},
        {"item": "sex", "choices": sexes},
        {"item": "informed_consent", "day": 0},
        {"item": "weight", "number": {"mean": 65, "sd": 10, "low": 40, "high": 110}},
        *({"item": name, "value": "true" if name.startswith("judged_i") else "false"} for name in judged),
    ]
    source = {"assumption": "A stand-in: everybody who comes is eligible."}
    return {
        "people": {"answers": people, "source": source},
        **ASSUMPTIONS_REST,
        "answers": [{"item": name, "chance": 0.5} for name in outcomes],
    }
