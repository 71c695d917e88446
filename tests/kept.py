"""A database of conduct for one test, on each kind that conduct runs on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from postgresql import copied, dropped
from psycopg import sql

VENDORS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Kept:
    """`place`: what `setup` and the command line take, and what `str` gives. `folder`: the data folder."""

    vendor: str
    place: str
    folder: Path

    def __str__(self) -> str:
        return self.place

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        assert self.vendor == "sqlite"
        return Path(self.place)

    @property
    def key(self) -> Path:
        """The file of the key that signs the history."""
        return self.folder / "conduct.key"

    def open(self) -> None:
        """Point Django at it, again: the command line points it elsewhere."""
        from django.db import connection

        from trialwright.web.setup import setup

        setup(self.place, migrate=False)
        if self.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous = OFF")  # a test does not wait for the disk

    def settle(self) -> None:
        """Wait until PostgreSQL has noticed that a program was killed, and has ended what it did for it."""
        from django.db import connections

        connections.close_all()
        until = time.monotonic() + 30
        while self.vendor == "postgresql" and time.monotonic() < until:
            with psycopg.connect(self.place, autocommit=True) as other:
                if other.execute(_OTHERS).fetchone() == (0,):
                    return
            time.sleep(0.01)

    def edit(self, script: str) -> None:
        """Change the database as its owner could: with the triggers out of the way, and put back after."""
        if self.vendor == "postgresql":
            with psycopg.connect(self.place, autocommit=True) as owner:
                owner.execute("SET session_replication_role = replica")
                owner.execute(script)  # type: ignore[call-overload]  # no literal
            return
        with closing(sqlite3.connect(self.place)) as file:
            held = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            without = "".join(f"DROP TRIGGER {name};" for name, _ in held)
            file.executescript(f"{without}{script};{';'.join(f'{sql}' for _, sql in held)};")

    def run(self, script: str) -> None:
        """Change the database with all its guards in place."""
        if self.vendor == "postgresql":
            with psycopg.connect(self.place, autocommit=True) as connection:
                connection.execute(script)  # type: ignore[call-overload]  # no literal
            return
        with closing(sqlite3.connect(self.place)) as file:
            file.executescript(script)


@contextmanager
def pointed_back() -> Iterator[None]:
    """After the block Django uses the database that it used before, and so do programs that are begun then."""
    from django.db import connections

    before, named = connections.settings["default"], os.environ.get("TRIALWRIGHT_DATABASE")
    try:
        yield
    finally:
        os.environ.pop("TRIALWRIGHT_DATABASE", None)
        if named is not None:
            os.environ["TRIALWRIGHT_DATABASE"] = named
        connections.close_all()
        connections.settings["default"] = before
        connections["default"] = connections.create_connection("default")


def make_sqlite(folder: Path, *, accounts: bool = False) -> Path:
    """An SQLite file with all tables and nothing in them, to copy: making the tables takes a second."""
    from django.db import connections

    from trialwright.web.setup import setup

    file = folder / "conduct.sqlite3"
    with pointed_back():
        setup(file, accounts=accounts)
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def make_postgresql(url: str, *, accounts: bool = False) -> str:
    """The address of a PostgreSQL database with all tables and nothing in them, to copy."""
    from postgresql import emptied

    from trialwright.web.setup import setup

    place = emptied(url)
    with pointed_back():
        setup(place, accounts=accounts)
    return place


class Emptied:
    """One PostgreSQL database that the tests of a process use in turn: emptying takes 5 ms, copying 50 and more."""

    def __init__(self, template: str) -> None:
        self._template, self._place, self._shape = template, "", ""

    def take(self) -> str:
        """Its address; nothing is in it. Where a test has changed more than rows, it is another copy."""
        if not self._place or not self._empty():
            self.drop()
            self._place = copied(self._template)
            with psycopg.connect(self._place, autocommit=True) as connection:
                self._shape = _shape(connection)
        return self._place

    def drop(self) -> None:
        if self._place:
            dropped(self._place)
            self._place = ""

    def _empty(self) -> bool:
        try:
            with psycopg.connect(self._place, autocommit=True) as connection:
                connection.execute(_ALONE)
                if _shape(connection) != self._shape:
                    return False
                connection.execute("SET session_replication_role = replica")
                tables = connection.execute(_TABLES).fetchall()
                orders = sql.SQL("; ").join(
                    sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in tables
                )
                connection.execute(orders)
                connection.execute(_RESTART)
        except psycopg.Error:
            return False
        return True


_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
_ALONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
_RESTART = """
    SELECT setval(seqrelid::regclass, 1, false) FROM pg_sequence
    WHERE seqrelid <> pg_get_serial_sequence('django_migrations', 'id')::regclass"""
_SHAPE = """
    SELECT md5(string_agg(line, '' ORDER BY line)) FROM (
      SELECT relname::text AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT tgname::text || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS lines"""


def _shape(connection: psycopg.Connection[Any]) -> str:
    """What tells whether somebody has changed tables, indexes, triggers or functions, or the steps that made them."""
    steps = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    return f"{connection.execute(_SHAPE).fetchone()} {steps}"


@contextmanager
def kept_copy(vendor: str, template: Path | Emptied, folder: Path) -> Iterator[Kept]:
    """An empty database (for SQLite a copy of the file `template`) that Django uses within the block."""
    place = template.take() if isinstance(template, Emptied) else str(folder / "conduct.sqlite3")
    if not isinstance(template, Emptied):
        shutil.copy(template, place)
    made = Kept(vendor, place, folder)
    with pointed_back():
        made.open()
        yield made
