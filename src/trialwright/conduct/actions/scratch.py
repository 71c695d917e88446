"""A database that one process uses for itself and then throws away: the working copy of a rehearsal."""

from __future__ import annotations

from django.db import connection


def forgo_durability() -> None:
    """From now on this connection does not wait for the disk: a deed is still done whole or not at all, but the
    database does not outlive a crash of the machine. SQLite only; another database stays as it is.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = MEMORY")
            cursor.execute("PRAGMA synchronous = OFF")
