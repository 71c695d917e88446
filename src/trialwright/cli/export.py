"""`trialwright conduct export | casebook`: what was captured as tables, ODM or casebooks; a study's blank casebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.opening import Data, Where, opened
from trialwright.kernel.errors import InputError, OutputExists, UnknownName

if TYPE_CHECKING:
    from trialwright.conduct.rules.policy import Person

FORMATS = "csv, parquet, odm1.3, odm2.0 or casebook"
Lang = Annotated[str, typer.Option("--lang", help="Language of labels and casebooks: en or zh.")]


def export(
    out: Annotated[
        Path, typer.Option("--out", help="File to write: tables are a .zip, ODM an .xml, a casebook a .pdf.")
    ],
    where: Where = None,
    kind: Annotated[str, typer.Option("--format", help=f"One of {FORMATS}.")] = "csv",
    study: Annotated[str, typer.Option("--study", help="Id of the study, where the database holds several.")] = "",
    username: Annotated[
        str, typer.Option("--as", help="As this person of the study: their sites, their blinding.")
    ] = "",
    subject: Annotated[str, typer.Option("--subject", help="One subject only.")] = "",
    wide: Annotated[bool, typer.Option("--wide", help="Of tables: only those for each form.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Of tables: only that of all values.")] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Begin each CSV with a byte order mark, for Excel.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Of ODM: every change of every value, not the data as they stand.")
    ] = False,
    lang: Lang = "en",
    data: Data = None,
) -> None:
    """Export what was captured. Without --as all sites, and nothing that is blinded. The access log notes it.

    Example: trialwright conduct export rehearsal --format csv --out data.zip
    """
    if out.exists():
        raise OutputExists(f"{out} exists already.", hint="Name another file with --out.")
    shape = "both" if wide == long else "wide" if wide else "long"
    given = {"subject": subject, "shape": shape, "lang": lang, "bom": "yes" if bom else ""}
    given |= {"history": "yes" if history else ""}
    asked = {name: value for name, value in given.items() if value}
    with opened(where, data) as kept:
        known = _study(study)
        by = _person(known, username)
        if kept:
            from trialwright.conduct.actions import note_access

            note_access(known, "export", by, detail=" ".join([kind, *(f"{k}={v}" for k, v in asked.items())]))
        count = _write(kind, known, asked, by, out)
    typer.echo(f"{out}: {count} values of {known}, {out.stat().st_size} bytes.")


def _study(wanted: str) -> str:
    from trialwright.conduct.actions import studies

    there = list(studies.studies())
    if wanted:
        found = next((each for each in there if each.lower() == wanted.lower()), None)
        if found is None:
            raise UnknownName("study in conduct", wanted, there)
        return found
    if len(there) != 1:
        raise InputError(
            f"The database holds {len(there)} studies.", hint=f"Name one with --study: {', '.join(there)}."
        )
    return there[0]


def _person(study: str, username: str) -> Person:
    """The person, or whoever runs the program: all sites, as a data manager reads them."""
    from trialwright.conduct.actions import INSTALLER, Person, Role, person

    if username:
        return person(study, username)
    return Person(INSTALLER.username, INSTALLER.name, (Role("data_manager"),))


def _write(kind: str, study: str, asked: dict[str, str], by: Person, out: Path) -> int:
    """The file, which appears only when it is whole."""
    from tempfile import TemporaryDirectory

    from trialwright.cli.progress import bar
    from trialwright.conduct.export.run import export as make

    whole = 0
    if not out.resolve().parent.is_dir():
        raise InputError(f"There is no folder {out.parent} to hold the file.", hint="Make it first.")
    with bar("values") as advance, TemporaryDirectory(dir=out.resolve().parent, prefix=".export-") as folder:

        def tell(done: int, total: int) -> None:
            nonlocal whole
            whole = total
            advance(done / total if total else 0.0)

        part = Path(folder) / out.name
        make(kind, study, asked, by, part, tell)
        part.replace(out)
    return whole


def casebook(
    study: Annotated[str, typer.Argument(help="A study id, or the folder of a definition.")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    blank: Annotated[bool, typer.Option("--blank", help="The empty forms, annotated.")] = False,
    lang: Lang = "en",
) -> None:
    """Write the blank casebook of a definition: every form as it is asked, annotated with items and SDTM targets.

    Casebooks of subjects: trialwright conduct export DATABASE --format casebook --subject 01-001 --out FILE.

    Example: trialwright conduct casebook nct07208058 --blank --out crf.pdf
    """
    from trialwright.conduct.export import blank as empty
    from trialwright.conduct.export.told import Told
    from trialwright.study.load import load_study

    if out.exists():
        raise OutputExists(f"{out} exists already.", hint="Name another file with --out.")
    if not blank:
        raise InputError(
            "A definition alone has only a blank casebook.", hint="Subjects: conduct export DATABASE --format casebook."
        )
    made = empty.pdf(load_study(study), Told(lang))
    try:
        out.write_bytes(made)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}).", hint="Name another file with --out.") from None
    typer.echo(f"{out}: blank casebook of {study}.")
