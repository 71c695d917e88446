"""Everything that an index keeps of a record, made in one go: here, or in a process beside the one that writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import orjson

from trialwright.record.related.profile import profile_of
from trialwright.record.related.profile_text import text_of
from trialwright.record.search.extract import Extract, extract
from trialwright.record.search.synonyms import Names, names_of
from trialwright.record.store.base import Record

_AHEAD = 3
"""Runs of records that are prepared while one is written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as an index takes it. `profile`: what related studies are compared by."""

    found: Extract
    names: Names
    profile: bytes


def entry(record: Record | Entry) -> Entry:
    """Raises ValueError without a registry number."""
    if isinstance(record, Entry):
        return record
    found = extract(record)
    return Entry(found, names_of(record, found.values), text_of(profile_of(record)))


def entries(texts: Sequence[bytes]) -> list[Entry]:
    """Of records as JSON."""
    return [entry(orjson.loads(text)) for text in texts]


@contextmanager
def preparing() -> Iterator[ProcessPoolExecutor]:
    """A process that prepares entries: indexing is two thirds reading, which one processor need not do alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        try:
            yield beside
        except BaseException:
            beside.shutdown(cancel_futures=True)
            raise


def prepared(
    beside: ProcessPoolExecutor, runs: Iterable[tuple[int, Sequence[bytes]]]
) -> Iterator[tuple[int, list[Entry]]]:
    """Each run's entries with its number, in order; a few runs are prepared ahead."""
    waiting: list[tuple[int, Future[list[Entry]]]] = []
    for number, texts in runs:
        waiting.append((number, beside.submit(entries, texts)))
        if len(waiting) > _AHEAD:
            first, future = waiting.pop(0)
            yield first, future.result()
    for number, future in waiting:
        yield number, future.result()
