"""What evaluation sees of a patient: for each item its readings, in the item's unit, latest first."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import UnitError
from trialwright.kernel.truth import Truth
from trialwright.logic.nodes import ItemRef, Kind, Node
from trialwright.logic.scope import FactLike, Facts
from trialwright.logic.values import Value, equal


@dataclass(frozen=True, slots=True)
class Reading:
    """A known fact as the language sees it. `low`, `high`: reference limits, in the item's unit as `value`."""

    value: Value
    when: PartialDate
    fact: FactLike
    low: float | None = None
    high: float | None = None


Filter = Callable[[str, Reading], bool]


class Context:
    """One patient while expressions are evaluated; what was read or computed once is kept.

    `assumed` fixes the truth of some nodes (by `id`), to ask "what if". `known` holds values computed already,
    `views` the windows through which calls look.
    """

    __slots__ = ("_cache", "_keep", "_parent", "assumed", "facts", "known", "views")

    def __init__(self, facts: Facts, assumed: Mapping[int, Truth] | None = None) -> None:
        self.facts = facts
        self.assumed = assumed or {}
        self.known: dict[int, tuple[Node, Value]] = {}
        self.views: dict[int, tuple[Node, Context]] = {}
        self._keep: Filter | None = None
        self._parent: Context | None = None
        self._cache: dict[str, tuple[Reading, ...]] = {}

    @classmethod
    def of(cls, facts: Facts | Context) -> Context:
        return facts if isinstance(facts, Context) else cls(facts)

    @classmethod
    def holding(cls, facts: Facts, readings: Mapping[str, tuple[Reading, ...]]) -> Context:
        """A patient whose readings are given, in order, latest first."""
        context = cls(facts)
        context._cache.update(readings)
        return context

    def keeping(self, keep: Filter) -> Context:
        """The same patient, seen through a filter of readings."""
        child = Context(self.facts, self.assumed)
        child._keep, child._parent = keep, self
        return child

    def assuming(self, assumed: Mapping[int, Truth]) -> Context:
        """The same patient with other assumptions; what was read is shared."""
        child = Context(self.facts, assumed)
        child._keep, child._parent, child._cache = self._keep, self._parent, self._cache
        return child

    def readings(self, ref: ItemRef) -> tuple[Reading, ...]:
        """Known readings of an item, latest first; those that cannot be stated in its unit are left out."""
        found = self._cache.get(ref.id)
        if found is None:
            if self._parent is None:
                found = _read_all(ref, self.facts)
            else:
                found = tuple(r for r in self._parent.readings(ref) if self._keep is None or self._keep(ref.id, r))
            self._cache[ref.id] = found
        return found

    def latest(self, ref: ItemRef) -> Reading | None:
        """The latest reading; None where there is none, or where two of the same day disagree."""
        return agreed(self.readings(ref))

    def anchor(self, name: str) -> PartialDate | None:
        days: dict[str, dt.date | None] = {
            "screening": self.facts.screening,
            "enrolment": self.facts.enrolment_or_screening,
            "first_dose": self.facts.first_dose,
        }
        day = days[name]
        return PartialDate.day(day) if day else None


def moment(reading: Reading) -> tuple[PartialDate, str]:
    return reading.when, reading.fact.time


def agreed(readings: Sequence[Reading]) -> Reading | None:
    """The first reading, unless another of the same moment says something else."""
    if not readings:
        return None
    head = readings[0]
    conflict = any(moment(r) == moment(head) and not alike(r.value, head.value) for r in readings[1:])
    return None if conflict else head


def alike(a: Value, b: Value) -> bool:
    """Whether two facts say the same, in whatever units they were stated."""
    return equal(a, b) if isinstance(a, float) and isinstance(b, float) else a == b


def _read_all(ref: ItemRef, facts: Facts) -> tuple[Reading, ...]:
    undated = PartialDate.day(facts.screening)
    found = [reading for fact in facts.of(ref.id) if (reading := read(ref, fact, undated)) is not None]
    return tuple(sorted(found, key=_order, reverse=True))


def _order(reading: Reading) -> tuple[dt.date, dt.date, str, str, str, str, float, float]:
    """Day and time; the rest of the key only makes the order of equal moments independent of the order of input."""
    fact = reading.fact
    low, high = reading.low, reading.high
    words = (str(reading.value), fact.agent, fact.route)
    limits = (-1.0 if low is None else low, -1.0 if high is None else high)
    return (reading.when.last, reading.when.first, fact.time, *words, *limits)


def read(ref: ItemRef, fact: FactLike, undated: PartialDate) -> Reading | None:
    """A fact as a reading; None where it says nothing (null, "unknown", unsigned, unit of another kind)."""
    value = _value(ref, fact)
    if value is None or value is Truth.UNKNOWN:
        return None
    low = _number(fact.low, fact.unit, ref.kind) if ref.kind.name == "number" else None
    high = _number(fact.high, fact.unit, ref.kind) if ref.kind.name == "number" else None
    return Reading(value, fact.when or undated, fact, low, high)


def _value(ref: ItemRef, fact: FactLike) -> Value:
    raw = fact.value
    if raw is None or raw == "unknown" or (ref.judgement and not fact.signed_by.strip()):
        return None
    match ref.kind.name:
        case "number":
            return 0.0 if raw == "none" else _number(raw, fact.unit, ref.kind)
        case "truth":
            return Truth.of(raw) if isinstance(raw, bool) else None
        case "code" | "codes":
            return str(raw) if isinstance(raw, (str, int)) else None
        case "date":
            return raw if isinstance(raw, PartialDate) else None
        case "event":
            return raw if isinstance(raw, PartialDate) or raw in ("none", "current") else None


def _number(raw: object, unit: str, kind: Kind) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    try:
        number = units.convert(float(raw), unit or kind.unit, kind.unit, kind.molar_mass)
    except (UnitError, OverflowError):
        return None
    return number if math.isfinite(number) else None
