"""Words as records and notes share them: one spelling, one number, no filler. Made for comparing, not for showing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Protocol

import yaml


@cache
def _table() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(
        (resources.files(__package__) / "clinical_words.yaml").read_text(encoding="utf-8")
    )
    return read


_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_AMOUNT = re.compile(r"\d+(?:m|f|y|yo|yr|mg|kg|g|ml|l|cm|mm|h|d|w|cc|mmhg|st|nd|rd|th)?")
"""Numbers, ages, doses: nothing to compare."""
_BRITISH = (
    ("haem", "hem"),
    ("aemi", "emi"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("oestr", "estr"),
    ("paed", "ped"),
    ("diarrhoea", "diarrhea"),
    ("orrhoea", "orrhea"),
    ("tumour", "tumor"),
    ("leucocyt", "leukocyt"),
    ("gynaec", "gynec"),
    ("orthopaed", "orthoped"),
    ("anaesth", "anesth"),
    ("ischaem", "ischem"),
    ("foet", "fet"),
    ("faec", "fec"),
    ("caec", "cec"),
    ("sulph", "sulf"),
    ("behaviour", "behavior"),
    ("fibre", "fiber"),
    ("centre", "center"),
    ("dyspnoea", "dyspnea"),
    ("apnoea", "apnea"),
    ("isation", "ization"),
)

STOP = frozenset(_table()["filler"].split())
"""Words that say nothing about what a record or a patient is."""


@lru_cache(maxsize=1 << 17)
def fold(word: str) -> str:
    """A lower-case word in American spelling and in the singular: `tumours` and `tumor` are the same."""
    word = word.replace("’", "'").removesuffix("'s")
    for british, american in _BRITISH:
        if british in word:
            word = word.replace(british, american)
    if len(word) <= 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word.removesuffix("s")


Phrase = tuple[tuple[str, ...], tuple[str, ...]]
"""The words after the first, and what the phrase is compared as."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`plain`, `capitals`: abbreviations and what they stand for, as folded words; `capitals` are read as written.
    `same`: a folded word's stand-in. `phrases`: by their first word, longest first, (words, stand-ins)."""

    plain: dict[str, tuple[str, ...]]
    capitals: dict[str, tuple[str, ...]]
    same: dict[str, str]
    phrases: dict[str, list[Phrase]]


@cache
def lexicon() -> Lexicon:
    """The table of clinical words that ships with the package."""
    table = _table()
    same = {fold(word): fold(stands) for word, stands in table["same"].items()}

    def stands_for(text: str) -> tuple[str, ...]:
        kept = (fold(word) for word in _WORD.findall(text.lower()))
        return tuple(same.get(word, word) for word in kept if len(word) > 1 and word not in STOP)

    phrases: dict[str, list[Phrase]] = {}
    for phrase, stands in sorted(table["phrases"].items(), key=lambda pair: -len(pair[0].split())):
        first, *rest = phrase.split()
        phrases.setdefault(first, []).append((tuple(rest), stands_for(stands)))
    return Lexicon(
        plain={key: stands_for(text) for key, text in table["plain"].items()},
        capitals={key: stands_for(text) for key, text in table["capitals"].items()},
        same=same,
        phrases=phrases,
    )


@lru_cache(maxsize=1 << 17)
def _meant(word: str) -> tuple[str, ...]:
    """What one lower-case word is compared as; nothing where it is filler, a number or a letter."""
    if word in STOP or _AMOUNT.fullmatch(word):
        return ()
    table = lexicon()
    if word in table.plain:
        return table.plain[word]
    folded = fold(word)
    return (table.same.get(folded, folded),) if len(folded) > 1 and folded not in STOP else ()


def words(text: str) -> list[str]:
    """The words of a text as they are compared, in their order: folded, abbreviations written out, synonyms as one,
    filler and numbers left out."""
    return meant(_WORD.findall(text.lower()))


def meant(tokens: Sequence[str]) -> list[str]:
    """As `words`, of lower-case tokens."""
    return [word for stands, _ in spoken(tokens) for word in stands]


def spoken(tokens: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """The words that are compared, each with the text they come from: (("kidney",), "renal")."""
    phrases = lexicon().phrases
    found: list[tuple[tuple[str, ...], str]] = []
    skip = 0
    for place, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token in phrases and (phrase := _phrase(tokens, place, phrases[token])):
            found.append((phrase[1], " ".join((token, *phrase[0]))))
            skip = len(phrase[0])
        elif stands := _meant(token):
            found.append((stands, token))
    return found


def _phrase(tokens: Sequence[str], place: int, known: list[Phrase]) -> Phrase | None:
    return next((p for p in known if tuple(tokens[place + 1 : place + 1 + len(p[0])]) == p[0]), None)


def abbreviations_of(compared: Iterable[str]) -> list[str]:
    """Abbreviations whose whole meaning stands among these words: hlh for hemophagocytic lymphohistiocytosis."""
    said = set(compared)
    tables = (lexicon().plain, lexicon().capitals)
    return sorted(
        {short.lower() for table in tables for short, long in table.items() if len(long) > 1 and said >= {*long}}
    )


class Statistics(Protocol):
    """How telling a word is in the collection at hand."""

    def idf(self, word: str) -> float:
        """Inverse document frequency of a folded word: about 0 for one that is everywhere, about 9 for a rare one."""
        ...
