"""Opens what a file may be packed in: gzip, the site's zip, both. What swells beyond reason is refused on the way."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from trialwright.kernel.errors import InputError

HEAD = 1 << 20
"""Bytes that are looked at to tell what a stream holds."""

SWELLS = 250
"""A text may be this many times as large as it is packed; records reach 30, bombs 1000."""

MODEST = 64 * 1024 * 1024
"""Below this many bytes nothing is a bomb."""

DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
"""What the unpackers raise for files that are cut, damaged, encrypted or packed in a way that Python does not know."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text to read from its beginning, as often as wanted. `name` names it in errors."""

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]

    def head(self) -> bytes:
        """The beginning, without a byte order mark and leading spaces."""
        with self.open() as stream:
            return stream.read(HEAD).lstrip()


def sources(file: Path) -> Iterator[Source | InputError]:
    """The texts in a file: itself, or the entries of a zip."""
    with file.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == b"\x1f\x8b":
        yield Source(str(file), lambda: _gzip(file.open("rb"), str(file)))
    elif magic == b"PK\x03\x04" or magic == b"PK\x05\x06":
        yield from _zip(file)
    else:
        yield Source(str(file), lambda: _plain(file))


def _zip(file: Path) -> Iterator[Source | InputError]:
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and not entry.filename.startswith("__MACOSX/"):
                    yield _entry(archive, entry, f"{file}!{entry.filename}")
    except DAMAGED as error:
        yield InputError(f"The zip cannot be read: {reason(error)}.", where=str(file), hint="Fetch it again.")


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Source:
    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        with archive.open(entry) as packed:
            if cast(zipfile.ZipExtFile, packed).peek(2)[:2] == b"\x1f\x8b":
                with _gzip(cast(BinaryIO, packed), name) as stream:
                    yield stream
            else:
                yield _guarded(cast(io.BufferedIOBase, packed), lambda: max(entry.compress_size, 1), name)

    return Source(name, opened)


@contextmanager
def _plain(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb", buffering=0) as raw:
        yield _after_mark(io.BufferedReader(raw, HEAD))


@contextmanager
def _gzip(packed: BinaryIO, name: str) -> Iterator[BinaryIO]:
    with closing(packed), gzip.GzipFile(fileobj=packed) as stream:
        yield _guarded(stream, packed.tell, name)


def damage_of(stream: BinaryIO) -> Exception | None:
    """Why a packed stream ended before its end. All that could be unpacked before has been read."""
    raw = getattr(stream, "raw", None)
    return raw.damage if isinstance(raw, _Guard) else None


def _guarded(stream: io.BufferedIOBase, consumed: Callable[[], int], name: str) -> BinaryIO:
    return _after_mark(io.BufferedReader(_Guard(stream, consumed, name), HEAD))


def _after_mark(stream: io.BufferedReader) -> BinaryIO:
    """The stream, past its byte order mark."""
    if stream.peek(3)[:3] == b"\xef\xbb\xbf":
        stream.read(3)
    return stream


class _Guard(io.RawIOBase):
    """Passes bytes on, and stops when there are far more of them than went in. `damage`: why it stopped; an error
    raised here would take the bytes along that were read before it."""

    def __init__(self, stream: io.BufferedIOBase, consumed: Callable[[], int], name: str) -> None:
        self._stream, self._consumed, self._name, self._given = stream, consumed, name, 0
        self.damage: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is always writable bytes here
        if self.damage is not None:
            return 0
        try:
            chunk = self._stream.read1(len(buffer))
        except DAMAGED as error:
            self.damage = error
            return 0
        self._given += len(chunk)
        if self._given > MODEST and self._given > SWELLS * self._consumed():
            what = f"It swells to more than {SWELLS} times its packed size and is not read further."
            self.damage = InputError(what, where=self._name, hint="Records do not pack as small: look at the file.")
            return 0
        buffer[: len(chunk)] = chunk
        return len(chunk)


def reason(error: Exception) -> str:
    """What an unpacker says, as the end of a sentence."""
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error).rstrip(".")
    return text[:1].lower() + text[1:] or "it is damaged"
