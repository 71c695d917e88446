"""`trialwright account`: accounts of the people who log in to a server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.opening import At, Data
from trialwright.kernel.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Accounts of the people who log in: make, close, reset, unlock.")
Name = Annotated[str, typer.Argument(help="User name of the account.")]
Given = Annotated[
    bool,
    typer.Option("--temporary-password", help="Read the first password from stdin, or ask for it. Default: a new one."),
]


@app.callback()
def _verbs() -> None:
    """Accounts of the people who log in. Roles in a study are given in the study.

    Example: trialwright account add chen --name "Chen Wei" --database data/conduct.sqlite3
    """


@app.command("add")
def add(
    username: Name,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    temporary_password: Given = False,
    database: At = None,
    data: Data = None,
) -> None:
    """Make an account with a temporary password, which its person changes at the first log-in."""
    given = _asked() if temporary_password else ""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        made = keeping.add(username, name, given)
    typer.echo(f"Account {username} is made.{_shown(made, given)}")


@app.command("list")
def show(database: At = None, data: Data = None) -> None:
    """List the accounts: open or closed, second factors, last login."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        held = keeping.accounts()
    width = max((len(each.username) for each in held), default=0)
    for each in held:
        state = ("open" if each.open else "closed") + (", temporary password" if each.temporary else "")
        last = f"{each.last:%Y-%m-%d %H:%M} UTC" if each.last else "never logged in"
        parts = (state, ", ".join(dict.fromkeys(each.factors)) or "no second factor", last, each.name)
        typer.echo(f"{each.username:<{width}}  " + "; ".join(filter(None, parts)))
    if not held:
        typer.echo("No account yet.")


@app.command("disable")
def disable(username: Name, database: At = None, data: Data = None) -> None:
    """Close an account. What its person did stays as it is."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        keeping.disable(username)
    typer.echo(f"Account {username} is closed.")


@app.command("enable")
def enable(username: Name, database: At = None, data: Data = None) -> None:
    """Open a closed account again."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        keeping.enable(username)
    typer.echo(f"Account {username} is open.")


@app.command("reset-password")
def reset_password(username: Name, temporary_password: Given = False, database: At = None, data: Data = None) -> None:
    """Give a temporary password; every session of the account ends."""
    given = _asked() if temporary_password else ""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        made = keeping.reset_password(username, given)
    typer.echo(f"{username} has a temporary password.{_shown(made, given)}")


@app.command("reset-mfa")
def reset_mfa(username: Name, database: At = None, data: Data = None) -> None:
    """Remove all second factors of an account whose person lost them; every session of the account ends."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        removed = keeping.reset_mfa(username)
    typer.echo(f"{username} has no second factor now; {removed} were removed.")


@app.command("unlock")
def unlock(username: Name, database: At = None, data: Data = None) -> None:
    """Open an account that too many failures closed."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        was = keeping.unlock(username)
    typer.echo(f"{username} may log in again." if was else f"{username} was not locked.")


@app.command("code")
def code(username: Name, database: At = None, data: Data = None) -> None:
    """Print the present code of a demonstration account, for trying out signatures. Other accounts are refused."""
    with _opened(database, data):
        from trialwright.web.accounts import keeping

        found = keeping.present_code(username)
    if found is None:
        raise Refused("The present codes were used already.", hint="Ask again in half a minute.")
    typer.echo(found[0])
    typer.echo(f"Good once, for {found[1]} seconds.", err=True)


@app.command("events")
def events(
    who: Annotated[str, typer.Option(help="Only this account.")] = "",
    what: Annotated[str, typer.Option(help="Only this kind of event.")] = "",
    last: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    database: At = None,
    data: Data = None,
) -> None:
    """Print the log of accounts, newest first."""
    with _opened(database, data):
        from trialwright.conduct.worklists.accounts import account_events

        lines = account_events(who, what, size=last).lines
    for line in lines:
        more = " ".join(filter(None, (line.detail, f"(by {line.by})" if line.by else "")))
        typer.echo(f"{line.at:%Y-%m-%d %H:%M:%S} UTC  {line.who}  {line.what}  {more}".rstrip())


@contextmanager
def _opened(database: str | None, data: Path | None) -> Iterator[None]:
    """The database, with the secret that its server uses: second factors are stored under it."""
    from trialwright.cli import opening

    place = opening.place_of(database)
    folder = place.parent if isinstance(place, Path) else opening.data_folder(data)
    if isinstance(place, Path) and (folder / opening.RUN).is_file():
        raise Refused(
            f"{place} belongs to a rehearsal, which stays as it is.", hint="Name the data folder of a server."
        )
    secret = folder / "secret"
    if secret.is_file():
        os.environ.setdefault("TRIALWRIGHT_SECRET", secret.read_text(encoding="ascii"))
    with opening.opened(database, data):
        yield


def _asked() -> str:
    """The password: typed twice by a person, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(typer.prompt("Temporary password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _shown(made: str, given: str) -> str:
    """A password that was made here is shown; one that was given is known."""
    return "" if given else f" Temporary password (shown only here): {made}"
