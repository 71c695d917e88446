"""What a person may write for a database: the path of an SQLite file, or a postgresql:// address. (No Django here.)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trialwright.kernel.errors import InputError

_ADDRESSES = ("postgresql://", "postgres://")
_KEPT_OPEN = 600
"""Seconds for which a thread keeps its connection: to open one takes 2 ms on SQLite and 17 ms on PostgreSQL (measured).
A server has few threads, so they need no pool; a connection that died is replaced before it is used again."""


def is_address(place: str | Path) -> bool:
    """Whether `place` is the address of a PostgreSQL database, and not a file."""
    return str(place).startswith(_ADDRESSES)


def without_password(place: str | Path) -> str:
    """The address as it may be shown."""
    scheme, sign, rest = str(place).partition("://")
    account, at, where = rest.rpartition("@")
    plain = "&".join(part for part in where.split("&") if "password" not in part)
    return f"{scheme}{sign}{account.partition(':')[0]}{at}{plain}" if is_address(place) else str(place)


def django_settings(place: str | Path) -> dict[str, Any]:
    """The entry of DATABASES for it. Raises InputError for an address that cannot be read."""
    return _postgresql(str(place)) if is_address(place) else _sqlite(str(place))


def _sqlite(file: str) -> dict[str, Any]:
    """IMMEDIATE takes the writer's lock when a transaction begins: two writers queue up, and none fails in the middle.

    FULL: what was acknowledged is on the disk, and outlives a power failure too. What is overwritten is gone from the
    file at once (some builds of SQLite would keep it): words may be redacted after they were corrected.
    """
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000; PRAGMA secure_delete=ON;"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
        "CONN_MAX_AGE": _KEPT_OPEN,
    }


def _postgresql(address: str) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    like = "Write it as postgresql://USER:PASSWORD@HOST/DATABASE, with signs like @ and / percent-encoded."
    try:
        parts = conninfo_to_dict(address)
    except ProgrammingError:  # its text may hold the password
        raise InputError("The address of the database cannot be read.", hint=like) from None
    if not parts.get("dbname"):
        raise InputError("The address names no database.", hint=like)
    named = {key: str(parts.pop(name, None) or "") for key, name in _NAMES.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": {"connect_timeout": 10, **parts},
        "CONN_MAX_AGE": _KEPT_OPEN,
        "CONN_HEALTH_CHECKS": True,
    }


_NAMES = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
