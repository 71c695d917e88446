"""`trialwright conduct open | site | person`: a study goes into conduct, its sites open, its people get their roles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.opening import DATA, DATABASE, ours
from trialwright.kernel.errors import InputError

Into = Annotated[
    str | None,
    typer.Option("--database", help="A database file, a data folder, or a postgresql:// address. Default: `data`."),
]
Data = Annotated[
    Path | None, typer.Option(help="Data folder, with its key, of an installation on PostgreSQL. Default: `data`.")
]
Study = Annotated[str, typer.Argument(help="Id of a study in conduct.")]
person = typer.Typer(no_args_is_help=True, help="Give people roles in a study, and accounts.")


def open_study(
    study: Annotated[str, typer.Argument(help="Folder of a study definition, or the id of a built-in one.")],
    site: Annotated[
        list[str] | None, typer.Option(help="Site to open for recruitment; may come several times.")
    ] = None,
    virtual: Annotated[
        bool,
        typer.Option("--virtual", help="For practice: pages say so, and `serve` gives out demonstration accounts."),
    ] = False,
    database: Into = None,
    data: Data = None,
) -> None:
    """Put a study into conduct: its definition is pinned, its sites are listed. The database is made if absent.

    Example: trialwright conduct open my_study --site 01 --database postgresql://trial@/trial
    """
    from trialwright.study.load import load_study

    wanted = load_study(study)
    with installation(database, data) as place:
        from trialwright.conduct import actions

        actions.open_study(wanted, virtual=virtual)
        for each in site or ():
            actions.activate_site(wanted.id, each)
    known = ", ".join(each.id for each in wanted.registration.sites)
    typer.echo(f"{wanted.id} (version {wanted.version}) is in conduct in {place}.")
    typer.echo(f"Open sites: {', '.join(site or ()) or 'none'}; of: {known}.")
    typer.echo(f"Next: trialwright conduct person add {wanted.id} USERNAME --name NAME --role ROLE")


def open_site(
    study: Study,
    site: Annotated[list[str], typer.Argument(help="Sites of the definition.")],
    database: Into = None,
    data: Data = None,
) -> None:
    """Open sites for recruitment.

    Example: trialwright conduct site my_study 01 02
    """
    with installation(database, data):
        from trialwright.conduct import actions

        for each in site:
            actions.activate_site(study, each)
            typer.echo(f"Site {each} is open for recruitment.")


@person.command("add")
def add_person(
    study: Study,
    username: Annotated[str, typer.Argument(help="Name of the account.")],
    name: Annotated[str, typer.Option(help="The person's name, as it stands under signatures.")],
    role: Annotated[str, typer.Option(help="The role: investigator, coordinator, monitor, data_manager ...")],
    site: Annotated[str, typer.Option(help="The only site for which the role holds. Default: all.")] = "",
    no_account: Annotated[bool, typer.Option("--no-account", help="Give the role alone, without a password.")] = False,
    database: Into = None,
    data: Data = None,
) -> None:
    """Give somebody a role, and an account whose password is asked for (or taken from TRIALWRIGHT_PASSWORD).

    Example: trialwright conduct person add my_study li --name "Li Na" --role coordinator --site 01
    """
    with installation(database, data):
        from trialwright.conduct import actions

        new = not no_account and not _has_account(username)
        password = _password(username) if new else ""
        held = actions.add_person(study, username, name, role, site=site)
        if new:
            from trialwright.web.accounts.people import set_password

            set_password(username, password)
    roles = ", ".join(f"{r.role} at {r.site or 'all sites'}" for r in held.roles)
    typer.echo(f"{username} ({held.name}): {roles}.{' The account is new.' if new else ''}")


@person.command("remove")
def remove_person(
    study: Study,
    username: Annotated[str, typer.Argument(help="Name of the account.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit trail.")],
    database: Into = None,
    data: Data = None,
) -> None:
    """Take all roles in a study from somebody. What was done under them stays in the history.

    Example: trialwright conduct person remove my_study li --reason "Left the site"
    """
    with installation(database, data):
        from trialwright.conduct import actions

        actions.person(study, username)
        actions.remove_person(study, username, reason=reason)
    typer.echo(f"{username} has no role in {study} any more.")


@contextmanager
def installation(where: str | None, data: Path | None) -> Iterator[str]:
    """Django on the database that is meant, made where it is absent, with the tables of accounts too."""
    from trialwright.web import server
    from trialwright.web.databases import is_address

    wanted = where or os.environ.get("TRIALWRIGHT_DATABASE") or DATA
    with ours(wanted):
        if is_address(wanted):
            yield server.prepare_address(wanted, data)
        else:
            file = Path(wanted)
            folder = file if file.is_dir() or not file.suffix else file.parent
            name = DATABASE if folder == file else file.name
            yield str(server.prepare_file(folder, name))


def _has_account(username: str) -> bool:
    from trialwright.web.accounts.people import has_account

    return has_account(username)


def _password(username: str) -> str:
    """A password that the rules allow. Raises InputError."""
    from django.contrib.auth.models import User
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    given = os.environ.get("TRIALWRIGHT_PASSWORD")
    if not given:
        given = typer.prompt(f"Password of {username}", hide_input=True, confirmation_prompt=True)
    try:
        validate_password(given, User(username=username))
    except ValidationError as problem:
        raise InputError(f"The password of {username} cannot be taken: {' '.join(problem.messages)}") from None
    return given
