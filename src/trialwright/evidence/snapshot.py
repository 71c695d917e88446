"""The Snapshot: what did happen, at one cut of the data. Conduct extracts it; analysis reads nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """`state`: screening, screen_failed, enrolled, completed, discontinued. Dates are site-local days."""

    subject: str
    site: str
    state: str
    screened: dt.date
    consented: dt.date | None
    enrolled: dt.date | None
    ended: dt.date | None
    end_reason: str
    """A code of the item that captures it ("" while on study; "completed" for completers)."""
    arm: str


@dataclass(frozen=True, slots=True)
class VisitRow:
    """`state`: planned, done, missed."""

    subject: str
    visit: str
    planned: dt.date | None
    actual: dt.date | None
    state: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One captured value as typed. `visit` is "" for log forms; `row` numbers the rows of repeating groups from 1.

    `value` "" with `null_reason` (not_done, not_applicable, unknown, refused) is an answer without a value.
    """

    subject: str
    visit: str
    form: str
    group: str
    row: int
    item: str
    value: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    null_reason: str = ""
    when: str = ""
    """ISO date or date-time of the observation, where it is not the visit's day."""


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """What screening decided: `state` is met, not_met or unknown (for an exclusion, met = has the condition)."""

    subject: str
    criterion: str
    state: str
    explanation: str


@dataclass(frozen=True, slots=True)
class QueryRow:
    subject: str
    visit: str
    form: str
    item: str
    state: str
    opened: dt.datetime
    closed: dt.datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    study: str
    version: str
    cut: dt.datetime
    virtual: bool
    """True for a rehearsal: every display made from it says so."""
    audit_head: str
    """Root hash of the event log at the cut."""
    subjects: tuple[SubjectRow, ...]
    visits: tuple[VisitRow, ...]
    values: tuple[ValueRow, ...]
    criteria: tuple[CriterionRow, ...]
    queries: tuple[QueryRow, ...]
