"""Options that several verbs of `trialwright record` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.formats.ctgov import StudyRecord
    from trialwright.record.library import Library

Data = Annotated[
    str,
    typer.Option(
        "--data", envvar="TRIALWRIGHT_RECORDS", help="The data folder, or a postgresql:// address.", metavar="DIR"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@contextmanager
def opened(data: str, *, write: bool = False) -> Iterator[Library]:
    """The library that --data names, closed at the end. Raises InputError."""
    from trialwright.kernel.errors import InputError
    from trialwright.record.library import Library

    if not data:
        raise InputError("It is not said where the records are.", hint="Add --data DIR, or set TRIALWRIGHT_RECORDS.")
    library = Library.open(data, write=write)
    try:
        yield library
    finally:
        library.close()


def kept(name: str, data: str) -> StudyRecord | None:
    """The record with this number in the data folder; None when there is none, or no folder is named."""
    import re

    if not data or not re.fullmatch(r"NCT\d{8}", name, re.IGNORECASE):
        return None
    with opened(data) as library:
        return library.get(name)
