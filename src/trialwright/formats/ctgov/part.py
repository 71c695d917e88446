"""A look into one object of a JSON record that knows its path, so that a wrong type is answered with the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.kernel.errors import InputError


@dataclass(slots=True, eq=False)
class Part:
    """Absent keys read as empty: "", (), None, an empty part.

    `above` and `name`: the part that holds this one, and under which key (or at which place of a list).
    """

    data: Mapping[str, Any]
    above: Part | None = None
    name: str = ""

    @property
    def path(self) -> str:
        """Where it stands in the record; put together only when somebody asks."""
        return self.above._at(self.name) if self.above else self.name

    def text(self, key: str) -> str:
        """A string; numbers are taken as they are written."""
        value = self.data.get(key)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(key, "text", value)
        return str(value)

    def flag(self, key: str) -> bool | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def count(self, key: str) -> int | None:
        """A whole number, also one that is written as text."""
        value = self.data.get(key)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool) or int(value) != float(value):
                raise ValueError
            return int(value)
        except (TypeError, ValueError):
            raise self._wrong(key, "a whole number", value) from None

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        for value in values:
            if not isinstance(value, str):
                raise self._wrong(key, "a list of texts", value)
        return tuple(values)

    def part(self, key: str) -> Part:
        value = self.data.get(key)
        if value is None:
            return Part({}, self, key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object", value)
        return Part(value, self, key)

    def parts(self, key: str) -> Iterator[Part]:
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, dict):
                raise self._wrong(f"{key}[{index}]", "an object", value)
            yield Part(value, self, f"{key}[{index}]")

    def _list(self, key: str) -> list[Any]:
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list", value)
        return value

    def _at(self, key: str) -> str:
        path = self.path
        return f"{path}.{key}" if path else key

    def _wrong(self, key: str, wanted: str, value: object) -> InputError:
        kinds = {
            dict: "an object",
            list: "a list",
            str: "text",
            bool: "true or false",
            int: "a number",
            float: "a number",
        }
        found = kinds.get(type(value), "something else")
        return InputError(f"{self._at(key)} should be {wanted} and is {found}.", hint="See the API v2 data structure.")
