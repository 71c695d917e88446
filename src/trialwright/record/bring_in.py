"""Brings files of records into a store: streaming, in batches, the good ones kept and the bad ones told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from trialwright.formats.ctgov.many import Answer, Found
from trialwright.formats.ctgov.part import Part
from trialwright.kernel.errors import InputError
from trialwright.record.reading import records_in
from trialwright.record.store.base import Incoming, Kept, Record
from trialwright.record.store.cards import last_update
from trialwright.record.store.opening import WritableStore
from trialwright.record.store.ready import Ready, ready_of
from trialwright.record.store.tables import content_of

__all__ = ["Brought", "bring_in", "records_in"]

BATCH = 1000
"""Records that are kept in one transaction, and so may be read again after an interruption."""

HEAVY = 64 * 1024 * 1024
"""Bytes of text from which on a batch is kept, even if it has few records."""


@dataclass(slots=True)
class Brought:
    """What became of an input. `bad`: what could not be read; `twice`: numbers that came again with other contents."""

    added: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0
    twice: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    """What was kept although it is unusual, and how often."""

    @property
    def kept(self) -> int:
        return self.added + self.changed + self.same

    def add(self, other: Kept | Brought) -> None:
        """Count what became of more records."""
        self.added, self.changed, self.same = (
            self.added + other.added,
            self.changed + other.changed,
            self.same + other.same,
        )
        if isinstance(other, Brought):
            self.bad, self.twice = self.bad + other.bad, self.twice + other.twice
            self.notes.update(other.notes)


def bring_in(
    store: WritableStore,
    answers: Iterable[Answer | Ready],
    *,
    seen: datetime,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Brought:
    """Keep every good record, one batch in one transaction. `tell` gets a sentence for each bad or doubtful one.

    Raises what the store raises (no space, another writer); the batches before stay.
    """
    brought = Brought()
    batch = _Batch(store, brought, seen, tell)
    with store.writing():
        for answer in _with_end(answers, batch):
            if isinstance(answer, InputError):
                brought.bad += 1
                tell(str(answer))
                continue
            batch.add(answer if isinstance(answer, Ready) else ready_of(_incoming(answer), answer.notes))
            if batch.full:
                batch.keep()
                progress(brought.kept)
        batch.keep()
        progress(brought.kept)
    return brought


def _with_end(answers: Iterable[Answer | Ready], batch: _Batch) -> Iterator[Answer | Ready]:
    """The answers; where the reading ends with an error (no such file), what waits is kept before it is raised."""
    try:
        yield from answers
    except InputError:
        batch.keep()
        raise


class _Batch:
    """Records on their way in, one for each number."""

    def __init__(self, store: WritableStore, brought: Brought, seen: datetime, tell: Callable[[str], None]) -> None:
        self._store, self._brought, self._seen, self._tell = store, brought, seen, tell
        self._waiting: dict[str, Ready] = {}
        self._weight = 0
        self._met: set[int] = set()

    @property
    def full(self) -> bool:
        return len(self._waiting) >= BATCH or self._weight >= HEAVY

    def add(self, record: Ready) -> None:
        self._brought.notes.update(record.notes)
        number = int(record.nct_id[3:])
        if number in self._met and not self._is_later(record):
            return
        self._met.add(number)
        self._waiting[record.nct_id] = record
        self._weight += len(record.text)

    def _is_later(self, record: Ready) -> bool:
        """Whether a record that comes a second time is the one to keep: the later by its own date is."""
        waiting = self._waiting.get(record.nct_id)
        text = waiting.text if waiting else self._store.get(record.nct_id) or b"{}"
        earlier: Record = orjson.loads(text)
        if text == record.text or content_of(earlier) == content_of(orjson.loads(record.text)):
            self._brought.same += 1
            return False
        first, second = last_update(Part(earlier).part("protocolSection").part("statusModule")), record.card.updated
        later = second >= first
        dates = f"{second or 'no date'} and {first or 'no date'}"
        self._brought.twice += 1
        self._tell(
            f"{record.where}: {record.nct_id} came before with other contents (last updates: {dates});"
            f" {'this one' if later else 'the earlier one'} is kept."
        )
        return later

    def keep(self) -> None:
        """Put the batch into the store, in one transaction."""
        if self._waiting:
            self._brought.add(self._store.put(list(self._waiting.values()), self._seen))
        self._waiting, self._weight = {}, 0


def _incoming(found: Found) -> Incoming:
    return Incoming(found.nct_id, found.text, found.data, found.where)
