"""The store in PostgreSQL: the same tables, in a schema of their own. Readers never wait; there is one writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from trialwright.kernel.errors import InputError, Refused, TrialwrightError, UserError
from trialwright.record.store.tables import SCHEMA, TABLES, Cursor, SqlStore

PLACE = "trialwright_records"
"""The schema that holds the tables."""

_LOCK = 7_208_058
"""Number of the advisory lock that a writer holds."""


class PostgresStore(SqlStore):
    """Records in the database at `url` (postgresql://...). Every thread reads over a connection of its own."""

    def __init__(self, url: str, *, write: bool = False) -> None:
        """Open the records of a database; with `write` they are made where there are none. Raises UserError."""
        super().__init__()
        self._url, self.write = url, write
        self._writer: psycopg.Connection[Any] | None = None
        self.place = self._connection().info.dbname
        self._begin()

    # --- connecting --------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self._rows("SELECT to_regclass(?)", (f"{PLACE}.memo",))[0][0] is None:
            if not self.write:
                hint = "Bring some in: trialwright record import FILES --data URL"
                raise InputError("No records are kept in this database.", where=self.place, hint=hint)
            with self.writing(), self._transaction() as cursor:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {PLACE}")
                cursor.execute(TABLES.format(whole="BIGINT", bytes="BYTEA"))
                cursor.execute("INSERT INTO memo (name, value) VALUES ('schema', %s)", (str(SCHEMA),))
        if self.recall("schema") != str(SCHEMA):
            hint = "Name another database, and import the records again."
            raise InputError("This database does not hold records of this version.", where=self.place, hint=hint)

    def _connection(self) -> psycopg.Connection[Any]:
        found: psycopg.Connection[Any] | None = getattr(self._own, "connection", None)
        if found is None or found.closed:
            found = self._own.connection = self._connect()
            self._opened.append(found)
        return found

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(self._url, autocommit=True, options=f"-c search_path={PLACE}")
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise UserError(f"The database does not answer: {why}.", hint="Is the address right?") from None

    # --- reading and writing -----------------------------------------------------------------------------------------

    def _sql(self, text: str) -> str:
        return text.replace("?", "%s")

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._named_errors():
            return self._connection().execute(self._sql(sql).encode(), values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        with self._named_errors(), self._connection().transaction(), self._connection().cursor() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self._writer is not None:
            yield
            return
        if not self.write:
            raise Refused("These records were opened for reading only.", where=self.place)
        with self._connect() as writer:
            if writer.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
                hint = "Wait until it has finished, then run this again."
                raise Refused("Another program is writing to these records.", where=self.place, hint=hint)
            self._writer = writer
            try:
                yield
            finally:
                self._writer = None

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """What the database says, in a sentence."""
        try:
            yield
        except psycopg.errors.DiskFull as error:
            raise TrialwrightError(
                "The database's disk is full; this batch was not kept, the ones before it were.",
                where=self.place,
                hint="Make room and run this again: it goes on from there.",
            ) from error
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise TrialwrightError(f"The database cannot be used: {why}.", where=self.place) from error
