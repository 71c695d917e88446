"""`trialwright conduct import` and `questionnaire`: studies of other systems come in, forms go out to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

VALUES, REPORT = "data.ndjson", "import.txt"
"""Files beside the definition: the values, and what was not taken over."""
SHOWN = 20


def import_study(
    file: Annotated[
        Path, typer.Argument(help="ODM or REDCap (XML), a REDCap dictionary (CSV), FHIR Questionnaire or USDM (JSON).")
    ],
    data: Annotated[list[Path] | None, typer.Argument(help="Files with the data, where they lie apart.")] = None,
    out: Annotated[Path, typer.Option("--out", help="The study folder to write; new or empty.")] = Path("study"),
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Write a study folder from another system's study, its values, and a report of all that was not taken over.

    Example: trialwright conduct import study.xml data.xml --out my_study
    """
    from trialwright.cli.new import refuse_if_taken, write_whole
    from trialwright.conduct.exchange import lines
    from trialwright.conduct.exchange.files import bring_in_files

    refuse_if_taken(out)
    brought = bring_in_files(file, data or [])
    study = brought.study
    values = "".join(f"{line}\n" for line in lines(brought.captured))
    report = "".join(f"{sentence}\n" for sentence in brought.left_out) or "Everything was taken over.\n"
    write_whole(out, {**brought.texts, **({VALUES: values} if values else {}), REPORT: report})
    counts = {
        "items": len(study.items), "forms": len(study.forms), "visits": len(study.schedule.visits),
        "subjects": len(brought.captured.people), "values": sum(bool(v.item) for v in brought.captured.values),
    }  # fmt: skip
    if as_json:
        said = {"folder": str(out), "study": study.id, **counts, "left_out": list(brought.left_out)}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=2))
        return
    typer.echo(f"Wrote {out}: " + ", ".join(f"{number} {what}" for what, number in counts.items()) + ".")
    for sentence in brought.left_out[:SHOWN]:
        typer.echo(f"  {sentence}")
    if len(brought.left_out) > SHOWN:
        typer.echo(f"  and {len(brought.left_out) - SHOWN} more in {out / REPORT}.")
    typer.echo(f"Check it with: trialwright validate {out}")


def questionnaire(
    study: Annotated[str, typer.Argument(help="Id or folder of a study.")],
    form: Annotated[str, typer.Argument(help="Id of a form.")],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; without it, to the terminal.")] = None,
    fhir: Annotated[str, typer.Option("--fhir", help="Release of FHIR: R4 or R5.")] = "R4",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON (with --out).")] = False,
) -> None:
    """Write a form as a FHIR Questionnaire, and say what FHIR has no words for.

    Example: trialwright conduct questionnaire nct07208058 vitals --out vitals.json
    """
    from trialwright.conduct.exchange.questionnaire_out import questionnaire as made_of
    from trialwright.formats.questionnaire import RELEASES, write
    from trialwright.kernel.errors import InputError, UnknownName
    from trialwright.study.load import load_study

    if fhir.upper() not in RELEASES:
        raise InputError(f"'{fhir}' is no release that is written.", hint=f"Choose from: {', '.join(RELEASES)}.")
    definition = load_study(study)
    if form not in definition.form_by_id:
        raise UnknownName("form", form, definition.form_by_id, where=definition.id)
    found, left_out = made_of(definition, definition.form_by_id[form], fhir.upper())
    text = write(found).decode()
    if out is None:
        typer.echo(text, nl=False)
        for sentence in left_out:
            typer.echo(sentence, err=True)
        return
    _write_new(out, text)
    if as_json:
        typer.echo(
            json.dumps({"file": str(out), "form": form, "not_said": list(left_out)}, ensure_ascii=False, indent=2)
        )
        return
    typer.echo(f"Wrote {out}: FHIR {fhir.upper()}, {len(definition.form_by_id[form].item_ids())} questions.")
    for sentence in left_out:
        typer.echo(f"  {sentence}")


def _write_new(out: Path, text: str) -> None:
    """Write a file that was not there. Raises OutputExists, InputError."""
    from trialwright.kernel.errors import InputError, OutputExists

    if out.exists():
        raise OutputExists("Something is there already.", where=str(out), hint="Name a new file.")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The file cannot be written: {error.strerror}.", where=str(out)) from None
