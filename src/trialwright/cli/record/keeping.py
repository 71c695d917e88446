"""`trialwright record import` and `export`: files of records into a data folder and out again."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.record.options import AsJson, Data, opened

if TYPE_CHECKING:
    from trialwright.record.bring_in import Brought
    from trialwright.record.library import Library

LARGE, WORKERS = 8 * 1024 * 1024, 2
"""Bytes of input from which on other processes help to read it, and how many."""


def bring(
    files: Annotated[
        list[str], typer.Argument(help="JSON, lists, lines of JSON, zip, gzip, page text; or folders of these.")
    ],
    data: Data = "",
    index: Annotated[bool, typer.Option(help="Also bring the search index up to date.")] = True,
    as_json: AsJson = False,
) -> None:
    """Bring files of records into a data folder, which is made where there is none.

    Good records are kept even where others are bad; each bad one is told with its place. Exits 2 when there was one.
    Run it again after an interruption: what is there already is passed over.

    Example: trialwright record import ctg-studies.json.zip --data registry
    """
    from datetime import UTC, datetime

    from trialwright.cli.progress import counting
    from trialwright.record.bring_in import bring_in
    from trialwright.record.reading import records_in, size_of

    with opened(data, write=True) as library:
        with counting("records read", quiet=as_json) as count:
            answers = records_in(files, WORKERS if size_of(files) > LARGE else 0)
            brought = bring_in(library.store, answers, seen=datetime.now(UTC), tell=_warn, progress=count)
        indexed = catch_up(library, quiet=as_json) if index else 0
        tell(brought, {"indexed": indexed, "records": library.store.size()}, as_json=as_json)
    if brought.bad:
        raise typer.Exit(2)


def catch_up(library: Library, *, quiet: bool) -> int:
    """Bring the index to where the store is, with progress."""
    from trialwright.cli.progress import counting

    with counting("records indexed", quiet=quiet) as count:
        return library.catch_up(count)


def tell(brought: Brought, more: dict[str, Any], *, as_json: bool) -> None:
    """What became of an input."""
    if as_json:
        typer.echo(json.dumps(asdict(brought) | {"kept": brought.kept} | more, ensure_ascii=False, indent=2))
        return
    for note, times in sorted(brought.notes.items()):
        _warn(f"Note: {note}" + (f" ({times:,} times)" if times > 1 else ""))
    typer.echo(
        f"{brought.kept:,} {'record is' if brought.kept == 1 else 'records are'} kept: {brought.added:,} new,"
        f" {brought.changed:,} changed, {brought.same:,} as they were. There are {more['records']:,} now."
    )
    if brought.bad:
        typer.echo(f"{brought.bad:,} could not be read (told above); all others are kept.")


def _records(number: int) -> str:
    return f"{number:,} {'record was' if number == 1 else 'records were'}"


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def export(
    data: Data = "",
    form: Annotated[str, typer.Option("--format", help="ndjson, json or csv.")] = "ndjson",
    out: Annotated[Path | None, typer.Option(help="The file to write; without it the records are printed.")] = None,
    ids: Annotated[str, typer.Option(help="Only these numbers, separated by commas.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
) -> None:
    """Write the present records out: as JSON they are what came in, unknown fields too.

    Example: trialwright record export --data registry --out records.ndjson
    """
    from trialwright.cli.progress import counting
    from trialwright.kernel.errors import UnknownName
    from trialwright.record.export import FORMS, Asked, numbers_in, write_file

    if form not in FORMS:
        raise UnknownName("format", form, FORMS)
    wanted = numbers_in(ids)
    with opened(data) as library:
        found = Asked(library.store, wanted)
        pieces = FORMS[form](found)
        if out is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            with counting("records written") as count:
                write_file(pieces, out, overwrite=overwrite, progress=count)
            typer.echo(f"Wrote {out}: {_records(found.given)} written.")
    if found.missing:
        _warn(
            f"These are not among the records kept here: {', '.join(found.missing)}. {_records(found.given)} written."
        )
