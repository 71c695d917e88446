"""Criteria with their logic (`eligibility.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trialwright.kernel.provenance import REGISTRY, Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Expression, Id, Node


class Term(Node):
    """A named part that criteria share (for example `fever`); an expression in its own right."""

    id: Id
    label: Text
    logic: Expression
    source: Source


class Reading(Node):
    """Another way to read an ambiguous criterion. A verdict that it would flip says so."""

    id: Id
    label: Text
    logic: Expression


class Criterion(Node):
    id: str = Field(pattern=r"^[IE]\d{2}$")
    label: Text
    """Short name for tables."""
    text: Text
    """What the criterion demands, in our words."""
    logic: Expression
    reading: Text | None = None
    """The reading taken, where the text allows several."""
    readings: tuple[Reading, ...] = ()
    source: Source = REGISTRY

    @property
    def kind(self) -> Literal["inclusion", "exclusion"]:
        return "inclusion" if self.id.startswith("I") else "exclusion"


class Recent(Node):
    """A measured value older than `days` at screening still counts; a verdict warns of it."""

    days: int = Field(gt=0)
    source: Source


class Eligibility(Node):
    terms: tuple[Term, ...] = ()
    criteria: tuple[Criterion, ...]
    concurrent: Text | None = None
    recent: Recent | None = None
