"""`trialwright record`: the registry's records, kept, found, compared and shown."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from trialwright.cli.record import fetching, finding, keeping, show

SHOWN = "show"
"""What `trialwright record STUDY` does."""


class _Record(TyperGroup):
    """The verbs; a first word that is none of them is a study to show."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = next((arg for arg in args if not arg.startswith("-")), "")
        if args and first not in self.commands and args[0] != "--help":
            args = [SHOWN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_Record, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _verbs() -> None:
    """Show a registry record; keep, find and compare many of them in a data folder.

    A first word that is not a command is a study or a record file to show.

    Example: trialwright record nct07208058
    """


app.command(SHOWN)(show.command)
app.command("import")(keeping.bring)
app.command("export")(keeping.export)
app.command("sync")(fetching.sync)
app.command("search")(finding.search)
app.command("related")(finding.related)
app.command("match")(finding.match)
app.command("history")(finding.history)
