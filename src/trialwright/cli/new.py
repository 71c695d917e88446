"""`trialwright new`: starts a study folder from a study or from a registry record."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="The folder to write; it must not exist, or be empty.")],
    source: Annotated[
        str, typer.Option("--from", help="A study (id or folder), or a registry record (JSON or page text).")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Write the files of a new study: a copy of another one, or what a registry record says.

    Example: trialwright new my_study --from nct07208058
    """
    from trialwright.formats.ctgov import is_record_file, read_record
    from trialwright.record.begin import files_from_record, files_from_study, study_id
    from trialwright.study.load import built_in_studies

    _refuse_if_taken(folder)
    if source.lower() not in built_in_studies() and is_record_file(source):
        texts = files_from_record(read_record(source), study_id(folder))
    else:
        texts = files_from_study(source, study_id(folder))
    write_whole(folder, texts)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "files": sorted(texts)}, indent=2))
        return
    typer.echo(f"Wrote {len(texts)} files into {folder}: {', '.join(texts)}.")
    typer.echo(f"Edit them, then check with: trialwright validate {folder}")


def _refuse_if_taken(folder: Path) -> None:
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
