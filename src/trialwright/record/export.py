"""Writes records out as they came in: lines of JSON, one JSON list, or the registry's CSV; streaming."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import orjson

from trialwright.formats.ctgov.table import lines
from trialwright.kernel.errors import InputError, OutputExists, TrialwrightError
from trialwright.record.store.base import Store

_BREAK = re.compile(rb"[ \t\r\n]*[\r\n][ \t\r\n]*")


def one_line(text: bytes) -> bytes:
    """A record's JSON without line breaks, its numbers and texts as they were written.

    A break in JSON stands between two values and never inside a text.
    """
    return _BREAK.sub(b"", text) if b"\n" in text or b"\r" in text else text


def ndjson(texts: Iterable[bytes]) -> Iterator[bytes]:
    """One record in a line."""
    for text in texts:
        yield one_line(text) + b"\n"


def json_list(texts: Iterable[bytes]) -> Iterator[bytes]:
    """One list of all records."""
    between = b"[\n"
    for text in texts:
        yield between + text
        between = b",\n"
    yield b"[]\n" if between == b"[\n" else b"\n]\n"


def csv(texts: Iterable[bytes]) -> Iterator[bytes]:
    """The columns of the registry's own CSV download."""
    for line in lines(orjson.loads(text) for text in texts):
        yield line.encode()


FORMS: Mapping[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = MappingProxyType(
    {"ndjson": ndjson, "json": json_list, "csv": csv}
)
"""Records as they are kept -> pieces of a file."""


_NUMBER = re.compile(r"NCT\d{8}")


def numbers_in(text: str) -> list[str]:
    """Registry numbers, parted by commas, each once. Raises InputError for what is none."""
    found = dict.fromkeys(part.strip() for part in text.split(",") if part.strip())
    for number in found:
        if not _NUMBER.fullmatch(number.upper()):
            raise InputError(f"'{number[:40]}' is no registry number.", hint="Write NCT01234567,NCT07654321.")
    return list(dict.fromkeys(map(str.upper, found)))


class Asked:
    """The texts of the records with these numbers (none named: all of them), and what became of the numbers.

    `given`: how many there were so far. `missing`: numbers under which nothing is kept, once all were read.
    """

    def __init__(self, store: Store, numbers: Sequence[str]) -> None:
        self._store, self._numbers = store, numbers
        self.given = 0
        self.missing: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        texts = map(self._one, self._numbers) if self._numbers else self._store.each()
        for text in texts:
            if text is not None:
                self.given += 1
                yield text

    def _one(self, number: str) -> bytes | None:
        text = self._store.get(number)
        if text is None:
            self.missing.append(number)
        return text


def write_file(
    pieces: Iterable[bytes], file: Path, *, overwrite: bool = False, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write all pieces or nothing: beside the file first, then in its place. Returns how many there were.

    Raises OutputExists, TrialwrightError when the disk refuses.
    """
    if file.exists() and not overwrite:
        raise OutputExists("The file is there already.", where=str(file), hint="Name another one, or add --overwrite.")
    count = 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    except OSError as error:
        raise TrialwrightError(f"It cannot be written: {error.strerror}.", where=str(file)) from None
    try:
        with os.fdopen(handle, "wb") as out:
            for count, piece in enumerate(pieces, 1):
                out.write(piece)
                if count % 1000 == 0:
                    progress(count)
        Path(beside).chmod(0o644)
        Path(beside).replace(file)
    except OSError as error:
        raise TrialwrightError(f"It cannot be written: {error.strerror}.", where=str(file)) from None
    finally:
        Path(beside).unlink(missing_ok=True)
    return count
