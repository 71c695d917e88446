"""A store in tables: what is done with them, whatever database holds them.

`version` holds every state of every record and numbers the changes; `record` holds the card of each present record and
points at its version; `alias` leads old numbers to records.
"""

# ruff: noqa: S608  # statements are put together from our own names and question marks only

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

import orjson

from trialwright.record.store.base import Card, Incoming, Kept, Record, Version
from trialwright.record.store.cards import COLUMNS, card_from, row_of
from trialwright.record.store.packing import Packer, train
from trialwright.record.store.ready import Ready, number_of, ready_of, written_on

SCHEMA = 1
"""Number of this arrangement of tables."""

TABLES = """
CREATE TABLE version (change {whole} PRIMARY KEY, nct_id TEXT NOT NULL, number INTEGER NOT NULL, seen TEXT NOT NULL,
  updated TEXT NOT NULL, written TEXT NOT NULL, digest {bytes} NOT NULL, body {bytes} NOT NULL,
  UNIQUE (nct_id, number));
CREATE TABLE record (nct_id TEXT PRIMARY KEY, title TEXT NOT NULL, official_title TEXT NOT NULL, acronym TEXT NOT NULL,
  status TEXT NOT NULL, study_type TEXT NOT NULL, phases TEXT NOT NULL, conditions TEXT NOT NULL,
  interventions TEXT NOT NULL, sponsor TEXT NOT NULL, sponsor_class TEXT NOT NULL, enrolment {whole},
  countries TEXT NOT NULL, sites INTEGER NOT NULL, start TEXT NOT NULL, completion TEXT NOT NULL,
  updated TEXT NOT NULL, has_results INTEGER NOT NULL, change {whole} NOT NULL UNIQUE);
CREATE TABLE alias (alias TEXT PRIMARY KEY, nct_id TEXT NOT NULL);
CREATE TABLE memo (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE dictionary (number {whole} PRIMARY KEY, body {bytes} NOT NULL);
"""

PAGE = 200
"""Rows that a stream reads at a time, so that no reader holds a snapshot for long."""

_CARD = ", ".join(f"r.{name}" for name in COLUMNS)
_RECORD = (*COLUMNS, "change")
_UPSERT = (
    f"INSERT INTO record ({', '.join(_RECORD)}) VALUES ({', '.join('?' * len(_RECORD))})"
    f" ON CONFLICT (nct_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _RECORD[1:])}"
)
_VERSION = (
    "INSERT INTO version (change, nct_id, number, seen, updated, written, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_REWRITE = "UPDATE version SET written = ?, digest = ?, body = ? WHERE change = ?"
_ALIAS = "INSERT INTO alias (alias, nct_id) VALUES (?, ?) ON CONFLICT (alias) DO UPDATE SET nct_id = excluded.nct_id"

_MEMO = "INSERT INTO memo (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Cursor(Protocol):
    """What the two drivers have in common."""

    def execute(self, sql: Any, values: Any = ..., /) -> Any: ...

    def executemany(self, sql: Any, rows: Any, /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def content_of(data: Record) -> bytes:
    """The same for records that are equal as JSON but for spaces, the order of keys, and `written_on`."""
    if written_on(data):
        derived = dict(data["derivedSection"])
        derived["miscInfoModule"] = {k: v for k, v in derived["miscInfoModule"].items() if k != "versionHolder"}
        data = {**data, "derivedSection": derived}
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class _Present:
    """What is on file of one record, or comes in the same batch before."""

    change: int
    digest: bytes
    updated: str
    written: str
    versions: int


@dataclass(slots=True)
class _Rows:
    """What one batch writes, and what it counts. `texts`: those of `versions`, by their change."""

    change: int
    seen: str
    versions: list[tuple[Any, ...]] = field(default_factory=list)
    texts: dict[int, bytes] = field(default_factory=dict)
    records: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    rewrites: list[tuple[Any, ...]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class SqlStore(ABC):
    """A `Store` over tables. Below it: how to connect, to write alone, and to name the errors."""

    def __init__(self) -> None:
        self._packer = Packer(self._dictionaries)
        self._own = threading.local()
        self._opened: list[Any] = []

    def _begin(self) -> None:
        """Prepare the tables; where that fails, no connection stays open."""
        try:
            with self._named_errors():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()
        self._own = threading.local()

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """Be the only writer. Raises Refused where there is another one."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make the tables where there are none; refuse what holds something else."""

    @abstractmethod
    def _named_errors(self) -> AbstractContextManager[None]:
        """What the database says, in a sentence."""

    @abstractmethod
    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Read, without waiting for any writer."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Cursor]:
        """A cursor whose writes are kept together or not at all."""

    def _sql(self, text: str) -> str:
        """A statement in the words of this database; values stand as `?`."""
        return text

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(self, records: Sequence[Incoming | Ready], seen: datetime) -> Kept:
        """Keep a batch, all or nothing. A record that is older than the one on file becomes a version, not the present.

        Raises InputError for a record with parts of a wrong type, Refused beside another writer.
        """
        batch = [record if isinstance(record, Ready) else ready_of(record) for record in records]
        with self.writing(), self._transaction() as cursor:
            self._train(cursor, batch)
            cursor.execute("SELECT coalesce(max(change), 0) FROM version")
            rows = _Rows(int(cursor.fetchall()[0][0]), seen.astimezone(UTC).isoformat(timespec="seconds"))
            present = self._present(cursor, [record.nct_id for record in batch])
            for record in batch:
                self._add(cursor, rows, present, record)
            self._write(cursor, rows)
        return Kept(**rows.counts)

    def _add(self, cursor: Cursor, rows: _Rows, present: dict[str, _Present], record: Ready) -> None:
        """What is new about a record, as rows."""
        number, card, written = record.nct_id, record.card, record.written
        before = present.get(number)
        older = before is not None and bool(card.updated) and card.updated < before.updated
        if before and self._known(cursor, rows, before, record, older=older):
            rows.counts["same"] += 1
            if before.digest != record.digest and written > before.written:
                before.written, before.digest = written, record.digest
                rows.rewrites.append((written, record.digest, self._packer.pack(record.text), before.change))
            return
        rows.counts["changed" if before else "added"] += 1
        rows.change += 1
        version = before.versions + 1 if before else 1
        rows.versions.append((rows.change, number, version, rows.seen, card.updated, written, record.digest))
        rows.texts[rows.change] = record.text
        if before and older:
            before.versions = version
            return
        present[number] = _Present(rows.change, record.digest, card.updated, written, version)
        rows.records[number] = (number, *row_of(card)[1:], rows.change)
        rows.aliases += [(alias, number) for alias in record.aliases]

    def _known(self, cursor: Cursor, rows: _Rows, before: _Present, record: Ready, *, older: bool) -> bool:
        """Whether a record is the present one, or (an older one) among the versions."""
        if before.digest == record.digest:
            return True
        if older:
            state = record.nct_id, record.digest
            cursor.execute(self._sql("SELECT 1 FROM version WHERE nct_id = ? AND digest = ?"), state)
            return bool(cursor.fetchall()) or any((row[1], row[6]) == state for row in rows.versions)
        text = rows.texts.get(before.change)
        if text is None:
            cursor.execute(self._sql("SELECT body FROM version WHERE change = ?"), (before.change,))
            text = self._packer.unpack(bytes(cursor.fetchall()[0][0]))
        return content_of(orjson.loads(text)) == content_of(orjson.loads(record.text))

    def _write(self, cursor: Cursor, rows: _Rows) -> None:
        bodies = self._packer.pack_all([rows.texts[row[0]] for row in rows.versions])
        for statement, values in (
            (_VERSION, [(*row, body) for row, body in zip(rows.versions, bodies, strict=True)]),
            (_UPSERT, list(rows.records.values())),
            (_ALIAS, rows.aliases),
            (_REWRITE, rows.rewrites),
        ):
            if values:
                cursor.executemany(self._sql(statement), values)

    def _present(self, cursor: Cursor, numbers: Sequence[str]) -> dict[str, _Present]:
        found: dict[str, _Present] = {}
        for some in _pages(numbers):
            cursor.execute(
                self._sql(
                    "SELECT r.nct_id, r.change, v.digest, r.updated, v.written,"
                    " (SELECT max(number) FROM version w WHERE w.nct_id = r.nct_id)"
                    " FROM record r JOIN version v ON v.change = r.change"
                    f" WHERE r.nct_id IN ({_marks(some)})"
                ),
                some,
            )
            found |= {row[0]: _Present(row[1], bytes(row[2]), *row[3:]) for row in cursor.fetchall()}
        return found

    def _train(self, cursor: Cursor, records: Sequence[Ready]) -> None:
        """Make the dictionary, once, from the first batch that is large enough."""
        cursor.execute("SELECT count(*) FROM dictionary")
        if cursor.fetchall()[0][0] or not (made := train([record.text for record in records])):
            return
        cursor.execute(self._sql("INSERT INTO dictionary (number, body) VALUES (?, ?)"), made)
        self._packer.learn(*made)

    def _dictionaries(self) -> dict[int, bytes]:
        return {row[0]: bytes(row[1]) for row in self._rows("SELECT number, body FROM dictionary")}

    def remember(self, name: str, value: str) -> None:
        """Keep a word of how far some work came."""
        with self.writing(), self._transaction() as cursor:
            cursor.execute(self._sql(_MEMO), (name, value))

    def recall(self, name: str) -> str:
        """What was remembered under a name; "" when nothing was."""
        rows = self._rows("SELECT value FROM memo WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, nct_id: str) -> bytes | None:
        return next(self.each([nct_id]), None)

    def cards(self, nct_ids: Sequence[str]) -> list[Card]:
        found: dict[str, Card] = {}
        for some in _pages([number_of(name) for name in nct_ids]):
            sql = f"SELECT {_CARD} FROM record r WHERE r.nct_id IN ({_marks(some)})"
            found |= {row[0]: card_from(row) for row in self._rows(sql, some)}
        return [found[number_of(name)] for name in nct_ids if number_of(name) in found]

    def versions(self, nct_id: str) -> list[Version]:
        sql = "SELECT number, seen, updated FROM version WHERE nct_id = ? ORDER BY number"
        rows = self._rows(sql, (self._leads_to(nct_id),))
        return [Version(number, datetime.fromisoformat(seen), updated) for number, seen, updated in rows]

    def version(self, nct_id: str, number: int) -> bytes | None:
        sql = "SELECT body FROM version WHERE nct_id = ? AND number = ?"
        rows = self._rows(sql, (self._leads_to(nct_id), number))
        return self._packer.unpack(bytes(rows[0][0])) if rows else None

    def each(self, nct_ids: Iterable[str] | None = None) -> Iterator[bytes]:
        if nct_ids is not None:
            yield from self._asked(nct_ids)
            return
        last = ""
        while rows := self._bodies("WHERE r.nct_id > ? ORDER BY r.nct_id LIMIT ?", (last, PAGE)):
            yield from (self._packer.unpack(bytes(body)) for _, _, body in rows)
            last = rows[-1][0]

    def changes(self, after: int) -> Iterator[tuple[int, bytes]]:
        while rows := self._bodies("WHERE r.change > ? ORDER BY r.change LIMIT ?", (after, PAGE)):
            yield from ((change, self._packer.unpack(bytes(body))) for _, change, body in rows)
            after = rows[-1][1]

    def last_change(self) -> int:
        return int(self._rows("SELECT coalesce(max(change), 0) FROM version")[0][0])

    def size(self) -> int:
        return int(self._rows("SELECT count(*) FROM record")[0][0])

    def _asked(self, nct_ids: Iterable[str]) -> Iterator[bytes]:
        names = iter(nct_ids)
        while some := [number_of(name) for name in islice(names, PAGE)]:
            found = self._by_number(some)
            if missing := [name for name in some if name not in found]:
                sql = f"SELECT alias, nct_id FROM alias WHERE alias IN ({_marks(missing)})"
                led = {row[0]: row[1] for row in self._rows(sql, missing)}
                bodies = self._by_number(list(led.values())) if led else {}
                found |= {alias: bodies[number] for alias, number in led.items() if number in bodies}
            yield from (self._packer.unpack(found[name]) for name in some if name in found)

    def _by_number(self, numbers: Sequence[str]) -> dict[str, bytes]:
        rows = self._bodies(f"WHERE r.nct_id IN ({_marks(numbers)})", numbers)
        return {row[0]: bytes(row[2]) for row in rows}

    def _bodies(self, which: str, values: Sequence[Any]) -> list[Any]:
        """(number, change, packed text) of present records."""
        sql = f"SELECT r.nct_id, r.change, v.body FROM record r JOIN version v ON v.change = r.change {which}"
        return self._rows(sql, values)

    def _leads_to(self, nct_id: str) -> str:
        number = number_of(nct_id)
        if self._rows("SELECT 1 FROM record WHERE nct_id = ?", (number,)):
            return number
        led = self._rows("SELECT nct_id FROM alias WHERE alias = ?", (number,))
        return str(led[0][0]) if led else number


def _pages(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), PAGE):
        yield values[start : start + PAGE]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
