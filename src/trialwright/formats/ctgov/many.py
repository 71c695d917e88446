"""Streams records out of what people have: one record, a list, lines of JSON, the site's zip, gzip of each, page text.

A record that cannot be used is answered in its place, and the ones after it are still read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from trialwright.formats.ctgov.portal import is_page, read_page
from trialwright.formats.ctgov.read import LARGEST, is_record_file, one_record
from trialwright.formats.ctgov.shape import check
from trialwright.formats.ctgov.split import ANSWER, MARK, Cut, Piece, TooLarge, elements, lines
from trialwright.formats.ctgov.unpack import DAMAGED, Source, damage_of, reason, sources
from trialwright.formats.ctgov.write import to_json
from trialwright.kernel.errors import InputError


@dataclass(frozen=True, slots=True)
class Found:
    """A record: its JSON as it was written, the same parsed, and its place (`file:line`, `file.zip!entry`)."""

    nct_id: str
    text: bytes
    data: dict[str, Any]
    where: str
    notes: tuple[str, ...] = ()
    """What is unusual in it and kept."""


Answer = Found | InputError
"""Each thing that should be a record: the record, or what is wrong with it and where."""

_AGAIN = "Fetch the file again."


Place = tuple[Cut | Found, str]
"""A piece of text, and the name of the file or entry that it stands in; "" for what is told with its place already."""


def read_many(path: str | Path) -> Iterator[Answer]:
    """Every record of a file, streaming; memory holds one at a time. Raises InputError where there is no file."""
    for place in pieces_in(path):
        yield from answers_in(place)


def pieces_in(path: str | Path) -> Iterator[Place]:
    """The texts in a file that should be records, not looked into. Raises InputError where there is no file."""
    file = Path(path).expanduser()
    if not is_record_file(str(path)):
        raise InputError("There is no such file.", where=str(path), hint="Give files of records, as JSON or zip.")
    for source in sources(file):
        if isinstance(source, InputError):
            yield source, ""
            continue
        try:
            yield from _pieces(source)
        except InputError as error:
            yield error, ""
        except DAMAGED as error:
            yield _damaged(error, source.name), ""


def answers_in(place: Place) -> Iterator[Answer]:
    """The record in a piece, or what is wrong with it, and then the records that can still be told inside."""
    piece, name = place
    if isinstance(piece, Found) or (isinstance(piece, InputError) and not name):
        yield piece
    else:
        yield from _answers(iter((piece,)), name)


def records_of(answer: bytes, name: str) -> Iterator[Answer]:
    """The records of a list, or of a page of search answers, that is in memory."""
    yield from _answers(elements(BytesIO(answer)), name)


def _pieces(source: Source) -> Iterator[Place]:
    head = source.head()
    with source.open() as stream:
        if not head and not (stream.read(1) or damage_of(stream)):
            hint = "Give a record's JSON or its page as text."
            yield InputError("The file is empty.", where=source.name, hint=hint), ""
        elif head and head[:1] not in (b"{", b"["):
            page = _page(stream, source.name)
            damage = damage_of(stream)
            yield (_damaged(damage, source.name) if damage else page), ""
        else:
            broken, count = list[Cut](), 0
            for piece in lines(stream) if _in_lines(head) else elements(stream):
                if damage_of(stream) and not _is_json(piece):
                    broken.append(piece)  # at the very end the damage explains it
                    continue
                yield from ((each, source.name) for each in (*broken, piece))
                count, broken = count + 1 + len(broken), []
            if damage := damage_of(stream):
                yield _damaged(damage, source.name, count), ""


def _is_json(piece: Cut) -> bool:
    try:
        return isinstance(piece, Piece) and orjson.loads(piece.text) is not None
    except orjson.JSONDecodeError:
        return False


def _damaged(error: Exception, name: str, count: int = 0) -> InputError:
    if isinstance(error, InputError):
        return error
    after = f" after {count:,} record{'' if count == 1 else 's'}" if count else ""
    return InputError(f"It cannot be read further{after}: {reason(error)}.", where=name, hint=_AGAIN)


def _in_lines(head: bytes) -> bool:
    """Whether a text has one record in each line (and not one record over many lines, or a list)."""
    if head[:1] == b"[" or ANSWER.match(head):
        return False
    first, _, rest = head.partition(b"\n")
    return b"\n" not in head or first.rstrip().endswith(b"}") or rest.lstrip()[:1] == b"{"


def _answers(pieces: Iterator[Cut], name: str) -> Iterator[Answer]:
    """The record in each piece, or what is wrong with it, and then the records that can still be told inside."""
    waiting = [pieces]
    while waiting:
        piece = next(waiting[-1], None)
        if piece is None:
            waiting.pop()
            continue
        answer = _parsed(piece, name)
        if isinstance(piece, Piece) and piece.quick and isinstance(answer, InputError):
            waiting.append(elements(BytesIO(b"[" + piece.text + b"]"), piece.line, quick=False))
            continue
        yield answer
        if isinstance(piece, Piece) and isinstance(answer, InputError) and (mark := MARK.search(piece.text, 1)):
            line = piece.line + piece.text.count(b"\n", 0, mark.start())
            waiting.append(elements(BytesIO(piece.text[mark.start() :]), line))


def _page(stream: BinaryIO, name: str) -> Answer:
    body = stream.read(LARGEST + 1)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return InputError("This is not UTF-8 text.", where=name, hint="Give records as JSON, or a page as text.")
    if not is_page(text):
        return InputError("This is not JSON, nor a registry page.", where=f"{name}:1", hint="A record begins with '{'.")
    try:
        data = read_page(text, name)
        return _checked(to_json(data).encode(), data, name)
    except InputError as error:
        return _placed(error, name)


def _parsed(piece: Cut, name: str) -> Answer:
    """The record in a piece of text, or why it is none."""
    if isinstance(piece, InputError):
        return InputError(piece.what, where=f"{name}:{piece.where}", hint=piece.hint)
    where = f"{name}:{piece.line}"
    if isinstance(piece, TooLarge):
        what = f"A record of more than {LARGEST // 1024**2} MB is refused."
        return InputError(what, where=where, hint="No real record is as large: look at its longest field.")
    try:
        return _checked(piece.text, orjson.loads(piece.text), where)
    except orjson.JSONDecodeError as error:
        return _not_json(piece, error, name)
    except InputError as error:
        return _placed(error, where)


def _checked(text: bytes, data: Any, where: str) -> Found:
    record = one_record(data, where)
    notes = check(record)
    number: str = record["protocolSection"]["identificationModule"]["nctId"]
    return Found(number.strip().upper(), text, record, where, notes)


def _placed(error: InputError, where: str) -> InputError:
    return InputError(error.what, where=error.where or where, hint=error.hint)


def _not_json(piece: Piece, error: orjson.JSONDecodeError, name: str) -> InputError:
    where, length = f"{name}:{piece.line + error.lineno - 1}", len(piece.text.rstrip())
    if piece.cut or error.pos >= length or "end of data" in error.msg or "unclosed string" in error.msg:
        return InputError("The record is cut short.", where=where, hint=_AGAIN)
    what = error.msg.partition(":")[0]
    return InputError(f"This is not JSON: {what}.", where=where, hint=f"Look at column {error.colno}.")
