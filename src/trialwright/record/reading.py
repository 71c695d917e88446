"""Reads files of records for a store: in this process, or with several others that do the checking."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from trialwright.formats.ctgov.many import Answer, Found, Place, answers_in, pieces_in
from trialwright.formats.ctgov.split import Piece
from trialwright.kernel.errors import InputError
from trialwright.record.store.base import Incoming
from trialwright.record.store.ready import Ready, ready_of

ENDINGS = (".json", ".jsonl", ".ndjson", ".zip", ".gz", ".txt")
"""Files that are taken out of a folder."""

CHUNK, HEAVY = 100, 2 * 1024 * 1024
"""Records, and bytes of them, that another process gets at a time."""

Read = Ready | InputError
_Told = Ready | tuple[str, str, str]
"""What another process answers: an error as its words, for it travels badly."""


def records_in(places: Iterable[str | Path], workers: int = 0) -> Iterator[Read]:
    """The records of files, and of all files in folders, in the order of their names; so many processes help.

    Raises InputError where there is no file.
    """
    pieces = (piece for file in _files(places) for piece in pieces_in(file))
    if workers:
        yield from _shared_out(pieces, workers)
    else:
        yield from (ready(answer) for piece in pieces for answer in answers_in(piece))


def ready(answer: Answer) -> Read:
    """A record that was read, ready to be kept."""
    if isinstance(answer, InputError):
        return answer
    return ready_of(Incoming(answer.nct_id, answer.text, answer.data, answer.where), answer.notes)


def size_of(places: Iterable[str | Path]) -> int:
    """Bytes of all files; packed ones as they are."""
    return sum(Path(file).stat().st_size for file in _files(places) if Path(file).is_file())


def _files(places: Iterable[str | Path]) -> Iterator[str | Path]:
    for place in places:
        folder = Path(place).expanduser()
        if not folder.is_dir():
            yield place
            continue
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
        if not files:
            raise InputError("This folder holds no records.", where=str(place), hint=f"Known: {', '.join(ENDINGS)}.")
        yield from files


# --- with other processes --------------------------------------------------------------------------------------------


def _shared_out(pieces: Iterator[Place], workers: int) -> Iterator[Read]:
    """The same answers in the same order."""
    waiting: deque[tuple[list[Place], Future[list[list[_Told]]]]] = deque()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet) as pool:
        try:
            ended: InputError | None = None
            try:
                for chunk in _chunks(pieces):
                    waiting.append((chunk, pool.submit(_read, chunk)))
                    if len(waiting) > 2 * workers:
                        yield from _answered(*waiting.popleft())
            except InputError as error:  # there is no such file: what was read before is answered first
                ended = error
            while waiting:
                yield from _answered(*waiting.popleft())
            if ended:
                raise ended
        finally:
            pool.shutdown(cancel_futures=True)


def _chunks(pieces: Iterator[Place]) -> Iterator[list[Place]]:
    chunk: list[Place] = []
    weight = 0
    ended: InputError | None = None
    try:
        for place in pieces:
            chunk.append(place)
            weight += len(place[0].text) if isinstance(place[0], Piece | Found) else 0
            if len(chunk) >= CHUNK or weight >= HEAVY:
                yield chunk
                chunk, weight = [], 0
    except InputError as error:
        ended = error
    if chunk:
        yield chunk
    if ended:
        raise ended


def _read(chunk: list[Place]) -> list[list[_Told]]:
    """In another process: what each piece holds. The text of a piece that is one record stays where it came from."""
    return [[_told(ready(answer), place) for answer in answers_in(place)] for place in chunk]


def _told(answer: Read, place: Place) -> _Told:
    if isinstance(answer, InputError):
        return answer.what, answer.where, answer.hint
    own = isinstance(place[0], Piece | Found) and place[0].text == answer.text
    return replace(answer, text=b"") if own else answer


def _answered(chunk: list[Place], answers: Future[list[list[_Told]]]) -> Iterator[Read]:
    for (piece, _), told in zip(chunk, answers.result(), strict=True):
        for answer in told:
            if isinstance(answer, tuple):
                what, where, hint = answer
                yield InputError(what, where=where, hint=hint)
            elif not answer.text and isinstance(piece, Piece | Found):
                yield replace(answer, text=piece.text)
            else:
                yield answer


def _quiet() -> None:
    """Ctrl-C is for the process that keeps the records."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
