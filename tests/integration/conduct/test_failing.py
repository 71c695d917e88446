"""A database that fails in mid-save: one sentence, and nothing is half saved."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from kept import Kept

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Unavailable


def counts() -> tuple[int, int, str]:
    """Values, events, and the head of the log."""
    from trialwright.conduct.store.models import Event, Trial, Value

    return Value.objects.count(), Event.objects.count(), Trial.objects.get().head


def save_rows(desk: Any, subject: str, rows: int) -> None:
    """Save a log of so many rows, each of them long."""
    from trialwright.conduct import actions

    entries = [
        Entry(item, value, group="events", row=row)
        for row in range(1, rows + 1)
        for item, value in (("term", f"{row} " * 200), ("started", "2026-03-01"))
    ]
    actions.save_form(desk.study, subject, "events", entries, by=desk.investigator, at=desk.at)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_and_nothing_is_half_saved(desk: Any, database: Kept) -> None:
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    before = counts()
    with pytest.raises(Unavailable, match=r"^The disk of the database is full; nothing was saved\.") as told:
        save_rows(desk, subject, 60)
    assert told.value.kind == "full"
    assert counts() == before
    assert verify_audit(desk.study).problems == ()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    save_rows(desk, subject, 60)
    assert verify_audit(desk.study).verified


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_database_that_somebody_holds_for_too_long_is_busy(desk: Any, database: Kept) -> None:
    subject = desk.screened()
    before = counts()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(database.place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="too busy; nothing was saved"):
            save_rows(desk, subject, 1)
    assert counts() == before
    save_rows(desk, subject, 1)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_in_mid_save_has_saved_nothing(
    desk: Any, database: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct.actions.ledger import Deed
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened()
    before = counts()
    log = Deed.log

    def gone(doing: Deed) -> None:
        with psycopg.connect(database.place, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                          " AND datname = current_database()")  # fmt: skip
        log(doing)

    with monkeypatch.context() as patched:
        patched.setattr(Deed, "log", gone)
        with pytest.raises(Unavailable, match=r"^The database does not answer just now"):
            save_rows(desk, subject, 3)
    connection.close()
    assert counts() == before
    save_rows(desk, subject, 3)
    assert verify_audit(desk.study).verified


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "full"),
        (psycopg.errors.DeadlockDetected("deadlock detected"), "busy"),
        (psycopg.errors.LockNotAvailable("lock timeout"), "busy"),
        (psycopg.errors.AdminShutdown("terminating connection"), "gone"),
        (psycopg.errors.TooManyConnections("sorry, too many clients already"), "gone"),
        (psycopg.OperationalError("connection refused"), "gone"),
    ],
)
def test_each_failure_of_postgresql_has_its_sentence(cause: Exception, kind: str) -> None:
    from trialwright.conduct.actions import unavailable

    error = OperationalError(str(cause))
    error.__cause__ = cause
    found = unavailable(error)
    assert found is not None
    assert found.kind == kind
    assert unavailable(ValueError("x")) is None
    assert unavailable(OperationalError("no such table: conduct_trial")) is None
