"""A patient as screening sees one: facts, each of one item at one moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from trialwright.kernel.dates import PartialDate

Value = float | int | str | bool | PartialDate | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement on a patient. `value` None means asked and not known (`reason` says why).

    `unit` is a UCUM unit ("" = the item's own); `low`, `high` the laboratory's reference limits in that unit.
    An event's value is a PartialDate, "none" (asserted absent) or "current".
    """

    item: str
    value: Value
    unit: str = ""
    low: float | None = None
    high: float | None = None
    when: PartialDate | None = None
    agent: str = ""
    route: str = ""
    signed_by: str = ""
    reason: str = ""
    origin: str = ""
    """Where it was read: file and line, form and visit, or a resource id."""
    time: str = ""
    """Time of the day, `08:30`, where it is known; orders several facts of one day."""


@dataclass(frozen=True, slots=True)
class Patient:
    """`enrolment` None: the screening day stands in. Facts are in no particular order."""

    subject: str
    screening: dt.date
    enrolment: dt.date | None = None
    first_dose: dt.date | None = None
    facts: tuple[Fact, ...] = field(default=())

    @property
    def enrolment_or_screening(self) -> dt.date:
        return self.enrolment or self.screening

    def of(self, item: str) -> tuple[Fact, ...]:
        return tuple(f for f in self.facts if f.item == item)
