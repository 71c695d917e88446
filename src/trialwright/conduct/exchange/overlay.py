"""What another system says beyond, or other than, what our definition gives: found at import, laid over at export.

So nothing is lost, and what is edited in our definition afterwards still shows in what is exported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(kind)[name])


@cache
def _whole(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def differences(given: T, wanted: T) -> dict[str, Any]:
    """Fields of `wanted` that `given` does not have so, as plain data."""
    kind: Any = type(wanted)
    assert dataclasses.is_dataclass(wanted)
    names = [
        field.name
        for field in dataclasses.fields(wanted)
        if field.compare and getattr(wanted, field.name) != getattr(given, field.name)
    ]
    return {name: _plain(kind, name, wanted) for name in names}


def some(part: Any, names: Iterable[str]) -> dict[str, Any]:
    """Those of the named fields that hold something, as plain data."""
    return {name: _plain(type(part), name, part) for name in names if getattr(part, name)}


def _plain(kind: Any, name: str, part: Any) -> Any:
    return _without_lines(_adapter(kind, name).dump_python(getattr(part, name), mode="json", exclude_defaults=True))


def _without_lines(data: Any) -> Any:
    """Where a part stood in the file says nothing of the study."""
    if isinstance(data, dict):
        return {key: _without_lines(value) for key, value in data.items() if key != "line"}
    return [_without_lines(value) for value in data] if isinstance(data, list) else data


def laid_over(given: T, kept: dict[str, Any]) -> T:
    """`given` with the fields that `kept` names."""
    if not kept:
        return given
    kind: Any = type(given)
    names = {field.name for field in dataclasses.fields(given)}  # type: ignore[arg-type]  # all are data classes
    changes = {key: _adapter(kind, key).validate_python(value) for key, value in kept.items() if key in names}
    return dataclasses.replace(given, **changes) if changes else given  # type: ignore[type-var]  # as above


def _kind(part: Any) -> Any:
    return type(part)


def whole(part: Any) -> dict[str, Any]:
    """A part as plain data."""
    found: dict[str, Any] = _whole(_kind(part)).dump_python(part, mode="json", exclude_defaults=True)
    plain: dict[str, Any] = _without_lines(found)
    return plain


def rebuilt(kind: type[T], kept: dict[str, Any]) -> T:
    """The part that `whole` took apart."""
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # all are data classes
    hashable: Any = kind
    found: T = _whole(hashable).validate_python({key: value for key, value in kept.items() if key in names})
    return found
