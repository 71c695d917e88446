"""How one patient's disease goes: the outcome class, and the values that move with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trialwright.simulate.draws import holds, number
from trialwright.simulate.people import Baseline
from trialwright.study.assumptions import Course, OutcomeClass, Taper
from trialwright.study.definition import Study
from trialwright.study.items import Item

SMALLEST = 1e-6
"""Stands for zero on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Path:
    """One item's course in one patient: from `active` towards `recovered`, by `extent` of the way."""

    course: Course
    active: float
    recovered: float
    half_life: float
    extent: float

    def true_value(self, day: float) -> float:
        """Without the noise of a reading; `day` counts from the first dose, before it the disease is active."""
        gone = self.extent * -math.expm1(-math.log(2) * max(day, 0.0) / self.half_life)
        if self.course.linear:
            return self.active + gone * (self.recovered - self.active)
        a, r = math.log(max(self.active, SMALLEST)), math.log(max(self.recovered, SMALLEST))
        return math.exp(a + gone * (r - a))

    def reading(self, day: float, deviate: float) -> float:
        """With noise: `deviate` is standard normal."""
        noise = self.course.noise * deviate
        value = self.true_value(day)
        return value + noise if self.course.linear else value * math.exp(noise)


def outcome(study: Study, rng: np.random.Generator) -> OutcomeClass:
    """Draw the class that a patient belongs to."""
    classes = study.assumptions.response.classes
    bounds = np.cumsum([c.chance for c in classes])
    return classes[min(int(np.searchsorted(bounds, rng.random(), side="right")), len(classes) - 1)]


def paths(study: Study, baseline: Baseline, fate: OutcomeClass, rng: np.random.Generator) -> dict[str, Path]:
    """The courses of one patient; of several courses of an item the first that fits the patient holds.

    A screening answer of the same item is where its course starts.
    """
    general = number(fate.extent, rng)
    found: dict[str, Path] = {}
    for course in study.assumptions.courses:
        if course.item in found or not holds(course.when, baseline.answers):
            continue
        found[course.item] = _path(study.item_by_id[course.item], course, baseline, (fate, general), rng)
    return found


def _path(
    item: Item, course: Course, baseline: Baseline, fate: tuple[OutcomeClass, float], rng: np.random.Generator
) -> Path:
    answered = baseline.value(item.id)
    drawn = number(course.active, rng) if course.active else _middle(item)
    active = drawn if answered is None else answered
    recovered = number(course.recovered, rng) if course.recovered else active
    own = course.extent.get(fate[0].id)
    extent = number(own, rng) if own else fate[1]
    return Path(course, active, recovered, max(number(course.half_life, rng), 0.1), extent)


def _middle(item: Item) -> float:
    """A value that nobody would ask about, for an item without assumptions: the middle of its range."""
    for limits in (item.normal, item.soft, item.hard):
        if limits is not None and limits.low is not None and limits.high is not None:
            return (limits.low + limits.high) / 2
    return 1.0


@dataclass(frozen=True, slots=True)
class Steroids:
    """Glucocorticoids of one patient, mg of prednisone equivalent a day."""

    start: float
    days: tuple[int, ...]
    shares: tuple[float, ...]

    def dose(self, day: float) -> float:
        """mg/d on `day` from the first dose, rounded as tablets and vials are."""
        share = math.exp(float(np.interp(day, self.days, np.log(np.maximum(self.shares, SMALLEST)))))
        return rounded(self.start * share)


def rounded(dose: float) -> float:
    """To 5 mg from 20 mg on, to 2.5 mg below, never below 2.5 mg."""
    step = 5.0 if dose >= 20 else 2.5
    return max(step * round(dose / step), 2.5)


def steroids(taper: Taper, fate: OutcomeClass, weight: float, rng: np.random.Generator) -> Steroids:
    """Draw the starting dose; a class with a slower taper goes as far on the logarithmic scale as its pace says."""
    start = number(taper.start, rng) * weight
    days = tuple(sorted(taper.shares))
    return Steroids(start, days, tuple(taper.shares[d] ** fate.taper for d in days))
