"""Cuts a stream of JSON text into records without reading it: line by line, or bracket by bracket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from trialwright.formats.ctgov.read import LARGEST
from trialwright.kernel.errors import InputError

ANSWER = re.compile(rb'\s*\{\s*(?:"(?:totalCount|nextPageToken)"\s*:\s*(?:\d+|"[^"]*")\s*,\s*)*"studies"\s*:\s*\[')
"""How a page of search answers begins."""

MARK = re.compile(rb'\{\s*"protocolSection"\s*:')
"""The start of a record, and of nothing else: inside a text the quotes would be escaped."""

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]', re.DOTALL)
_SPACE = re.compile(rb"\s*+")
_QUOTE, _OPEN = ord('"'), (ord("{"), ord("["))
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that should be one record; `line` is where it begins; `cut`: the stream ended inside it; `quick`: it was
    cut out without counting its brackets, and may hold something else behind the record."""

    text: bytes
    line: int
    cut: bool = False
    quick: bool = False


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A record beyond LARGEST, passed over."""

    line: int


Cut = Piece | TooLarge | InputError
"""`InputError.where` is a line here."""


def lines(stream: BinaryIO) -> Iterator[Cut]:
    """The lines that hold something."""
    number = 0
    while text := stream.readline(LARGEST + 1):
        number += 1
        if len(text) > LARGEST:
            while text and not text.endswith(b"\n"):
                text = stream.readline(CHUNK)
            yield TooLarge(number)
        elif body := text.strip():
            yield Piece(body, number)


def elements(stream: BinaryIO, line: int = 1, *, quick: bool = True) -> Iterator[Cut]:
    """The objects of a list, of a search answer, or of values one after another."""
    text = _Text(stream, line, quick)
    while text.at_something():
        answer = text.opens(ANSWER)
        listed = answer or text.opens(_LIST)
        yield from _objects(text, listed)
        if answer:
            text.skip_line()


_LIST = re.compile(rb"\s*\[")


def _objects(text: _Text, listed: bool) -> Iterator[Cut]:
    """Objects up to the end of their list, or of the stream where there is no list."""
    count = 0
    while (sign := text.at_something()) and sign != b"]":
        if sign == b"{":
            count += 1
            yield text.take()
        elif sign == b"," and listed and count:
            text.position += 1
        else:
            yield InputError("Something that is no record stands here.", where=str(text.line), hint=_OBJECT)
            text.to_mark(text.position + 1)
    if sign:
        text.position += 1
        if not listed:
            yield InputError("A list is closed that was not opened.", where=str(text.line), hint=_OBJECT)
    elif listed:
        what = f"The list ends in the middle, after {count} record{'' if count == 1 else 's'}."
        yield InputError(what, where=str(text.line), hint="It was cut short; fetch it again.")


_OBJECT = "A record is an object in braces."


class _Text:
    """A window on a stream. `position` is where the next value begins, `line` its line."""

    def __init__(self, stream: BinaryIO, line: int, quick: bool) -> None:
        self.stream, self.data, self.position, self.quick = stream, b"", 0, quick
        self._line, self._counted = line, 0

    @property
    def line(self) -> int:
        self._line += self.data.count(b"\n", self._counted, self.position)
        self._counted = self.position
        return self._line

    def more(self) -> bool:
        """Read on; what lies before `position` is let go."""
        self._line = self.line
        kept = self.data[self.position :]
        chunk = self.stream.read(max(CHUNK, len(kept)))
        self.data, self.position, self._counted = kept + chunk, 0, 0
        return bool(chunk)

    def at_something(self) -> bytes:
        """Go to the next sign that is no space; b"" at the end."""
        while True:
            found = _SPACE.match(self.data, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.data):
                return self.data[self.position : self.position + 1]
            if not self.more():
                return b""

    def opens(self, pattern: re.Pattern[bytes]) -> bool:
        """Step over a beginning, if it stands here."""
        if len(self.data) - self.position < 4096:
            self.more()
        found = pattern.match(self.data, self.position)
        if found:
            self.position = found.end()
        return bool(found)

    def skip_line(self) -> None:
        """Go to the end of the line."""
        while (end := self.data.find(b"\n", self.position)) < 0:
            self.position = len(self.data)
            if not self.more():
                return
        self.position = end

    def to_mark(self, start: int) -> bool:
        """Go to the next record that can be told for sure; False when the stream ends first."""
        while not (found := MARK.search(self.data, start)):
            self.position = max(self.position, len(self.data) - 64)
            start = self.position
            if not self.more():
                self.position = len(self.data)
                return False
            start = 0
        self.position = found.start()
        return True

    def take(self) -> Cut:
        """The object that begins at `position`."""
        return (self.quick and self._up_to_mark()) or self._bracket_by_bracket()

    def _up_to_mark(self) -> Piece | None:
        """The quick way: all up to where the next record begins, if its braces are even."""
        found = MARK.search(self.data, self.position + 1)
        text = self.data[self.position : found.start()].rstrip(b", \t\r\n") if found else b""
        if not text.endswith(b"}") or len(text) > LARGEST or text.count(b"{") != text.count(b"}"):
            return None
        piece = Piece(text, self.line, quick=True)
        self.position += len(text)
        return piece

    def _bracket_by_bracket(self) -> Cut:
        line, at, depth = self.line, self.position, 0
        while True:
            for token in _TOKEN.finditer(self.data, at):
                start, at = token.span()
                sign = self.data[start]
                if sign == _QUOTE:
                    if at - start == 1:  # a text that goes on beyond the window
                        at = start
                        break
                    continue
                depth += 1 if sign in _OPEN else -1
                if not depth:
                    text, self.position = self.data[self.position : at], at
                    return Piece(text, line)
            if len(self.data) - self.position > LARGEST:
                self.to_mark(self.position + 1)
                return TooLarge(line)
            at -= self.position
            if not self.more():
                text, self.position = self.data, len(self.data)
                return Piece(text, line, cut=True)
