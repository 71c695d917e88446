"""The truth: whether a record matches a query, read from its JSON. Slow and simple; every index must agree with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, assert_never

from trialwright.formats.ctgov.model import model
from trialwright.record.query import places, reading
from trialwright.record.query.leaves import (
    Anything,
    Circle,
    Every,
    Leaf,
    No,
    OneElement,
    Present,
    Sequences,
    Some,
    Span,
    Values,
)
from trialwright.record.query.nodes import Node
from trialwright.record.query.resolve import Synonyms, resolve
from trialwright.record.query.words import joined


def matches(node: Node, record: Mapping[str, Any], synonyms: Synonyms | None = None) -> bool:
    """Whether a record answers a query. Raises QueryError."""
    return holds(resolve(node, synonyms=synonyms), record)


def holds(leaf: Leaf, record: Mapping[str, Any]) -> bool:
    """Whether a resolved test is true of a record."""
    match leaf:
        case Anything(true):
            return true
        case Every(parts):
            return all(holds(part, record) for part in parts)
        case Some(parts):
            return any(holds(part, record) for part in parts)
        case No(part):
            return not holds(part, record)
        case Present(field):
            return reading.present(record, field)
        case Values(field, allowed):
            return any(value in allowed for value in reading.values_of(record, field))
        case Span(field, low, high):
            spans = reading.spans_of(record, field)
            return any((high is None or first <= high) and (low is None or last >= low) for first, last in spans)
        case Circle(field, centre, radius):
            return any(places.inside(text, centre, radius) for text in reading.values_of(record, field))
        case Sequences():
            return any(_stands(leaf, _said(text)) for field in leaf.fields for text in reading.words_of(record, field))
        case OneElement(structure, part):
            return any(holds(part, alone) for alone in _elements(record, structure))
    assert_never(leaf)


def _stands(leaf: Sequences, said: str) -> bool:
    return any(_in(f" {' '.join(sequence)} ", said, leaf.coverage) for sequence in leaf.alternatives)


def _in(sequence: str, said: str, coverage: str) -> bool:
    if coverage == "FullMatch":
        return said == sequence
    if coverage == "StartsWith":
        return said.startswith(sequence)
    if coverage == "EndsWith":
        return said.endswith(sequence)
    return sequence in said


@lru_cache(maxsize=50_000)
def _said(text: str) -> str:
    """The tokens of a text with a blank around each."""
    return f" {joined(text)} "


def _elements(record: Mapping[str, Any], structure: str) -> list[dict[str, Any]]:
    """The record with each element of a list alone."""
    keys = model().branches[structure].keys
    node: Any = record
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    found = []
    for element in node if isinstance(node, list) else ():
        alone: Any = [element]
        for key in reversed(keys):
            alone = {key: alone}
        found.append(alone)
    return found
