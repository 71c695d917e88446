"""Endpoints and the populations they are analysed in (`endpoints.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Expression, Id, Node

Measure = Literal["binary", "time_to_event", "continuous", "incidence", "concentration"]
Aim = Literal[
    "efficacy", "safety", "tolerability", "immunogenicity", "pharmacokinetics", "pharmacodynamics", "biomarker"
]


class Population(Node):
    """An analysis population. `rule`: who belongs to it."""

    id: str = Field(pattern=r"^[A-Z]{2,8}$")
    label: Text
    rule: Literal["enrolled", "dosed", "dosed_with_followup", "with_item"]
    item: Id | None = None
    source: Source


class Part(Node):
    """One component of a composite (for example ferritin below its limit)."""

    id: Id
    label: Text
    logic: Expression


class ExactTest(Node):
    """One-sided exact binomial test against `null`; Clopper-Pearson interval."""

    null: float = Field(gt=0, lt=1)
    target: float = Field(gt=0, lt=1)
    alpha: float = Field(gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    missing: Literal["non_response", "excluded"] = "non_response"
    source: Source


class Endpoint(Node):
    id: Id
    rank: Literal["primary", "secondary", "exploratory"]
    aim: Aim
    measure: Measure
    title: Text
    description: Text
    time_frame: Text
    population: str
    visits: tuple[Id, ...] = ()
    """Where it is assessed; for binary endpoints the last one decides."""
    parts: tuple[Part, ...] = ()
    """binary, time_to_event: all must be true at one visit (facts of that visit)."""
    item: Id | None = None
    """continuous, incidence, concentration: the item summarised."""
    counts: tuple[str, ...] = ()
    """incidence: answers of `item` that count as an event; none listed: any answer ("true" of a boolean)."""
    contrast: Literal["value", "change", "percent_change", "ratio"] = "value"
    test: ExactTest | None = None
    source: Source


class Endpoints(Node):
    populations: tuple[Population, ...]
    endpoints: tuple[Endpoint, ...]
    event_forms: EventForms
    ctcae: Literal["5", "6"] = "5"
    """Version of CTCAE by which laboratory values are graded."""

    def primary(self) -> Endpoint:
        return next(e for e in self.endpoints if e.rank == "primary")


class EventForms(Node):
    """Where the analysis finds adverse events and antibodies."""

    adverse_events: Id
    """The log form of adverse events."""
    term: Id
    organ_class: Id
    grade: Id
    serious: Id
    related: Id
    start: Id
    end: Id
    outcome: Id


Endpoints.model_rebuild()
