"""The library: every record that is kept, and the index that finds them. The one face that pages and commands use."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from trialwright.formats.ctgov import StudyRecord, record_of
from trialwright.formats.ctgov.many import Found
from trialwright.record.bring_in import bring_in
from trialwright.record.search.entry import Entry, entries, prepared, preparing
from trialwright.record.search.request import Index, SearchAnswer, SearchRequest
from trialwright.record.store.opening import WritableStore, is_address, open_store
from trialwright.study.load import built_in_studies, load_study

if TYPE_CHECKING:
    from trialwright.record.match.match import Matched
    from trialwright.record.match.note import Note
    from trialwright.record.related.related import Related

STEP = 2000
"""Records that are indexed between two commits; an interruption costs no more."""

INDEX = "index"
"""The index's folder inside a data folder."""


class Library:
    """Records and their index. Use it in as many threads as wanted; write to it from one place at a time."""

    def __init__(self, store: WritableStore, open_index: Callable[[], Index]) -> None:
        self.store = store
        self._open_index = open_index
        self._index: Index | None = None

    @classmethod
    def open(cls, place: str | Path = "", *, write: bool = False) -> Library:
        """The library in a data folder or behind a postgresql:// address; "": the built-in studies' own records.

        With `write` it may be changed, and is made where there is none. Raises InputError.
        """
        if not str(place):
            return _built_in()
        store = open_store(place, write=write)
        return cls(store, lambda: _index(place))

    @property
    def index(self) -> Index:
        """The index, opened at its first use."""
        if self._index is None:
            self._index = self._open_index()
        return self._index

    def get(self, nct_id: str) -> StudyRecord | None:
        """The present record; former numbers lead to it. None when there is none."""
        text = self.store.get(nct_id)
        return StudyRecord.of(orjson.loads(text)) if text is not None else None

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Bring the index to where the store is; how many records that took. It goes on where it was interrupted."""
        done = 0
        for upto, run in _entries(_steps(self.store.changes(self.index.stands_at()))):
            done += self.index.add(run, upto)
            progress(done)
        return done

    def search(self, request: SearchRequest) -> SearchAnswer:
        return self.index.search(request)

    def profiles(self, nct_ids: Sequence[str]) -> list[bytes]:
        """What related studies are compared by, of those of the records that are indexed."""
        return self.index.profiles(nct_ids)

    def related(self, nct_id: str, count: int = 10) -> list[Related]:
        """Studies like this one, closest first, with reasons. Raises UnknownName."""
        from trialwright.record.related.related import related

        return related(self, nct_id, count)

    def match(self, note: str | Note, count: int = 10) -> list[Matched]:
        """Studies for a patient, best first, with reasons."""
        from trialwright.record.match.match import match

        return match(self, note, count)

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
        self.store.close()


def _steps(changes: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    """Runs of changes with the number of their last one."""
    while some := list(islice(changes, STEP)):
        yield some[-1][0], [text for _, text in some]


def _entries(steps: Iterator[tuple[int, list[bytes]]]) -> Iterator[tuple[int, list[Entry]]]:
    """What the index takes of each run. From the third run on another process prepares it: starting one takes time."""
    yield from ((upto, entries(texts)) for upto, texts in islice(steps, 2))
    third = next(steps, None)
    if third is not None:
        with preparing() as beside:
            yield from prepared(beside, chain([third], steps))


def _index(place: str | Path) -> Index:
    if is_address(place):
        from trialwright.record.search.postgres_index import PostgresIndex

        return PostgresIndex(str(place))
    from trialwright.record.search.tantivy_index import TantivyIndex

    return TantivyIndex(Path(place).expanduser() / INDEX)


def _built_in() -> Library:
    """The built-in studies' own records, in a folder that goes when the library does."""
    folder = tempfile.TemporaryDirectory(prefix="trialwright-")
    store = open_store(folder.name, write=True)
    records = [record_of(load_study(name)) for name in built_in_studies()]
    answers = [Found(_number(data), orjson.dumps(data), data, "built in") for data in records]
    bring_in(store, answers, seen=datetime(1970, 1, 1, tzinfo=UTC))
    library = Library(store, lambda: _filled(_index(folder.name), records, store.last_change()))
    weakref.finalize(library, _drop, store, folder)
    return library


def _filled(index: Index, records: list[dict[str, Any]], upto: int) -> Index:
    index.add(records, upto)
    return index


def _drop(store: WritableStore, folder: tempfile.TemporaryDirectory[str]) -> None:
    store.close()
    folder.cleanup()


def _number(data: dict[str, Any]) -> str:
    return StudyRecord.of(data).id
