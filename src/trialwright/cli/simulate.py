"""`trialwright simulate`: how often the trial would succeed and how long it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.simulate.operating import Operating

HELP = """Simulate the trial many times: chance of success, duration of recruitment, screen failures.

Example: trialwright simulate nct07208058 --trials 1000 --seed 1
"""


def command(
    study: Annotated[str, typer.Argument(help="Id of a built-in study, or the folder of another.")],
    trials: Annotated[int, typer.Option(min=1, help="How many trials to draw.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same answer.")] = 1,
    patients: Annotated[int, typer.Option(min=20, help="Virtual patients from whom the trials are drawn.")] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    from trialwright.cli.progress import bar
    from trialwright.simulate.operating import simulate
    from trialwright.study.load import load_study

    definition = load_study(study)
    with bar("Following virtual patients", quiet=as_json) as advance:
        found = simulate(definition, seed, trials, panel=patients, progress=advance)
    if as_json:
        _print_json(found)
    else:
        _print_table(found)


command.__doc__ = HELP


def _print_json(found: Operating) -> None:
    import dataclasses
    import json

    typer.echo(json.dumps(dataclasses.asdict(found), indent=2))


def _print_table(found: Operating) -> None:
    from rich.console import Console
    from rich.table import Table

    design, months = found.design, 365.25 / 12
    duration = {share: days / months for share, days in found.duration.items()}
    table = Table(
        title=f"{found.study}: {found.trials} simulated trials of {found.planned} patients", title_justify="left"
    )
    table.add_column("Finding")
    table.add_column("Value", justify="right")
    rows = (
        (
            f"Succeeds ({design.critical} or more of {found.planned} respond)",
            f"{found.success:.1%} ± {found.success_error:.1%}",
        ),
        (f"Exact power if {design.target:.0%} respond", f"{design.power:.1%}"),
        (f"Exact error if {design.null:.0%} respond", f"{design.size:.2%}"),
        ("Response rate of the assumed patients", f"{found.assumed_rate:.1%}"),
        ("Deaths before the decisive visit", f"{found.death_rate:.1%}"),
        ("Responders, median (5-95 %)", _range(found.responders, "{:.0f}")),
        ("Months to the last enrolment, median (5-95 %)", _range(duration, "{:.1f}")),
        ("Last follow-up by the planned completion", f"{found.by_completion:.1%}"),
        ("Of those who come, enrolled", f"{found.eligible_rate:.1%}"),
        ("Screen failures, mean; median (5-95 %)", f"{found.mean_failures:.1f}; {_range(found.failures, '{:.0f}')}"),
    )
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(
        f"Seed {found.seed}. Everything here rests on assumptions.yaml; nothing is a prediction for real patients."
    )


def _range(quantiles: dict[float, float], form: str) -> str:
    return f"{form} ({form}-{form})".format(quantiles[0.5], quantiles[0.05], quantiles[0.95])
