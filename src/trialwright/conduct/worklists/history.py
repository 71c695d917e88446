"""The history of a study as lines that anybody can verify offline (`conduct.verifier` says how they are made)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.sealing import as_checkpoint
from trialwright.conduct.rules.chain import read_event
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.seal import signed_note
from trialwright.conduct.store import models as db
from trialwright.conduct.verifier import FORMAT, Checkpoint, Frontier, PublicKey, canonical, end_of
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.kernel.errors import InputError, IntegrityError, Refused

COLUMNS = (
    "sequence", "at", "local", "zone", "who", "role", "action", "site", "subject", "visit", "form", "reason", "content",
    "version", "previous",
)  # fmt: skip
"""What an event's hash covers, beside the study."""


def history(study_id: str) -> Iterator[bytes]:
    """The lines of all sealed events with their checkpoints, in order. Raises UnknownName, IntegrityError.

    What is written while this goes on belongs to the next export.
    """
    trial = studies.trial(study_id)
    checkpoints = list(trial.checkpoints.order_by("number"))
    if not checkpoints:
        raise IntegrityError(f"Nothing of {study_id} is sealed yet.")
    keys = list(dict.fromkeys(row.key for row in checkpoints))
    yield canonical({"format": FORMAT, "study": study_id, "keys": keys})
    yield from _body(trial, {row.size: row for row in checkpoints})


def _body(trial: db.Trial, seals: dict[int, db.Checkpoint]) -> Iterator[bytes]:
    events = trial.events.filter(sequence__lte=max(seals)).order_by("sequence")
    tree, head = Frontier(), ""
    for *columns, head in events.values_list(*COLUMNS, "hash").iterator(chunk_size=2000):
        fields: dict[str, Any] = {"study": trial.study, **dict(zip(COLUMNS, columns, strict=True))}
        _, parts, line = read_event(fields, head)
        yield from parts
        yield line
        tree.append(bytes.fromhex(head))
        if seal := seals.get(tree.size):
            yield line_of(seal)
    yield canonical(end_of(len(seals), tree, head))


def note_of(row: db.Checkpoint) -> str:
    """The signed note of a checkpoint."""
    return signed_note(as_checkpoint(row), PublicKey.read(row.key), bytes.fromhex(row.signature))


def line_of(row: db.Checkpoint) -> bytes:
    """The line of a checkpoint in an export."""
    return canonical({"checkpoint": note_of(row)})


def newest_note(study_id: str) -> tuple[Checkpoint, str] | None:
    """The newest checkpoint of a study with its signed note, to be kept elsewhere; None when nothing is sealed."""
    row = studies.trial(study_id).checkpoints.order_by("-number").first()
    return (as_checkpoint(row), note_of(row)) if row else None


def demand_whole(study_id: str, by: Person) -> None:
    """A history holds everything, or it could not be verified. Raises Refused where some of it is kept from `by`."""
    if hidden_of(studies.trial(study_id), by):
        raise Refused(
            f"The history of {study_id} holds what is blinded for {by.name}.",
            hint="Somebody who may read what is blinded can export it.",
        )


def write_history(study_id: str, file: Path, by: Person | None = None) -> int:
    """Write the history to a file, packed when its name ends in .gz; the bytes that the lines have.

    `by` None: whoever runs the program on this machine. Raises InputError, and Refused where `by` may not see all.

    The same history gives the same bytes: the packed file bears neither a name nor a time.
    """
    if by is not None:
        demand_whole(study_id, by)
    part = file.with_name(f"{file.name}.part")
    written = 0
    try:
        with part.open("wb") as plain:
            packed = gzip.GzipFile("", "wb", 6, plain, mtime=0) if file.suffix == ".gz" else None
            with packed or plain as out:
                for line in history(study_id):
                    written += out.write(line + b"\n")
        part.replace(file)
    except OSError as error:
        raise InputError(
            f"{file} cannot be written ({error.strerror}).", hint="Name another file with --out."
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return written
