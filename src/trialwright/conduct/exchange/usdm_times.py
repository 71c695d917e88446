"""Timings of USDM as days: durations of ISO 8601, before and after, along chains of any length."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trialwright.formats.usdm import Timeline, Timing

_DURATION = re.compile(
    r"([+-])?P(?:(\d+(?:[.,]\d+)?)Y)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?"
)
_DAYS = (365.25, 30.4375, 7.0, 1.0, 1 / 24, 1 / 1440, 1 / 86400)
MOST_DAYS = 36_525
"""A hundred years: no plan reaches further."""


def days(text: str) -> float | None:
    """A duration in days; None for what is none, or is longer than a hundred years."""
    found = _DURATION.fullmatch(text.strip()) if len(text) < 100 else None
    if found is None or not any(found.groups()[1:]):
        return None
    total = sum(
        float(part.replace(",", ".")) * size for part, size in zip(found.groups()[1:], _DAYS, strict=True) if part
    )
    if not math.isfinite(total) or total > MOST_DAYS:
        return None
    return -total if found[1] == "-" else total


@dataclass(frozen=True, slots=True)
class When:
    """Day of an instance against the reference of its timeline, and its window in whole days."""

    day: float
    before: int = 0
    after: int = 0
    known: bool = True


class Clock:
    """The days of one timeline's instances. `say(timing, sentence)` takes what does not add up."""

    def __init__(self, timeline: Timeline, say: Callable[[str, str], None]) -> None:
        self.say = say
        self.timings: dict[str, Timing] = {}
        known = {instance.id for instance in timeline.instances}
        for timing in timeline.timings:
            if timing.from_ not in known:
                say(timing.title, f"it is of the instance '{timing.from_[:80]}', which is not in its timeline.")
            elif timing.from_ in self.timings:
                say(timing.title, f"'{timing.from_[:80]}' has a timing already; this one is left out.")
            else:
                self.timings[timing.from_] = timing
        self.known = known
        self._days: dict[str, float | None] = {}

    def when(self, instance: str) -> When:
        """Of one instance; day 0 and not `known` where nothing says it."""
        day = self._day(instance)
        timing = self.timings.get(instance)
        if timing is None:
            return When(day or 0.0, known=day is not None)
        lower, upper = (self._window(timing, text) for text in (timing.lower, timing.upper))
        return When(day or 0.0, lower, upper, day is not None)

    def _window(self, timing: Timing, text: str) -> int:
        if not text:
            return 0
        found = days(text)
        if found is None:
            self.say(timing.title, f"'{text[:40]}' of its window is no duration.")
            return 0
        return int(abs(found) + 1e-9)

    def _day(self, instance: str) -> float | None:
        """Along the chain of timings to the reference, without recursion: a chain may be long, or a circle."""
        chain: list[str] = []
        here = instance
        while here not in self._days:
            timing = self.timings.get(here)
            if timing is None or here in chain:
                if here in chain:
                    self.say(timing.title if timing else here, "its timings go round in a circle.")
                self._days[here] = None
                break
            if timing.kind == "fixed" or timing.to in ("", here):
                self._days[here] = 0.0
                break
            chain.append(here)
            here = timing.to
        base = self._days[here]
        for name in reversed([name for name in chain if name not in self._days]):
            base = self._step(self.timings[name], base)
            self._days[name] = base
        return self._days[instance]

    def _step(self, timing: Timing, base: float | None) -> float | None:
        length = days(timing.value)
        if length is None:
            self.say(timing.title, f"'{timing.value[:40]}' is no duration; its day is not known.")
            return None
        if timing.kind not in ("before", "after"):
            self.say(timing.title, "it says neither before nor after; after is taken.")
        return None if base is None else base - length if timing.kind == "before" else base + length


def in_order(timeline: Timeline) -> Sequence[str]:
    """Ids of the instances along their chain from the entry (all branches of a decision), then the others."""
    known = {instance.id: instance for instance in timeline.instances}
    found: dict[str, None] = {}
    waiting = [timeline.entry]
    while waiting:
        here = waiting.pop()
        if here in found or here not in known:
            continue
        found[here] = None
        instance = known[here]
        waiting += [instance.next, *(branch.target for branch in reversed(instance.branches))]
    return (*found, *(name for name in known if name not in found))
