"""`trialwright serve`: the web pages on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from trialwright.kernel.errors import InputError


def command(
    rehearsal: Annotated[
        Path | None, typer.Option(help="Folder that `trialwright rehearse` wrote: its study opens with its data.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder for the database, or, with --database, for its keys. Default: `data`."),
    ] = None,
    database: Annotated[
        str, typer.Option(help="A postgresql:// address: several workers then serve. Default: SQLite in --data.")
    ] = "",
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes, with --database. Default: two for each core.")
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
    searched, shown and given out under /api/v2/. TRIALWRIGHT_DATABASE may hold the address of --database instead.

    Example: trialwright serve --rehearsal rehearsal
    """
    from trialwright.web import server
    from trialwright.web.databases import is_address

    named = os.environ.get("TRIALWRIGHT_DATABASE", "")
    address = database or (named if is_address(named) and rehearsal is None else "")
    _check(address, rehearsal, workers, fresh=fresh)
    server.check_port(port)
    server.use_records(records, tell=typer.echo)
    if address:
        place = server.prepare_address(address, data)
    else:
        place = str(server.prepare(rehearsal, data, fresh=fresh, tell=typer.echo))
    accounts = server.open_accounts()
    typer.echo(f"Trialwright serves on http://127.0.0.1:{port}/ (Ctrl-C ends it). Database: {place}")
    if accounts:
        typer.echo("\nAccounts (these passwords are shown only here):")
        width = max(len(account.username) for account in accounts)
        for account in accounts:
            typer.echo(f"  {account.username:<{width}}  {account.password}  {account.what}")
        for account in filter(lambda each: each.app, accounts):
            typer.echo(
                f"\n{account.username} signs with the password and a code. For an authenticator app: {account.app}"
            )
            typer.echo(f"Without one, the present code: trialwright account code {account.username} --database {place}")
    elif server.any_study():
        typer.echo("People log in with their own accounts.")
    else:
        typer.echo("No study is in conduct here: give --rehearsal, or open one with `trialwright conduct open`.")
        typer.echo("The public pages work.")
    server.run(port, server.worker_count(workers) if address else 1)


def _check(address: str, rehearsal: Path | None, workers: int | None, *, fresh: bool) -> None:
    """Raises InputError for options that do not go together."""
    from trialwright.web.databases import is_address

    if address and not is_address(address):
        raise InputError(
            "--database takes an address that begins with postgresql://.", hint="For SQLite name a folder with --data."
        )
    if address and (rehearsal is not None or fresh):
        raise InputError(
            "A rehearsal is served from SQLite: --rehearsal and --fresh do not go with --database.",
            hint="`trialwright conduct backup` and `restore` bring one into PostgreSQL.",
        )
    if workers and workers > 1 and not address:
        raise InputError("SQLite is served by one process: --workers goes with --database.")
