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
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import orjson

from trialwright.conduct.verifier import canonical, fold, leaf_hash

Key = tuple[Any, ...]
Tables = dict[str, dict[Key, dict[str, Any]]]
"""table -> natural key -> content."""


_quickly = partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)
"""As `canonical`, but for some numbers."""
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
    if not isinstance(value, dt.date):  # nor a datetime
        return value
    return moment(value) if isinstance(value, dt.datetime) else value.isoformat()


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


def parts_of(content: Mapping[str, Any], reason: str, encode: Callable[[Any], bytes] = canonical) -> list[bytes]:
    """The parts of an event: each row that it changed, what else it tells, the reason. Raises ValueError for others."""
    try:
        rows, salt = content["rows"], content.get("salt")
        details = {name: value for name, value in content.items() if name not in ("rows", "salt")}
        found = [encode([table, *row]) for table in sorted(rows) for row in rows[table]]
    except (LookupError, TypeError, AttributeError):
        raise ValueError("This is not the content of an event.") from None
    return [*found, *_others(details, reason, salt)]


def _others(details: Mapping[str, Any], reason: str, salt: object) -> list[bytes]:
    found = [canonical(["details", details])] if details else []
    return [*found, canonical(["reason", reason, salt])] if reason else found


def event_line(fields: Mapping[str, Any], parts: Sequence[bytes], encode: Callable[[Any], bytes] = canonical) -> bytes:
    """The line of an event that is hashed: all columns and the study, content and reason as hashes of their parts."""
    head = {name: plain(value) for name, value in fields.items() if name != "reason"}
    folded = fold(parts)
    return encode(head | {"content": folded.content, "parts": folded.parts})


def read_event(fields: Mapping[str, Any], digest: str) -> tuple[Mapping[str, Any], list[bytes], bytes]:
    """(content, parts, line) of an event that was written with the hash `digest`. Raises ValueError for others.

    A text that fits the hash is the one that was hashed, however it was made: only one that does not, which may be but
    written otherwise (a number), is made anew by the canonical encoder, which takes ten times as long.
    """
    content = read_content(fields["content"])
    with suppress(orjson.JSONEncodeError):
        parts = parts_of(content, fields["reason"], _quickly)
        line = event_line(fields, parts, _quickly)
        if leaf_hash(line).hex() == digest:
            return content, parts, line
    content = json.loads(fields["content"])
    parts = parts_of(content, fields["reason"])
    return content, parts, event_line(fields, parts)


def read_content(text: str) -> Any:
    """The JSON of an event's content. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # numbers and characters that only the standard library takes
        return json.loads(text)


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
        take_in(tables, content.get("rows", {}), strict=strict)
    return tables


def take_in(tables: Tables, changes: Mapping[str, Iterable[Sequence[Any]]], *, strict: bool = True) -> None:
    """Fold what one event changed, by table, into the state before it; otherwise as `replay`."""
    for table, changed in changes.items():
        rows = tables.setdefault(table, {})
        for parts, old, new, *_ in changed:
            key = tuple(parts)
            held = rows.get(key)
            if strict and (held is not None or old is not None):
                _demand(key, held, old)
            if new is None:
                rows.pop(key, None)
            else:
                rows[key] = {**new} if held is None else {**held, **new}


def _demand(key: Key, held: Mapping[str, Any] | None, old: Mapping[str, Any] | None) -> None:
    if held is None or old is None:
        raise ValueError(f"{show_key(key)} is {'made twice' if old is None else 'changed before it was made'}")
    if any(held.get(name) != value for name, value in old.items()):
        raise ValueError(f"{show_key(key)} is changed from a value that it never had")


def show_key(key: Key) -> str:
    """A natural key for people: its parts without the study and without empty ones."""
    return " ".join(str(part) for part in key[1:] if part != "") or str(key[0])
