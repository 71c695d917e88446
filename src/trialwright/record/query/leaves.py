"""What a query comes down to: a tree over a few plain tests that each index can answer and the plain evaluator reads.

Synonyms, spellings, labels, dates and units are gone by then: they have become alternatives and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.record.query.nodes import Coverage


@dataclass(frozen=True, slots=True)
class Anything:
    """True of every record, or of none."""

    holds: bool = True


@dataclass(frozen=True, slots=True)
class Sequences:
    """In one value of one of these fields, the tokens of one of the `alternatives` stand one after another.

    `area`: the search area or field that was asked. `weight`: how much a match says (synonyms less).
    """

    area: str
    fields: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...]
    coverage: Coverage = "Contains"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Values:
    """A field has one of these values, letter by letter."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Span:
    """A number (or a span of numbers) of the field touches low..high; None is open."""

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Circle:
    """A place of the field lies within `radius` km of the centre (latitude, longitude in degrees)."""

    field: str
    centre: tuple[float, float]
    radius: float


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class No:
    part: Leaf


@dataclass(frozen=True, slots=True)
class OneElement:
    """All of the part holds of one and the same element of a structure (one location)."""

    structure: str
    part: Leaf


Leaf = Anything | Sequences | Values | Span | Circle | Present | Every | Some | No | OneElement


def every(*parts: Leaf) -> Leaf:
    """All of them, without needless layers."""
    kept = [part for part in parts if part != Anything()]
    return kept[0] if len(kept) == 1 else Every(tuple(kept)) if kept else Anything()


def some(*parts: Leaf) -> Leaf:
    return parts[0] if len(parts) == 1 else Some(parts)
