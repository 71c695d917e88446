"""`trialwright analyse`: data sets and displays from a snapshot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.kernel.errors import InputError, UserError

if TYPE_CHECKING:
    from trialwright.evidence.snapshot import Snapshot
    from trialwright.study.definition import Study

SNAPSHOT = "snapshot.json"
"""The snapshot in a rehearsal's folder."""


def command(
    study: Annotated[str, typer.Argument(help="Id of a built-in study, or a study folder.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the outputs.")],
    snapshot: Annotated[Path | None, typer.Option("--snapshot", help="Snapshot (JSON).")] = None,
    rehearsal: Annotated[Path | None, typer.Option("--rehearsal", help="Folder of a rehearsal.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Derive SDTM and ADaM from a snapshot, with Define-XML and all displays.

    Example: trialwright analyse nct07208058 --rehearsal rehearsal --out analysis
    """
    from trialwright.analyse.analysis import analyse
    from trialwright.analyse.files import dataset_files
    from trialwright.cli.progress import bar
    from trialwright.formats.display_files import display_files
    from trialwright.formats.folder import whole_folder, write_file
    from trialwright.study.load import load_study

    definition = load_study(study)
    taken = _snapshot(definition, snapshot, rehearsal)
    with (
        whole_folder(out, overwrite=overwrite, known_by="define.xml") as folder,
        bar("Analysing", quiet=as_json) as advance,
    ):
        found = analyse(definition, taken)
        advance(0.6, "Writing data sets")
        written = [
            str(write_file(folder, name, content).relative_to(folder))
            for name, content in (
                *dataset_files(definition, found.sdtm, found.adam, created=taken.cut),
                *display_files(definition, found.results),
            )
        ]
        advance(1.0)
    records = {name: data.frame.height for name, data in (found.sdtm | found.adam).items()}
    typer.echo(json.dumps({"out": str(out), "records": records, "files": written}) if as_json else _said(out, records))


def _snapshot(study: Study, snapshot: Path | None, rehearsal: Path | None) -> Snapshot:
    """The snapshot asked for. Raises UserError for none or two, InputError for one that cannot be read."""
    from trialwright.evidence.snapshot_json import load

    if snapshot is not None and rehearsal is not None:
        raise UserError("Two sources of data are named.", hint="Give --snapshot or --rehearsal, not both.")
    if snapshot is None and rehearsal is None:
        raise UserError("Name the data to analyse.", hint="Give either --snapshot FILE or --rehearsal DIR.")
    path = snapshot or (rehearsal or Path()) / SNAPSHOT
    if not path.is_file():
        raise InputError(f"There is no snapshot at {path}.", hint="A rehearsal's folder holds snapshot.json.")
    taken = load(path.read_bytes(), where=path.name)
    if taken.study != study.id:
        what = f"The snapshot is of study {taken.study}, and the definition is {study.id}."
        raise InputError(what, where=path.name, hint="Name the study that the snapshot was taken from.")
    return taken


def _said(out: Path, records: dict[str, int]) -> str:
    names = "\n".join(f"  {name:<6}{count:>7}" for name, count in records.items())
    return f"Records of each data set:\n{names}\nWritten to {out}: sdtm/, adam/, define.xml, tables/, figures/."
