"""Studies like a given one, closest first, with reasons: never itself, no duplicates, not one programme alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

from trialwright.kernel.errors import UnknownName
from trialwright.record.common_words import counted
from trialwright.record.reason import Reason
from trialwright.record.related.profile import Profile, profile_of
from trialwright.record.related.profile_text import profile_in
from trialwright.record.related.query import requests
from trialwright.record.related.score import TELLING, criteria_likeness, likeness
from trialwright.record.search.request import SearchAnswer, SearchRequest
from trialwright.record.store.base import Store
from trialwright.record.terms import words

CLOSER = 25
"""How many of the best are compared by their criteria too."""
_AGAIN = 0.93
"""What each further record of one sponsor keeps of its score: a programme fills the list only if it is the closest."""
_CRITERIA = 4000
"""Characters of the criteria that are compared."""


class Shelf(Protocol):
    """What is needed of a library."""

    @property
    def store(self) -> Store: ...

    def search(self, request: SearchRequest) -> SearchAnswer: ...

    def profiles(self, nct_ids: Sequence[str]) -> list[bytes]: ...


@dataclass(frozen=True, slots=True)
class Related:
    """A study like another one. Only the order of scores means something. `reasons`: strongest first."""

    nct_id: str
    title: str
    score: float
    reasons: tuple[Reason, ...]


def related(library: Shelf, nct_id: str, count: int = 10) -> list[Related]:
    """The studies closest to this one. Raises UnknownName."""
    text = library.store.get(nct_id)
    if text is None:
        raise UnknownName("record", nct_id, ())
    profile = profile_of(orjson.loads(text), text)
    found: dict[str, None] = {}
    asked = requests(profile, counted())
    with ThreadPoolExecutor(len(asked) or 1) as beside:
        for answer in beside.map(library.search, asked):
            found.update(dict.fromkeys(hit.nct_id for hit in answer.hits))
    others = map(profile_in, library.profiles(sorted(found.keys() - {profile.nct_id})))
    return closest(profile, others, count, lambda ids: _criteria_kept(library.store, ids))


def _criteria_kept(store: Store, nct_ids: Sequence[str]) -> dict[str, str]:
    profiles = (profile_of(orjson.loads(text), text) for text in store.each(nct_ids))
    return {each.nct_id: each.criteria for each in profiles}


def closest(
    profile: Profile,
    others: Iterable[Profile],
    count: int,
    criteria: Callable[[Sequence[str]], Mapping[str, str]] | None = None,
) -> list[Related]:
    """The closest of these, whatever order they come in; those for which no telling reason speaks are left out.

    `criteria`: reads those of some records, where the profiles come without.
    """
    own = {profile.nct_id, *profile.aliases}
    rows = []
    for other in others:
        if not own & {other.nct_id, *other.aliases}:
            found = likeness(profile, other, counted())
            rows.append((other, Related(other.nct_id, other.title, found.score, found.reasons)))
    best = sorted(rows, key=lambda row: (-row[1].score, row[1].nct_id))[: max(CLOSER, count * 2)]
    if criteria:
        texts = criteria([other.nct_id for other, _ in best])
        best = [(replace(other, criteria=texts.get(other.nct_id, "")), row) for other, row in best]
    told = [row for row in _by_criteria(profile, best) if any(r.kind in TELLING for r in row[1].reasons)]
    return _varied(_without_duplicates(profile, told), count)


_Row = tuple[Profile, Related]


def _by_criteria(profile: Profile, rows: Sequence[_Row]) -> list[_Row]:
    """The rows again, with what their criteria have in common."""
    mine = {word: counted().idf(word) for word in words(profile.criteria[:_CRITERIA])}
    if not mine:
        return list(rows)
    richer = []
    for other, row in rows:
        part = criteria_likeness(mine, words(other.criteria[:_CRITERIA]), counted())
        reasons = (*row.reasons, part) if part.words.en else row.reasons
        ordered = tuple(sorted(reasons, key=lambda r: (-r.points, r.kind)))
        richer.append((other, replace(row, score=row.score + part.points, reasons=ordered)))
    return sorted(richer, key=lambda row: (-row[1].score, row[1].nct_id))


def _without_duplicates(profile: Profile, rows: Sequence[_Row]) -> list[_Row]:
    """One of each number and alias, and one of each title by one sponsor; the closest stays."""
    seen: set[object] = {profile.nct_id, *profile.aliases}
    kept = []
    for other, row in rows:
        keys = {other.nct_id, *other.aliases, *([_named(other)] if other.title else ())}
        if not keys & seen:
            kept.append((other, row))
            seen |= keys
    return kept


def _named(profile: Profile) -> tuple[object, ...]:
    return (profile.sponsor.lower(), profile.phase, " ".join(profile.title.lower().split()))


def _varied(rows: Sequence[_Row], count: int) -> list[Related]:
    """The best one by one; a sponsor that has been shown counts a little less each time."""
    left = list(rows)
    chosen: list[Related] = []
    shown: dict[str, int] = {}

    def worth(row: _Row) -> tuple[float, str]:
        return (-row[1].score * _AGAIN ** shown.get(row[0].sponsor, 0), row[1].nct_id)

    while left and len(chosen) < count:
        best = min(left, key=worth)
        left.remove(best)
        chosen.append(best[1])
        if best[0].sponsor:
            shown[best[0].sponsor] = shown.get(best[0].sponsor, 0) + 1
    return chosen
