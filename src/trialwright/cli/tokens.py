"""`trialwright conduct token make | list | revoke`: keys to the JSON API of a study."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.conduct_people import Data, Into, installation
from trialwright.cli.opening import RUN
from trialwright.kernel.errors import InputError

if TYPE_CHECKING:
    from trialwright.conduct.actions.tokens import Token

app = typer.Typer(no_args_is_help=True, help="Keys to the JSON API: each acts as its person, narrowed to its scopes.")
Study = Annotated[str, typer.Argument(help="Id of the study.")]


@app.callback()
def _verbs() -> None:
    """Make, list and revoke keys to the JSON API of a study.

    Example: trialwright conduct token list nct07208058 --database data
    """


@app.command()
def make(
    study: Study,
    person: Annotated[str, typer.Option(help="Username of whoever the key acts as.")],
    scope: Annotated[list[str], typer.Option(help="An action of the policy that it may do; may be given often.")],
    name: Annotated[str, typer.Option(help="What uses it.")] = "command line",
    days: Annotated[int, typer.Option(help="How long it works.")] = 90,
    database: Into = None,
    data: Data = None,
) -> None:
    """Make a key. Its secret is printed alone on a line, this once; only a hash of it is kept.

    Example: trialwright conduct token make nct07208058 --person monitor --scope read --database data
    """
    with _installation(database, data):
        from trialwright.conduct.actions import people, tokens

        secret = tokens.make_token(_known(study), name, scope, days, by=people.person(_known(study), person))
    typer.echo(secret)
    typer.echo(f"This key of {person} works for {days} days. It is shown only now: keep it secret.", err=True)


@app.command("list")
def show(
    study: Study,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    database: Into = None,
    data: Data = None,
) -> None:
    """List the keys of a study: whose, for what, until when. No secret can be shown again.

    Example: trialwright conduct token list nct07208058 --database data
    """
    with _installation(database, data):
        from trialwright.conduct.actions import INSTALLER, tokens

        found = tokens.tokens(_known(study), by=INSTALLER)
    now = dt.datetime.now(dt.UTC)
    if as_json:
        typer.echo(json.dumps([_plain(token, now) for token in found], indent=2))
    else:
        typer.echo("\n".join(_line(token, now) for token in found) or f"No key opens {study}.")


@app.command()
def revoke(
    study: Study,
    prefix: Annotated[str, typer.Argument(help="The first characters of the key, as `list` shows them.")],
    database: Into = None,
    data: Data = None,
) -> None:
    """End a key now.

    Example: trialwright conduct token revoke nct07208058 tw_1a2B3c4D --database data
    """
    with _installation(database, data):
        from trialwright.conduct.actions import INSTALLER, tokens

        token = tokens.revoke_token(_known(study), prefix, by=INSTALLER)
    assert token.revoked is not None, "it was revoked just now, or before"
    typer.echo(f"The key {token.prefix} of {token.username} ({token.name}) is revoked since {token.revoked:%Y-%m-%d}.")


def _known(study: str) -> str:
    from trialwright.conduct.actions import studies

    return study.lower() if study.lower() in studies.studies() else study


@contextmanager
def _installation(database: str | None, data: Path | None) -> Iterator[str]:
    """Raises InputError for the folder of a rehearsal."""
    if database is not None and ((Path(database) / RUN).is_file() or (Path(database).parent / RUN).is_file()):
        raise InputError("A rehearsal stays as it is, so it gets no keys.", hint="Serve it, and name that data folder.")
    with installation(database, data) as place:
        yield place


def _plain(token: Token, now: dt.datetime) -> dict[str, object]:
    return {
        "prefix": token.prefix, "person": token.username, "name": token.name, "scopes": list(token.scopes),
        "state": token.state(now), "created": token.created.isoformat(), "expires": token.expires.isoformat(),
        "last_used": token.last_used.isoformat() if token.last_used else None,
    }  # fmt: skip


def _line(token: Token, now: dt.datetime) -> str:
    used = f"last used {token.last_used:%Y-%m-%d %H:%M} UTC" if token.last_used else "never used"
    until = f"{token.state(now)}, until {token.expires:%Y-%m-%d}"
    return f"{token.prefix}  {token.username}  {token.name}: {' '.join(token.scopes)} ({until}; {used})"
