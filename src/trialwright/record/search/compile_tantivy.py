"""From a resolved test to a query of the embedded index, and what a match is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from tantivy import FieldType, Occur, Query, Schema, Searcher

from trialwright.formats.ctgov.model import model
from trialwright.record.query import reading
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
from trialwright.record.search.extract import BASIC, COLUMNS, around, sequence, within

_LIFT = 3.0
"""How much more a word says in a title, a condition or the name of an intervention."""
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Compiler:
    """`join`: the numbers of the studies with an element of a structure that passes a test."""

    schema: Schema
    searcher: Searcher
    join: Callable[[OneElement], list[int]]
    lifted: bool = False

    def query(self, leaf: Leaf) -> Query:
        """The query that matches exactly the records that pass."""
        match leaf:
            case Anything(true):
                return Query.const_score_query(Query.all_query(), 0.0) if true else Query.empty_query()
            case Every(parts):
                return self._all(parts)
            case Some(parts):
                return either(self.query(part) for part in parts)
            case No():
                return self._all((leaf,))
            case Sequences():
                return either(self._sequences(leaf))
            case OneElement():
                return self._element(leaf)
            case Present() | Values() | Span() | Circle():
                return Query.const_score_query(self._fact(leaf), 0.0)
        assert_never(leaf)

    def ranked(self, leaf: Leaf) -> Query:
        """As `query`, and words in titles, conditions and interventions lift a record."""
        return replace(self, lifted=True).query(leaf)

    def _all(self, parts: tuple[Leaf, ...]) -> Query:
        found = [
            (Occur.MustNot, self.query(part.part)) if isinstance(part, No) else (Occur.Must, self.query(part))
            for part in parts
        ]
        if all(occur == Occur.MustNot for occur, _ in found):
            found.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        return found[0][1] if len(found) == 1 else Query.boolean_query(found)

    def _sequences(self, leaf: Sequences) -> Iterator[Query]:
        area = model().areas.get(leaf.area)
        weights = dict(area.parts) if area else {}
        if leaf.area == "BasicSearch" and leaf.coverage == "Contains" and len(leaf.fields) == len(BASIC):
            for tokens in leaf.alternatives:
                if all(self.searcher.doc_freq("basic", token) for token in tokens):  # most plurals stand nowhere
                    yield Query.boost_query(self._words("basic", tokens), leaf.weight)
            if self.lifted:  # these fields are among the record's words, so no record is added
                yield Query.boost_query(self._words("lead", leaf.alternatives[0]), _LIFT * leaf.weight)
            return
        for piece in leaf.fields:
            weight = weights.get(piece, 1.0) * leaf.weight
            for tokens in leaf.alternatives:
                yield Query.boost_query(self._words(f"t.{piece}", sequence(tokens, leaf.coverage)), weight)

    def _words(self, field: str, tokens: tuple[str, ...]) -> Query:
        if len(tokens) == 1:
            return Query.term_query(self.schema, field, tokens[0], "freq")
        return Query.phrase_query(self.schema, field, list(tokens))

    def _element(self, leaf: OneElement) -> Query:
        """Some element passes: word for word what the record as a whole says, as long as nothing must come together."""
        match leaf.part:
            case Sequences() | Values() | Present() | Span() | Circle():
                return self.query(leaf.part)
            case Some(parts):
                return either(self.query(OneElement(leaf.structure, part)) for part in parts)
            case _:
                numbers = self.join(leaf)
                found = Query.term_set_query(self.schema, "number", numbers) if numbers else Query.empty_query()
                return Query.const_score_query(found, 0.0)

    def _fact(self, leaf: Present | Values | Span | Circle) -> Query:
        match leaf:
            case Present(field):
                return Query.term_query(self.schema, "k", field, "basic")
            case Values(field, values):
                return self._any_key([f"{field}={value}" for value in sorted(values)])
            case Span(field, low, high):
                if field in COLUMNS or field == reading.OLDEST_AGE:
                    return self._in_column(field, low, high)
                return self._any_key(self._keys_within(field, low, high))
            case Circle(field):
                return self._any_key(around(self._keys_of(field), leaf))
        assert_never(leaf)

    def _any_key(self, keys: list[str]) -> Query:
        if len(keys) == 1:
            return Query.term_query(self.schema, "k", keys[0], "basic")
        return Query.term_set_query(self.schema, "k", keys) if keys else Query.empty_query()

    def _in_column(self, field: str, low: float | None, high: float | None) -> Query:
        def bounded(name: str, lowest: float | None, highest: float | None) -> tuple[Occur, Query]:
            first = None if lowest is None else max(math.ceil(lowest), -_LARGEST)
            last = None if highest is None else min(math.floor(highest), _LARGEST)
            return Occur.Must, Query.range_query(self.schema, name, FieldType.Integer, first, last)

        bounds = []
        if high is not None:
            bounds.append(bounded(f"{field}_first", None, high))
        if low is not None:
            bounds.append(bounded(f"{field}_last", low, None))
        return Query.boolean_query(bounds) if bounds else Query.exists_query(f"{field}_first")

    def _keys_within(self, field: str, low: float | None, high: float | None) -> list[str]:
        """Of a field whose numbers are kept as words, the words within the bounds."""
        return within(self._keys_of(field), field, low, high)

    def _keys_of(self, field: str) -> list[str]:
        """All values of a field that are kept as words."""
        return [key for key, _ in self.searcher.terms_with_prefix("k", f"{field}=")]


def either(queries: Iterable[Query]) -> Query:
    found = [(Occur.Should, query) for query in queries]
    return found[0][1] if len(found) == 1 else Query.boolean_query(found) if found else Query.empty_query()
