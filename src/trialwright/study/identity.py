"""What the registry knows of a study: identity, status, design, arms, sponsor, sites, contacts (`study.yaml`)."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from trialwright.kernel.provenance import REGISTRY, Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Id, Node


class Identifier(Node):
    id: str
    kind: str = "org_study_id"
    domain: str = ""


class Identity(Node):
    """Enum values throughout this module are those of ClinicalTrials.gov API v2."""

    nct_id: str = Field(pattern=r"^NCT\d{8}$")
    org_study_id: str
    brief_title: Text
    official_title: Text
    acronym: str = ""
    other_ids: tuple[Identifier, ...] = ()


class Status(Node):
    overall: str
    start: dt.date
    start_kind: str = "ACTUAL"
    completion: dt.date
    completion_kind: str = "ESTIMATED"
    last_update: dt.date
    why_stopped: str = ""


class Design(Node):
    study_type: str
    phases: tuple[str, ...]
    allocation: str
    intervention_model: str
    primary_purpose: str
    masking: str
    enrolment: int = Field(gt=0)
    enrolment_kind: str = "ESTIMATED"
    min_age: int | None = None
    max_age: int | None = None
    sex: str = "ALL"
    healthy_volunteers: bool = False


class Arm(Node):
    id: Id
    label: Text
    kind: str
    description: Text
    interventions: tuple[Id, ...]


class Intervention(Node):
    id: Id
    name: Text
    kind: str
    description: Text
    other_names: tuple[str, ...] = ()


class Organisation(Node):
    name: str
    kind: str


class Contact(Node):
    name: str
    role: str
    phone: str = ""
    email: str = ""


class Site(Node):
    """`id` is the number used in subject ids ("01"). Opening and pace of recruitment are assumptions (there)."""

    id: str = Field(pattern=r"^\d{2,3}$")
    name: Text
    city: Text
    province: Text
    country: Text
    status: str
    contacts: tuple[Contact, ...] = ()
    timezone: str = "Asia/Shanghai"


class Registration(Node):
    """The whole of `study.yaml`. Everything is from the registry unless `source` of a part says otherwise."""

    id: Id
    version: str
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
    responsible_party: str
    central_contacts: tuple[Contact, ...] = ()
    sites: tuple[Site, ...]
    source: Source = REGISTRY
