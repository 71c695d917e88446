"""Checks the types of a whole record against the data model, in one quick walk. Unknown fields may be there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trialwright.formats.ctgov.model import Branch, model
from trialwright.kernel.errors import InputError

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T\d\d:\d\d.*)?)?)?")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What may stand under a key. `values`: those of an enum. `below`: the keys of an object."""

    name: str
    kind: str
    many: bool
    values: frozenset[str] = frozenset()
    below: Mapping[str, _Rule] | None = None
    plain: bool = False
    """Any text is right, and there is one of it."""


LARGEST = 2**53
"""No number of a record is beyond this one: up to it every database and every reader of JSON holds it exactly."""


class _Wrong(Exception):
    """A value of the wrong type (`wanted` "": of the right one and too large), and the keys that lead to it, last one
    first."""

    def __init__(self, wanted: str, value: object) -> None:
        self.wanted, self.value = wanted, value
        self.keys: list[str] = []


def check(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences about values that are unusual and kept: unknown enum values, dates that are none.

    Raises InputError where a known field has a value of the wrong type.
    """
    notes: list[str] = []
    try:
        _walk(record, _rules(), notes)
    except _Wrong as wrong:
        path = ".".join(reversed(wrong.keys)).replace(".[", "[")
        if not wrong.wanted:
            raise InputError(f"{path} is too large.", hint="Look at its digits.") from None
        found = _NAMES.get(type(wrong.value), "something else")
        raise InputError(f"{path} should be {wrong.wanted} and is {found}.", hint=_HINT) from None
    return tuple(notes)


_NUMBERS = {"integer": "a whole number", "number": "a number", "geo point": "an object"}
_HINT = "See the API v2 data structure."
_NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, _Rule]:
    return _below(model().root)


def _below(branch: Branch) -> dict[str, _Rule]:
    found: dict[str, _Rule] = {}
    for child in branch.children:
        if isinstance(child, Branch):
            found[child.keys[-1]] = _Rule(child.piece, "object", child.repeated, below=_below(child))
            continue
        many, values = child.lists[-1], frozenset(map(str, model().labels(child)))
        plain = not many and child.type in ("text", "markup", "age")
        found[child.keys[-1]] = _Rule(child.piece, child.type, many, values, plain=plain)
    return found


def _walk(data: Mapping[str, Any], rules: Mapping[str, _Rule], notes: list[str]) -> None:
    for key, value in data.items():
        rule = rules.get(key)
        if rule is None or (rule.plain and type(value) is str) or value is None:
            continue
        try:
            if rule.many:
                _each(value, rule, notes)
            elif rule.below is not None and type(value) is dict:
                _walk(value, rule.below, notes)
            else:
                _one(value, rule, notes)
        except _Wrong as wrong:
            wrong.keys.append(key)
            raise


def _each(values: Any, rule: _Rule, notes: list[str]) -> None:
    """A list: of objects, or of texts; numbers do not pass for text here."""
    if type(values) is not list:
        raise _Wrong("a list", values)
    for index, value in enumerate(values):
        try:
            if rule.below is not None:
                if type(value) is not dict:
                    raise _Wrong("an object", value)
                _walk(value, rule.below, notes)
            elif type(value) is not str:
                raise _Wrong("text", value)
            else:
                _one(value, rule, notes)
        except _Wrong as wrong:
            wrong.keys.append(f"[{index}]")
            raise


def _one(value: Any, rule: _Rule, notes: list[str]) -> None:
    kind = rule.kind
    if rule.below is not None:
        raise _Wrong("an object", value)
    if kind in _NUMBERS:
        if not _is_number(value, kind):
            raise _Wrong(_NUMBERS[kind], value)
        _measured(value, kind)
    elif kind == "boolean":
        if type(value) is not bool:
            raise _Wrong("true or false", value)
    elif type(value) is not str and (type(value) not in (int, float) or rule.values):
        raise _Wrong("text", value)
    elif rule.values and value and value not in rule.values:
        notes.append(f"{rule.name} holds '{value[:60]}', which is not among its known values; it is kept.")
    elif "date" in kind and value and not _DATE.fullmatch(str(value)):
        notes.append(f"{rule.name} holds '{str(value)[:60]}', which is not a date; it is kept.")


def _measured(value: Any, kind: str) -> None:
    """Refuse numbers that are beyond reason, and places whose degrees are no numbers."""
    if kind != "geo point":
        if value != "" and _beyond(value):
            raise _Wrong("", value)
        return
    for axis, degrees in value.items():
        wrong = None
        if axis in ("lat", "lon") and degrees is not None:
            if not _is_number(degrees, "number"):
                wrong = _Wrong("a number", degrees)
            elif _beyond(degrees):
                wrong = _Wrong("", degrees)
        if wrong:
            wrong.keys.append(axis)
            raise wrong


def _beyond(value: Any) -> bool:
    return abs(value if type(value) is int else float(value)) > LARGEST


def _is_number(value: Any, kind: str) -> bool:
    """Whole numbers may be written as text. A place on the map is an object with numbers."""
    if kind == "geo point":
        return type(value) is dict
    if type(value) is bool or (type(value) is str and kind != "integer"):
        return False
    try:
        if value == "" or _beyond(value):
            return True
        return float(value) == (int(value) if kind == "integer" else value)
    except (TypeError, ValueError, OverflowError):
        return False
