"""What one process does at a time, of all that use one database."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_OURS = 0x7472_6961
"""The first half of our advisory locks' numbers: nobody else's, one hopes."""


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """False while another process does what bears this name; it is free again when that one ends, however it ends.

    PostgreSQL only: SQLite is used by one server, whose transactions take turns.
    """
    if connection.vendor != "postgresql":
        yield True
        return
    numbers = [_OURS, zlib.crc32(name.encode()) & 0x7FFF_FFFF]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine and connection.connection is not None and not connection.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)
