"""`trialwright conduct`: takes over studies of other systems, and shows whether the history of a trial holds."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli import amend, backup, build, conduct_people, exchange, export, history, policy, tokens
from trialwright.cli.opening import DATABASE, RUN, Where, check_steps, ours, place_of
from trialwright.kernel.errors import InputError

if TYPE_CHECKING:
    from trialwright.conduct.worklists.verify import Verification

app = typer.Typer(no_args_is_help=True, help="Take over other systems' studies; verify and export a trial's history.")
SHOWN = 20


@app.callback()
def _verbs() -> None:
    """Take over studies of other systems; verify the history of a trial, and export it.

    Example: trialwright conduct verify-audit rehearsal
    """


app.add_typer(tokens.app, name="token")
app.command("history")(history.history)
app.command("verify")(history.verify)
app.command("key")(history.show_key)
app.command("build")(build.build)
app.command("amend")(amend.amend)
app.command("approve")(amend.approve)
app.command("migrate")(amend.migrate)
app.command("import")(exchange.import_study)
app.command("export")(export.export)
app.command("casebook")(export.casebook)
app.command("policy")(policy.policy)
app.command("questionnaire")(exchange.questionnaire)
app.command("open")(conduct_people.open_study)
app.command("site")(conduct_people.open_site)
app.add_typer(conduct_people.person, name="person")
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)


@app.command("verify-audit")
def verify_audit(
    path: Where = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Find any change made behind the back of the audit trail. Exits 0 when verified, 1 when not.

    Example: trialwright conduct verify-audit rehearsal
    """
    place = place_of(path)
    run = _run_beside(place) if isinstance(place, Path) else None
    found = _verify_copy(place, run) if isinstance(place, Path) else _verify_there(place)
    said = [_plain(v, run) for v in found] if as_json else []
    typer.echo(json.dumps(said, indent=2) if as_json else "\n".join(_report(v, run) for v in found))
    if not all(verification.verified for verification in found):
        raise typer.Exit(1)


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


def _verify_there(address: str) -> tuple[Verification, ...]:
    from trialwright.web.databases import without_password
    from trialwright.web.setup import setup

    setup(address, migrate=False)
    with ours(address):
        check_steps(address)
        found = _verify_all(None)
    if not found:
        raise InputError(f"{without_password(address)} holds no study.")
    return found


def _verify_copy(database: Path, run: dict[str, Any] | None) -> tuple[Verification, ...]:
    """Verify a copy: opening a file may write to it, and what is verified must stay as it was found."""
    from trialwright.web.server import copy_database
    from trialwright.web.setup import setup

    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as folder, ours(database):
        copy_database(database, Path(folder) / DATABASE)
        setup(Path(folder) / DATABASE, migrate=False)
        check_steps(database)
        found = _verify_all(run)
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
