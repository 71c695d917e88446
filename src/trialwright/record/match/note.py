"""A patient's note in structured parts: age, sex, what is said of the patient, what is denied, what is the family's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from trialwright.record.match.ages import age_in
from trialwright.record.match.scope import COUNT, own_parts, read_denials, tokens_of
from trialwright.record.terms import lexicon, meant, spoken, words

Kind = Literal["said", "denied", "family"]

LONGEST = 20_000
"""Characters of a note that are read; what follows is left out."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence's words of one kind. `weight`: how much it bears on why the patient is here (about 0.4 to 2)."""

    kind: Kind
    words: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Note:
    """`age`: years, None if the note does not say. `sex`: FEMALE, MALE or "".

    `terms`: words that are said of the patient, with their weight; `main`: those of the main problem alone. `denied`:
    words that are only ever denied.
    """

    text: str
    age: float | None
    sex: str
    statements: tuple[Statement, ...]
    terms: dict[str, float] = field(default_factory=dict)
    main: dict[str, float] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    written: dict[str, str] = field(default_factory=dict)
    """How each term stands in the note, in small letters; an abbreviation in capitals is written out."""

    def of(self, kind: Kind) -> tuple[Statement, ...]:
        return tuple(s for s in self.statements if s.kind == kind)


def read_note(text: str) -> Note:
    """Read a note. Nothing in it is an error: what cannot be read is left out."""
    text = text[:LONGEST]
    found = tuple(_statements(text))
    terms = _weigh(s for s in found if s.kind == "said")
    main = _weigh(s for s in found if s.kind == "said" and s.weight >= MAIN)
    denied = frozenset(w for s in found if s.kind == "denied" for w in s.words) - terms.keys()
    written = {w: said for stands, said in spoken(_small(tokens_of(text))) for w in stands if w in terms}
    return Note(text, age_in(text), sex_in(text), found, terms, main, denied, written)


def _weigh(statements: Iterable[Statement]) -> dict[str, float]:
    """Each word with the weight of its best statement, a little more when it is said again."""
    best: dict[str, float] = {}
    times: dict[str, int] = {}
    for statement in statements:
        for word in set(statement.words):
            best[word] = max(best.get(word, 0.0), statement.weight)
            times[word] = times.get(word, 0) + 1
    return {word: weight * (1 + 0.25 * min(times[word] - 1, 2)) for word, weight in best.items()}


# --- sex

_OLD = r"(?:\d+\s?/?|yo|y/o|old|\by|yrs?|\bmo)\s?"
_NOUNS = re.compile(
    rf"\b(?:(woman|girl|female|lady|postmenopausal|pregnant|g\d+\s?p\d+|mother of {COUNT}|{_OLD}f|f\s?/\s?\d+)"
    rf"|(man|boy|male|gentleman|father of {COUNT}|{_OLD}m|m\s?/\s?\d+))\b",
    re.IGNORECASE,
)
_PRONOUNS = re.compile(r"\b(?:(she|her|hers|herself|ms|mrs)|(he|him|his|himself|mr))\b", re.IGNORECASE)
_ZH = re.compile(r"(女)|(男)")


def sex_in(text: str) -> str:
    """FEMALE or MALE, by the first noun that says it, else by most pronouns; "" when nothing does."""
    noun = _NOUNS.search(text[:600]) or _ZH.search(text[:200])
    if noun:
        return "FEMALE" if noun[1] else "MALE"
    pronouns = [match[1] is not None for match in _PRONOUNS.finditer(text)]
    if not pronouns or sum(pronouns) * 2 == len(pronouns):
        return ""
    return "FEMALE" if sum(pronouns) * 2 > len(pronouns) else "MALE"


# --- statements

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9\[])|\n+|[。；]")
_HIDDEN = re.compile(r"\[\*\*.*?\*\*\]")
_BACKGROUND = re.compile(
    r"\b(?:past (?:medical|surgical|history)|pmh|psh|medical history|surgical history|history (?:is|was)|h/o|"
    r"social history|lives|married|medications?:|allergies|home meds|smok|drink|exercise)",
    re.IGNORECASE,
)
_DIAGNOSIS = re.compile(
    r"\b(?:diagnos\w+ (?:with|of|as|is|was)|diagnosed|consistent with|compatible with|suspected|suspicio\w+ (?:for|of)|"
    r"known case of|candidate for|offered|confirmed|referred for|admitted (?:for|with)|presents? (?:with|for)|"
    r"presented with|presenting with|complain\w* of|here for|evaluation of|chief complaint|cc:|"
    r"concern(?:ing)? for|history of|h/o|with)\b",
    re.IGNORECASE,
)
MAIN = 1.0
LEAD, LATER, BACKGROUND, NAMED = 1.0, 0.6, 0.5, 1.5
"""Weights: the first two sentences, the rest, background (past history, habits), and words that a diagnosis names."""


def _statements(text: str) -> Iterator[Statement]:
    sentences = [s for s in _SENTENCE.split(_HIDDEN.sub(" ", text)) if s and s.strip()]
    for number, sentence in enumerate(sentences):
        weight = BACKGROUND if _BACKGROUND.search(sentence) and number else LEAD if number < 2 else LATER
        own, family = own_parts(sentence)
        for part in family:
            yield Statement("family", tuple(words(part)), 0.0)
        for part in own:
            yield from _of_patient(part, weight)


def _of_patient(part: str, weight: float) -> Iterator[Statement]:
    """What a part of a sentence says of the patient: what is denied, what is there, what a diagnosis names."""
    tokens = read_denials(part)
    if denied := [token.text for token in tokens if token.denied]:
        yield Statement("denied", tuple(words(" ".join(denied))), 0.0)
    said = [token for token in tokens if not token.denied]
    if said:
        yield Statement("said", _expanded([token.text for token in said]), weight)
        named = _DIAGNOSIS.search(part)
        if named and weight > BACKGROUND:
            after = [token.text for token in said if token.start >= named.end()]
            yield Statement("said", _expanded(after[:10]), NAMED if weight == LEAD else (LEAD + NAMED) / 2)


def _expanded(tokens: list[str]) -> tuple[str, ...]:
    """The words of the tokens as they are compared."""
    return tuple(meant(_small(tokens)))


def _small(tokens: list[str]) -> list[str]:
    """Tokens in small letters; an abbreviation in capitals brings what it stands for."""
    capitals = lexicon().capitals
    small: list[str] = []
    for token in tokens:
        small += capitals.get(token) or (token.lower(),)
    return small
