"""Makes Django ready on one database: for the server, the rehearsal and the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trialwright.web.databases import django_settings, is_address, without_password

_MIGRATING = 0x7472_6961_6C01
"""Number of the advisory lock that is held while tables are made."""


def setup(database: Path | str, *, migrate: bool = True, accounts: bool = False) -> None:
    """Use `database`, an SQLite file (made if absent) or a postgresql:// address, and bring its tables up to date.
    May be called again with another one.

    `accounts`: also the tables of log-ins and sessions, which only the server needs.
    Raises InputError when there is no folder to hold the file, no server that answers, or when a newer program made
    the tables.
    """
    import django
    from django.apps import apps

    if not is_address(database):
        _check_folder(Path(database))
    os.environ["TRIALWRIGHT_DATABASE"] = str(database)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialwright.web.settings")
    if not apps.ready:
        django.setup()
    _point_at(database)
    if is_address(database):
        _check_answers(database)
    if migrate:
        from django.core.management import call_command

        from trialwright.conduct.actions import tables

        with _alone():
            tables.applied()  # raises for what a newer program made: Django would pass over it without a word
            call_command("migrate", *([] if accounts else ["conduct"]), verbosity=0, interactive=False)
            if accounts:
                call_command("createcachetable", verbosity=0)


def _check_folder(database: Path) -> None:
    from trialwright.kernel.errors import InputError

    if not database.parent.is_dir():
        raise InputError(f"There is no folder {database.parent} to hold the database.", hint="Make it first.")


def _check_answers(database: Path | str) -> None:
    from django.db import OperationalError, connection

    from trialwright.kernel.errors import InputError

    try:
        connection.ensure_connection()
    except OperationalError as problem:
        says = " ".join(str(problem).split())[:300].rstrip(".")
        raise InputError(f"The database {without_password(database)} cannot be opened: {says}.") from None


@contextmanager
def _alone() -> Iterator[None]:
    """Several servers may start on one PostgreSQL at once: one of them makes the tables, the others wait for it."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])


def _point_at(database: Path | str) -> None:
    """Later connections, of any thread, open this one; settings alone are read only once in a process."""
    from django.db import connections

    connections.close_all()
    wanted = connections.configure_settings({"default": django_settings(database)})["default"]
    connections.settings["default"] = wanted
    connections["default"] = connections.create_connection("default")
