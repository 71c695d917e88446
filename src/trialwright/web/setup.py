"""Makes Django ready on one database file: for the server, the rehearsal and the command line."""

from __future__ import annotations

import os
from pathlib import Path


def setup(database: Path, *, migrate: bool = True, accounts: bool = False) -> None:
    """Use `database` (made if absent) and bring its tables up to date. May be called again with another file.

    `accounts`: also the tables of log-ins and sessions, which only the server needs.
    Raises InputError when there is no folder to hold the file.
    """
    import django
    from django.apps import apps

    _check_folder(database)
    os.environ["TRIALWRIGHT_DATABASE"] = str(database)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialwright.web.settings")
    if not apps.ready:
        django.setup()
    _point_at(database)
    if migrate:
        from django.core.management import call_command

        call_command("migrate", *([] if accounts else ["conduct"]), verbosity=0, interactive=False)


def _check_folder(database: Path) -> None:
    from trialwright.kernel.errors import InputError

    if not database.parent.is_dir():
        raise InputError(f"There is no folder {database.parent} to hold the database.", hint="Make it first.")


def _point_at(database: Path) -> None:
    """Later connections, of any thread, open this file; settings alone are read only once in a process."""
    from django.db import connection, connections

    connections.close_all()
    connections.settings["default"]["NAME"] = str(database)
    connection.settings_dict["NAME"] = str(database)
