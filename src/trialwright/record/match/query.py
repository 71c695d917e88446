"""The questions that bring a note's candidates out of an index."""

from __future__ import annotations

from collections.abc import Mapping

from trialwright.record.match.note import Note
from trialwright.record.query.nodes import Area, Node, Or, Phrase, Words
from trialwright.record.search.request import Filters, SearchRequest
from trialwright.record.terms import Statistics

TERMS, LEAST, NAMES, CRITERIA = 16, 4, 80, 40
"""Most terms that are asked for, those asked for however common, and the most records taken from each question."""
_TELLING = 2.5
"""Idf below which a word is asked for only when there is nothing better."""


def requests(note: Note, statistics: Statistics) -> list[SearchRequest]:
    """One question over conditions, titles and keywords, one over the criteria; both filtered by age and sex."""
    filters = Filters(sex=note.sex, age_years=note.age)
    named = _any(note, note.main or note.terms, statistics, "ConditionSearch")
    asked = _any(note, note.terms, statistics, "EligibilitySearch")
    return [
        SearchRequest(query=node, filters=filters, size=size, explained=False)
        for node, size in ((named, NAMES), (asked, CRITERIA))
        if node is not None
    ]


def _any(note: Note, terms: Mapping[str, float], statistics: Statistics, area: str) -> Node | None:
    """Any of the most telling terms, in the words of the note and in those they are compared as."""
    telling = sorted(terms, key=lambda word: (-terms[word] * statistics.idf(word), word))[:TERMS]
    texts: dict[str, None] = {}
    for number, word in enumerate(telling):
        if number < LEAST or statistics.idf(word) >= _TELLING:
            texts |= dict.fromkeys((note.written.get(word, word), word))
    parts = tuple(_asked(text.split()) for text in texts)
    return Area(area, Or(parts)) if parts else None


def _asked(tokens: list[str]) -> Node:
    if len(tokens) == 1:
        return Words((tokens[0],), expansion="Term")
    return Phrase(tuple(tokens), expansion="Term")
