"""What changed from one version of a record to the next, field by field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from trialwright.record.store.base import Record, Store, Version

NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "locations": ("facility", "city"),
    "interventions": ("type", "name"),
    "seriousEvents": ("term", "organSystem"),
    "otherEvents": ("term", "organSystem"),
    "measurements": ("groupId",),
    "analyses": ("groupDescription", "statisticalMethod", "paramType"),
}
"""What tells the elements of a list apart; other lists take the first of USUALLY that is there."""

USUALLY = (
    "id",
    "groupId",
    "label",
    "measure",
    "title",
    "name",
    "pmid",
    "citation",
    "term",
    "units",
    "url",
    "date",
    "type",
)

DERIVED = frozenset({"derivedSection.miscInfoModule.versionHolder"})
"""Not a change of the record: the day on which the registry wrote its data."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. `path`: its place in the JSON, elements of lists by name; `label`: the same in words.

    `old`, `new`: the values as text, "" where there is none; a part that came or went as a whole has a line for each
    of its fields; of a list of words only those that went and came.
    """

    path: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Step:
    """A version and what it changed; nothing for the first one."""

    version: Version
    changes: tuple[Change, ...]


def history(store: Store, nct_id: str) -> list[Step]:
    """The versions of a record by their own dates, oldest first, each with what it changed."""
    versions = sorted(store.versions(nct_id), key=lambda version: (version.updated, version.number))
    steps: list[Step] = []
    before: Record | None = None
    for version in versions:
        now = orjson.loads(store.version(nct_id, version.number) or b"{}")
        steps.append(Step(version, () if before is None else differences(before, now)))
        before = now
    return steps


def differences(old: Record, new: Record) -> tuple[Change, ...]:
    """Every field that differs, in the order of the record; none exactly when the two are equal."""
    return tuple(_objects(old, new, "", ""))


def _objects(old: Mapping[str, Any], new: Mapping[str, Any], path: str, label: str) -> Iterator[Change]:
    """`label` says in which structure the keys stand; it ends so that a key's own words can follow."""
    for key in dict.fromkeys((*old, *new)):
        place = f"{path}.{key}" if path else key
        if place not in DERIVED and (key in old) != (key in new):
            yield from _values(old.get(key), new.get(key), place, label + _word(key))
        elif place not in DERIVED and not _same(old[key], new[key]):
            yield from _values(old[key], new[key], place, label + _word(key))


def _values(old: Any, new: Any, path: str, label: str) -> Iterator[Change]:
    if _is(dict, old, new) and (old or new):
        inner = "" if path.endswith(("Section", "Module")) else f"{label}: "
        yield from _objects(old or {}, new or {}, path, inner)
    elif _is(list, old, new) and (old or new):
        yield from _lists(old or [], new or [], path, label)
    else:
        yield Change(path, label, _text(old), _text(new))


def _is(kind: type, old: Any, new: Any) -> bool:
    """Both of a kind, or one of them and the other absent."""
    return any(isinstance(value, kind) for value in (old, new)) and all(
        value is None or isinstance(value, kind) for value in (old, new)
    )


def _same(old: Any, new: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return bool(old == new) and orjson.dumps(old, option=_SORTED) == orjson.dumps(new, option=_SORTED)


_SORTED = orjson.OPT_SORT_KEYS


def _lists(old: list[Any], new: list[Any], path: str, label: str) -> Iterator[Change]:
    if not all(isinstance(each, dict) for each in (*old, *new)):
        yield _words(old, new, path, label)
        return
    key = path.rpartition(".")[2]
    before, after, same = _by_name(old, key), _by_name(new, key), True
    for name in dict.fromkeys((*before, *after)):
        place, told = f"{path}[{name}]", f"{label}: {name}"
        if name in before and name in after:
            found = list(_objects(before[name], after[name], place, f"{told}: "))
        else:
            found = [Change(place, told, _text(before.get(name)), _text(after.get(name)))]
        same = same and not found
        yield from found
    if same:
        yield Change(path, f"{label}: order", "; ".join(before), "; ".join(after))


def _words(old: list[Any], new: list[Any], path: str, label: str) -> Change:
    """A list of values: what went and what came; all of it where only the order differs."""
    before, after = Counter(map(_text, old)), Counter(map(_text, new))
    went, came = list((before - after).elements()), list((after - before).elements())
    if not went and not came:
        return Change(path, f"{label}: order", "; ".join(map(_text, old)), "; ".join(map(_text, new)))
    return Change(path, label, "; ".join(went), "; ".join(came))


def _by_name(elements: Sequence[Mapping[str, Any]], key: str) -> dict[str, Mapping[str, Any]]:
    """Elements by what tells them apart; the second of a name has a number."""
    found: dict[str, Mapping[str, Any]] = {}
    met: Counter[str] = Counter()
    for element in elements:
        unique = name = _name(element, key)
        while unique in found:
            met[name] += 1
            unique = f"{name} ({met[name] + 1})"
        found[unique] = element
    return found


def _name(element: Mapping[str, Any], key: str) -> str:
    wanted = NAMED_BY.get(key) or tuple(name for name in USUALLY if element.get(name))[:1]
    return ", ".join(str(element[name]) for name in wanted if element.get(name)) or "-"


def _text(value: Any) -> str:
    """A value as people read it: an object has a line for each of its fields."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value:
        return "\n".join(f"{_word(key)}: {_text(each)}" for key, each in value.items())
    if isinstance(value, list) and value:
        return "; ".join(map(_text, value))
    return orjson.dumps(value).decode()


_CAPITALS = {"nct": "NCT", "id": "ID", "qc": "QC", "fda": "FDA", "dmc": "DMC", "ipd": "IPD", "url": "URL"}
_ENDINGS = re.compile(r"(Struct|Infos?)$")


@lru_cache(maxsize=2048)
def _word(key: str) -> str:
    """A key as words: `briefTitle` is Brief title."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", _ENDINGS.sub("", key)).lower()
    words = " ".join(_CAPITALS.get(word, word) for word in spaced.split(" "))
    return words[:1].upper() + words[1:]
