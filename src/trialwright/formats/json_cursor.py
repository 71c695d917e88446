"""Reads JSON of other systems part by part: what has the wrong shape reads as absent and is noted with its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from trialwright.kernel.errors import InputError

Json = dict[str, Any]
LARGEST = 100_000_000
"""Bytes of a file that is read."""
MOST_NOTES = 200
_UNPRINTABLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def load(content: bytes, file: str) -> Json:
    """The object that a JSON file holds, decimals as `Decimal`. Raises InputError with line and column."""
    if len(content) > LARGEST:
        what = f"The file has {len(content) / 1e6:.0f} MB; files of up to {LARGEST / 1e6:.0f} MB are read."
        raise InputError(what, where=file, hint="Take it apart.")
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}:{error.colno}"
        raise InputError(f"This is not JSON: {error.msg}.", where=where, hint="Is the file whole?") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError("This is not UTF-8 text.", where=f"{file}:{line}", hint="Save it as UTF-8.") from None
    except RecursionError:
        raise InputError("The parts are nested too deeply.", where=file) from None
    except ValueError:
        raise InputError("A number in it cannot be read.", where=file, hint="JSON knows no such number.") from None
    if not isinstance(found, dict):
        raise InputError("The file is JSON but no object.", where=file, hint="It should begin with '{'.")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


class Notes:
    """Sentences on what was passed over; beyond `MOST_NOTES` they are only counted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.said: dict[str, None] = {}
        self.more = 0

    def say(self, place: str, sentence: str) -> None:
        if len(self.said) < MOST_NOTES:
            self.said[f"{self.file}: {place}: {sentence}" if place else f"{self.file}: {sentence}"] = None
        else:
            self.more += 1

    def all(self) -> tuple[str, ...]:
        rest = (f"{self.file}: {self.more} more parts could not be read.",) if self.more else ()
        return (*self.said, *rest)


class Cursor:
    """One object of the file. What is asked for by name and has another shape is noted and reads as absent."""

    __slots__ = ("above", "data", "name", "notes")

    def __init__(self, data: Json, notes: Notes, name: str = "", above: Cursor | None = None) -> None:
        self.data, self.notes, self.name, self.above = data, notes, name, above

    @property
    def place(self) -> str:
        """Where it stands: `item[2].item[0]`."""
        steps: list[str] = []
        here: Cursor | None = self
        while here is not None:
            steps.append(here.name)
            here = here.above
        return ".".join(step for step in reversed(steps) if step)

    def wrong(self, name: str, wanted: str) -> None:
        self.notes.say(".".join(part for part in (self.place, name) if part), f"this is not {wanted}; it is left out.")

    def _of(self, name: str, kind: type | tuple[type, ...], wanted: str) -> Any:
        found = self.data.get(name)
        if found is None:
            return None
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            self.wrong(name, wanted)
            return None
        return found

    def text(self, name: str) -> str:
        """A text; control characters and halves of characters are blanks in it."""
        found = self._of(name, str, "a text")
        return printable(found) if found else ""

    def flag(self, name: str, default: bool = False) -> bool:
        found = self._of(name, bool, "true or false")
        return default if found is None else bool(found)

    def whole(self, name: str) -> int | None:
        found = self._of(name, int, "a whole number")
        return found if found is not None and abs(found) < 10**15 else None

    def number(self, name: str) -> str:
        """A number as it was written; "" where there is none, or none that a computer keeps."""
        found = self._of(name, (int, float, Decimal), "a number")
        return "" if found is None else number_text(found)

    def one(self, name: str) -> Cursor | None:
        found = self._of(name, dict, "an object")
        return None if found is None else Cursor(found, self.notes, name, self)

    def all(self, name: str) -> Iterator[Cursor]:
        """The objects of a list; a single object counts as a list of one."""
        found = self._of(name, (list, dict), "a list")
        if isinstance(found, dict):
            yield Cursor(found, self.notes, name, self)
            return
        for index, part in enumerate(found or ()):
            if isinstance(part, dict):
                yield Cursor(part, self.notes, f"{name}[{index}]", self)
            elif part is not None:
                self.wrong(f"{name}[{index}]", "an object")

    def words(self, name: str) -> tuple[str, ...]:
        """The texts of a list."""
        found = self._of(name, list, "a list")
        if any(not isinstance(part, str) for part in found or ()):
            self.wrong(name, "a list of texts")
        return tuple(printable(part) for part in found or () if isinstance(part, str) and part)


def printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text)


def number_text(found: int | float | Decimal) -> str:
    """A finite number in plain digits; "" for one that is out of reach."""
    try:
        near = float(found)
    except OverflowError:
        return ""
    if not math.isfinite(near) or abs(near) >= 10**15 or (near and abs(near) < 10**-15):
        return ""
    return str(found) if isinstance(found, int) else f"{Decimal(str(found)):f}"
