"""The database that a command means, and Django opened on it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from trialwright.kernel.errors import InputError

DATABASE = "conduct.sqlite3"
"""Name of the database in a rehearsal's folder, and in a data folder."""
RUN = "run.json"
"""What a rehearsal remembers of itself, beside its database."""
DATA = "data"
"""The data folder where none is named."""
WHAT = "A database file, the folder of a rehearsal, or a postgresql:// address."

Where = Annotated[str | None, typer.Argument(help=WHAT, metavar="DATABASE", show_default=False)]
At = Annotated[str | None, typer.Option("--database", help=WHAT)]
Data = Annotated[
    Path | None,
    typer.Option(help="Data folder of the installation, with its key. With PostgreSQL only; default: `data`."),
]


def place_of(where: str | Path | None) -> Path | str:
    """The address, or the database file, meant by `where` (or by the environment). Raises InputError for none."""
    from trialwright.web.databases import is_address

    wanted = where or os.environ.get("TRIALWRIGHT_DATABASE")
    return str(wanted) if wanted and is_address(wanted) else database_at(wanted)


def database_at(path: str | Path | None) -> Path:
    """The database file meant by `path` (or by the environment). Raises InputError when there is none."""
    wanted = Path(path or os.environ.get("TRIALWRIGHT_DATABASE", "trialwright.sqlite3"))
    file = wanted / DATABASE if wanted.is_dir() else wanted
    if not file.is_file():
        raise InputError(f"There is no database at {file}.", hint="Name a database file or the folder of a rehearsal.")
    with file.open("rb") as source:
        if not source.read(16).startswith(b"SQLite format 3"):
            raise InputError(f"{file} is not a database.", hint="Name a database file or the folder of a rehearsal.")
    return file


@contextmanager
def opened(where: str | Path | None, data: Path | None = None, *, earlier: bool = False) -> Iterator[bool]:
    """Django on the database that is meant. True: on itself. False: on a copy, for a rehearsal stays as it is.

    `earlier`: also on one that an earlier version made. Raises InputError when it is no database of ours.
    """
    from trialwright.web.databases import is_address
    from trialwright.web.setup import setup

    place = place_of(where)
    with tempfile.TemporaryDirectory() as folder:
        rehearsed = isinstance(place, Path) and (place.parent / RUN).is_file()
        if is_address(place):
            os.environ["TRIALWRIGHT_DATA"] = str(data_folder(data))
        meant = _copy(place, Path(folder)) if rehearsed and isinstance(place, Path) else place
        setup(meant if is_address(meant) else Path(meant).resolve(), migrate=False)
        with ours(place):
            if not earlier:
                check_steps(place)
            yield not rehearsed


@contextmanager
def ours(place: Path | str) -> Iterator[None]:
    """Turns an error of the database into a sentence, and closes it."""
    import sqlite3

    from django.db import DatabaseError, connections

    from trialwright.web.databases import without_password

    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError):
        raise InputError(f"{without_password(place)} is damaged, or is not a database of Trialwright.") from None
    finally:
        connections.close_all()


def check_steps(place: Path | str) -> None:
    """Raises InputError for a database whose tables are those of another version of the program."""
    from trialwright.conduct.actions import tables
    from trialwright.web.databases import without_password

    if tables.applied().get("conduct") and (lacking := tables.lacking()):
        raise InputError(
            f"{without_password(place)} was made by an earlier version of Trialwright: it lacks the step {lacking[0]}.",
            hint="Back it up, then start the server on it: that brings it up to date. A rehearsal is made again.",
        )


def data_folder(data: Path | None) -> Path:
    """The data folder of an installation on PostgreSQL. Raises InputError when it is not there."""
    folder = (data or Path(os.environ.get("TRIALWRIGHT_DATA") or DATA)).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(
            f"There is no data folder {folder}, which would hold the key that signs the history.",
            hint="Name it with --data.",
        )
    return folder


def _copy(database: Path, folder: Path) -> Path:
    from trialwright.rehearse.outputs import copy_key
    from trialwright.web.server import copy_database

    copy = folder / database.name
    copy_database(database, copy)
    copy_key(database, copy)
    return copy
