"""The parsed query: a small tree that every index compiles and the plain evaluator reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Expansion = Literal["None", "Term", "Concept", "Relaxation", "Lossy"]
"""How far from the written words one goes: not at all; plurals and spelling; synonyms too; words of a phrase apart and
in any order; one of the words left out."""

Coverage = Literal["Contains", "StartsWith", "EndsWith", "FullMatch"]
"""Where in a field's value the words stand."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every record."""


@dataclass(frozen=True, slots=True)
class Words:
    """Free words, all of which must occur in the area that surrounds them (synonyms count)."""

    words: tuple[str, ...]
    at: int = 0
    expansion: Expansion = "Concept"
    coverage: Coverage = "Contains"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order, one after another."""

    words: tuple[str, ...]
    at: int = 0
    expansion: Expansion = "Concept"
    coverage: Coverage = "Contains"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class Area:
    """AREA[Field] part: the part is looked for in that field, or in that named group of fields."""

    name: str
    part: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """RANGE[low, high], both ends included; "" is open (MIN, MAX). Dates may be partial; numbers are written out."""

    low: str
    high: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Distance:
    """DISTANCE[latitude, longitude, radius]: degrees, and km. A place of the surrounding field lies in this circle."""

    latitude: float
    longitude: float
    radius: float
    at: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """The surrounding field has no value."""

    at: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """SEARCH[Location](part): all of the part must hold within one and the same location (or arm, or intervention)."""

    structure: str
    part: Node
    at: int = 0


Node = Everything | Words | Phrase | And | Or | Not | Area | Range | Distance | Missing | Within

EVERYTHING = Everything()
