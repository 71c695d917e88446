"""The event log's arithmetic: canonical JSON, the hash chain, and the replay that yields what the tables must hold."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

Key = tuple[Any, ...]
Tables = dict[str, dict[Key, dict[str, Any]]]
"""table -> natural key -> content."""


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """One text for one value: sorted keys, no spaces, characters as they are."""
    return _CANONICAL.encode(value)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def moment(at: dt.datetime) -> str:
    """UTC in ISO form, always with microseconds, so that equal moments are equal texts."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def plain(value: Any) -> Any:
    """A column's value as JSON holds it."""
    if isinstance(value, dt.datetime):
        return moment(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def event_hash(fields: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of all columns of an event but `hash`; `previous` chains it to the one before."""
    return sha256(canonical_json({name: plain(value) for name, value in fields.items()}))


def replay(contents: Iterable[Mapping[str, Any]], *, strict: bool = True) -> Tables:
    """Fold the changes of all events, in order, to the state that the tables must have.

    Strict: raises KeyError or ValueError where an event changes what is not there: the log contradicts itself.
    Otherwise what an event says holds (a log cut by time has gaps in its counters).
    """
    tables: Tables = {}
    for content in contents:
        for table, changes in content.get("rows", {}).items():
            rows = tables.setdefault(table, {})
            for parts, old, new in changes:
                key = tuple(parts)
                if strict:
                    _demand(rows, key, old)
                if new is None:
                    rows.pop(key, None)
                else:
                    rows[key] = {**rows.get(key, {}), **new}
    return tables


def _demand(rows: Mapping[Key, Mapping[str, Any]], key: Key, old: Mapping[str, Any] | None) -> None:
    if (old is None) != (key not in rows):
        raise ValueError(f"{show_key(key)} is {'made twice' if old is None else 'changed before it was made'}")
    if old is not None and any(rows[key].get(name) != value for name, value in old.items()):
        raise ValueError(f"{show_key(key)} is changed from a value that it never had")


def show_key(key: Key) -> str:
    """A natural key for people: its parts without the study and without empty ones."""
    return " ".join(str(part) for part in key[1:] if part != "") or str(key[0])
