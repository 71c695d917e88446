"""A snapshot as JSON: `dump` and `load` are each other's inverse, and the same snapshot gives the same bytes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from trialwright.evidence.snapshot import Snapshot
from trialwright.kernel.errors import InputError

FORMAT = "trialwright-snapshot"
VERSION = 1
_LINE = json.JSONEncoder(ensure_ascii=False)
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def dump(snapshot: Snapshot) -> bytes:
    """UTF-8 JSON with one row a line, so that two snapshots can be compared line by line."""
    head: dict[str, Any] = {"format": FORMAT, "format_version": VERSION}
    tables: dict[str, list[str]] = {}
    for field in dataclasses.fields(snapshot):
        value = getattr(snapshot, field.name)
        if isinstance(value, tuple):
            tables[field.name] = [_LINE.encode(_row(row)) for row in value]
        else:
            head[field.name] = _plain(value)
    lines = [f" {json.dumps(name)}: {_LINE.encode(value)}" for name, value in head.items()]
    for name, rows in tables.items():
        body = ",\n  ".join(rows)
        lines.append(f' "{name}": [\n  {body}\n ]' if rows else f' "{name}": []')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def load(content: bytes | str, *, where: str = "snapshot") -> Snapshot:
    """Read what `dump` wrote. Raises InputError for a file that is cut short, not JSON, or something else."""
    try:
        data = json.loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        place = f"{where}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else where
        raise InputError("This is not JSON, or it is cut short.", where=place, hint="Take the file again.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        what = "This JSON is no snapshot of Trialwright."
        raise InputError(what, where=where, hint=f'A snapshot says "format": "{FORMAT}" at its beginning.')
    if data.get("format_version") != VERSION:
        what = f"Version {data.get('format_version')} of the format is not known."
        raise InputError(what, where=where, hint=f"Known: {VERSION}.")
    content_only = {name: value for name, value in data.items() if name not in ("format", "format_version")}
    snapshot: Snapshot = _object(Snapshot, content_only, where)
    return snapshot


def _row(row: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(row, field.name)) for field in dataclasses.fields(row)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _object(kind: type, data: Any, where: str) -> Any:
    """A dataclass from a JSON object that has exactly its fields (those with a default may be left out)."""
    if not isinstance(data, dict):
        raise InputError(f"A {kind.__name__} is a JSON object.", where=where)
    hints = _hints(kind)
    unknown = sorted(data.keys() - hints.keys())
    if unknown:
        raise InputError(f"A {kind.__name__} has no '{unknown[0]}'.", where=where, hint=f"It has {', '.join(hints)}.")
    values = {name: _value(hints[name], value, f"{where}: {name}") for name, value in data.items()}
    try:
        return kind(**values)
    except TypeError:
        missing = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.name not in data]
        raise InputError(f"A {kind.__name__} lacks '{missing[0]}'.", where=where) from None


def _value(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise InputError("A list is wanted here.", where=where)
        (row_kind, _) = get_args(kind)
        return tuple(_object(row_kind, row, f"{where}, row {n}") for n, row in enumerate(value, 1))
    kinds = get_args(kind) or (kind,)
    if value is None and type(None) in kinds:
        return None
    wanted = next(k for k in kinds if k is not type(None))
    if wanted in (dt.date, dt.datetime):
        return _moment(wanted, value, where)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        raise InputError(f"A {WORDS.get(wanted, wanted.__name__)} is wanted here.", where=where)
    return value


def _moment(kind: type[dt.date], value: Any, where: str) -> dt.date:
    try:
        return kind.fromisoformat(value)
    except (TypeError, ValueError):
        example = "2026-03-15T12:00:00+00:00" if kind is dt.datetime else "2026-03-15"
        raise InputError("A date is wanted here.", where=where, hint=f"Write {example}.") from None
