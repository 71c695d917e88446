"""`trialwright conduct build`: compiles and checks a definition for data capture."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.study.building import Built


def build(
    study: Annotated[str, typer.Argument(help="Id or folder of a study.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Compile a study definition for data capture and say what each form asks. Exits 0 when sound, 2 when not.

    Example: trialwright conduct build nct07208058
    """
    from trialwright.cli.validate import show_mistakes
    from trialwright.conduct.rules import capture, checks
    from trialwright.study import building
    from trialwright.study.load import load_study
    from trialwright.study.problems import WrongDefinition

    begun = time.process_time()
    try:
        definition = load_study(study)
    except WrongDefinition as error:
        show_mistakes(study, error.errors, as_json)
        raise typer.Exit(2) from None
    built = building.build(definition)
    for form in definition.forms:
        capture.form_map(definition, form.id)
    checks.dependents(definition)
    seconds = time.process_time() - begun
    typer.echo(json.dumps(_plain(built, seconds), ensure_ascii=False, indent=2) if as_json else _told(built, seconds))


def _plain(built: Built, seconds: float) -> dict[str, Any]:
    from dataclasses import asdict

    forms = [{**asdict(sheet), "label": sheet.label.model_dump(exclude={"others"})} for sheet in built.sheets]
    doubts = [{"where": "/".join(map(str, d.place)), "what": d.what, "hint": d.hint} for d in built.doubts]
    return {
        "study": built.study, "version": built.version, "sound": True, "seconds": round(seconds, 3),
        "counts": built.counts, "forms": forms, "doubts": doubts,
    }  # fmt: skip


def _told(built: Built, seconds: float) -> str:
    lines = [f"{built.study} version {built.version} is ready for capture (compiled in {seconds:.1f} s of computing)."]
    lines += [f"  {count:>6}  {name}" for name, count in built.counts.items()]
    lines += ["Each form:", *(f"  {sheet.sentence()}." for sheet in built.sheets)]
    lines += [f"Doubt: {doubt.what} {doubt.hint}" for doubt in built.doubts]
    return "\n".join(lines)
