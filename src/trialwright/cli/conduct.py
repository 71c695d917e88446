"""`trialwright conduct`: takes over studies of other systems, and shows whether the history of a trial holds."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli import exchange, history
from trialwright.kernel.errors import InputError

if TYPE_CHECKING:
    from trialwright.conduct.worklists.verify import Verification

app = typer.Typer(no_args_is_help=True, help="Take over other systems' studies; verify and export a trial's history.")
DATABASE = "conduct.sqlite3"
"""Name of the database in a rehearsal's folder."""
RUN = "run.json"
"""What a rehearsal remembers of itself, beside its database."""
SHOWN = 20


@app.callback()
def _verbs() -> None:
    """Take over studies of other systems; verify the history of a trial, and export it.

    Example: trialwright conduct verify-audit rehearsal
    """


app.command("history")(history.history)
app.command("verify")(history.verify)
app.command("key")(history.show_key)
app.command("import")(exchange.import_study)


@app.command("verify-audit")
def verify_audit(
    path: Annotated[Path | None, typer.Argument(help="A database file, or the folder of a rehearsal.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Find any change made behind the back of the audit trail. Exits 0 when verified, 1 when not.

    Example: trialwright conduct verify-audit rehearsal
    """
    database = database_at(path)
    run = _run_beside(database)
    found = _verify(database, run)
    said = [_plain(v, run) for v in found] if as_json else []
    typer.echo(json.dumps(said, indent=2) if as_json else "\n".join(_report(v, run) for v in found))
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


def _run_beside(database: Path) -> dict[str, Any] | None:
    """What `run.json` beside a rehearsal's database remembers of it; None when there is none."""
    file = database.parent / RUN
    if database.name != DATABASE or not file.is_file():
        return None
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
        return {"study": str(run["study"]), "audit": run["audit"], "sha256": run.get("files", {}).get(DATABASE)}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise InputError(f"{file} is not what a rehearsal wrote.", hint="Rehearse again, or remove it.") from None


def _verify(database: Path, run: dict[str, Any] | None) -> tuple[Verification, ...]:
    """Verify a copy: opening a database may write to it, and what is verified must stay as it was found."""
    from django.db import DatabaseError, connections

    from trialwright.web.server import copy_database
    from trialwright.web.setup import setup

    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        try:
            copy_database(database, Path(folder) / DATABASE)
            setup(Path(folder) / DATABASE, migrate=False)
            found = _verify_all(run)
        except (DatabaseError, sqlite3.DatabaseError):
            raise InputError(f"{database} is damaged, or is not a database of Trialwright.") from None
        finally:
            connections.close_all()
    if not found:
        raise InputError(f"{database} holds no study.")
    if run and run["sha256"] not in (None, digest):
        listed = f"{database.name} is not the file that {RUN} lists: its SHA-256 begins with {digest[:16]}, "
        changed = f"{listed}listed is {run['sha256'][:16]}."
        found = tuple(replace(v, problems=(changed, *v.problems)) if v.study == run["study"] else v for v in found)
    return found


def _verify_all(run: dict[str, Any] | None) -> tuple[Verification, ...]:
    from trialwright.conduct.worklists.verify import Anchor, verify_all

    if run is None:
        return verify_all()
    return verify_all({run["study"]: Anchor(run["audit"].get("events"), run["audit"].get("head", ""), RUN)})


def _anchor(found: Verification, run: dict[str, Any] | None) -> str:
    """What outside the database the log was compared with."""
    if run and run["study"] == found.study:
        return f"Compared with the event count, the head and the file's hash in {RUN}."
    return (
        "No outside anchor: nothing beside the database remembers the true head, so a history that was forged as a "
        "whole would pass; compare the head with one noted elsewhere."
    )


def _plain(found: Verification, run: dict[str, Any] | None) -> dict[str, object]:
    return {
        "study": found.study, "verified": found.verified, "events": found.events, "head": found.head,
        "anchor": _anchor(found, run), "problems": list(found.problems),
    }  # fmt: skip


def _report(found: Verification, run: dict[str, Any] | None) -> str:
    if found.verified:
        good = f"{found.study}: verified. {found.events} events, and every value agrees. Head {found.head}."
        return f"{good}\n{_anchor(found, run)}"
    lines = [f"{found.study}: NOT verified. {len(found.problems)} problems in {found.events} events:"]
    lines += [f"  {problem}" for problem in found.problems[:SHOWN]]
    if len(found.problems) > SHOWN:
        lines.append(f"  and {len(found.problems) - SHOWN} more (--json lists all).")
    return "\n".join([*lines, _anchor(found, run)])
