"""`trialwright screen`: a patient against the criteria of a study."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[str, typer.Argument(help="Id of a built-in study, or a study folder.")],
    facts: Annotated[Path, typer.Argument(help="Facts of one patient (JSON).")],
    as_of: Annotated[str, typer.Option("--as-of", help="Leave out facts after this day (2026-03-15).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    lang: Annotated[str, typer.Option("--lang", help="Language: en or zh.")] = "en",
) -> None:
    """Screen a patient: eligible (exit 0), not eligible (1) or undetermined (4), with reasons and open tests.

    Example: trialwright screen nct07208058 patient.json --as-of 2026-03-15
    """
    from trialwright.kernel.errors import UserError
    from trialwright.screen import read_facts, verdict
    from trialwright.screen.output import as_document, as_text
    from trialwright.study.load import load_study

    if lang not in ("en", "zh", "zh-CN"):
        raise UserError(f"There is no language '{lang}'.", hint="Use en or zh.")
    definition = load_study(study)
    patient = read_facts(facts, definition, today=dt.date.today())
    found = verdict(definition, patient, as_of=_day(as_of), lang=lang)
    typer.echo(as_document(definition, found) if as_json else as_text(definition, found, lang))
    raise typer.Exit({"eligible": 0, "not_eligible": 1, "undetermined": 4}[found.state])


def _day(text: str) -> dt.date | None:
    from trialwright.kernel.errors import UserError

    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"'{text}' is not a date.", where="--as-of", hint="Write 2026-03-15.") from None
