"""Reads the registry's query language: words, phrases, AND, OR, NOT, AREA, RANGE, DISTANCE, MISSING, SEARCH, EXPANSION,
COVERAGE.

Operators are capitals. What stands side by side is joined by AND. NOT binds closer than AND, AND closer than OR; AREA,
SEARCH, EXPANSION and COVERAGE (COVER for short) bind to what follows them. A backslash takes an operator's meaning
away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, NoReturn, cast, get_args

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import nearest
from trialwright.record.query import places
from trialwright.record.query.errors import QueryError
from trialwright.record.query.nodes import (
    EVERYTHING,
    And,
    Area,
    Coverage,
    Distance,
    Everything,
    Expansion,
    Missing,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Within,
    Words,
)
from trialwright.record.query.resolve import resolve

LONGEST = 10_000
"""Characters of a query."""
DEEPEST = 50
"""Brackets within brackets."""

_CONTEXTS = ("AREA", "SEARCH", "EXPANSION", "COVERAGE", "RANGE", "DISTANCE", "TILT")
_TOKEN = re.compile(
    r"""(?P<context>[A-Z]{3,12})\[ | (?P<open>\() | (?P<close>\)) | "(?P<phrase>(?:\\.|[^"\\])*)(?P<end>"?)
      | (?P<word>(?:\\.|[^\s()"\\])+ | \\)""",
    re.VERBOSE | re.DOTALL,
)
_SHORT = {"COVER": "COVERAGE"}
_NAMES = "|".join(_CONTEXTS[:-1])
_ROUND = re.compile(rf"({_NAMES})\(")
"""An operator with brackets of the wrong kind."""
_SMALL = re.compile(rf"(?!(?:{_NAMES})\[)(?i:({_NAMES}))\[")
"""An operator that is not in capitals."""
Kind = Literal["context", "open", "close", "phrase", "word", "and", "or", "not", "all", "missing"]
_OPERATORS: dict[str, Kind] = {"AND": "and", "OR": "or", "NOT": "not", "ALL": "all", "MISSING": "missing"}


@dataclass(frozen=True, slots=True)
class _Token:
    """`text`: the word, the phrase, or the context's name. `inside`: what stands in the context's brackets."""

    kind: Kind
    text: str
    at: int
    inside: str = ""


def parse(text: str, area: str = "BasicSearch") -> Node:
    """The tree of a query; an empty one is everything. `area`: where words without an AREA are looked for.

    Raises QueryError with the place.
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"The query has {len(text):,} characters.", position=LONGEST, source=text, hint=f"{LONGEST:,} are possible."
        )
    try:
        node = _Parser(tuple(_tokens(text)), len(text), area).query()
        resolve(node, area)
    except QueryError as error:
        raise error.at_source(text) from None
    return node if area == "BasicSearch" or node == EVERYTHING else Area(area, node)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if found := _SMALL.match(text, at):
            name = found[1].upper()
            raise QueryError(f"There is no operator {found[1]}.", position=at, hint=f"Did you mean {name}?")
        if found := _ROUND.match(text, at):
            hint = f"Write {found[1]}[...], or a space before the bracket for a word."
            raise QueryError(f"{found[1]} takes square brackets.", position=found.end() - 1, hint=hint)
        match = _TOKEN.match(text, at)
        assert match is not None, "every character begins a token"
        if match["context"] and _is_context(match["context"], at):
            end = text.find("]", match.end())
            if end < 0:
                raise QueryError(
                    "This bracket is not closed.", position=match.end() - 1, hint="Write ']' after the name."
                )
            yield _Token("context", _SHORT.get(match["context"], match["context"]), at, text[match.end() : end].strip())
            at = end + 1
            continue
        if match["context"]:
            match = _WORD.match(text, at)
            assert match is not None, "a capital begins a word"
        yield _token(match, at)
        at = match.end()


_WORD = re.compile(
    r"(?P<word>(?:\\.|[^\s()\"\\])+)(?P<context>)?(?P<open>)?(?P<close>)?(?P<phrase>)?(?P<end>)?", re.DOTALL
)


def _is_context(name: str, at: int) -> bool:
    """Whether NAME[ begins an operator; a near miss of one is an error, other capitals are a word."""
    if name in _CONTEXTS or name in _SHORT:
        if name == "TILT":
            raise QueryError("TILT is not known here.", position=at, hint="Sort the answer by the date instead.")
        return True
    if close := get_close_matches(name, _CONTEXTS[:-1], n=1, cutoff=0.7):
        raise QueryError(f"There is no operator {name}.", position=at, hint=f"Did you mean {close[0]}?")
    return False


def _token(match: re.Match[str], at: int) -> _Token:
    if match["open"] or match["close"]:
        return _Token("open" if match["open"] else "close", match[0], at)
    if match["word"] is None:
        if not match["end"]:
            raise QueryError(
                "This quotation mark is not closed.", position=at, hint='Write another " after the phrase.'
            )
        return _Token("phrase", _plain(match["phrase"]), at)
    return _Token(_OPERATORS.get(match["word"], "word"), _plain(match["word"]), at)


def _plain(text: str) -> str:
    return re.sub(r"\\(.?)", r"\1", text, flags=re.DOTALL)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: tuple[_Token, ...], length: int, area: str) -> None:
        self._tokens, self._length, self._area = tokens, length, area
        self._next = self._depth = 0

    def query(self) -> Node:
        if not self._tokens:
            return EVERYTHING
        node = self._either()
        if token := self._peek():
            self._wrong("This bracket was never opened.", token, "Take it away or write '(' before.")
        return node

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, *kinds: Kind) -> _Token | None:
        token = self._peek()
        if token is None or token.kind not in kinds:
            return None
        self._next += 1
        return token

    def _either(self) -> Node:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Node:
        parts = [self._negated()]
        while (token := self._peek()) and token.kind not in ("or", "close"):
            self._take("and")
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negated(self) -> Node:
        negations = 0
        while self._take("not"):
            negations += 1
        node = self._term("Concept", "Contains")
        return Not(node) if negations % 2 else node

    def _term(self, expansion: Expansion, coverage: Coverage) -> Node:
        token = self._peek()
        if token is None:
            raise QueryError(
                "Something is missing here.", position=self._length, hint="Write a word after the operator."
            )
        if token.kind == "context":
            self._next += 1
            return self._context(token, expansion, coverage)
        if token.kind == "open":
            return self._group(token, expansion, coverage)
        self._next += 1
        if token.kind == "phrase":
            return Phrase(tuple(token.text.split()), token.at, expansion, coverage)
        if token.kind == "word":
            return self._words(token, expansion, coverage)
        if token.kind == "all":
            return Words((token.text,), token.at) if _has_all(self._area) else EVERYTHING
        if token.kind == "missing":
            return Missing(token.at)
        name = "This bracket" if token.kind == "close" else token.text
        return self._wrong(f"{name} stands where a word should be.", token, "Write a word or a phrase before it.")

    def _words(self, first: _Token, expansion: Expansion, coverage: Coverage) -> Node:
        words = [first.text]
        while token := self._take("word"):
            words.append(token.text)
        return Words(tuple(words), first.at, expansion, coverage)

    def _group(self, token: _Token, expansion: Expansion, coverage: Coverage) -> Node:
        self._next += 1
        self._depth += 1
        if self._depth > DEEPEST:
            self._wrong(f"More than {DEEPEST} brackets stand within each other.", token, "Write a simpler query.")
        if (closing := self._peek()) and closing.kind == "close":
            self._wrong("There is nothing between these brackets.", token, "Write a word or take them away.")
        node = self._either()
        if self._take("close") is None:
            self._wrong("This bracket is not closed.", token, "Write ')' where its part ends.")
        self._depth -= 1
        return _spread(node, expansion, coverage)

    def _context(self, token: _Token, expansion: Expansion, coverage: Coverage) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._wrong(f"More than {DEEPEST} operators stand within each other.", token, "Write a simpler query.")
        node = self._in_context(token, expansion, coverage)
        self._depth -= 1
        return node

    def _in_context(self, token: _Token, expansion: Expansion, coverage: Coverage) -> Node:
        name = token.inside
        if token.text == "RANGE":
            return _range(token)
        if token.text == "DISTANCE":
            return _distance(token)
        if token.text == "AREA":
            around, self._area = self._area, name
            part = self._term(expansion, coverage)
            self._area = around
            return Area(name, part, token.at)
        if token.text == "SEARCH":
            node = self._term(expansion, coverage)
            return node if name == "Study" else Within(name, node, token.at)
        known = get_args(Expansion) if token.text == "EXPANSION" else get_args(Coverage)
        if name not in known:
            hint = f"{nearest(name, known)} It can be {', '.join(known)}."
            self._wrong(f"There is no {token.text.lower()} '{name}'.", token, hint)
        if token.text == "EXPANSION":
            return self._term(cast(Expansion, name), coverage)
        return self._term(expansion, cast(Coverage, name))

    def _wrong(self, what: str, token: _Token, hint: str) -> NoReturn:
        raise QueryError(what, position=token.at, hint=hint)


@lru_cache(maxsize=1_000)
def _has_all(area: str) -> bool:
    """Whether ALL is a value there (of Sex, say) and not the word for every study."""
    known = model()
    pieces = [piece for piece, _ in known.areas[area].parts] if area in known.areas else [area]
    fields = [known.fields[piece] for piece in pieces if piece in known.fields]
    return (
        bool(fields)
        and all(field.type == "enum" for field in fields)
        and any("ALL" in known.labels(field) for field in fields)
    )


def _spread(node: Node, expansion: Expansion, coverage: Coverage) -> Node:
    """EXPANSION and COVERAGE before brackets hold for each part that says nothing itself."""
    if (expansion, coverage) == ("Concept", "Contains"):
        return node
    if isinstance(node, Words | Phrase):
        kind = type(node)
        own_expansion = expansion if node.expansion == "Concept" else node.expansion
        return kind(node.words, node.at, own_expansion, coverage if node.coverage == "Contains" else node.coverage)
    if isinstance(node, And | Or):
        return type(node)(tuple(_spread(part, expansion, coverage) for part in node.parts))
    if isinstance(node, Not):
        return Not(_spread(node.part, expansion, coverage))
    if isinstance(node, Area):
        return Area(node.name, _spread(node.part, expansion, coverage), node.at)
    if isinstance(node, Within):
        return Within(node.structure, _spread(node.part, expansion, coverage), node.at)
    assert isinstance(node, Everything | Range | Distance | Missing), "every kind of node is named here"
    return node


def _range(token: _Token) -> Range:
    bounds = [bound.strip() for bound in token.inside.split(",")]
    if len(bounds) != 2 or not all(bounds):
        raise QueryError(
            "RANGE wants two bounds.", position=token.at, hint="Write RANGE[2024-01-01, MAX]; MIN and MAX are open."
        )
    low, high = ("" if bound == word else bound for bound, word in zip(bounds, ("MIN", "MAX"), strict=True))
    return Range(low, high, token.at)


def _distance(token: _Token) -> Distance:
    found = places.circle(token.inside)
    if found is None:
        hint = "Write DISTANCE[42.36, -71.06, 50mi]: latitude, longitude, and mi or km."
        raise QueryError("DISTANCE wants a place and a radius.", position=token.at, hint=hint)
    (latitude, longitude), radius = found
    return Distance(latitude, longitude, radius, token.at)
