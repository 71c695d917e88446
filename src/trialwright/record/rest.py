"""What a record holds beyond what its page shows: nothing of a record is lost, also fields that nobody knows yet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

MOST = 400
"""Entries shown; the whole record can be downloaded."""

_DATES = "start primaryCompletion completion"
_GROUPS = "groups.id groups.title groups.description"
_COUNTS = "denoms.units denoms.counts.groupId denoms.counts.value"
_CLASSES = f"classes.title classes.{' classes.'.join(_COUNTS.split())} classes.categories.title " + " ".join(
    f"classes.categories.measurements.{k}" for k in ("groupId", "value", "spread", "lowerLimit", "upperLimit")
)
_CONTACT = "name role phone email"
_EVENT = "term organSystem stats.groupId stats.numEvents stats.numAffected stats.numAtRisk"

_SHOWN: dict[str, str] = {
    "": "hasResults",
    "protocolSection.identificationModule": (
        "nctId nctIdAliases orgStudyIdInfo.id secondaryIdInfos.id secondaryIdInfos.type secondaryIdInfos.domain "
        "briefTitle officialTitle acronym organization.fullName organization.class"
    ),
    "protocolSection.statusModule": (
        "overallStatus lastKnownStatus whyStopped statusVerifiedDate studyFirstSubmitDate "
        + " ".join(f"{name}DateStruct.date {name}DateStruct.type" for name in _DATES.split())
        + " studyFirstPostDateStruct.date studyFirstPostDateStruct.type resultsFirstPostDateStruct.date "
        "resultsFirstPostDateStruct.type lastUpdatePostDateStruct.date lastUpdatePostDateStruct.type"
    ),
    "protocolSection.sponsorCollaboratorsModule": (
        "responsibleParty.type responsibleParty.investigatorFullName responsibleParty.investigatorTitle "
        "responsibleParty.investigatorAffiliation responsibleParty.oldNameTitle responsibleParty.oldOrganization "
        "leadSponsor.name leadSponsor.class collaborators.name collaborators.class"
    ),
    "protocolSection.oversightModule": (
        "oversightHasDmc isFdaRegulatedDrug isFdaRegulatedDevice isUnapprovedDevice isUsExport"
    ),
    "protocolSection.descriptionModule": "briefSummary detailedDescription",
    "protocolSection.conditionsModule": "conditions keywords",
    "protocolSection.designModule": (
        "studyType phases designInfo.allocation designInfo.interventionModel designInfo.interventionModelDescription "
        "designInfo.primaryPurpose designInfo.observationalModel designInfo.timePerspective "
        "designInfo.maskingInfo.masking designInfo.maskingInfo.maskingDescription designInfo.maskingInfo.whoMasked "
        "enrollmentInfo.count enrollmentInfo.type"
    ),
    "protocolSection.armsInterventionsModule": (
        "armGroups.label armGroups.type armGroups.description armGroups.interventionNames interventions.type "
        "interventions.name interventions.description interventions.armGroupLabels interventions.otherNames"
    ),
    "protocolSection.outcomesModule": " ".join(
        f"{rank}Outcomes.{part}"
        for rank in ("primary", "secondary", "other")
        for part in ("measure", "description", "timeFrame")
    ),
    "protocolSection.eligibilityModule": (
        "eligibilityCriteria healthyVolunteers sex minimumAge maximumAge stdAges studyPopulation samplingMethod"
    ),
    "protocolSection.contactsLocationsModule": (
        " ".join(f"centralContacts.{k} locations.contacts.{k}" for k in _CONTACT.split())
        + " overallOfficials.name overallOfficials.affiliation overallOfficials.role locations.facility "
        "locations.status locations.city locations.state locations.zip locations.country "
        "locations.geoPoint.lat locations.geoPoint.lon"
    ),
    "protocolSection.referencesModule": (
        "references.pmid references.type references.citation seeAlsoLinks.label seeAlsoLinks.url"
    ),
    "protocolSection.ipdSharingStatementModule": "ipdSharing description infoTypes timeFrame accessCriteria url",
    "documentSection.largeDocumentModule.largeDocs": "label date filename size",
    "derivedSection.conditionBrowseModule": "meshes.id meshes.term ancestors.id ancestors.term",
    "derivedSection.interventionBrowseModule": "meshes.id meshes.term ancestors.id ancestors.term",
    "resultsSection.participantFlowModule": (
        f"{_GROUPS} preAssignmentDetails recruitmentDetails periods.title "
        "periods.milestones.type periods.milestones.achievements.groupId periods.milestones.achievements.numSubjects "
        "periods.dropWithdraws.type periods.dropWithdraws.reasons.groupId periods.dropWithdraws.reasons.numSubjects"
    ),
    "resultsSection.baselineCharacteristicsModule": f"{_GROUPS} {_COUNTS} populationDescription",
    "resultsSection.baselineCharacteristicsModule.measures": (
        f"{_COUNTS} {_CLASSES} title paramType dispersionType unitOfMeasure"
    ),
    "resultsSection.outcomeMeasuresModule.outcomeMeasures": (
        f"{_GROUPS} {_COUNTS} {_CLASSES} type title description populationDescription reportingStatus paramType "
        "dispersionType unitOfMeasure timeFrame"
    ),
    "resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses": (
        "groupIds paramType paramValue dispersionType dispersionValue statisticalMethod statisticalComment pValue "
        "pValueComment ciPctValue ciLowerLimit ciUpperLimit ciLowerLimitComment ciUpperLimitComment "
        "estimateComment nonInferiorityType nonInferiorityComment otherAnalysisDescription "
        "groupDescription"
    ),
    "resultsSection.adverseEventsModule": (
        "frequencyThreshold timeFrame description eventGroups.id eventGroups.title eventGroups.description "
        + " ".join(
            f"eventGroups.{kind}Num{of}" for kind in ("deaths", "serious", "other") for of in ("Affected", "AtRisk")
        )
    ),
    "resultsSection.adverseEventsModule.seriousEvents": _EVENT,
    "resultsSection.adverseEventsModule.otherEvents": _EVENT,
    "resultsSection.moreInfoModule": "limitationsAndCaveats.description",
}


Tree = dict[str, Any]


@cache
def _shown() -> Tree:
    """The fields that the sections of the page show, as a tree of keys; a field has nothing below it."""
    tree: Tree = {}
    for module, fields in _SHOWN.items():
        for field in fields.split():
            here = tree
            for key in (f"{module}.{field}" if module else field).split("."):
                here = here.setdefault(key, {})
    return tree


def rest(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(path, value) of what stands nowhere else on the page; what repeats in a list has its values in one entry."""
    found: dict[str, list[str]] = {}
    _beyond(data, _shown(), "", found)
    return tuple((path, _told(values)) for path, values in found.items())


def _told(values: list[str]) -> str:
    more = len(values) - 20
    return "; ".join(values[:20]) + (f" (+ {more})" if more > 0 else "")


def _beyond(node: Mapping[str, Any], shown: Tree, path: str, found: dict[str, list[str]]) -> None:
    """Put into `found` what is in `node` and not in `shown`."""
    for key, part in node.items():
        below = shown.get(key)
        if below is not None and not isinstance(part, dict | list):
            continue
        place = f"{path}.{key}" if path else key
        for each in part if isinstance(part, list) else (part,):
            if isinstance(each, dict):
                _beyond(each, below or {}, place, found)
            elif isinstance(each, list):
                _beyond({key: each}, {} if below is None else {key: below}, path, found)
            elif below is None and each is not None and (place in found or len(found) < MOST):
                text = ("true" if each else "false") if isinstance(each, bool) else str(each)
                found.setdefault(place, []).append(text)
