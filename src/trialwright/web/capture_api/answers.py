"""The shapes of what comes out, read from what actions and worklists give."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict


class Said(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Label(Said):
    en: str
    zh: str


class RoleOut(Said):
    role: str
    site: str


class KeyOut(Said):
    study: str
    person: str
    name: str
    prefix: str
    roles: list[RoleOut]
    scopes: list[str]
    expires: dt.datetime


class StudyOut(Said):
    study: str
    version: str
    registry_number: str
    title: Label
    state: str
    virtual: bool
    planned: int
    enrolled: int
    forms: int
    items: int
    visits: int
    now: dt.datetime
    """The study's present: a virtual trial has a calendar of its own."""


class SiteOut(Said):
    site: str
    name: Label
    city: Label
    country: Label
    timezone: str
    state: str
    activated: dt.date | None
    screened: int
    enrolled: int
    open_queries: int


class Sites(Said):
    sites: list[SiteOut]


class FieldOut(Said):
    item: str
    required: bool
    critical: bool
    show_when: str | None


class GroupOut(Said):
    id: str
    label: Label | None
    repeating: bool
    fields: list[FieldOut]


class CheckOut(Said):
    id: str
    logic: str
    message: Label
    item: str


class FormDefinition(Said):
    id: str
    label: Label
    kind: str
    groups: list[GroupOut]
    checks: list[CheckOut]


class FormDefinitions(Said):
    forms: list[FormDefinition]


class ChoiceOut(Said):
    code: str
    label: Label


class LimitsOut(Said):
    low: float | None
    high: float | None
    open_low: bool
    open_high: bool


class ItemDefinition(Said):
    id: str
    label: Label
    type: str
    unit: str
    units: list[str]
    decimals: int | None
    lines: int
    partial: bool
    blinded: bool
    choices: list[ChoiceOut]
    hard: LimitsOut | None
    soft: LimitsOut | None
    derive: str | None


class ItemDefinitions(Said):
    items: list[ItemDefinition]
    next: str
    """Give it as `after` for what follows; "" at the end."""


class SubjectOut(Said):
    subject: str
    site: str
    state: str
    screened: dt.date
    consented: dt.date | None
    guardian_consented: dt.date | None
    verdict: str
    enrolled: dt.date | None
    first_dose: dt.date | None
    ended: dt.date | None
    end_reason: str
    arm: str


class Subjects(Said):
    subjects: list[SubjectOut]
    next: str
    """Give it as `after` for what follows; "" at the end."""


class FormLineOut(Said):
    form: str
    state: str
    version: int
    queries: int


class VisitOut(Said):
    visit: str
    label: Label
    state: str
    planned: dt.date | None
    actual: dt.date | None
    first: dt.date | None
    last: dt.date | None
    timing: str
    reason: str
    dose: int | None
    forms: list[FormLineOut]


class DoseOut(Said):
    dose: int
    state: str
    planned: dt.date | None
    amount: float | None
    unit: str
    explanation: str


class CriterionOut(Said):
    criterion: str
    state: str
    explanation: str


class SubjectForms(Said):
    subject: SubjectOut
    visits: list[VisitOut]
    logs: list[FormLineOut]
    doses: list[DoseOut]
    criteria: list[CriterionOut]


class VisitStarted(Said):
    visit: str
    timing: str


class VerdictOut(Said):
    verdict: str
    criteria: list[CriterionOut]
    missing: list[str]


class DosePlanned(Said):
    dose: int
    decision: str
    amount: float | None
    unit: str
    explanation: str


class VisitAdded(Said):
    subject: str
    visit: str
    """The id that it has now: `unscheduled.2`."""


class Ended(Said):
    state: str


class MessageOut(Said):
    at: dt.datetime
    who: str
    text: str


class QueryOut(Said):
    subject: str
    number: int
    site: str
    visit: str
    form: str
    group: str
    row: int
    item: str
    check: str
    state: str
    text: str
    opened: dt.datetime
    closed: dt.datetime | None
    thread: list[MessageOut]


class Queries(Said):
    queries: list[QueryOut]
    total: int
    page: int
    pages: int


class QueryNumber(Said):
    subject: str
    number: int


class ValueOut(Said):
    group: str
    row: int
    item: str
    value: str
    unit: str
    low: float | None
    high: float | None
    null_reason: str
    when: str
    signed_by: str
    required: bool
    derived: bool
    hidden: bool
    """Not asked here: its condition is false."""
    changes: int
    """How often it was changed after the first entry."""
    blinded: bool
    """What stands here is kept from this key, if there is anything."""


class AsideOut(Said):
    group: str
    row: int
    item: str
    value: str
    unit: str
    null_reason: str


class FormOut(Said):
    subject: str
    site: str
    visit: str
    day: dt.date | None
    form: str
    state: str
    version: int
    definition: str
    """The version of the definition that the form goes by."""
    in_force: str
    """The one in force at the site: where it is another, the form may be migrated to it."""
    aside: list[AsideOut]
    """What was captured under another version, in fields that this one does not have."""
    values: list[ValueOut]
    """Every field of the form, and of each row that holds something."""
    missing: list[str]
    read_only: str
    """A sentence; "" when this key may save."""
    queries: list[QueryOut]


class FormSavedOut(Said):
    subject: str
    visit: str
    form: str
    version: int
    state: str
    changed: int
    missing: list[str]
    opened: list[int]
    closed: list[int]


class FileKept(Said):
    value: str
    """What names the file: save it in a field of type `file`."""
    bytes: int
    sha256: str


class PlaceOut(Said):
    group: str
    row: int
    item: str


class HistoryLineOut(Said):
    sequence: int
    local: str
    zone: str
    who: str
    role: str
    reason: str
    old: dict[str, Any]
    new: dict[str, Any]


class FieldHistory(Said):
    history: list[HistoryLineOut]


class ChangeOut(Said):
    table: str
    what: str
    column: str
    old: Any
    new: Any


class EventOut(Said):
    sequence: int
    at: dt.datetime
    local: str
    zone: str
    who: str
    role: str
    action: str
    site: str
    subject: str
    visit: str
    form: str
    reason: str
    version: str
    hash: str
    changes: list[ChangeOut]


class Trail(Said):
    events: list[EventOut]
    total: int
    page: int
    pages: int


class JobOut(Said):
    number: int
    kind: str
    options: dict[str, str]
    state: str
    done: int
    total: int
    created: dt.datetime
    ended: dt.datetime | None
    sha256: str
    message: str


class Jobs(Said):
    exports: list[JobOut]
    kinds: list[str]


class VerifiedOut(Said):
    verified: list[PlaceOut]
    to_verify: int
    """Critical values that wait for verification."""


class FormVerifiedOut(Said):
    changed: int
    verified: int
    to_verify: int


class LockOut(Said):
    """Empty parts, and row 0, stand for the whole above."""

    site: str
    subject: str
    visit: str
    form: str
    group: str
    row: int
    item: str
    state: str
    reason: str
    by: str
    at: dt.datetime | None


class Locks(Said):
    locks: list[LockOut]


class SignatureOut(Said):
    subject: str
    site: str
    visit: str
    form: str
    number: int
    meaning: str
    who: str
    name: str
    role: str
    at: dt.datetime
    factor: str
    sha256: str
    state: str


class Signatures(Said):
    signatures: list[SignatureOut]
    next: int
    """Give it as `after` for what follows; 0 at the end."""
