"""Writes records out as they came in: lines of JSON, one JSON list, or the registry's CSV; streaming."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import orjson

from trialwright.formats.ctgov.table import lines
from trialwright.kernel.errors import OutputExists, TrialwrightError

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
