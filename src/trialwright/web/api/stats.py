"""Statistics over all records: their sizes, the values of a field, the lengths of lists.

Each is worked out by reading every record, once for each state of the store, and then kept.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from trialwright.formats.ctgov.model import Field, model, values_at
from trialwright.kernel.errors import InputError, UnknownName, nearest
from trialwright.record.library import Library
from trialwright.web.api.fields import field_or_branch

TOP = 10
KEPT = 200
"""Answers that are kept; each is small."""
RANGES = (0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Bounds of size classes in KiB."""
TYPES = ("ENUM", "STRING", "DATE", "INTEGER", "NUMBER", "BOOLEAN")
_OF = {"integer": "INTEGER", "number": "NUMBER", "boolean": "BOOLEAN", "date": "DATE", "partial date": "DATE"}

_LOCK = threading.Lock()
_MADE: dict[tuple[int, int, str], Any] = {}


def _once(library: Library, what: str, make: Callable[[], Any]) -> Any:
    """`make()` for this state of the store; one at a time, because each reads everything."""
    key = id(library), library.store.last_change(), what
    with _LOCK:
        if key not in _MADE:
            for old in [k for k in _MADE if k[:2] != key[:2]] or ([*_MADE][:1] if len(_MADE) >= KEPT else []):
                del _MADE[old]
            _MADE[key] = make()
        return _MADE[key]


def sizes(library: Library) -> dict[str, Any]:
    """How large the records' JSON is, in bytes."""
    return _once(library, "sizes", lambda: _sizes(library.store.each()))  # type: ignore[no-any-return]


def _sizes(texts: Iterable[bytes]) -> dict[str, Any]:
    number = model().fields["NCTId"]
    found = sorted((len(text), str(next(values_at(orjson.loads(text), number), ""))) for text in texts)
    total = len(found)
    classes = Counter(bisect_right(RANGES, size / 1024) for size, _ in found)
    marks = (1, 5, 10, 25, 50, 75, 90, 95, 99)
    return {
        "totalStudies": total,
        "averageSizeBytes": round(sum(size for size, _ in found) / total) if total else 0,
        "largestStudies": [{"id": nct, "sizeBytes": size} for size, nct in found[::-1][:TOP]],
        "percentiles": {f"{mark}.0": found[min(total - 1, total * mark // 100)][0] for mark in marks if total},
        "ranges": [{"sizeRange": _range(place), "studiesCount": classes[place]} for place in sorted(classes)],
    }


def _range(place: int) -> str:
    low = RANGES[place - 1]
    return f"{low} KB - {RANGES[place]} KB" if place < len(RANGES) else f"{low} KB or more"


def leaf(name: str) -> Field:
    """The leaf field with this piece name or path. Raises UnknownName."""
    found = field_or_branch(model(), name)
    if not isinstance(found, Field):
        raise UnknownName("field", name[:80], model().fields)
    return found


def type_of(field: Field) -> str:
    return "ENUM" if field.enum else _OF.get(field.type, "STRING")


def values(library: Library, fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Statistics of the values of fields; those not known yet are worked out in one reading."""
    chosen = list(fields)
    what = "values " + " ".join(field.piece for field in chosen)
    return _once(library, what, lambda: _values(library.store.each(), chosen))  # type: ignore[no-any-return]


def _values(texts: Iterable[bytes], fields: list[Field]) -> list[dict[str, Any]]:
    seen: list[Counter[str]] = [Counter() for _ in fields]
    missing = [0] * len(fields)
    longest: list[tuple[str, str]] = [("", "")] * len(fields)
    number = model().fields["NCTId"]
    for text in texts:
        record = orjson.loads(text)
        nct = str(next(values_at(record, number), ""))
        for place, field in enumerate(fields):
            here = {_text(value) for value in values_at(record, field)}
            missing[place] += not here
            seen[place].update(here)
            best = max(here, key=len, default="")
            if len(best) > len(longest[place][0]):
                longest[place] = (best, nct)
    rows = zip(fields, seen, missing, longest, strict=True)
    return [_told(field, counts, without, best) for field, counts, without, best in rows]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(field: Field, seen: Counter[str], missing: int, longest: tuple[str, str]) -> dict[str, Any]:
    kind = type_of(field)
    told: dict[str, Any] = {
        "type": kind,
        "piece": field.piece,
        "field": field.path,
        "missingStudiesCount": missing,
    }
    if kind == "BOOLEAN":
        return told | {"trueCount": seen["true"], "falseCount": seen["false"]}
    if kind in ("INTEGER", "NUMBER"):
        return told | _numbers(seen)
    if kind == "DATE":
        shapes = {4: "yyyy", 7: "yyyy-MM", 10: "yyyy-MM-dd"}
        formats = sorted({shapes[len(date)] for date in seen if len(date) in shapes})
        ends = {"min": min(seen), "max": max(seen)} if seen else {}
        return told | {"formats": formats, **ends}
    top = sorted(seen.items(), key=lambda pair: (-pair[1], pair[0]))[: None if kind == "ENUM" else TOP]
    told |= {
        "uniqueValuesCount": len(seen),
        "topValues": [{"value": value, "studiesCount": count} for value, count in top],
    }
    if kind == "STRING" and longest[0]:
        told["longest"] = {"value": longest[0], "length": len(longest[0]), "nctId": longest[1]}
    return told


def _numbers(seen: Mapping[str, int]) -> dict[str, Any]:
    numbers = {float(text): count for text, count in seen.items() if _is_number(text)}
    if not numbers:
        return {}
    mean = sum(value * count for value, count in numbers.items()) / sum(numbers.values())
    ends = (min(numbers), max(numbers))
    low, high = (int(end) if end == int(end) else end for end in ends)
    return {"min": low, "max": high, "avg": round(mean, 2)}


def _is_number(text: str) -> bool:
    try:
        return float(text) - float(text) == 0
    except ValueError:
        return False


def list_fields() -> list[Field]:
    """Every field whose values stand in a list of their own."""
    return [field for field in model().fields.values() if field.lists[-1]]


def list_sizes(library: Library, fields: Iterable[Field]) -> list[dict[str, Any]]:
    """How many values lists have."""
    chosen = list(fields)
    what = "lists " + " ".join(field.piece for field in chosen)
    return _once(library, what, lambda: _lists(library.store.each(), chosen))  # type: ignore[no-any-return]


def _lists(texts: Iterable[bytes], fields: list[Field]) -> list[dict[str, Any]]:
    seen: list[Counter[int]] = [Counter() for _ in fields]
    for text in texts:
        record = orjson.loads(text)
        for place, field in enumerate(fields):
            if length := sum(1 for _ in values_at(record, field)):
                seen[place][length] += 1
    return [_sized(field, counts) for field, counts in zip(fields, seen, strict=True)]


def _sized(field: Field, counts: Counter[int]) -> dict[str, Any]:
    told: dict[str, Any] = {"piece": field.piece, "field": field.path, "uniqueSizesCount": len(counts)}
    if counts:
        top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]
        told |= {"minSize": min(counts), "maxSize": max(counts)}
        told["topSizes"] = [{"size": size, "studiesCount": count} for size, count in top]
    return told


def listed_field(name: str) -> Field:
    """The field with this name, which holds lists. Raises UnknownName, InputError."""
    found = leaf(name)
    if not found.lists[-1]:
        raise InputError(f"`{found.piece}` is no list.", hint=nearest(found.piece, [f.piece for f in list_fields()]))
    return found
