"""`trialwright report`: tables, figures, the record with its results, and the report as one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.kernel.errors import InputError, OutputExists, UserError

if TYPE_CHECKING:
    from trialwright.evidence.snapshot import Snapshot
    from trialwright.study.definition import Study

SNAPSHOT = "snapshot.json"
"""The snapshot in a rehearsal's folder."""


def command(
    study: Annotated[str, typer.Argument(help="Id of a built-in study, or a study folder.")] = "",
    rehearsal: Annotated[Path | None, typer.Option("--rehearsal", help="Folder of a rehearsal.")] = None,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", help="Snapshot (JSON).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write; the rehearsal's own if left out.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Write tables, figures, results.json (the record with its results) and report.html.

    Example: trialwright report --rehearsal rehearsal
    """
    from trialwright.analyse.analysis import analyse
    from trialwright.cli.progress import bar
    from trialwright.report import files
    from trialwright.report.page import key_figures

    definition, taken = _chosen(study, rehearsal, snapshot)
    target = _target(out, rehearsal)
    with bar("Analysing", quiet=as_json) as advance:
        found = analyse(definition, taken)
        advance(0.5, "Writing the report")
        beside = _beside(target) if target == rehearsal else []
        made = dict(files(definition, found.results, taken, beside=beside))
        written = _write(target, made, overwrite=overwrite)
    figures = [(f.value, f.label, f.note) for f in key_figures(found.results)]
    if as_json:
        typer.echo(json.dumps({"out": str(target), "files": sorted(made), "changed": written, "figures": figures}))
        return
    for value, label, note in figures:
        typer.echo(f"{value:>10}  {label} ({note})")
    typer.echo(f"{len(made)} files in {target}, {len(written)} of them new or changed. Open {target / 'report.html'}.")


def _chosen(study: str, rehearsal: Path | None, snapshot: Path | None) -> tuple[Study, Snapshot]:
    """The definition and the data. Raises UserError for none or two, InputError for what cannot be read."""
    from trialwright.evidence.snapshot_json import load
    from trialwright.study.load import load_study

    if snapshot is not None and rehearsal is not None:
        raise UserError("Two sources of data are named.", hint="Give --snapshot or --rehearsal, not both.")
    if snapshot is None and rehearsal is None:
        raise UserError("Name the data to report on.", hint="Give either --rehearsal DIR or STUDY --snapshot FILE.")
    path = snapshot or (rehearsal or Path()) / SNAPSHOT
    if not path.is_file():
        raise InputError(f"There is no snapshot at {path}.", hint="A rehearsal's folder holds snapshot.json.")
    taken = load(path.read_bytes(), where=path.name)
    definition = load_study(study or taken.study)
    if definition.id != taken.study:
        what = f"The snapshot is of study {taken.study}, and the definition is {definition.id}."
        raise InputError(what, where=path.name, hint="Name the study that the snapshot was taken from.")
    return definition, taken


def _target(out: Path | None, rehearsal: Path | None) -> Path:
    target = out or rehearsal
    if target is None:
        raise UserError("There is no folder to write to.", hint="Give --out DIR.")
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file.", hint="Name a folder.")
    return target


def _beside(folder: Path) -> list[str]:
    """Files of a rehearsal that the report links to but does not write."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.endswith("report.html"))


def _write(folder: Path, made: dict[str, bytes], *, overwrite: bool) -> list[str]:
    """Write what is new; files that are there already with the same content stay. Returns what was written.

    Raises OutputExists, before anything is written, where a file differs and `overwrite` is off.
    """
    there = {name: (folder / name).read_bytes() for name in made if (folder / name).is_file()}
    differ = [name for name, content in there.items() if content != made[name]]
    if differ and not overwrite:
        what = f"{len(differ)} files in {folder} would change, first {differ[0]}."
        raise OutputExists(what, hint="Name another folder with --out, or add --overwrite.")
    from trialwright.formats.folder import write_file

    fresh = [name for name in made if there.get(name) != made[name]]
    for name in fresh:
        write_file(folder, name, made[name])
    return sorted(fresh)
