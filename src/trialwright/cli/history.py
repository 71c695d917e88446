"""`trialwright conduct history | verify | key`: the history of a study for others, and what vouches for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.opening import At, Data, Where, opened
from trialwright.kernel.errors import OutputExists


def history(
    study: Annotated[str, typer.Argument(help="Id of the study.")],
    out: Annotated[Path, typer.Option(help="File to write; packed when its name ends in .gz.")],
    database: At = None,
    data: Data = None,
) -> None:
    """Export the whole history of a study: every event in order, the signed checkpoints, the public key.

    Whatever stands unsealed is sealed first. Anybody can verify the file: `trialwright conduct verify FILE`.

    Example: trialwright conduct history nct07208058 --database rehearsal --out history.ndjson.gz
    """
    if out.exists():
        raise OutputExists(f"{out} exists already.", hint="Name another file with --out.")
    with opened(database, data) as kept:
        from trialwright.conduct import actions, worklists

        known = study.lower() if study.lower() in actions.studies.studies() else study
        if kept:
            actions.seal(known)
        size = worklists.write_history(known, out)
        if kept:
            actions.note_access(known, "history", actions.INSTALLER, detail=out.name)
        found = worklists.newest_note(known)
    assert found is not None, "what was written was sealed"
    typer.echo(f"{out}: {found[0].size} events of {known}, {size} bytes. Newest checkpoint, to be kept elsewhere:\n")
    typer.echo(found[1])


def verify(
    export: Annotated[Path, typer.Argument(help="The file that `trialwright conduct history` wrote.")],
    key: Annotated[list[str] | None, typer.Option(help="The public key that you were given, or its file.")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint that was kept elsewhere.")] = None,
) -> None:
    """Verify an exported history, without the database. Exits 0 when verified, 1 when not, 2 for another file.

    The same as `python verifier.py EXPORT`: that file of the program stands alone and can be given along.

    Example: trialwright conduct verify history.ndjson.gz
    """
    from trialwright.conduct import verifier

    keys = [f"--key={text}" for text in key or ()]
    known = [f"--checkpoint={file}" for file in checkpoint or ()]
    code = verifier.main([*keys, *known, "--", str(export)])
    if code:
        raise typer.Exit(code)


def show_key(database: Where = None, data: Data = None) -> None:
    """Print the public key that signs the history, and the newest checkpoint of each study: keep both elsewhere.

    Example: trialwright conduct key rehearsal
    """
    with opened(database, data):
        from trialwright.conduct import actions, worklists

        public = actions.signing_key().public
        notes = [worklists.newest_note(study) for study in actions.studies.studies()]
    typer.echo(f"Public key {public.id}: {public}")
    for found in notes:
        if found:
            typer.echo(f"\n{found[1]}", nl=False)
