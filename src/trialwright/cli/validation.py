"""`trialwright validate --out FOLDER`: runs the tests of the validation pack and writes it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trialwright.cli.progress import bar
from trialwright.kernel.errors import InputError, OutputExists

if TYPE_CHECKING:
    from trialwright.rehearse.validation.pack import Pack
    from trialwright.study.definition import Study

JSON, PDF = "validation.json", "validation.pdf"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Asked:
    out: Path
    database: str
    lock: Path | None
    at: dt.datetime
    quiet: bool
    as_json: bool


def write(study: Study, asked: Asked) -> int:
    """Run, write both files, say what came out; the exit code. Raises OutputExists, InputError."""
    _check(asked)
    from django.db import connections

    from trialwright.rehearse.validation import pack, pdf
    from trialwright.web.setup import setup

    moment = asked.at if asked.at.tzinfo else asked.at.replace(tzinfo=dt.UTC)
    wanted = pack.Asked(moment, asked.lock or pack.found_lock(), asked.database)
    try:
        with bar("Validating", quiet=asked.quiet) as advance:
            made = pack.validate(study, wanted, database=setup, progress=advance)
    finally:
        connections.close_all()
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / JSON).write_text(made.text(), encoding="utf-8")
    (asked.out / PDF).write_bytes(pdf.pdf(made))
    _tell(made, asked)
    return 0 if made.passed else 1


def _check(asked: Asked) -> None:
    from trialwright.web.databases import is_address

    for name in (JSON, PDF):
        if (asked.out / name).exists():
            raise OutputExists(f"{asked.out / name} exists already.", hint="Name another folder with --out.")
    if asked.out.exists() and not asked.out.is_dir():
        raise InputError(f"{asked.out} is no folder.", hint="Name another one with --out.")
    if asked.database and not is_address(asked.database):
        raise InputError("--database takes a postgresql:// address.", hint="Leave it out for SQLite.")
    if asked.lock and not asked.lock.is_file():
        raise InputError(f"There is no lock file {asked.lock}.")


def _tell(made: Pack, asked: Asked) -> None:
    if asked.as_json:
        sections = {section.id: section.counts for section in made.sections}
        typer.echo(json.dumps({"study": made.study["study"], "counts": made.counts, "sections": sections}, indent=2))
        return
    width = max(len(section.title) for section in made.sections)
    for section in made.sections:
        counts = section.counts
        said = f"{counts['passed']} passed, {counts['failed']} failed, {counts['not exercised']} not exercised"
        typer.echo(f"{section.phase}  {section.title:<{width}}  {said}")
    failed = [(s.id, case) for s in made.sections for case in s.cases if case.result == "failed"]
    for where, case in failed[:SHOWN]:
        typer.echo(f"FAILED {where} {case.id}: expected {case.expected!r}, found {case.found!r}.")
    if len(failed) > SHOWN:
        typer.echo(f"and {len(failed) - SHOWN} more.")
    typer.echo(f"{asked.out / JSON} and {PDF} are written: {'nothing failed' if made.passed else 'see what failed'}.")
