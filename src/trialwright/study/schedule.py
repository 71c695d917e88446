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

    before: int = Field(default=0, ge=0)
    after: int = Field(default=0, ge=0)


class Epoch(Node):
    """CDISC epoch with the element a subject passes in it (TE, TA)."""

    id: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"]
    element: str
    element_code: str
    starts: Text
    ends: Text


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

    @model_validator(mode="after")
    def _in_order(self) -> Schedule:
        for anchor in ("screening", "first_dose"):
            offsets = [v.offset for v in self.visits if v.anchor == anchor]
            if offsets != sorted(offsets):
                raise ValueError(f"visits anchored at {anchor} are not in the order of their days")
        return self


class Sample(Node):
    """A timed blood sample: hours from the start of the infusion at a visit; 0 and below are pre-dose."""

    item: Id
    visit: Id
    label: Text
    hours: float
    source: Source


Schedule.model_rebuild()
