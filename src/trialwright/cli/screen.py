"""`trialwright screen`: patients against the criteria of a study, the criteria against their cases, and calculators."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from trialwright.kernel.errors import InputError, OutputExists, UserError

if TYPE_CHECKING:
    from trialwright.screen.cohort import CohortResult
    from trialwright.study.definition import Study

EXITS = {"eligible": 0, "not_eligible": 1, "undetermined": 4}
TABLES = (".parquet", ".csv")


class _Screen(TyperGroup):
    """`screen STUDY FILE` needs no verb of its own; `screen check STUDY` and the others have theirs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [arg for arg in args if not arg.startswith("-")]
        if words and not self._is_verb(words):
            args = ["patient", *args]
        return super().parse_args(ctx, args)

    def _is_verb(self, words: Sequence[str]) -> bool:
        """A word of ours, unless a study folder of that name lies here and a file of patients follows."""
        first, *rest = words
        if first not in self.commands:
            return False
        meant = bool(rest) and Path(rest[0]).exists() and not (Path(rest[0]) / "study.yaml").is_file()
        return not (meant and (Path(first) / "study.yaml").is_file())


app = typer.Typer(cls=_Screen, no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.")]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Id of a built-in study, or a study folder.")]


@app.callback()
def _verbs() -> None:
    """Screen a patient: eligible (exit 0), not eligible (1) or undetermined (4); 2 where the input cannot be used.

    \b
    One patient (facts as JSON or CSV, or a FHIR Bundle), with reasons and open tests:
      trialwright screen nct07208058 patient.json [--as-of 2026-03-15] [--json] [--lang zh]
    Many patients (a folder, FHIR bulk data, NDJSON, or a table of facts):
      trialwright screen nct07208058 cohort/ --out verdicts.parquet
    What the criteria give at their limits, and whether their cases hold:
      trialwright screen check nct07208058
    Calculators:
      trialwright screen calculators
      trialwright screen calc hscore ferritin=2500ug/L temperature=39.2Cel

    A study folder that has the name of a command is given as ./check.
    """


@app.command("patient", short_help="One patient, or many (the word may be left out).")
def patient(
    study: StudyName,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="One patient, or a folder or table of many.")],
    *,
    as_of: Annotated[str, typer.Option("--as-of", help="Leave out facts after this day (2026-03-15).")] = "",
    as_json: AsJson = False,
    lang: Lang = "en",
    out: Annotated[Path | None, typer.Option("--out", help="Verdicts of many patients: a .parquet or .csv.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out.")] = False,
) -> None:
    """One patient, or many; the word `patient` may be left out.

    Example: trialwright screen nct07208058 patient.json --as-of 2026-03-15
    """
    from trialwright.study.load import load_study

    _known_language(lang)
    day, definition = _day(as_of), load_study(study)
    if out is not None or source.is_dir() or source.suffix == ".parquet":
        _many(definition, source, day, out, overwrite=overwrite, as_json=as_json, lang=lang)
    else:
        _one(definition, source, day, as_json=as_json, lang=lang)


def _one(study: Study, source: Path, as_of: dt.date | None, *, as_json: bool, lang: str) -> None:
    from trialwright.screen import verdict
    from trialwright.screen.output import as_document, as_text
    from trialwright.screen.sources import read_patient

    facts, report = read_patient(source, study, as_of=as_of, today=dt.date.today())
    found = verdict(study, facts, as_of=as_of, lang=lang, notes=report.lines(lang))
    typer.echo(as_document(study, found) if as_json else as_text(study, found, lang))
    raise typer.Exit(EXITS[found.state])


def _many(
    study: Study, source: Path, as_of: dt.date | None, out: Path | None, *, overwrite: bool, as_json: bool, lang: str
) -> None:
    from trialwright.cli.progress import counting
    from trialwright.screen.cohort import screen_cohort
    from trialwright.screen.output_cohort import cohort_document, cohort_text
    from trialwright.screen.sources import batches

    if out is not None:
        _writable(out, overwrite=overwrite)
    today = dt.date.today()
    stream = batches(source, study, as_of=as_of, today=today)
    with counting("patients", quiet=as_json) as count:
        found = screen_cohort(study, stream, count, today=today)
    if not found.verdicts.height and stream.rejected:
        first = stream.rejected[0]
        raise InputError(f"No patient could be read. {first.sentence}", where=source.name)
    if out is not None:
        _write(found, out)
    told = cohort_document(study, found, stream, lang) if as_json else cohort_text(study, found, stream, lang)
    typer.echo(_as_json(told) if as_json else told)


def _writable(out: Path, *, overwrite: bool) -> None:
    if out.suffix not in TABLES:
        raise UserError(f"'{out.name}' is neither .parquet nor .csv.", where="--out", hint="Write verdicts.parquet.")
    if out.exists() and not overwrite:
        raise OutputExists(f"{out} is there already.", hint="Add --overwrite to replace it.")
    if not out.parent.is_dir():
        raise UserError(f"There is no folder {out.parent}.", where="--out", hint="Make it first.")


def _write(found: CohortResult, out: Path) -> None:
    """The verdicts, whole or not at all."""
    part = out.with_name(f".{out.name}.part")
    if out.suffix == ".csv":
        found.verdicts.write_csv(part)
    else:
        found.verdicts.write_parquet(part)
    part.replace(out)


@app.command("check", short_help="Try the criteria at their limits; run their cases.")
def check(study: StudyName, *, as_json: AsJson = False, lang: Lang = "en") -> None:
    """Show what patients at every limit get, and run the study's own cases. Exits 1 when a case fails.

    Example: trialwright screen check nct07208058
    """
    from trialwright.screen import check as checking
    from trialwright.study.load import load_study

    _known_language(lang)
    found = checking.check(study, load_study(study), lang)
    typer.echo(_as_json(checking.as_document(found)) if as_json else checking.as_text(found, lang))
    if found.failures:
        raise typer.Exit(1)


@app.command("calculators")
def calculators(*, as_json: AsJson = False, lang: Lang = "en") -> None:
    """List the calculators.

    Example: trialwright screen calculators
    """
    from trialwright.screen.calculators import list_document, list_text

    _known_language(lang)
    typer.echo(_as_json(list_document(lang)) if as_json else list_text(lang))


@app.command("calc", short_help="Compute one calculator.")
def calc(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A calculator (see `screen calculators`).")],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="INPUT=VALUE...", help="As ferritin=2500ug/L.")] = None,
    *,
    as_json: AsJson = False,
    lang: Lang = "en",
) -> None:
    """Compute one calculator, with its source and the limits of its validity.

    Example: trialwright screen calc hscore ferritin=2500ug/L temperature=39.2Cel
    """
    from trialwright.screen.calculators import answer_document, answer_text, calculate, pairs

    _known_language(lang)
    answer = calculate(name, pairs(inputs or ()))
    typer.echo(_as_json(answer_document(answer, lang)) if as_json else answer_text(answer, lang))


def _as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _known_language(lang: str) -> None:
    if lang not in ("en", "zh", "zh-CN"):
        raise UserError(f"There is no language '{lang}'.", where="--lang", hint="Use en or zh.")


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"'{text}' is not a date.", where="--as-of", hint="Write 2026-03-15.") from None
