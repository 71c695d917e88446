"""Files as text and text as JSON, with a limit before anything is parsed and one sentence for each way to fail."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from trialwright.kernel.errors import InputError
from trialwright.screen.values import printable

LARGEST = 32 * 1024 * 1024
"""Bytes; no single patient needs more."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_text(path: Path, largest: int = LARGEST) -> str:
    """The text of a UTF-8 file (a mark at its head is dropped; `.gz` is unpacked). Raises InputError."""
    try:
        with open_binary(path) as file:
            raw = file.read(largest + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None
    if len(raw) > largest:
        what = f"The file is larger than {largest // 2**20} MiB."
        raise InputError(what, where=path.name, hint="Give the facts of one patient, or a cohort as a folder.")
    return decoded(raw, path.name)


def open_binary(path: Path) -> IO[bytes]:
    """The file, unpacked if its name ends in `.gz`."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]  # both read bytes


def unreadable(path: Path, error: Exception) -> InputError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
    return InputError(f"The file cannot be read: {why}.", where=path.name)


def decoded(raw: bytes, where: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("The file is not UTF-8 text.", where=where, hint="It looks like UTF-16: save it as UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("The file is not UTF-8 text.", where=f"{where}:{line}", hint="Save it as UTF-8.") from None


def parse(text: str, where: str, line: int = 0) -> Any:
    """JSON, with line and column of a mistake. `line`: lines before the text (of NDJSON)."""
    if not text.strip():
        raise InputError("The file is empty.", where=where)
    try:
        with without_collection():
            found = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        place = f"{where}:{line + error.lineno}"
        raise InputError(f"This is not JSON: {_reason(error)} (column {error.colno}).", where=place) from None
    except RecursionError:
        raise InputError("This is not a facts file: it is nested too deeply.", where=where) from None
    except ValueError as error:
        what = "a number has too many digits" if "digits" in str(error) else str(error)
        raise InputError(f"This is not JSON: {what}.", where=where) from None
    if _HALF.search(text):
        _whole_characters(found, where)
    return found


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """A large document makes hundreds of thousands of objects and no garbage: looking for it takes 40 % of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _reason(error: json.JSONDecodeError) -> str:
    return f"{error.msg[:1].lower()}{error.msg[1:]}"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key '{printable(twice[:40], 'key', '')}' stands twice in one object")
    return found


def _whole_characters(found: Any, where: str) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("This is not JSON: a character is cut in half (\\ud800 to \\udfff).", where=where) from None
