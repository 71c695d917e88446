"""`trialwright validate`: checks a study definition."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.kernel.errors import DefinitionError
    from trialwright.study.definition import Study


def command(
    study: Annotated[str, typer.Argument(help="Id or folder of a study.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    schema: Annotated[
        Path | None, typer.Option("--schema", help="Also write the JSON Schemas of the files into this folder.")
    ] = None,
) -> None:
    """Check a study definition: names, references, plan, units and expressions. Exits 0 when sound, 2 when not.

    Example: trialwright validate nct07208058
    """
    from trialwright.study.load import load_study
    from trialwright.study.problems import WrongDefinition

    try:
        definition = load_study(study)
    except WrongDefinition as error:
        _show_mistakes(study, error.errors, as_json)
        raise typer.Exit(2) from None
    if schema is not None:
        _write_schemas(schema)
    found = summary(definition)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _told(found))


def summary(study: Study) -> dict[str, Any]:
    """What a sound definition holds, in figures."""
    from trialwright.study.checks.doubts import doubts
    from trialwright.study.checks.expressions import expressions

    origins = [item.source for item in study.items]
    origins += [endpoint.source for endpoint in study.endpoints.endpoints]
    origins += [visit.source for visit in study.schedule.visits]
    sources = Counter(str(origin.kind) for origin in origins)
    return {
        "study": study.id,
        "version": study.version,
        "sound": True,
        "counts": {
            "sites": len(study.registration.sites),
            "items": len(study.items),
            "derived items": sum(item.derive is not None for item in study.items),
            "forms": len(study.forms),
            "edit checks": sum(len(form.checks) for form in study.forms),
            "visits": len(study.schedule.visits),
            "doses": study.dosing.doses,
            "inclusion criteria": sum(c.kind == "inclusion" for c in study.eligibility.criteria),
            "exclusion criteria": sum(c.kind == "exclusion" for c in study.eligibility.criteria),
            "endpoints": len(study.endpoints.endpoints),
            "expressions": sum(1 for _ in expressions(study)),
        },
        "sources of items, visits and endpoints": dict(sorted(sources.items())),
        "doubts": [{"what": doubt.what, "hint": doubt.hint} for doubt in doubts(study)],
    }


def _told(found: dict[str, Any]) -> str:
    lines = [f"{found['study']} version {found['version']} is sound."]
    lines += [f"  {count:>5}  {name}" for name, count in found["counts"].items()]
    sources = ", ".join(f"{count} {kind}" for kind, count in found["sources of items, visits and endpoints"].items())
    lines.append(f"Items, visits and endpoints come from: {sources}.")
    lines += [f"Doubt: {doubt['what']} {doubt['hint']}" for doubt in found["doubts"]]
    return "\n".join(lines)


def _show_mistakes(study: str, errors: tuple[DefinitionError, ...], as_json: bool) -> None:
    if as_json:
        mistakes = [{"where": error.where, "what": error.what, "hint": error.hint} for error in errors]
        typer.echo(json.dumps({"study": study, "sound": False, "mistakes": mistakes}, ensure_ascii=False, indent=2))
        return
    for error in errors:
        typer.echo(str(error), err=True)
    typer.echo(
        f"trialwright: {len(errors)} mistake{'s' if len(errors) > 1 else ''} in the definition of {study}.", err=True
    )


def _write_schemas(folder: Path) -> None:
    from trialwright.study.schema import schemas

    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        path = folder / name.replace(".yaml", ".schema.json")
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
