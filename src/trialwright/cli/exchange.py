"""`trialwright conduct import`: a study of another system becomes a study folder, with its values beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

VALUES, REPORT = "data.ndjson", "import.txt"
"""Files beside the definition: the values, and what was not taken over."""
SHOWN = 20


def import_study(
    file: Annotated[Path, typer.Argument(help="CDISC ODM (XML), a REDCap project (XML) or its dictionary (CSV).")],
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
