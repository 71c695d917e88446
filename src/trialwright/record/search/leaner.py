"""Takes out of a test what another part of it says already: the same records pass, and an index has less to look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trialwright.record.query.leaves import Every, Leaf, No, OneElement, Sequences, Some, some


def leaner(leaf: Leaf) -> Leaf:
    """The same test without synonyms that hold only where another part does: `diabetes mellitus` beside `diabetes`.

    Words that were asked stay, for what they add to a record's relevance.
    """
    match leaf:
        case Every(parts):
            return Every(tuple(map(leaner, parts)))
        case Some(parts):
            return _some(list(map(leaner, parts)))
        case No(part):
            return No(leaner(part))
        case OneElement(structure, part):
            return OneElement(structure, leaner(part))
        case Sequences() if leaf.weight < 1:
            return replace(leaf, alternatives=tuple(_shortest(leaf)))
        case _:
            return leaf


def _some(parts: list[Leaf]) -> Leaf:
    """Each part without what the others say; the ones behind it have lost theirs before."""
    for place in range(len(parts) - 1, -1, -1):
        part, others = parts[place], parts[:place] + parts[place + 1 :]
        if isinstance(part, Sequences) and part.weight < 1:
            told = tuple(tokens for tokens in part.alternatives if not _said_by(others, part, tokens))
            parts[place : place + 1] = [replace(part, alternatives=told)] if told or not others else []
    return some(*parts)


def _shortest(leaf: Sequences) -> Iterator[tuple[str, ...]]:
    for tokens in leaf.alternatives:
        others = (other for other in leaf.alternatives if other != tokens)
        if leaf.coverage != "Contains" or not _holds_one(tokens, others):
            yield tokens


def _said_by(parts: Iterable[Leaf], asked: Sequences, tokens: tuple[str, ...]) -> bool:
    """Whether one of the parts is true wherever these tokens stand in a field that was asked."""
    return any(_follows(part, asked, tokens) for part in parts)


def _follows(leaf: Leaf, asked: Sequences, tokens: tuple[str, ...]) -> bool:
    match leaf:
        case Every(parts):
            return all(_follows(part, asked, tokens) for part in parts)
        case Some(parts):
            return _said_by(parts, asked, tokens)
        case Sequences(_, fields, alternatives, "Contains"):
            return set(asked.fields) <= set(fields) and _holds_one(tokens, alternatives)
        case _:
            return False


def _holds_one(tokens: tuple[str, ...], shorter: Iterable[tuple[str, ...]]) -> bool:
    """Whether one of these sequences stands within the tokens."""
    return any(tokens[at : at + len(each)] == each for each in shorter for at in range(len(tokens) - len(each) + 1))
