"""Visits, their windows and forms (`schedule.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Id, Node

Anchor = Literal["screening", "first_dose"]


class Window(Node):
    """Days allowed before and after the target day; closed at both ends."""

    before: int = Field(default=0)
    after: int = Field(default=0)

    @model_validator(mode="after")
    def _around_its_day(self) -> Window:
        if self.after < -self.before:
            raise ValueError(f"the window ends (day {self.after:+}) before it begins (day {-self.before:+})")
        if self.before < 0 or self.after < 0:
            raise ValueError("the window leaves out its own target day; 'before' and 'after' count days from 0 up")
        return self


class Epoch(Node):
    """CDISC epoch with the element a subject passes in it (TE, TA)."""

    id: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"]
    element: str
    element_code: str
    starts: Text
    ends: Text
    days_after_last_dose: int | None = Field(default=None, ge=0)
    """For the treatment: it goes on at least this long after the last dose, whatever visits take place."""


class Visit(Node):
    id: Id
    number: float
    """VISITNUM."""
    label: Text
    epoch: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"]
    anchor: Anchor = "first_dose"
    offset: int
    """Days from the anchor: 0 is the anchor's day itself."""
    window: Window = Window()
    forms: tuple[Id, ...]
    dose: int | None = None
    """Which dose of the regimen is given here (1 for the first)."""
    week: int | None = None
    source: Source


class Schedule(Node):
    epochs: tuple[Epoch, ...]
    visits: tuple[Visit, ...]
    logs: tuple[Id, ...]
    """Running forms, open from consent to the end."""
    samples: tuple[Sample, ...] = ()

    def visit(self, visit_id: str) -> Visit:
        return next(v for v in self.visits if v.id == visit_id)

    @property
    def days_on_study(self) -> int:
        """Days from the first dose to the last planned visit."""
        return max((v.offset for v in self.visits if v.anchor == "first_dose"), default=0)


class Sample(Node):
    """A timed blood sample: hours from the start of the infusion at a visit; 0 and below are pre-dose.

    At a visit without a dose the hours count from the planned start of the last infusion before it. The samples of a
    visit are, in their order, the rows of the repeating group that holds `item`.
    """

    item: Id
    visit: Id
    label: Text
    hours: float
    source: Source


Schedule.model_rebuild()
