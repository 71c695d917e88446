"""`trialwright new`: starts a study folder from a study or from a registry record."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.formats.ctgov import StudyRecord


def command(
    folder: Annotated[Path, typer.Argument(help="The folder to write; it must not exist, or be empty.")],
    source: Annotated[
        str, typer.Option("--from", help="A study, a registry record (JSON or page text), or its number with --data.")
    ],
    data: Annotated[
        str, typer.Option("--data", envvar="TRIALWRIGHT_RECORDS", help="Data folder of records.", metavar="DIR")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Write the files of a new study: a copy of another one, or what a registry record says.

    What a record leaves open stands in `to_decide.md`.

    Example: trialwright new my_study --from nct07208058
    """
    from trialwright.record.begin import OPEN_FILE, files_from_record, files_from_study, study_id

    refuse_if_taken(folder)
    record = _record(source, data)
    texts = files_from_record(record, study_id(folder)) if record else files_from_study(source, study_id(folder))
    write_whole(folder, texts)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "files": sorted(texts)}, indent=2))
        return
    typer.echo(f"Wrote {len(texts)} files into {folder}: {', '.join(texts)}.")
    if OPEN_FILE in texts:
        typer.echo("\n" + texts[OPEN_FILE])
    typer.echo(f"Edit them, then check with: trialwright validate {folder}")


def _record(source: str, data: str) -> StudyRecord | None:
    """The record that `source` names: of a file, or a number in the data folder; None when it is a study.

    Raises InputError.
    """
    from trialwright.cli.record.options import kept
    from trialwright.formats.ctgov import is_record_file, read_record
    from trialwright.study.load import built_in_studies

    found = kept(source, data)
    if found is None and source.lower() not in built_in_studies() and is_record_file(source):
        found = read_record(source)
    return found


def refuse_if_taken(folder: Path) -> None:
    from trialwright.kernel.errors import OutputExists

    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputExists("Something is there already.", where=str(folder), hint="Name a new or an empty folder.")


def write_whole(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files or none: into a folder beside it first, then moved into place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in texts.items():
            (beside / name).write_text(text, encoding="utf-8")
        beside.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
