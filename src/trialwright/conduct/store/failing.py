"""What a database that fails says to a person: it is full, busy or gone. Other errors are ours, and stay errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from django.db import Error, InterfaceError, OperationalError

from trialwright.kernel.errors import Unavailable

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "full": ("The disk of the database is full; nothing was saved.", "Make room there, then do it again."),
        "busy": ("The database was too busy; nothing was saved.", "Do it again in a moment."),
        "fixed": ("The database cannot be written; nothing was saved.", "Ask whoever runs this server."),
        "gone": ("The database does not answer just now.", "Do it again in a moment."),
    }
)
_SQLITE = {"SQLITE_FULL": "full", "SQLITE_BUSY": "busy", "SQLITE_LOCKED": "busy", "SQLITE_READONLY": "fixed"}
"""Beginnings of SQLite's names of errors. The rest (cannot open, input and output) is "gone"."""
_POSTGRESQL = {"53100": "full", "40": "busy", "55P03": "busy", "57014": "busy", "25006": "fixed"}
"""Beginnings of SQLSTATE codes. The rest (08, 53, 57P; none when the connection broke) is "gone"."""


@contextmanager
def plainly() -> Iterator[None]:
    """Raises Unavailable where the database fails; whatever was begun is undone by the transaction around it."""
    try:
        yield
    except Error as error:
        found = unavailable(error)
        if found is None:
            raise
        raise found from error


def unavailable(error: BaseException) -> Unavailable | None:
    """What an error of the database means for a person; None when it is no failure of the database itself."""
    kind = _kind(error)
    if kind is None:
        return None
    what, hint = SENTENCES[kind]
    return Unavailable(what, hint=hint, kind=kind)


def _kind(error: BaseException) -> str | None:
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or ""
    if not isinstance(error, OperationalError | InterfaceError) and not code.startswith("25006"):
        return None
    name = getattr(cause, "sqlite_errorname", "") or ""
    if "no such table" in str(error) or "no such column" in str(error) or name == "SQLITE_ERROR":
        return None
    known = [*_SQLITE.items()] if name else [*_POSTGRESQL.items()]
    return next((kind for start, kind in known if (name or code).startswith(start)), "gone")
