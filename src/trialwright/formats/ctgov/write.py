"""Writes the record of a study definition as API v2 JSON, and any record as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion
from trialwright.study.identity import Contact, Registration, Site

CONTACT_ROLES = ("STUDY_CHAIR", "STUDY_DIRECTOR", "PRINCIPAL_INVESTIGATOR", "SUB_INVESTIGATOR", "CONTACT")


def to_json(record: Mapping[str, Any]) -> str:
    """A record as JSON text that ends with a line break."""
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def record_of(study: Study, *, lang: str = "en", with_assumptions: bool = False) -> dict[str, Any]:
    """The record of a study, as far as the registry knows it.

    `with_assumptions` adds the planned outcomes that come from us or the literature; results need them beside them.
    """
    registration = study.registration
    protocol = {
        "identificationModule": _identification(registration, lang),
        "statusModule": _status(registration),
        "sponsorCollaboratorsModule": _sponsors(registration),
        "descriptionModule": _filled(
            briefSummary=registration.brief_summary.to(lang),
            detailedDescription=registration.detailed_description and registration.detailed_description.to(lang),
        ),
        "conditionsModule": _filled(
            conditions=[condition.to(lang) for condition in registration.conditions],
            keywords=[keyword.to(lang) for keyword in registration.keywords],
        ),
        "designModule": _design(registration),
        "armsInterventionsModule": _arms(registration, lang),
        "outcomesModule": _outcomes(study, lang, with_assumptions),
        "eligibilityModule": _eligibility(study, lang),
        "contactsLocationsModule": _filled(
            centralContacts=[_contact(contact) for contact in registration.central_contacts],
            locations=[_location(site, lang) for site in registration.sites],
        ),
    }
    return {"protocolSection": _filled(**protocol), "hasResults": False}


def _filled(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value not in ("", [], {}, None)}


def _identification(registration: Registration, lang: str) -> dict[str, Any]:
    identity = registration.identity
    return _filled(
        nctId=identity.nct_id,
        orgStudyIdInfo=_filled(id=identity.org_study_id),
        secondaryIdInfos=[_filled(id=other.id, type=other.kind, domain=other.domain) for other in identity.other_ids],
        organization={"fullName": registration.sponsor.name, "class": registration.sponsor.kind},
        briefTitle=identity.brief_title.to(lang),
        officialTitle=identity.official_title.to(lang),
        acronym=identity.acronym,
    )


def _status(registration: Registration) -> dict[str, Any]:
    status = registration.status
    return _filled(
        overallStatus=status.overall,
        whyStopped=status.why_stopped,
        startDateStruct=_filled(date=status.start.isoformat(), type=status.start_kind),
        completionDateStruct=_filled(date=status.completion.isoformat(), type=status.completion_kind),
        lastUpdatePostDateStruct=_filled(date=status.last_update.isoformat(), type="ACTUAL"),
    )


def _sponsors(registration: Registration) -> dict[str, Any]:
    return _filled(
        responsibleParty={"type": registration.responsible_party},
        leadSponsor={"name": registration.sponsor.name, "class": registration.sponsor.kind},
        collaborators=[{"name": other.name, "class": other.kind} for other in registration.collaborators],
    )


def _design(registration: Registration) -> dict[str, Any]:
    design = registration.design
    return _filled(
        studyType=design.study_type,
        phases=list(design.phases),
        designInfo=_filled(
            allocation=design.allocation,
            interventionModel=design.intervention_model,
            primaryPurpose=design.primary_purpose,
            maskingInfo=_filled(masking=design.masking),
        ),
        enrollmentInfo={"count": design.enrolment, "type": design.enrolment_kind},
    )


def _arms(registration: Registration, lang: str) -> dict[str, Any]:
    kinds = {i.id: f"{i.kind.replace('_', ' ').capitalize()}: {i.name.to(lang)}" for i in registration.interventions}
    groups = [
        _filled(
            label=arm.label.to(lang),
            type=arm.kind,
            description=arm.description.to(lang),
            interventionNames=[kinds[name] for name in arm.interventions],
        )
        for arm in registration.arms
    ]
    interventions = [
        _filled(
            type=intervention.kind,
            name=intervention.name.to(lang),
            description=intervention.description.to(lang),
            armGroupLabels=[arm.label.to(lang) for arm in registration.arms if intervention.id in arm.interventions],
            otherNames=list(intervention.other_names),
        )
        for intervention in registration.interventions
    ]
    return _filled(armGroups=groups, interventions=interventions)


def _outcomes(study: Study, lang: str, with_assumptions: bool) -> dict[str, Any]:
    found: dict[str, list[dict[str, str]]] = {}
    names = {"primary": "primaryOutcomes", "secondary": "secondaryOutcomes", "exploratory": "otherOutcomes"}
    for endpoint in study.endpoints.endpoints:
        if with_assumptions or endpoint.source.from_registry:
            found.setdefault(names[endpoint.rank], []).append(
                {
                    "measure": endpoint.title.to(lang),
                    "description": endpoint.description.to(lang),
                    "timeFrame": endpoint.time_frame.to(lang),
                }
            )
    return {name: found[name] for name in names.values() if name in found}


def _eligibility(study: Study, lang: str) -> dict[str, Any]:
    design = study.registration.design
    return _filled(
        eligibilityCriteria=_criteria(study.eligibility.criteria, lang),
        sex=design.sex,
        minimumAge=_years(design.min_age),
        maximumAge=_years(design.max_age),
        stdAges=_standard_ages(design.min_age, design.max_age),
    ) | {"healthyVolunteers": design.healthy_volunteers}


def _criteria(criteria: Iterable[Criterion], lang: str) -> str:
    """The registry's markup: two headings, each with a list."""
    blocks = []
    for kind in ("inclusion", "exclusion"):
        lines = [f"* {' '.join(criterion.text.to(lang).split())}" for criterion in criteria if criterion.kind == kind]
        if lines:
            blocks.append(f"{kind.capitalize()} Criteria:\n\n" + "\n".join(lines))
    return "\n\n".join(blocks)


def _years(age: int | None) -> str:
    return "" if age is None else f"{age} Years"


def _standard_ages(lowest: int | None, highest: int | None) -> list[str]:
    """The registry's age groups: up to 17, 18 to 64, from 65."""
    bounds = {"CHILD": (0, 17), "ADULT": (18, 64), "OLDER_ADULT": (65, 200)}
    low, high = lowest or 0, 200 if highest is None else highest
    return [name for name, (first, last) in bounds.items() if low <= last and high >= first]


def _contact(contact: Contact) -> dict[str, Any]:
    role = contact.role if contact.role in CONTACT_ROLES else "CONTACT"
    return _filled(name=contact.name, role=role, phone=contact.phone, email=contact.email)


def _location(site: Site, lang: str) -> dict[str, Any]:
    return _filled(
        facility=site.name.to(lang),
        status=site.status,
        city=site.city.to(lang),
        state=site.province.to(lang),
        country=site.country.to(lang),
        contacts=[_contact(contact) for contact in site.contacts],
    )
