"""`trialwright serve`: the web pages on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    rehearsal: Annotated[
        Path | None, typer.Option(help="Folder that `trialwright rehearse` wrote: its study opens with its data.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder for the database. Default: `data` beside the rehearsal.")
    ] = None,
    records: Annotated[
        str,
        typer.Option(help="Data folder of registered studies, or a postgresql:// address. Default: the built-in ones."),
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start again from the rehearsal; drops what was changed since.")
    ] = False,
) -> None:
    """Serve the web pages on 127.0.0.1 until Ctrl-C.

    With --rehearsal the virtual trial can be opened, read and changed; the rehearsal's own folder stays as it is.
    Accounts for each role are printed with new passwords. With --records the registered studies of that folder are
    searched, shown and given out under /api/v2/.

    Example: trialwright serve --rehearsal rehearsal
    """
    from trialwright.web import server

    server.check_port(port)
    server.use_records(records, tell=typer.echo)
    place = server.prepare(rehearsal, data, fresh=fresh, tell=typer.echo)
    accounts = server.open_accounts()
    typer.echo(f"Trialwright serves on http://127.0.0.1:{port}/ (Ctrl-C ends it). Database: {place}")
    if accounts:
        typer.echo("\nAccounts (these passwords are shown only here):")
        width = max(len(account.username) for account in accounts)
        for account in accounts:
            typer.echo(f"  {account.username:<{width}}  {account.password}  {account.what}")
    else:
        typer.echo("No study is in conduct here: give --rehearsal, or open one. The public pages work.")
    server.run(port)
