"""`trialwright conduct policy`: who may do what, for an inspector to read or print."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.conduct.rules.policy_table import PolicyLine


class Format(StrEnum):
    text = "text"
    csv = "csv"
    json = "json"


def policy(
    role: Annotated[str, typer.Option("--role", help="Only this role, for example monitor.")] = "",
    form: Annotated[Format, typer.Option("--format", help="text, csv or json.")] = Format.text,
) -> None:
    """Print who may do what: every role, action and state, with the sentence of each refusal.

    Example: trialwright conduct policy --role monitor
    """
    from trialwright.conduct.rules.policy_table import table

    lines = table(role)
    typer.echo({Format.text: _text, Format.csv: _csv, Format.json: _json}[form](lines), nl=form is not Format.csv)


def _json(lines: tuple[PolicyLine, ...]) -> str:
    return json.dumps([asdict(line) for line in lines], indent=2, ensure_ascii=False)


def _csv(lines: tuple[PolicyLine, ...]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(asdict(lines[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return out.getvalue()


def _text(lines: tuple[PolicyLine, ...]) -> str:
    """By role: what it may do, and in which states; then what it may not."""
    from trialwright.conduct.rules.policy import ROLES

    parts = []
    for role in dict.fromkeys(line.role for line in lines):
        mine = [line for line in lines if line.role == role]
        parts += [ROLES[role].upper(), *_allowed(mine), *_refused(mine), ""]
    parts.append("Whatever is not listed is refused. At sites where the role is not held, everything is.")
    return "\n".join(parts)


def _allowed(lines: list[PolicyLine]) -> list[str]:
    from trialwright.conduct.rules.policy import ACTIONS
    from trialwright.conduct.rules.states import words

    shown = []
    for action in dict.fromkeys(line.action for line in lines if line.allowed):
        states: dict[str, list[str]] = {}
        for line in lines:
            if line.action == action and line.allowed and line.thing:
                states.setdefault(line.thing, []).append(words(line.state))
        when = "; ".join(f"{thing} {' or '.join(names)}" for thing, names in states.items() if thing != "place")
        shown.append(f"  may {ACTIONS[action]}{f' ({when})' if when else ''}")
        if "frozen" in states.get("place", ()):
            shown[-1] += ", also where data are frozen"
    return shown


def _refused(lines: list[PolicyLine]) -> list[str]:
    from trialwright.conduct.rules.policy import ACTIONS

    able = {line.action for line in lines if line.allowed}
    names = dict.fromkeys(ACTIONS[line.action] for line in lines if line.action not in able)
    return [f"  may not {name}" for name in names]
