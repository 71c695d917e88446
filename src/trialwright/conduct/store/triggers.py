"""The triggers that keep the event log append-only, for each kind of database, and whether they are still there."""

from __future__ import annotations

from django.db import connection

TRIGGERS = {
    "sqlite": {
        f"event_no_{verb.lower()}": f"""
        CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON conduct_event
        BEGIN SELECT RAISE(ABORT, 'The event log is append-only.'); END"""
        for verb in ("UPDATE", "DELETE")
    }
}


def broken() -> list[str]:
    """Names of the triggers that are missing from the database, or do something else than they should."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        held = {name: sql.split() for name, sql in cursor.fetchall()}
    return [name for name, sql in TRIGGERS[connection.vendor].items() if held.get(name) != sql.split()]
