"""From a patient's note to studies, best first, each with what speaks for it and against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import orjson

from trialwright.kernel.errors import InputError
from trialwright.record.common_words import counted
from trialwright.record.match.note import Note, read_note
from trialwright.record.match.query import requests
from trialwright.record.match.rank import Asked, features, score
from trialwright.record.match.trial import Trial, trial_of
from trialwright.record.match.why import TELLING, why
from trialwright.record.reason import Reason
from trialwright.record.search.request import SearchAnswer, SearchRequest
from trialwright.record.store.base import Store


class Shelf(Protocol):
    """What matching needs of a library."""

    @property
    def store(self) -> Store: ...

    def search(self, request: SearchRequest) -> SearchAnswer: ...


@dataclass(frozen=True, slots=True)
class Matched:
    """A study for a patient. Only the order of scores means something. `reasons`: strongest first."""

    nct_id: str
    title: str
    score: float
    reasons: tuple[Reason, ...]


def match(library: Shelf, note: str | Note, count: int = 10) -> list[Matched]:
    """The studies that fit a note best. Age and sex narrow; the rest ranks. Raises InputError for an empty note."""
    asked = Asked.of(read_note(note) if isinstance(note, str) else note, counted())
    if not asked.terms:
        raise InputError("The note names no condition or finding.", hint="Write what the patient has, in English.")
    found: dict[str, None] = {}
    for request in requests(asked.note, counted()):
        found.update(dict.fromkeys(hit.nct_id for hit in library.search(request).hits))
    return rank(asked, map(orjson.loads, library.store.each(sorted(found))), count)


def rank(asked: Asked, records: Iterable[Mapping[str, Any]], count: int) -> list[Matched]:
    """Records in the order in which they fit; those for which no telling reason speaks are left out."""
    scored: list[tuple[float, str, Trial, str]] = []
    for record in records:
        trial = trial_of(record)
        values = features(asked, trial, counted())
        if values["names"] or values["condition"] or values["inclusion"]:
            scored.append((score(values), trial.nct_id, trial, _title(record)))
    best = sorted(scored, key=lambda row: (-row[0], row[1]))
    told = (Matched(number, title, points, why(asked, trial, counted())) for points, number, trial, title in best)
    return list(islice((row for row in told if any(r.kind in TELLING for r in row.reasons)), count))


def _title(record: Mapping[str, Any]) -> str:
    identity = record["protocolSection"]["identificationModule"]
    return str(identity.get("briefTitle") or identity.get("officialTitle") or "")
