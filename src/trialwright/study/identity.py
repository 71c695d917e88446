"""What the registry knows of a study: identity, status, design, arms, sponsor, sites, contacts (`study.yaml`).

Enumerations are those of ClinicalTrials.gov API v2, and "" where a record may leave them open.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from trialwright.kernel.provenance import REGISTRY, Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Id, Name, Node

DateKind = Literal["ACTUAL", "ESTIMATED"]
SiteStatus = Literal[
    "ACTIVE_NOT_RECRUITING", "COMPLETED", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "RECRUITING", "SUSPENDED",
    "TERMINATED", "WITHDRAWN", "AVAILABLE",
]  # fmt: skip
StudyStatus = Literal[
    SiteStatus,
    "NO_LONGER_AVAILABLE", "TEMPORARILY_NOT_AVAILABLE", "APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN",
]  # fmt: skip
StudyType = Literal["INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS"]
Phase = Literal["NA", "EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4"]
Allocation = Literal["RANDOMIZED", "NON_RANDOMIZED", "NA", ""]
Model = Literal[
    "SINGLE_GROUP", "PARALLEL", "CROSSOVER", "FACTORIAL", "SEQUENTIAL",
    "COHORT", "CASE_CONTROL", "CASE_ONLY", "CASE_CROSSOVER", "ECOLOGIC_OR_COMMUNITY", "FAMILY_BASED",
    "DEFINED_POPULATION", "NATURAL_HISTORY", "OTHER", "",
]  # fmt: skip
"""The interventional models, then the observational ones."""
Purpose = Literal[
    "TREATMENT", "PREVENTION", "DIAGNOSTIC", "ECT", "SUPPORTIVE_CARE", "SCREENING", "HEALTH_SERVICES_RESEARCH",
    "BASIC_SCIENCE", "DEVICE_FEASIBILITY", "OTHER", "",
]  # fmt: skip
Masking = Literal["NONE", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE", ""]
Sex = Literal["ALL", "FEMALE", "MALE"]
ArmKind = Literal[
    "EXPERIMENTAL", "ACTIVE_COMPARATOR", "PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION", "OTHER",
]  # fmt: skip
InterventionKind = Literal[
    "BEHAVIORAL", "BIOLOGICAL", "COMBINATION_PRODUCT", "DEVICE", "DIAGNOSTIC_TEST", "DIETARY_SUPPLEMENT", "DRUG",
    "GENETIC", "PROCEDURE", "RADIATION", "OTHER",
]  # fmt: skip
AgencyKind = Literal[
    "NIH", "FED", "OTHER_GOV", "INDIV", "INDUSTRY", "NETWORK", "AMBIG", "OTHER", "UNKNOWN",
]  # fmt: skip
Responsible = Literal["SPONSOR", "PRINCIPAL_INVESTIGATOR", "SPONSOR_INVESTIGATOR"]


class Identifier(Node):
    id: str
    kind: str = "org_study_id"
    domain: str = ""


class Identity(Node):
    nct_id: str = Field(pattern=r"^NCT\d{8}$")
    org_study_id: str
    brief_title: Text
    official_title: Text
    acronym: str = ""
    other_ids: tuple[Identifier, ...] = ()


class Status(Node):
    overall: StudyStatus
    start: dt.date
    start_kind: DateKind = "ACTUAL"
    completion: dt.date
    completion_kind: DateKind = "ESTIMATED"
    last_update: dt.date
    why_stopped: str = ""


class Design(Node):
    study_type: StudyType
    phases: tuple[Phase, ...]
    allocation: Allocation
    intervention_model: Model
    primary_purpose: Purpose
    masking: Masking
    enrolment: int = Field(gt=0)
    enrolment_kind: DateKind = "ESTIMATED"
    min_age: int | None = None
    max_age: int | None = None
    sex: Sex = "ALL"
    healthy_volunteers: bool = False


class Arm(Node):
    id: Id
    label: Text
    kind: ArmKind
    description: Text
    interventions: tuple[Id, ...]


class Intervention(Node):
    id: Id
    name: Text
    kind: InterventionKind
    description: Text
    other_names: tuple[str, ...] = ()


class Organisation(Node):
    name: str
    kind: AgencyKind


class Contact(Node):
    name: str
    role: str
    phone: str = ""
    email: str = ""


@cache
def _zones() -> frozenset[str]:
    """Names of the zones that this machine knows: looking for them walks through its files."""
    return frozenset(available_timezones())


class Site(Node):
    """`id` is the number used in subject ids ("01"). Opening and pace of recruitment are assumptions (there)."""

    id: str = Field(pattern=r"^\d{2,3}$")
    name: Text
    city: Text
    province: Text
    country: Text
    status: Literal[SiteStatus, ""]
    contacts: tuple[Contact, ...] = ()
    timezone: str = "UTC"
    """IANA name of the zone in which the site's days begin."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _zones():
            raise ValueError(f"'{name}' is no time zone; write its IANA name, for example Europe/Berlin")
        return name


class Registration(Node):
    """The whole of `study.yaml`. Everything is from the registry unless `source` of a part says otherwise."""

    id: Id
    version: Name
    version_date: dt.date
    identity: Identity
    status: Status
    design: Design
    brief_summary: Text
    detailed_description: Text | None = None
    conditions: tuple[Text, ...]
    keywords: tuple[Text, ...] = ()
    arms: tuple[Arm, ...]
    interventions: tuple[Intervention, ...]
    sponsor: Organisation
    collaborators: tuple[Organisation, ...] = ()
    responsible_party: Responsible
    central_contacts: tuple[Contact, ...] = ()
    sites: tuple[Site, ...]
    source: Source = REGISTRY

    @property
    def zone(self) -> str:
        """The one time zone that all sites share, else UTC: days of the study as a whole begin there."""
        zones = {site.timezone for site in self.sites}
        return zones.pop() if len(zones) == 1 else "UTC"
