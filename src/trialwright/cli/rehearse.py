"""`trialwright rehearse`: the whole trial with virtual patients, all outputs in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.rehearse.run import Summary


def command(
    study: Annotated[str, typer.Argument(help="Id of a built-in study, or the folder of another.")],
    out: Annotated[Path, typer.Option(help="Folder to write; it must not hold anything yet.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier rehearsal in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Run the whole trial with virtual patients and write data sets, displays, results and report.

    Example: trialwright rehearse nct07208058 --seed 1 --out rehearsal
    """
    import gc

    from trialwright.cli.progress import bar
    from trialwright.rehearse.outputs import check_free
    from trialwright.rehearse.run import rehearse
    from trialwright.study.load import load_study
    from trialwright.web.setup import setup

    gc.disable()  # the process ends with its one task: looking for garbage cost 4 % of the time and saved 15 MiB
    check_free(out, overwrite=overwrite)
    definition = load_study(study)
    with bar("Starting", quiet=as_json) as advance:
        found = rehearse(definition, seed, out, database=setup, overwrite=overwrite, progress=advance)
    if as_json:
        import json

        typer.echo(json.dumps(found.plain(), indent=2))
    else:
        _print(found)
    gc.freeze()  # nor is anything looked for at the very end


def _print(found: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    from trialwright.rehearse.run import OUTPUTS

    console = Console()
    table = Table(title=f"{found.study}, seed {found.seed}: rehearsal with virtual patients", title_justify="left")
    table.add_column("Finding")
    table.add_column("Number", justify="right")
    table.add_row("Screened", str(found.screened))
    table.add_row("Not enrolled", str(found.screened - found.enrolled))
    for reason, count in found.failures:
        table.add_row(f"  {reason}", str(count))
    table.add_row("Enrolled", str(found.enrolled))
    table.add_row("Completed", str(found.completed))
    for reason, count in found.left:
        table.add_row(f"  {reason}", str(count))
    table.add_row("Response", _response(found))
    table.add_row("Deaths", str(found.deaths))
    table.add_row("Adverse events (subjects)", f"{found.adverse_events} ({found.subjects_with_events})")
    table.add_row("Queries (still open)", f"{found.queries} ({found.queries_open})")
    table.add_row("Audit events, verified", str(found.audit_events))
    console.print(table)
    for name, words in OUTPUTS:
        console.print(f"  {found.out / name}  [dim]{words}[/dim]", soft_wrap=True, highlight=False)


def _response(found: Summary) -> str:
    if found.response is None:
        return "not assessed"
    responders, analysed, low, high = found.response
    share = f"{responders / analysed:.1%}" if analysed else "-"
    return f"{responders}/{analysed} = {share} (exact interval {low:.1%} to {high:.1%})"
