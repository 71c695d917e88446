"""`trialwright conduct`: what concerns the trial's captured data; here, whether its history holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.kernel.errors import InputError

if TYPE_CHECKING:
    from trialwright.conduct.worklists.verify import Verification

app = typer.Typer(no_args_is_help=True, help="Verify the audit trail of a trial.")
DATABASE = "conduct.sqlite3"
"""Name of the database in a rehearsal's folder."""
SHOWN = 20


@app.callback()
def _verbs() -> None:
    """Verify the audit trail of a trial.

    Example: trialwright conduct verify-audit rehearsal
    """


@app.command("verify-audit")
def verify_audit(
    path: Annotated[Path | None, typer.Argument(help="A database file, or the folder of a rehearsal.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Find any change made behind the back of the audit trail. Exits 0 when verified, 1 when not.

    Example: trialwright conduct verify-audit rehearsal
    """
    found = _verify(database_at(path))
    typer.echo(json.dumps([_plain(v) for v in found], indent=2) if as_json else "\n".join(map(_report, found)))
    if not all(verification.verified for verification in found):
        raise typer.Exit(1)


def database_at(path: Path | None) -> Path:
    """The database file meant by `path` (or by the environment). Raises InputError when there is none."""
    wanted = path or Path(os.environ.get("TRIALWRIGHT_DATABASE", "trialwright.sqlite3"))
    file = wanted / DATABASE if wanted.is_dir() else wanted
    if not file.is_file():
        raise InputError(f"There is no database at {file}.", hint="Name a database file or the folder of a rehearsal.")
    if not file.read_bytes()[:16].startswith(b"SQLite format 3"):
        raise InputError(f"{file} is not a database.", hint="Name a database file or the folder of a rehearsal.")
    return file


def _verify(database: Path) -> tuple[Verification, ...]:
    from trialwright.web.setup import setup

    setup(database, migrate=False)
    from django.db import DatabaseError

    from trialwright.conduct.worklists.verify import verify_all

    try:
        found = verify_all()
    except DatabaseError:
        raise InputError(f"{database} is damaged, or is not a database of Trialwright.") from None
    if not found:
        raise InputError(f"{database} holds no study.")
    return found


def _plain(found: Verification) -> dict[str, object]:
    return {
        "study": found.study, "verified": found.verified, "events": found.events, "head": found.head,
        "problems": list(found.problems),
    }  # fmt: skip


def _report(found: Verification) -> str:
    if found.verified:
        return f"{found.study}: verified. {found.events} events, and every value agrees. Head {found.head[:16]}."
    lines = [f"{found.study}: NOT verified. {len(found.problems)} problems in {found.events} events:"]
    lines += [f"  {problem}" for problem in found.problems[:SHOWN]]
    if len(found.problems) > SHOWN:
        lines.append(f"  and {len(found.problems) - SHOWN} more (--json lists all).")
    return "\n".join(lines)
