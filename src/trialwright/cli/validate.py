"""`trialwright validate`: checks a study definition, and writes its validation pack."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.kernel.errors import DefinitionError
    from trialwright.study.definition import Study


def command(
    definition: Annotated[
        str | None, typer.Argument(help="Id or folder of a study.", metavar="STUDY", show_default=False)
    ] = None,
    study: Annotated[str | None, typer.Option("--study", help="The same: id or folder of a study.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    schema: Annotated[
        Path | None, typer.Option("--schema", help="Also write the JSON Schemas of the files into this folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the validation pack into this folder: every test is run now.")
    ] = None,
    database: Annotated[
        str, typer.Option(help="For the tests: a postgresql:// address of an empty database. Default: SQLite.")
    ] = "",
    lock: Annotated[Path | None, typer.Option(help="The lock that installed packages are compared with.")] = None,
    at: Annotated[dt.datetime | None, typer.Option(help="Time for the header of the pack, in UTC.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Draw no progress bar.")] = False,
) -> None:
    """Check a study definition: names, references, plan, units and expressions. Exits 0 when sound, 2 when not.

    With --out also write the validation pack (JSON and PDF): requirement, test and result for the system and for this
    very study, run in a scratch database. Exits 1 when a test fails.

    Example: trialwright validate --study nct07208058 --out pack
    """
    from trialwright.cli import validation
    from trialwright.study.load import load_study
    from trialwright.study.problems import WrongDefinition

    named = _named(definition, study)
    try:
        found = load_study(named)
    except WrongDefinition as error:
        show_mistakes(named, error.errors, as_json)
        raise typer.Exit(2) from None
    if schema is not None:
        _write_schemas(schema)
    if out is not None:
        asked = validation.Asked(out, database, lock, at or dt.datetime.now(dt.UTC), quiet=quiet, as_json=as_json)
        raise typer.Exit(validation.write(found, asked))
    told = summary(found)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else _told(told))


def _named(definition: str | None, study: str | None) -> str:
    """Raises InputError where no study, or two, are named."""
    from trialwright.kernel.errors import InputError

    if (definition is None) == (study is None):
        raise InputError("Name one study.", hint="As in `trialwright validate nct07208058`.")
    return definition or study or ""


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


def show_mistakes(study: str, errors: tuple[DefinitionError, ...], as_json: bool) -> None:
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
