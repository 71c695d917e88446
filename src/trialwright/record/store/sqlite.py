"""The embedded store: one SQLite file in a data folder. Readers never wait; there is one writer at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from trialwright.kernel.errors import InputError, Refused, TrialwrightError
from trialwright.record.store.tables import SCHEMA, TABLES, Cursor, SqlStore

FILE = "records.sqlite3"
LOCK = "writing.lock"


class SqliteStore(SqlStore):
    """Records in `folder`. Every thread reads over a connection of its own."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open the records of a folder; with `write` they are made where there are none. Raises InputError."""
        super().__init__()
        self.folder, self.write = folder, write
        self._lock: IO[str] | None = None
        if not write and not (folder / FILE).is_file():
            raise InputError(
                "No records are kept here.", where=str(folder), hint=f"Bring some in: {_IMPORT} FILES --data {folder}"
            )
        if write:
            _make_folder(folder)
        self._begin()

    # --- connecting --------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make the tables of a new file; refuse a file that holds something else."""
        schema = self._rows("PRAGMA user_version")[0][0]
        if schema == SCHEMA:
            return
        if schema or self._rows("SELECT 1 FROM sqlite_master") or not self.write:
            raise InputError(
                "This file does not hold records of this version.",
                where=str(self.folder / FILE),
                hint="Name another folder, and import the records again.",
            )
        with self.writing():
            self._connection().executescript(
                "BEGIN;" + TABLES.format(whole="INTEGER", bytes="BLOB") + f"PRAGMA user_version = {SCHEMA}; COMMIT;"
            )

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = self._connect()
            self._opened.append(found)
        return found

    def _connect(self) -> sqlite3.Connection:
        mode = "rwc" if self.write else "ro" if os.access(self.folder, os.W_OK) else "ro&immutable=1"
        address = f"{(self.folder / FILE).resolve().as_uri()}?mode={mode}"
        # Only `close` uses a connection from another thread than the one that opened it.
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA cache_size = -16000")
        if self.write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    # --- reading and writing -----------------------------------------------------------------------------------------

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._named_errors():
            return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        with self._named_errors():
            cursor = self._connection().cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection().in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self._lock is not None:
            yield
            return
        if not self.write:
            raise Refused("These records were opened for reading only.", where=str(self.folder))
        with (self.folder / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(
                    "Another program is writing to these records.",
                    where=str(self.folder),
                    hint="Wait until it has finished, then run this again.",
                ) from None
            self._lock = lock
            try:
                yield
            finally:
                self._lock = None

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """What SQLite says, in a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            where, code = str(self.folder), getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise TrialwrightError(
                    "The disk is full or cannot be written to; this batch was not kept, the ones before it were.",
                    where=where,
                    hint="Make room and run this again: it goes on from there.",
                ) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise InputError("The file of records is damaged, or it is something else.", where=where) from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Refused("Another program is writing to these records.", where=where) from error
            raise TrialwrightError(f"The records cannot be used: {error}.", where=where) from error


_IMPORT = "trialwright record import"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder cannot be made: {error.strerror}.", where=str(folder)) from None
