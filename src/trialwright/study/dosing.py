"""Doses, and the rules that delay or stop them (`dosing.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Expression, Id, Node


class DoseStep(Node):
    """Doses `first` to `last` of the regimen, each `per_kg` in `unit`."""

    first: int = Field(ge=1)
    last: int
    per_kg: float = Field(gt=0)
    unit: str = "mg/kg"
    source: Source


class WeightRule(Node):
    item: Id
    use: Literal["baseline", "current", "change"]
    """change: the baseline weight until it has changed by `change_percent`, then the current one."""
    change_percent: float = 10.0
    source: Source


class Rounding(Node):
    step: float = Field(gt=0)
    """mg."""
    mode: Literal["nearest", "up", "down"] = "nearest"
    source: Source


class Infusion(Node):
    minutes: int = Field(gt=0)
    route: str = "INTRAVENOUS"
    form: str = "SOLUTION"
    source: Source


class DoseRule(Node):
    """Checked before each dose from the second on."""

    id: Id
    action: Literal["delay", "stop"]
    logic: Expression
    message: Text
    max_delay_days: int | None = None
    source: Source


class Dosing(Node):
    arm: Id
    intervention: Id
    treatment: str
    """EXTRT."""
    interval_days: int
    steps: tuple[DoseStep, ...]
    weight: WeightRule
    rounding: Rounding
    infusion: Infusion
    min_interval_days: int
    rules: tuple[DoseRule, ...] = ()
    dose_item: Id
    """The item on the dosing form that holds the dose given, in mg."""

    @property
    def doses(self) -> int:
        return max((step.last for step in self.steps), default=0)

    def step(self, dose: int) -> DoseStep:
        return next(s for s in self.steps if s.first <= dose <= s.last)
