"""A registry record as a FHIR R4 (4.0.1) ResearchStudy. Source of the codes: hl7.org/fhir/R4/researchstudy.html."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trialwright.formats.ctgov.record import StudyRecord
from trialwright.formats.ctgov.table import STUDY_URL

REGISTRY = "http://clinicaltrials.gov"
_CODES = "http://terminology.hl7.org/CodeSystem"

STATUS = {
    "NOT_YET_RECRUITING": "approved",
    "RECRUITING": "active",
    "ENROLLING_BY_INVITATION": "active",
    "ACTIVE_NOT_RECRUITING": "closed-to-accrual",
    "SUSPENDED": "temporarily-closed-to-accrual",
    "COMPLETED": "completed",
    "TERMINATED": "administratively-completed",
    "WITHDRAWN": "withdrawn",
    "AVAILABLE": "active",
    "TEMPORARILY_NOT_AVAILABLE": "temporarily-closed-to-accrual",
    "NO_LONGER_AVAILABLE": "closed-to-accrual",
    "APPROVED_FOR_MARKETING": "completed",
}
"""Status of the registry -> publication status of the study. R4 has no value for an unknown status: it is absent,
and an extension says so (hl7.org/fhir/R4/extension-data-absent-reason.html)."""

_UNKNOWN = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}

_PHASES = {
    ("NA",): "n-a",
    ("EARLY_PHASE1",): "early-phase-1",
    ("PHASE1",): "phase-1",
    ("PHASE1", "PHASE2"): "phase-1-phase-2",
    ("PHASE2",): "phase-2",
    ("PHASE2", "PHASE3"): "phase-2-phase-3",
    ("PHASE3",): "phase-3",
    ("PHASE4",): "phase-4",
}
_PURPOSES = {
    "TREATMENT", "PREVENTION", "DIAGNOSTIC", "SUPPORTIVE_CARE", "SCREENING", "HEALTH_SERVICES_RESEARCH",
    "BASIC_SCIENCE", "DEVICE_FEASIBILITY",
}  # fmt: skip
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def research_study(record: StudyRecord) -> dict[str, Any]:
    """The resource. The registry's own status stands beside FHIR's as a note."""
    identity = record.identification
    study = {
        "resourceType": "ResearchStudy",
        "id": record.id,
        "identifier": _identifiers(record),
        "title": identity.official_title or record.title,
        "status": STATUS.get(record.dates.status, ""),
        "_status": {} if record.dates.status in STATUS else _UNKNOWN,
        "primaryPurposeType": _purpose(record.design.primary_purpose),
        "phase": _phase(record.design.phases),
        "category": [{"text": record.design.study_type}] if record.design.study_type else [],
        "focus": [{"text": intervention.name} for intervention in record.interventions if intervention.name],
        "condition": [{"text": condition} for condition in record.conditions if condition],
        "contact": [_contact(contact.name, contact.phone, contact.email) for contact in record.central_contacts],
        "relatedArtifact": _artifacts(record),
        "keyword": [{"text": keyword} for keyword in record.keywords if keyword],
        "location": [{"text": country} for country in record.countries],
        "description": record.brief_summary,
        "period": _period(record),
        "sponsor": {"display": record.sponsor.name} if record.sponsor.name else {},
        "principalInvestigator": {"display": record.officials[0].name} if record.officials else {},
        "reasonStopped": {"text": record.dates.why_stopped} if record.dates.why_stopped else {},
        "note": [{"text": f"Registry status: {record.dates.status}"}] if record.dates.status else [],
        "arm": [_arm(arm.label, arm.kind, arm.description) for arm in record.arms if arm.label],
        "objective": [{"name": outcome.measure} for outcome in record.outcomes if outcome.measure],
    }
    return {key: value for key, value in study.items() if value}


def bundle_entry(record: StudyRecord) -> dict[str, Any]:
    """The resource as an entry of a searchset Bundle."""
    return {"fullUrl": STUDY_URL + record.id, "resource": research_study(record)}


def _identifiers(record: StudyRecord) -> list[Mapping[str, Any]]:
    identity = record.identification
    found: list[Mapping[str, Any]] = [{"use": "official", "system": REGISTRY, "value": record.id}]
    if identity.org_study_id:
        found.append({"use": "secondary", "value": identity.org_study_id})
    for other in identity.secondary_ids:
        if other.id:
            kind = other.domain or other.kind
            found.append({"use": "secondary", "value": other.id, **({"type": {"text": kind}} if kind else {})})
    return found


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{_CODES}/{system}", "code": code}]}


def _purpose(purpose: str) -> dict[str, Any]:
    if purpose in _PURPOSES:
        return _coded("research-study-prim-purp-type", purpose.lower().replace("_", "-"))
    return {"text": purpose} if purpose else {}


def _phase(phases: tuple[str, ...]) -> dict[str, Any]:
    code = _PHASES.get(phases)
    if code:
        return _coded("research-study-phase", code)
    return {"text": ", ".join(phases)} if phases else {}


def _contact(name: str, phone: str, email: str) -> dict[str, Any]:
    telecom = [{"system": kind, "value": value} for kind, value in (("phone", phone), ("email", email)) if value]
    return {key: value for key, value in (("name", name), ("telecom", telecom)) if value}


def _artifacts(record: StudyRecord) -> list[dict[str, Any]]:
    cited = [{"type": "citation", "citation": r.citation} for r in record.references if r.citation]
    linked = [{"type": "documentation", "display": k.label, "url": k.url} for k in record.links if k.url]
    return [*cited, *({key: value for key, value in link.items() if value} for link in linked)]


def _period(record: StudyRecord) -> dict[str, str]:
    ends = (("start", record.dates.start.date), ("end", record.dates.completion.date))
    return {key: date for key, date in ends if _DATE.fullmatch(date)}


def _arm(label: str, kind: str, description: str) -> dict[str, Any]:
    arm: dict[str, Any] = {"name": label}
    if kind:
        arm["type"] = {"text": kind}
    return arm | ({"description": description} if description else {})
