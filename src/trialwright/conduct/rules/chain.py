"""The event log's arithmetic: canonical JSON, the hash chain, and the replay that yields what the tables must hold.

An event's line (`event_line`) is the canonical JSON of its columns, but for what may hold a person's words: `content`
and `reason` are in it as a hash of their parts and one over the hashes of each. Each part carries a salt, so that its
hash tells nothing of it: one part can be taken out (redacted) and everything still holds (as in SD-JWT).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trialwright.conduct.verifier import canonical, fold, leaf_hash

Key = tuple[Any, ...]
Tables = dict[str, dict[Key, dict[str, Any]]]
"""table -> natural key -> content."""


SALT = 18
"""Bytes of a salt: 24 characters."""


def canonical_json(value: object) -> str:
    """One text for one value: sorted keys, no spaces, characters as they are."""
    return canonical(value).decode()


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


def salts(noise: bytes) -> list[str]:
    """Salts from random bytes, `SALT` of them for each."""
    text = base64.urlsafe_b64encode(noise).decode()
    return [text[n : n + 24] for n in range(0, len(text), 24)]


def compose(
    tables: Mapping[str, Sequence[Sequence[Any]]], details: Mapping[str, Any], reason: str, salted: Iterable[str]
) -> tuple[str, list[bytes]]:
    """The content of a new event as text, and the event's parts. A salt is used up for each row, one for the reason."""
    salt = iter(salted)
    parts: list[bytes] = []
    rows: dict[str, str] = {}
    for table in sorted(tables):
        texts = [canonical_json([*row, next(salt)]) for row in tables[table]]
        parts += [f'["{table}",{text[1:]}'.encode() for text in texts]
        rows[table] = f"[{','.join(texts)}]"
    members = {name: canonical_json(value) for name, value in details.items()}
    members["rows"] = f"{{{','.join(f'{canonical_json(table)}:{text}' for table, text in rows.items())}}}"
    if reason:
        members["salt"] = canonical_json(next(salt))
    content = ",".join(f"{canonical_json(name)}:{members[name]}" for name in sorted(members))
    return f"{{{content}}}", [*parts, *_others(details, reason, json.loads(members.get("salt", "0")))]


def parts_of(content: Mapping[str, Any], reason: str) -> list[bytes]:
    """The parts of an event: each row that it changed, what else it tells, the reason. Raises ValueError for others."""
    try:
        rows, salt = content["rows"], content.get("salt")
        details = {name: value for name, value in content.items() if name not in ("rows", "salt")}
        found = [canonical([table, *row]) for table in sorted(rows) for row in rows[table]]
    except (LookupError, TypeError, AttributeError):
        raise ValueError("This is not the content of an event.") from None
    return [*found, *_others(details, reason, salt)]


def _others(details: Mapping[str, Any], reason: str, salt: object) -> list[bytes]:
    found = [canonical(["details", details])] if details else []
    return [*found, canonical(["reason", reason, salt])] if reason else found


def event_line(fields: Mapping[str, Any], parts: Sequence[bytes]) -> bytes:
    """The line of an event that is hashed: all columns and the study, content and reason as hashes of their parts."""
    head = {name: plain(value) for name, value in fields.items() if name != "reason"}
    folded = fold(parts)
    return canonical(head | {"content": folded.content, "parts": folded.parts})


def event_hash(fields: Mapping[str, Any]) -> str:
    """The event's leaf hash in the Merkle tree (RFC 6962) of its study; `previous` chains it to the one before.

    `fields`: the study and all columns but `hash`. Raises ValueError for a content that is none.
    """
    parts = parts_of(json.loads(fields["content"]), fields["reason"])
    return leaf_hash(event_line(fields, parts)).hex()


def replay(contents: Iterable[Mapping[str, Any]], *, strict: bool = True) -> Tables:
    """Fold the changes of all events, in order, to the state that the tables must have.

    Strict: raises KeyError or ValueError where an event changes what is not there: the log contradicts itself.
    Otherwise what an event says holds (a log cut by time has gaps in its counters).
    """
    tables: Tables = {}
    for content in contents:
        for table, changes in content.get("rows", {}).items():
            rows = tables.setdefault(table, {})
            for parts, old, new, *_ in changes:
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
