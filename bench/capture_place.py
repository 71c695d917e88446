"""Where the large study is kept: a filled SQLite file, copies of it to measure on, the same on PostgreSQL."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench.capture_fill import EVERYWHERE, coordinators, fill
from trialwright.cli.progress import bar

DATABASE = "conduct.sqlite3"
PASSWORD = "a measured word 5"  # of made-up people
TUNED = {"shared_buffers": "1GB", "effective_cache_size": "4GB", "max_wal_size": "4GB", "max_connections": "150"}
"""PostgreSQL has memory to work in. What makes commits durable stays as it is by default: fsync and synchronous_commit
are on; so is SQLite's synchronous=FULL, as shipped."""


@dataclass(frozen=True)
class Place:
    """A database to measure on. `address`: a file or postgresql://...; `folder`: its data folder."""

    name: str
    address: str
    folder: Path


def opened(address: str) -> None:
    """Django on the database, as the server sets it up."""
    from trialwright.web.setup import setup

    setup(address if address.startswith("postgresql:") else Path(address), accounts=True)


def environment(place: Place) -> dict[str, str]:
    """What a program that works on the place finds in its environment."""
    own = {"TRIALWRIGHT_DATA": str(place.folder), "TRIALWRIGHT_REQUIRE_MFA": "none", "TRIALWRIGHT_SECRET": "s" * 50}
    return {**os.environ, **own}


@contextmanager
def kept(values: int, keep: Path | None) -> Iterator[tuple[Path, dict[str, float]]]:
    """The filled SQLite database, and what filling it took. In `keep`, where it stays, it is only filled once."""
    with nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        file, told = folder / f"capture-{values}.sqlite3", folder / f"capture-{values}.json"
        if not told.exists():
            for old in folder.glob(f"{file.stem}.*"):
                old.unlink()
            told.write_text(json.dumps(_filled(file, values)) + "\n", encoding="utf-8")
        yield file, json.loads(told.read_text(encoding="utf-8"))


def _filled(file: Path, values: int) -> dict[str, float]:
    from django.db import connection, connections

    opened(str(file))
    with bar("filling the study") as advance:
        found = fill(values, lambda count: advance(min(1.0, count / values)))
    _open_accounts()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connections.close_all()
    return found


def _open_accounts() -> None:
    """Accounts for everybody; one hash serves all, for it takes long to make."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password

    user, word = get_user_model(), make_password(PASSWORD)
    names = [*EVERYWHERE, *(name for name, _ in coordinators())]
    user.objects.bulk_create(user(username=name, password=word) for name in names)


@contextmanager
def on_sqlite(file: Path) -> Iterator[Place]:
    """A copy of the filled database, as `trialwright serve --data` finds it."""
    from trialwright.rehearse.outputs import copy_key
    from trialwright.web.server import copy_database

    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / DATABASE
        copy_database(file, target)
        copy_key(file, target)
        yield Place("SQLite", str(target), Path(name))


@contextmanager
def on_postgresql(file: Path) -> Iterator[Place]:
    """The filled database in a PostgreSQL of its own, by way of a backup."""
    from django.db import connection, connections, transaction
    from tests.postgresql import emptied, server

    opened(str(file))
    from trialwright.conduct.actions import archive

    packed = file.with_suffix(".backup")
    if not packed.exists():
        archive.write_archive(packed, {"conduct.key": file.with_suffix(".key")})
    options = " ".join(f"-c {name}={value}" for name, value in TUNED.items())
    with server(options) as url, tempfile.TemporaryDirectory() as name:
        address = emptied(url)
        found = archive.read_archive(packed)
        for key, content in found.keys.items():
            (Path(name) / key).write_bytes(content)
        os.environ["TRIALWRIGHT_DATA"] = name
        opened(address)
        with transaction.atomic():
            archive.load_archive(found, replacing=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        connections.close_all()
        yield Place("PostgreSQL", address, Path(name))
