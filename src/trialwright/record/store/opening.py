"""Opens the store that a setting names: a data folder, or a PostgreSQL address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from trialwright.record.store.base import Incoming, Kept, Locked, Store
from trialwright.record.store.ready import Ready

ADDRESSES = ("postgresql://", "postgres://")


class WritableStore(Store, Locked, Protocol):
    """A store that one writer at a time fills."""

    def put(self, records: Sequence[Incoming | Ready], seen: datetime) -> Kept: ...

    def remember(self, name: str, value: str) -> None:
        """Keep a word of how far some work came."""
        ...

    def recall(self, name: str) -> str:
        """What was remembered under a name; "" when nothing was."""
        ...


def is_address(place: str | Path) -> bool:
    """Whether `place` is the address of a database (and not a folder)."""
    return str(place).startswith(ADDRESSES)


def open_store(place: str | Path, *, write: bool = False) -> WritableStore:
    """The records at `place`; with `write` they may be changed, and are made where there are none.

    Raises InputError where there are none to read, or where something else is kept.
    """
    if is_address(place):
        from trialwright.record.store.postgres import PostgresStore

        return PostgresStore(str(place), write=write)
    from trialwright.record.store.sqlite import SqliteStore

    return SqliteStore(Path(place).expanduser(), write=write)
