"""A registry record with every section typed. The JSON is kept as it was read, so writing gives it back unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.formats.ctgov.part import Part
from trialwright.formats.ctgov.results import PostedResults, read_results


@dataclass(frozen=True, slots=True)
class RecordDate:
    """`date`: YYYY, YYYY-MM or YYYY-MM-DD, "" where the record has none; `kind`: ACTUAL, ESTIMATED or ""."""

    date: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SecondaryId:
    id: str
    kind: str
    domain: str
    link: str


@dataclass(frozen=True, slots=True)
class Identification:
    nct_id: str
    aliases: tuple[str, ...]
    org_study_id: str
    secondary_ids: tuple[SecondaryId, ...]
    brief_title: str
    official_title: str
    acronym: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Dates:
    """When what happened, and the recruitment status."""

    status: str
    last_known_status: str
    why_stopped: str
    verified: str
    start: RecordDate
    primary_completion: RecordDate
    completion: RecordDate
    first_submitted: str
    first_posted: RecordDate
    results_posted: RecordDate
    updated: RecordDate


@dataclass(frozen=True, slots=True)
class Agency:
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Responsible:
    kind: str
    name: str
    title: str
    affiliation: str


@dataclass(frozen=True, slots=True)
class Oversight:
    data_monitoring: bool | None
    fda_drug: bool | None
    fda_device: bool | None
    unapproved_device: bool | None = None
    us_export: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordDesign:
    study_type: str
    phases: tuple[str, ...]
    allocation: str
    intervention_model: str
    model_description: str
    primary_purpose: str
    observational_model: str
    time_perspective: str
    masking: str
    masking_description: str
    masked: tuple[str, ...]
    enrolment: int | None
    enrolment_kind: str


@dataclass(frozen=True, slots=True)
class ArmGroup:
    label: str
    kind: str
    description: str
    interventions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordIntervention:
    kind: str
    name: str
    description: str
    arms: tuple[str, ...]
    other_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedOutcome:
    rank: str
    """primary, secondary or other."""
    measure: str
    description: str
    time_frame: str


@dataclass(frozen=True, slots=True)
class RecordEligibility:
    criteria: str
    healthy_volunteers: bool | None
    sex: str
    minimum_age: str
    maximum_age: str
    standard_ages: tuple[str, ...]
    population: str
    sampling: str


@dataclass(frozen=True, slots=True)
class RecordContact:
    name: str
    role: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Official:
    name: str
    affiliation: str
    role: str


@dataclass(frozen=True, slots=True)
class Location:
    facility: str
    status: str
    city: str
    state: str
    postcode: str
    country: str
    contacts: tuple[RecordContact, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    pmid: str
    kind: str
    citation: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the study at the registry (protocol, statistical analysis plan, consent form)."""

    label: str
    date: str
    file: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the registry derived: MeSH terms, and the ones above them in the tree."""

    terms: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSharing:
    plan: str
    description: str
    kinds: tuple[str, ...]
    time_frame: str
    access: str
    url: str


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """One record. `data` is its JSON; the rest is read from it."""

    data: Mapping[str, Any]
    identification: Identification
    dates: Dates
    sponsor: Agency
    collaborators: tuple[Agency, ...]
    responsible: Responsible
    oversight: Oversight
    brief_summary: str
    detailed_description: str
    conditions: tuple[str, ...]
    keywords: tuple[str, ...]
    design: RecordDesign
    arms: tuple[ArmGroup, ...]
    interventions: tuple[RecordIntervention, ...]
    outcomes: tuple[PlannedOutcome, ...]
    eligibility: RecordEligibility
    central_contacts: tuple[RecordContact, ...]
    officials: tuple[Official, ...]
    locations: tuple[Location, ...]
    references: tuple[Reference, ...]
    links: tuple[Link, ...]
    sharing: DataSharing
    results: PostedResults | None
    documents: tuple[Document, ...] = ()
    condition_terms: Terms = Terms()
    intervention_terms: Terms = Terms()

    @property
    def id(self) -> str:
        return self.identification.nct_id

    @property
    def title(self) -> str:
        return self.identification.brief_title or self.identification.official_title

    @property
    def countries(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.country for place in self.locations if place.country))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> StudyRecord:
        """Read the JSON of one record. Raises InputError where a part has the wrong type."""
        whole = Part(data)
        protocol = whole.part("protocolSection")
        sponsors = protocol.part("sponsorCollaboratorsModule")
        places = protocol.part("contactsLocationsModule")
        references = protocol.part("referencesModule")
        described, conditions = protocol.part("descriptionModule"), protocol.part("conditionsModule")
        arms = protocol.part("armsInterventionsModule")
        return cls(
            data=data,
            identification=_identification(protocol.part("identificationModule")),
            dates=_dates(protocol.part("statusModule")),
            sponsor=_agency(sponsors.part("leadSponsor")),
            collaborators=tuple(_agency(part) for part in sponsors.parts("collaborators")),
            responsible=_responsible(sponsors.part("responsibleParty")),
            oversight=_oversight(protocol.part("oversightModule")),
            brief_summary=described.text("briefSummary"),
            detailed_description=described.text("detailedDescription"),
            conditions=conditions.texts("conditions"),
            keywords=conditions.texts("keywords"),
            design=_design(protocol.part("designModule")),
            arms=tuple(_arm(part) for part in arms.parts("armGroups")),
            interventions=tuple(_intervention(part) for part in arms.parts("interventions")),
            outcomes=_outcomes(protocol.part("outcomesModule")),
            eligibility=_eligibility(protocol.part("eligibilityModule")),
            central_contacts=_contacts(places, "centralContacts"),
            officials=tuple(
                Official(p.text("name"), p.text("affiliation"), p.text("role"))
                for p in places.parts("overallOfficials")
            ),
            locations=tuple(_location(part) for part in places.parts("locations")),
            references=tuple(
                Reference(p.text("pmid"), p.text("type"), p.text("citation")) for p in references.parts("references")
            ),
            links=tuple(Link(p.text("label"), p.text("url")) for p in references.parts("seeAlsoLinks")),
            sharing=_sharing(protocol.part("ipdSharingStatementModule")),
            results=read_results(whole.part("resultsSection")) if data.get("resultsSection") else None,
            documents=_documents(whole.part("documentSection").part("largeDocumentModule")),
            condition_terms=_terms(whole.part("derivedSection").part("conditionBrowseModule")),
            intervention_terms=_terms(whole.part("derivedSection").part("interventionBrowseModule")),
        )


def _identification(part: Part) -> Identification:
    return Identification(
        nct_id=part.text("nctId"),
        aliases=part.texts("nctIdAliases"),
        org_study_id=part.part("orgStudyIdInfo").text("id"),
        secondary_ids=tuple(
            SecondaryId(p.text("id"), p.text("type"), p.text("domain"), p.text("link"))
            for p in part.parts("secondaryIdInfos")
        ),
        brief_title=part.text("briefTitle"),
        official_title=part.text("officialTitle"),
        acronym=part.text("acronym"),
        organisation=part.part("organization").text("fullName"),
    )


def _date(part: Part, key: str) -> RecordDate:
    struct = part.part(key)
    return RecordDate(struct.text("date"), struct.text("type"))


def _dates(part: Part) -> Dates:
    return Dates(
        status=part.text("overallStatus"),
        last_known_status=part.text("lastKnownStatus"),
        why_stopped=part.text("whyStopped"),
        verified=part.text("statusVerifiedDate"),
        start=_date(part, "startDateStruct"),
        primary_completion=_date(part, "primaryCompletionDateStruct"),
        completion=_date(part, "completionDateStruct"),
        first_submitted=part.text("studyFirstSubmitDate"),
        first_posted=_date(part, "studyFirstPostDateStruct"),
        results_posted=_date(part, "resultsFirstPostDateStruct"),
        updated=_date(part, "lastUpdatePostDateStruct"),
    )


def _agency(part: Part) -> Agency:
    return Agency(part.text("name"), part.text("class"))


def _responsible(part: Part) -> Responsible:
    return Responsible(
        kind=part.text("type"),
        name=part.text("investigatorFullName") or part.text("oldNameTitle"),
        title=part.text("investigatorTitle"),
        affiliation=part.text("investigatorAffiliation") or part.text("oldOrganization"),
    )


def _oversight(part: Part) -> Oversight:
    return Oversight(
        data_monitoring=part.flag("oversightHasDmc"),
        fda_drug=part.flag("isFdaRegulatedDrug"),
        fda_device=part.flag("isFdaRegulatedDevice"),
        unapproved_device=part.flag("isUnapprovedDevice"),
        us_export=part.flag("isUsExport"),
    )


def _design(part: Part) -> RecordDesign:
    info, enrolment = part.part("designInfo"), part.part("enrollmentInfo")
    masking = info.part("maskingInfo")
    return RecordDesign(
        study_type=part.text("studyType"),
        phases=part.texts("phases"),
        allocation=info.text("allocation"),
        intervention_model=info.text("interventionModel"),
        model_description=info.text("interventionModelDescription"),
        primary_purpose=info.text("primaryPurpose"),
        observational_model=info.text("observationalModel"),
        time_perspective=info.text("timePerspective"),
        masking=masking.text("masking"),
        masking_description=masking.text("maskingDescription"),
        masked=masking.texts("whoMasked"),
        enrolment=enrolment.count("count"),
        enrolment_kind=enrolment.text("type"),
    )


def _arm(part: Part) -> ArmGroup:
    return ArmGroup(part.text("label"), part.text("type"), part.text("description"), part.texts("interventionNames"))


def _intervention(part: Part) -> RecordIntervention:
    return RecordIntervention(
        kind=part.text("type"),
        name=part.text("name"),
        description=part.text("description"),
        arms=part.texts("armGroupLabels"),
        other_names=part.texts("otherNames"),
    )


def _outcomes(part: Part) -> tuple[PlannedOutcome, ...]:
    return tuple(
        PlannedOutcome(rank, entry.text("measure"), entry.text("description"), entry.text("timeFrame"))
        for rank in ("primary", "secondary", "other")
        for entry in part.parts(f"{rank}Outcomes")
    )


def _eligibility(part: Part) -> RecordEligibility:
    return RecordEligibility(
        criteria=part.text("eligibilityCriteria"),
        healthy_volunteers=part.flag("healthyVolunteers"),
        sex=part.text("sex"),
        minimum_age=part.text("minimumAge"),
        maximum_age=part.text("maximumAge"),
        standard_ages=part.texts("stdAges"),
        population=part.text("studyPopulation"),
        sampling=part.text("samplingMethod"),
    )


def _contacts(part: Part, key: str) -> tuple[RecordContact, ...]:
    return tuple(
        RecordContact(p.text("name"), p.text("role"), p.text("phone"), p.text("email")) for p in part.parts(key)
    )


def _location(part: Part) -> Location:
    return Location(
        facility=part.text("facility"),
        status=part.text("status"),
        city=part.text("city"),
        state=part.text("state"),
        postcode=part.text("zip"),
        country=part.text("country"),
        contacts=_contacts(part, "contacts"),
    )


def _sharing(part: Part) -> DataSharing:
    return DataSharing(
        plan=part.text("ipdSharing"),
        description=part.text("description"),
        kinds=part.texts("infoTypes"),
        time_frame=part.text("timeFrame"),
        access=part.text("accessCriteria"),
        url=part.text("url"),
    )


def _documents(part: Part) -> tuple[Document, ...]:
    return tuple(
        Document(p.text("label"), p.text("date"), p.text("filename"), p.count("size")) for p in part.parts("largeDocs")
    )


def _terms(part: Part) -> Terms:
    return Terms(
        tuple(p.text("term") for p in part.parts("meshes")), tuple(p.text("term") for p in part.parts("ancestors"))
    )
