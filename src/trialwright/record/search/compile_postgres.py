"""From a resolved test to a condition of SQL."""

# ruff: noqa: S608  # names of tables and columns are our own, and every value is a parameter

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

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

AREAS = ("ConditionSearch", "InterventionSearch", "TitleSearch")
"""Areas that have their words in a column of their own, as BasicSearch has."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition over the table's alias, and its parameters. Never NULL."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiler:
    """`alias`: of the table in question. `whole`: it holds studies, not elements. `keys`: the keys that begin with a
    text, for numbers that are kept as words."""

    keys: Callable[[str], list[str]]
    alias: str = "s"
    whole: bool = True

    def condition(self, leaf: Leaf) -> Condition:
        """The condition that holds exactly for the records that pass."""
        match leaf:
            case Anything(true):
                return Condition("true" if true else "false")
            case Every(parts):
                return _joined(" AND ", [self.condition(part) for part in parts], "true")
            case Some(parts):
                return _joined(" OR ", [self.condition(part) for part in parts], "false")
            case No(part):
                inner = self.condition(part)
                return Condition(f"NOT {inner.sql}", inner.values)
            case Present(field):
                return Condition(f"({self.alias}.k @> ARRAY[%s])", (field,))
            case Values(field, values):
                return self._any_key([f"{field}={value}" for value in sorted(values)])
            case Span():
                return self._span(leaf)
            case Circle(field):
                return self._any_key(around(self.keys(f"{field}="), leaf))
            case Sequences():
                return self._sequences(leaf)
            case OneElement(_, part):
                inner = Compiler(self.keys, "e", whole=False).condition(part)
                return Condition(
                    f"({self.alias}.number IN (SELECT e.number FROM search_element e WHERE {inner.sql}))", inner.values
                )
        assert_never(leaf)

    def _any_key(self, keys: list[str]) -> Condition:
        return Condition(f"({self.alias}.k && %s::text[])", (keys,))

    def _span(self, leaf: Span) -> Condition:
        field, low, high = leaf.field, leaf.low, leaf.high
        if field not in COLUMNS and field != reading.OLDEST_AGE:
            return self._any_key(within(self.keys(f"{field}="), field, low, high))
        parts = [Condition(f'({self.alias}."{field}_first" IS NOT NULL)')]
        if high is not None:
            parts.append(Condition(f'COALESCE({self.alias}."{field}_first" <= %s, false)', (high,)))
        if low is not None:
            parts.append(Condition(f'COALESCE({self.alias}."{field}_last" >= %s, false)', (low,)))
        return _joined(" AND ", parts[1:] or parts, "true")

    def _sequences(self, leaf: Sequences) -> Condition:
        """The words by the inverted index; their order, their place and their very field by the text itself."""
        column, exact = self._column(leaf)
        found = Condition(f"({self.alias}.{column} @@ %s::tsquery)", (tsquery(leaf.alternatives),))
        if exact and leaf.coverage == "Contains" and all(len(tokens) == 1 for tokens in leaf.alternatives):
            return found
        patterns = [f"% {' '.join(sequence(tokens, leaf.coverage))} %" for tokens in leaf.alternatives]
        if column == "basic" and leaf.coverage == "Contains":
            place = Condition(f"({self.alias}.basic_text LIKE ANY(%s))", (patterns,))
        else:
            texts = [
                Condition(f"COALESCE({self.alias}.t->>%s LIKE ANY(%s), false)", (piece, patterns))
                for piece in leaf.fields
            ]
            place = _joined(" OR ", texts, "false")
        return _joined(" AND ", [found, place], "true")

    def _column(self, leaf: Sequences) -> tuple[str, bool]:
        """The column of words to look in first, and whether it holds the very fields that were asked."""
        if self.whole and leaf.area == "BasicSearch" and len(leaf.fields) == len(BASIC):
            return "basic", True
        if self.whole and leaf.area in AREAS and len(leaf.fields) == len(model().areas[leaf.area].parts):
            return f'"{leaf.area}"', True
        return "words", False


def tsquery(alternatives: Sequence[tuple[str, ...]]) -> str:
    """Tokens are letters and digits only, so they stand as they are."""
    return " | ".join("(" + " & ".join(f"'{token}'" for token in tokens) + ")" for tokens in alternatives)


def _joined(operator: str, parts: Sequence[Condition], nothing: str) -> Condition:
    if not parts:
        return Condition(nothing)
    return Condition(
        "(" + operator.join(part.sql for part in parts) + ")", tuple(value for part in parts for value in part.values)
    )
