"""Brings a query down to plain tests: names checked, words widened by spelling and synonyms, bounds read as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product
from typing import Protocol, assert_never

from trialwright.formats.ctgov.model import Field, model
from trialwright.kernel.errors import nearest
from trialwright.record.query import nodes, places, values
from trialwright.record.query.errors import QueryError
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
    every,
    some,
)
from trialwright.record.query.words import spellings, tokens

STRUCTURES = {"Location": "LocationSearch"}
"""What SEARCH can look into, element by element, and the area of free words there."""
PLACE = "geo point"
"""The type of fields that DISTANCE asks about."""
MOST_WORDS = 1_000
_MOST_SPELLINGS = 24
_LESS = 0.6
"""How much a synonym says beside the word that was asked."""


class Synonyms(Protocol):
    """Other names of the same thing, as token sequences."""

    def of(self, sequence: tuple[str, ...]) -> tuple[tuple[str, ...], ...]: ...


class NoSynonyms:
    """Every word stands for itself."""

    def of(self, sequence: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        return ()


_EXAMPLE = "AREA[LocationGeoPoint]DISTANCE[42.36, -71.06, 50mi]"

LONGEST_NAME = 8
"""Tokens of the longest name that is looked up among the synonyms."""


@dataclass(frozen=True, slots=True)
class _Where:
    """The area around a part, and the structure that it is confined to."""

    area: str
    structure: str
    synonyms: Synonyms


def resolve(node: nodes.Node, area: str = "BasicSearch", synonyms: Synonyms | None = None) -> Leaf:
    """The tests that a query means. Raises QueryError."""
    if sum(_sizes(node)) > MOST_WORDS:
        raise QueryError(f"The query has more than {MOST_WORDS:,} words.", hint="Ask for fewer.")
    return _resolve(node, _Where(area, "", synonyms or NoSynonyms()))


def fields_of(area: str, structure: str = "", at: int = 0) -> tuple[Field, ...]:
    """The fields of an area, or the one field of that name; only those inside `structure`. Raises QueryError."""
    known = model()
    if area.partition(":")[2] == "size":
        raise QueryError("Lengths of lists cannot be searched here.", position=at, hint="Take :size away.")
    if area in known.areas:
        found = tuple(known.fields[piece] for piece, _ in known.areas[area].parts)
    elif area in known.fields:
        found = (known.fields[area],)
    else:
        hint = nearest(area, (*known.areas, *known.fields))
        raise QueryError(f"There is no area '{area}'.", position=at, hint=hint)
    if not structure:
        return found
    inside = known.branches[structure].keys
    kept = tuple(field for field in found if field.keys[: len(inside)] == inside)
    if not kept:
        raise QueryError(
            f"{area} is not a part of {structure}.", position=at, hint=f"Take it out of SEARCH[{structure}]."
        )
    return kept


def _sizes(node: nodes.Node) -> Iterator[int]:
    match node:
        case nodes.Words(words) | nodes.Phrase(words):
            yield len(words)
        case nodes.And(parts) | nodes.Or(parts):
            for part in parts:
                yield from _sizes(part)
        case nodes.Not(part) | nodes.Area(_, part) | nodes.Within(_, part):
            yield from _sizes(part)
        case _:
            yield 1


def _resolve(node: nodes.Node, where: _Where) -> Leaf:
    match node:
        case nodes.Everything():
            return Anything()
        case nodes.And(parts):
            return Every(tuple(_resolve(part, where) for part in parts))
        case nodes.Or(parts):
            return Some(tuple(_resolve(part, where) for part in parts))
        case nodes.Not(part):
            return No(_resolve(part, where))
        case nodes.Area(name, part, at):
            fields_of(name, where.structure, at)
            return _resolve(part, replace(where, area=name))
        case nodes.Within(structure, part, at):
            return _within(structure, part, at, where)
        case nodes.Words() | nodes.Phrase():
            return _text(node, where)
        case nodes.Range():
            return _range(node, where)
        case nodes.Distance():
            return _distance(node, where)
        case nodes.Missing(at):
            _not_everywhere("MISSING", where, at)
            return every(*(No(Present(field.piece)) for field in fields_of(where.area, where.structure, at)))
    assert_never(node)


def _within(structure: str, part: nodes.Node, at: int, where: _Where) -> Leaf:
    if structure not in STRUCTURES:
        hint = f"SEARCH looks into {', '.join(STRUCTURES)}, or Study for the whole record."
        raise QueryError(f"SEARCH cannot look into '{structure}'.", position=at, hint=hint)
    if where.structure:
        raise QueryError("SEARCH stands within SEARCH.", position=at, hint="Write one after the other.")
    return OneElement(structure, _resolve(part, replace(where, area=STRUCTURES[structure], structure=structure)))


def _not_everywhere(operator: str, where: _Where, at: int) -> None:
    if where.area == "BasicSearch" or where.area in STRUCTURES.values():
        raise QueryError(
            f"{operator} needs a field.", position=at, hint=f"Write AREA[StartDate]{operator}...".rstrip(".")
        )


def _text(node: nodes.Words | nodes.Phrase, where: _Where) -> Leaf:
    """Words of a text area, a value of an enum, or a number, as the fields of the area have it."""
    fields = fields_of(where.area, where.structure, node.at)
    written = " ".join(node.words)
    if all(field.type == "enum" for field in fields):
        return some(*(_enum(field, node, written) for field in fields))
    if len(fields) == 1 and fields[0].type not in ("text", "markup"):
        return _value(fields[0], written, node.at)
    names = tuple(field.piece for field in fields)
    if not tokens(written):
        raise QueryError(f"There is no letter or digit in '{written}'.", position=node.at, hint="Write a word.")
    leaf = Sequences(where.area, names, (), node.coverage)
    if node.coverage != "Contains" or (
        isinstance(node, nodes.Phrase) and node.expansion in ("None", "Term", "Concept")
    ):
        return _name(tuple(tokens(written)), leaf, node.expansion, where.synonyms)
    found = tuple(_segments([tokens(word) for word in node.words], leaf, node.expansion, where.synonyms))
    if node.expansion == "Lossy" and len(found) > 1:
        return some(*(every(*found[:left], *found[left + 1 :]) for left in range(len(found))))
    return every(*found)


def _segments(words: Sequence[list[str]], leaf: Sequences, expansion: str, synonyms: Synonyms) -> Iterator[Leaf]:
    """One test for each word, or for several that are a name with synonyms together."""
    words = [word for word in words if word]
    at = 0
    while at < len(words):
        for length in range(min(len(words) - at, LONGEST_NAME), 0, -1):
            run = words[at : at + length]
            name = tuple(token for word in run for token in word)
            others = synonyms.of(name) if expansion not in ("None", "Term") else ()
            if others or length == 1:
                own = every(*(_spelled(tuple(word), leaf, expansion) for word in run))
                yield some(own, replace(leaf, alternatives=others, weight=_LESS)) if others else own
                at += length
                break


def _name(name: tuple[str, ...], leaf: Sequences, expansion: str, synonyms: Synonyms) -> Leaf:
    """A phrase, its spellings and its other names."""
    own = _spelled(name, leaf, expansion)
    others = synonyms.of(name) if expansion not in ("None", "Term") else ()
    return some(own, replace(leaf, alternatives=others, weight=_LESS)) if others else own


def _spelled(name: tuple[str, ...], leaf: Sequences, expansion: str) -> Sequences:
    if expansion == "None":
        return replace(leaf, alternatives=(name,))
    return replace(leaf, alternatives=spelled(name))


@lru_cache(maxsize=10_000)
def spelled(name: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """A sequence of tokens in each of its spellings, itself first, not too many. The last one may be a plural."""
    each = [spellings(token, plural=place == len(name) - 1) for place, token in enumerate(name)]
    return tuple(islice(product(*each), _MOST_SPELLINGS))


def _enum(field: Field, node: nodes.Words | nodes.Phrase, written: str) -> Leaf:
    """The values that the words name, by value or by label; several words may name several values."""
    if value := _named(field, written):
        return Values(field.piece, frozenset({value}))
    found = [_named(field, word) for word in node.words]
    if len(found) > 1 and all(found):
        return every(*(Values(field.piece, frozenset({value})) for value in found))
    hint = nearest(written, model().labels(field))
    raise QueryError(f"There is no {field.piece} '{written}'.", position=node.at, hint=hint)


def _named(field: Field, written: str) -> str:
    return _names(field).get("".join(tokens(written)), "")


@lru_cache(maxsize=400)
def _names(field: Field) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, label in model().labels(field).items():
        found.setdefault("".join(tokens(value)), value)
        found.setdefault("".join(tokens(label)), value)
    return found


def _distance(node: nodes.Distance, where: _Where) -> Leaf:
    fields = fields_of(where.area, where.structure, node.at)
    if len(fields) != 1 or fields[0].type != PLACE:
        raise QueryError("DISTANCE needs a field of places.", position=node.at, hint=f"Write {_EXAMPLE}.")
    centre = (node.latitude, node.longitude)
    if not places.exists(centre):
        raise QueryError("There is no such place.", position=node.at, hint="Latitude -90 to 90, longitude -180 to 180.")
    return Circle(fields[0].piece, centre, node.radius)


def _value(field: Field, written: str, at: int) -> Leaf:
    if field.type == "boolean":
        said = {"true": "true", "yes": "true", "false": "false", "no": "false"}.get(written.lower())
        if said is None:
            raise QueryError(
                f"{field.piece} is true or false, not '{written}'.", position=at, hint="Write true or false."
            )
        return Values(field.piece, frozenset({said}))
    _ordered(field, at)
    first, last = _bound(field, written, at)
    return Span(field.piece, first, last)


def _ordered(field: Field, at: int) -> None:
    if field.type == PLACE:
        raise QueryError(f"{field.piece} is a place on the earth.", position=at, hint=f"Write {_EXAMPLE}.")
    if field.type not in values.NUMERIC:
        raise QueryError(f"{field.piece} has no order.", position=at, hint="RANGE is for dates, numbers and ages.")


def _bound(field: Field, written: str, at: int) -> tuple[float, float]:
    found = values.span(field.type, written)
    if found is not None:
        return found
    if field.type == "age":
        number = written.replace(".", "", 1).isdigit()
        hint = f"Write {written} years (or months, weeks, days)." if number else "Write 18 years or 6 months."
        raise QueryError(
            f"The age '{written}' has no unit." if number else f"'{written}' is no age.", position=at, hint=hint
        )
    kind, example = ("date", "2024-01-31, 2024-01 or 2024") if "date" in field.type else ("number", "a number")
    raise QueryError(f"'{written}' is no {kind}.", position=at, hint=f"Write {example}.")


def _range(node: nodes.Range, where: _Where) -> Leaf:
    fields = fields_of(where.area, where.structure, node.at)
    if len(fields) != 1:
        raise QueryError(
            "RANGE needs one field.", position=node.at, hint="Write AREA[StartDate]RANGE[2024-01-01, MAX]."
        )
    field = fields[0]
    _ordered(field, node.at)
    low = _bound(field, node.low, node.at)[0] if node.low else None
    high = _bound(field, node.high, node.at)[1] if node.high else None
    if low is not None and high is not None and low > high:
        raise QueryError(f"The range ends before it begins: {node.low} to {node.high}.", position=node.at)
    return Span(field.piece, low, high)
