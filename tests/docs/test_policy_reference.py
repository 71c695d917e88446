"""docs/reference/policy.md is printed from the policy itself: TRIALWRIGHT_REGENERATE=1 writes it anew."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from trialwright.cli.conduct import app
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES
from trialwright.conduct.rules.policy_table import WHOLE, held_up, states_of, table
from trialwright.conduct.rules.states import words

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policy.md"
HEAD = """<!-- Printed from the policy by TRIALWRIGHT_REGENERATE=1 pytest tests/docs/test_policy_reference.py -->
# Who may do what

What is not allowed here is refused, with a sentence that says why and who could. A role is held at one site or at all
of them; at another site it does nothing, and what concerns the study as a whole (*) takes the role for all sites. The
same table stands behind pages, commands and the API. `trialwright conduct policy` prints it, with the sentence of every
refusal as CSV or JSON.
"""


def page() -> str:
    return "\n".join([HEAD, *_roles(), "", *_states()]).rstrip() + "\n"


def _roles() -> Iterator[str]:
    yield f"| action | {' | '.join(ROLES.values())} |"
    yield f"|---|{'---|' * len(ROLES)}"
    for action, label in ACTIONS.items():
        marks = ("yes" if action in ALLOWED[role] else "" for role in ROLES)
        yield f"| {label}{' *' if action in WHOLE else ''} | {' | '.join(marks)} |"


def _states() -> Iterator[str]:
    yield "## In which states"
    yield ""
    yield "What an action hangs on beside the role. An action that is not named here hangs on nothing else. The"
    yield "visit of an early termination may take place after a subject has discontinued."
    yield ""
    yield "| action | possible while | frozen | locked |"
    yield "|---|---|---|---|"
    for action, label in ACTIONS.items():
        found = list(states_of(action))
        if found:
            able: dict[str, list[str]] = {}
            for thing, state, sentence in found:
                if not sentence and thing != "place":
                    able.setdefault(thing, []).append(words(state))
            passes = {state: not sentence for thing, state, sentence in found if thing == "place"}
            shown = [{True: "yes", False: "refused", None: ""}[passes.get(state)] for state in ("frozen", "locked")]
            yield f"| {label} | {_shown(able)} | {' | '.join(shown)} |"


def _shown(able: dict[str, list[str]]) -> str:
    return "; ".join(f"{thing}: {', '.join(states)}" for thing, states in able.items())


def test_the_reference_is_what_the_policy_says() -> None:
    if os.environ.get("TRIALWRIGHT_REGENERATE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_command_prints_every_line_as_csv_and_json() -> None:
    lines = table()
    printed = CliRunner().invoke(app, ["policy", "--format", "json"])
    assert [line["sentence"] for line in json.loads(printed.output)] == [line.sentence for line in lines]
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(app, ["policy", "--format", "csv"]).output)))
    assert [(row["role"], row["action"]) for row in rows] == [(line.role, line.action) for line in lines]


def test_the_printed_page_of_a_role_names_what_it_may_and_may_not() -> None:
    printed = CliRunner().invoke(app, ["policy", "--role", "monitor"]).output
    assert "MONITOR" in printed
    assert "  may close a query (query open or answered), also where data are frozen" in printed
    assert "  may not lock data" in printed
    assert "INVESTIGATOR" not in printed


def test_each_refusal_has_a_sentence_and_each_role_a_line_for_each_action() -> None:
    lines = table()
    assert all(bool(line.sentence) != line.allowed for line in lines)
    assert {(line.role, line.action) for line in lines} == {(role, action) for role in ROLES for action in ACTIONS}
    assert {line.action for line in lines if line.thing == "place"} == {a for a in ACTIONS if held_up(a)}
