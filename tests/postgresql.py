"""A PostgreSQL for tests: one of its own in a temporary folder, or the one that TRIALWRIGHT_TEST_POSTGRESQL names."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

_COUNT = itertools.count(1)
_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=150"


@contextmanager
def server(options: str = _OPTIONS) -> Iterator[str]:
    """The address of a running server that ends with the block. It listens on a socket in its own folder only."""
    if url := os.environ.get("TRIALWRIGHT_TEST_POSTGRESQL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        _own(folder)
        data, log = folder / "data", folder / "log"
        _run("initdb", "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        start = f"{options} -c listen_addresses='' -c unix_socket_directories={folder}"
        _run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", start, "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> bool:
    return bool(os.environ.get("TRIALWRIGHT_TEST_POSTGRESQL")) or _program("initdb") is not None


def emptied(url: str) -> str:
    """The address of a new, empty database on the server."""
    name = f"test_{os.getpid()}_{next(_COUNT)}"
    _order(url, "CREATE DATABASE {}", name)
    return _address(url, name)


def copied(template: str) -> str:
    """The address of a new database, a copy of another one that nobody uses just now."""
    name, source = f"test_{os.getpid()}_{next(_COUNT)}", str(conninfo_to_dict(template)["dbname"])
    _order(_address(template, "postgres"), "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, source)
    return _address(template, name)


def dropped(url: str) -> None:
    """Remove the database, whoever uses it."""
    _order(_address(url, "postgres"), "DROP DATABASE {} WITH (FORCE)", str(conninfo_to_dict(url)["dbname"]))


def _order(url: str, order: LiteralString, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(order).format(*map(sql.Identifier, names)))


def _address(url: str, database: str) -> str:
    """The address of another database on the same server."""
    parts = conninfo_to_dict(url)
    host, port, user = (str(parts.get(key) or "") for key in ("host", "port", "user"))
    password = f":{parts['password']}" if parts.get("password") else ""
    place = f"?host={host}" + (f"&port={port}" if port else "")
    return f"postgresql://{user}{password}@/{database}{place}"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server. Not installed: CI fails, elsewhere the test is skipped."""
    if not installed():
        word = "PostgreSQL is not installed (Debian: apt-get install postgresql); or set TRIALWRIGHT_TEST_POSTGRESQL"
        if os.environ.get("CI"):
            pytest.fail(word)
        pytest.skip(word)
    with server() as url:
        yield url


def _program(name: str) -> str | None:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
    return str(newest[-1]) if newest else shutil.which(name)


def _own(folder: Path) -> None:
    """The server refuses to run as root: the folder goes to another user."""
    if os.getuid() == 0:
        user = _user()
        os.chown(folder, user.pw_uid, user.pw_gid)


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user that PostgreSQL could run as")


def _run(name: str, *args: str) -> None:
    user = _user() if os.getuid() == 0 else None
    done = subprocess.run(
        [_program(name) or name, *args],
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.strip()[-500:]}")
