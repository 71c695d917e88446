"""What is deleted must be gone from the file too, when words are redacted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def erasing() -> Iterator[None]:
    """SQLite overwrites what the block replaces with zeros, and keeps no copy of it in the write-ahead log.

    PostgreSQL keeps a replaced row until it is vacuumed, which it does by itself sooner or later.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
    yield
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
