"""Other names of the same thing: a few written down, the rest read out of the records themselves.

From the records: the words that a MeSH term was found by, and abbreviations that stand in brackets behind their long
form. Only what several records agree on counts, so that a name never drags in what it does not mean.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trialwright.record.query.resolve import LONGEST_NAME, spelled
from trialwright.record.query.words import canonical, tokens
from trialwright.record.search.extract import Raw

Name = tuple[str, ...]
Counts = dict[str, int]

_SHORT_FORM = re.compile(r"\s\(([A-Z][A-Za-z0-9]{2,7})\)")
_SENTENCE = re.compile(r"[.;:()\n]")
_BEFORE = 90
"""Characters before a bracket in which the long form stands."""
_SOURCES = ("BriefTitle", "OfficialTitle", "Condition", "Keyword", "BriefSummary")
_BETWEEN = "\x1f"
_FEWEST = 2
"""Records that must agree."""
_MAIN = 0.7
"""Share of an abbreviation's meanings, or of a finding's MeSH terms, that makes one of them the meaning."""
_LEADING = 0.3
"""Share of a MeSH term's findings that makes a finding another name of it."""


class SynonymTable:
    """Names by their canonical tokens. `of` answers with every spelling of the other names."""

    def __init__(self, names: Mapping[Name, Iterable[Name]]) -> None:
        self._names = {name: tuple(dict.fromkeys(others)) for name, others in names.items()}

    def of(self, sequence: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """Token sequences of other names; () for a name without any."""
        if len(sequence) > LONGEST_NAME:
            return ()
        others = self._names.get(_key(sequence), ())
        return tuple(dict.fromkeys(each for other in others for each in spelled(other)))

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, slots=True)
class Names:
    """What one record says about names: pairs of a condition and its MeSH term, of an abbreviation and its words."""

    found: frozenset[str]
    short: frozenset[str]


class Gathered:
    """What records say about names, counted; `table` draws the conclusions."""

    def __init__(self, found: Counts | None = None, short: Counts | None = None) -> None:
        self._found, self._short = Counter(found or {}), Counter(short or {})

    def take(self, names: Names) -> None:
        """Count the names of one record, each once."""
        self._found.update(names.found)
        self._short.update(names.short)

    def counts(self) -> dict[str, Counts]:
        """As plain values, to keep."""
        return {"found": dict(sorted(self._found.items())), "short": dict(sorted(self._short.items()))}

    def table(self) -> SynonymTable:
        names: dict[Name, list[Name]] = defaultdict(list)
        for one, other in (*_written(), *self._from_mesh(), *self._from_abbreviations()):
            if _key(one) != _key(other):
                names[_key(one)].append(other)
        return SynonymTable(names)

    def _from_mesh(self) -> Iterator[tuple[Name, Name]]:
        pairs = [(key.partition(_BETWEEN), count) for key, count in self._found.items() if count >= _FEWEST]
        of_name, of_term = Counter[str](), Counter[str]()
        for (name, _, term), count in pairs:
            of_name[name] += count
            of_term[term] += count
        for (name, _, term), count in pairs:
            one, other = tuple(name.split()), tuple(term.split())
            if count >= _MAIN * of_name[name]:
                yield other, one
                if count >= _LEADING * of_term[term]:
                    yield one, other

    def _from_abbreviations(self) -> Iterator[tuple[Name, Name]]:
        meanings = Counter[str]()
        for key, count in self._short.items():
            meanings[key.split(_BETWEEN)[0]] += count
        for key, count in self._short.items():
            short, long = key.split(_BETWEEN)
            if count >= _FEWEST and count >= _MAIN * meanings[short]:
                yield (short,), tuple(long.split())
                if short not in _ordinary_words():
                    yield tuple(long.split()), (short,)


def names_of(record: Mapping[str, Any], values: Raw) -> Names:
    """The names that a record uses. `values`: what it says, field by field."""
    return Names(
        frozenset(f"{name}{_BETWEEN}{term}" for name, term in _mesh_findings(record, values)),
        frozenset(f"{short}{_BETWEEN}{long}" for short, long in _abbreviations(values)),
    )


@lru_cache(maxsize=1)
def written_table() -> SynonymTable:
    """Only the names that are written down."""
    return Gathered().table()


def _key(name: Iterable[str]) -> Name:
    return tuple(canonical(token) for token in name)


@lru_cache(maxsize=1)
def _written() -> tuple[tuple[Name, Name], ...]:
    source = yaml.safe_load(Path(__file__).with_name("synonyms.yaml").read_text(encoding="utf-8"))
    pairs: list[tuple[Name, Name]] = []
    for group in source["both"]:
        names = [tuple(tokens(name)) for name in group]
        pairs += [(one, other) for one in names for other in names]
    for short, *longs in source["short"]:
        pairs += [(tuple(tokens(short)), tuple(tokens(long))) for long in longs]
    return tuple(pairs)


@lru_cache(maxsize=1)
def _ordinary_words() -> frozenset[str]:
    """Words that an abbreviation may look like, and that every record holds."""
    source = yaml.safe_load(Path(__file__).with_name("synonyms.yaml").read_text(encoding="utf-8"))
    return frozenset(source["ordinary"].split())


def _mesh_findings(record: Mapping[str, Any], values: Raw) -> Iterator[tuple[str, str]]:
    """The condition's words that led to a MeSH term, and the term: as tokens. Its branches and guesses are left out."""
    derived = record.get("derivedSection")
    browse = derived.get("conditionBrowseModule") if isinstance(derived, Mapping) else None
    leaves = browse.get("browseLeaves") if isinstance(browse, Mapping) else None
    terms = values.get("ConditionMeshTerm", {})
    for leaf in leaves if isinstance(leaves, list) else ():
        if not isinstance(leaf, Mapping):
            continue
        found, term = leaf.get("asFound"), leaf.get("name")
        if isinstance(found, str) and isinstance(term, str) and term in terms:
            name, natural = tokens(found), tokens(_natural(term))
            if 0 < len(name) <= LONGEST_NAME and 0 < len(natural) <= LONGEST_NAME and len("".join(name)) > 2:
                yield " ".join(name), " ".join(natural)
                yield " ".join(tokens(term)), " ".join(natural)


def _natural(term: str) -> str:
    """`Carcinoma, Hepatocellular` as it is said: Hepatocellular Carcinoma."""
    head, comma, rest = term.partition(", ")
    return f"{rest} {head}" if comma and "," not in rest else term


def _abbreviations(values: Raw) -> Iterator[tuple[str, str]]:
    """Abbreviations in brackets and the words before that they stand for."""
    for source in _SOURCES:
        for text in values.get(source, ()):
            for match in _SHORT_FORM.finditer(text) if "(" in text else ():
                before = text[max(0, match.start() - _BEFORE) : match.start()]
                long = long_form(match[1], _SENTENCE.split(before)[-1])
                if long:
                    yield match[1].lower(), long


def long_form(short: str, before: str) -> str:
    """The last words of `before` that an abbreviation stands for, as tokens; "" if it stands for none of them.

    Its letters must occur in them from back to front, the first one at the beginning of the first word (Schwartz and
    Hearst 2003).
    """
    words = before.split()[-min(len(short) + 5, 2 * len(short)) :]
    text = " ".join(words)
    at = len(text)
    for place in range(len(short) - 1, -1, -1):
        letter = short[place].lower()
        if not letter.isalnum():
            continue
        at -= 1
        while at >= 0 and (text[at].lower() != letter or (place == 0 and at > 0 and text[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return ""
    long = tokens(text[at:])
    return " ".join(long) if 1 < len(long) <= LONGEST_NAME else ""
