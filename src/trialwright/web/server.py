"""Starts the web server on one machine: its data folder, its database, its accounts, gunicorn.

On SQLite one process serves, for the embedded database has one writer, whom threads wait for in turn. On PostgreSQL
several workers do; secret and key lie in the data folder, which they share.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialwright.kernel.errors import InputError, TrialwrightError
from trialwright.rehearse.outputs import copy_key
from trialwright.web.databases import without_password
from trialwright.web.setup import setup

if TYPE_CHECKING:
    from trialwright.web.accounts.people import Account

DATABASE = "conduct.sqlite3"
ORIGIN = "rehearsal.json"
"""Remembers, in the data folder, from which rehearsal the copy was made."""
THREADS = 4
"""Of the one process on SQLite. They share one interpreter: more of them only make all of them slower."""
WORKER_THREADS = 4
"""Of each worker on PostgreSQL; every thread keeps a connection."""
MOST_WORKERS = 10
"""Unless somebody asks for more: with their connections they stay below the hundred that PostgreSQL allows."""


def check_port(port: int) -> None:
    """Raise TrialwrightError when something else listens on `port`."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            hint = "Choose another with --port." if port >= 1024 else "Choose one from 1024 on with --port."
            raise TrialwrightError(f"Port {port} cannot be used ({error.strerror}).", hint=hint) from None


def prepare(
    rehearsal: Path | None, data: Path | None, *, fresh: bool = False, tell: Callable[[str], object] = print
) -> Path:
    """Make the data folder ready, with a copy of the rehearsal's database, and set Django up on it.

    A copy of this very rehearsal that is there already is kept, with what was captured since, unless `fresh`; one of
    another rehearsal is put aside, and `tell` hears so. Raises InputError when the folder holds no rehearsal.
    """
    if rehearsal is not None and not (rehearsal / DATABASE).is_file():
        raise InputError(
            f"There is no rehearsal in {rehearsal}.", hint="Make one with `trialwright rehearse STUDY --out FOLDER`."
        )
    folder = _data_folder(data or (rehearsal.resolve().parent if rehearsal else Path.cwd()) / "data")
    database = folder / DATABASE
    with _alone(folder):
        if rehearsal is not None:
            head = _head(rehearsal)
            if database.exists() and not fresh and head != _origin(database):
                tell(_put_aside(database))
                fresh = True
            if fresh or not database.exists():
                copy_database(rehearsal / DATABASE, database)
                copy_key(rehearsal / DATABASE, database)
                (folder / ORIGIN).write_text(json.dumps({"head": head}) + "\n", encoding="utf-8")
            os.environ.setdefault("TRIALWRIGHT_RESULTS", str(rehearsal.resolve()))
        _ready(database.resolve(), folder)
    return database


def prepare_file(folder: Path, name: str = DATABASE) -> Path:
    """Make an SQLite database in a data folder ready, and set Django up on it; the file."""
    with _alone(_data_folder(folder)):
        _ready((folder / name).resolve(), folder)
    return folder / name


def prepare_address(address: str, data: Path | None) -> str:
    """Make the data folder and the tables of a PostgreSQL database ready, and set Django up on it; the address as it
    may be shown. Raises InputError for an address that cannot be read, or where nothing answers.
    """
    folder = _data_folder(data or Path.cwd() / "data")
    os.environ["TRIALWRIGHT_DATA"] = str(folder.resolve())
    with _alone(folder):
        _ready(address, folder)
    return without_password(address)


def _data_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"{folder} cannot be the data folder ({problem.strerror}).") from None
    return folder


def _ready(database: Path | str, folder: Path) -> None:
    """Tables, and the keys that all workers then find."""
    os.environ.setdefault("TRIALWRIGHT_SECRET", _secret(folder / "secret"))
    setup(database, accounts=True)
    from trialwright.conduct.actions import signing_key

    signing_key()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for another server that makes this data folder ready (its copy, its key, its tables); let others wait."""
    with (folder / ".starting").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def use_records(place: str, tell: Callable[[str], object] = print) -> None:
    """Serve the registered studies in a data folder or database. An index that is behind catches up first.

    Raises InputError when there are none.
    """
    if not place:
        return
    from trialwright.record.library import Library
    from trialwright.record.store.opening import is_address

    where = place if is_address(place) else str(Path(place).expanduser().resolve())
    library = Library.open(where)
    behind = library.index.stands_at() < library.store.last_change()
    library.close()
    if behind:
        tell("The index is behind the records; it catches up first.")
        library = Library.open(where, write=True)
        tell(f"{library.catch_up()} records were indexed.")
        library.close()
    os.environ["TRIALWRIGHT_RECORDS"] = where


def _head(rehearsal: Path) -> str:
    """The head of the rehearsal's log: as its `run.json` says, or (a folder without one) as its database does."""
    try:
        return str(json.loads((rehearsal / "run.json").read_text(encoding="utf-8"))["audit"]["head"])
    except FileNotFoundError:
        return " ".join(_heads(rehearsal / DATABASE))
    except (ValueError, LookupError, TypeError):
        raise InputError(
            f"The run.json in {rehearsal} is not what a rehearsal wrote.", hint="Rehearse again."
        ) from None


def _heads(database: Path) -> list[str]:
    """The heads of the logs of a database as they stand; none when it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as file:
            return [str(head) for (head,) in file.execute("SELECT head FROM conduct_trial ORDER BY study")]
    except sqlite3.DatabaseError:
        return []


def _origin(database: Path) -> str | None:
    """The head of the rehearsal that the copy in a data folder was made from; None when nobody noted it."""
    try:
        return str(json.loads((database.parent / ORIGIN).read_text(encoding="utf-8"))["head"])
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None


def _put_aside(database: Path) -> str:
    """Keep the copy of another rehearsal under the name of its origin; the sentence that says so."""
    name = (_origin(database) or next(iter(_heads(database)), "") or "unknown")[:8]
    endings = chain([""], (f"-{n}" for n in count(2)))
    places = (database.with_name(f"{database.stem}-{name}{end}{database.suffix}") for end in endings)
    aside = next(place for place in places if not place.exists())
    copy_database(database, aside)
    copy_key(database, aside)
    return f"The data folder held a copy of another rehearsal; it is kept as {aside.name}, and this one is opened."


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database with whatever its write-ahead log holds; the copy appears whole or not at all."""
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(part)) as new,
    ):
        old.backup(new)
    for left in (f"{target}-wal", f"{target}-shm"):
        Path(left).unlink(missing_ok=True)
    shutil.move(part, target)


def _secret(file: Path) -> str:
    """The key that signs sessions, kept so that a restart logs nobody out."""
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(48))
    return file.read_text(encoding="ascii")


def open_accounts() -> list[Account]:
    """Accounts for each role in every study in conduct here, with new passwords."""
    from trialwright.web.accounts.people import demo_accounts

    return demo_accounts()


def any_study() -> bool:
    """Whether a study is in conduct here."""
    from trialwright.conduct.actions import studies

    return bool(studies.studies())


def worker_count(asked: int | None, cores: int | None = None) -> int:
    """Workers on PostgreSQL: two for each core unless somebody asked for another number."""
    return asked or min(2 * (cores or os.cpu_count() or 1), MOST_WORKERS)


def run(port: int, workers: int = 1) -> None:
    """Serve until Ctrl-C. `workers`: 1 on SQLite."""
    from django.db import connections
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            for key, value in _options(port, workers).items():
                self.cfg.set(key, value)

        def load(self) -> Callable[..., Any]:
            """In each worker, after it was begun: threads and connections do not survive that."""
            from trialwright.web.sealing import keep_sealed
            from trialwright.web.working import keep_working
            from trialwright.web.wsgi import application

            keep_sealed()
            keep_working()
            return application

    connections.close_all()
    Server().run()


def _options(port: int, workers: int = 1) -> dict[str, Any]:
    return {
        "bind": f"127.0.0.1:{port}",
        "workers": workers,
        "threads": THREADS if workers == 1 else WORKER_THREADS,
        "loglevel": "warning",
        "limit_request_line": 0,  # a query may have 10,000 characters, each of them up to 12 in an address
        "proc_name": "trialwright",
    }
