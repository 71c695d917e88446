"""`trialwright`: finds the verb, runs it, and turns every error into one sentence and an exit code.

Exit codes: 0 done; 1 the answer is "no"; 2 bad usage or input; 3 something failed. `screen` adds 4: undetermined.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trialwright import __version__
from trialwright.kernel.errors import TrialwrightError

VERBS = {
    "record": "Show the registry record of a study, or read a record file.",
    "new": "Start a study folder from a study or from a registry record.",
    "validate": "Check a study definition; write its validation pack.",
    "screen": "Screen a patient against the criteria of a study.",
    "simulate": "Simulate the trial: recruitment and chance of success.",
    "rehearse": "Run the whole trial with virtual patients and write all outputs.",
    "conduct": "Take over other systems' studies; verify and export a trial's history.",
    "serve": "Serve the web pages.",
    "account": "Accounts of the people who log in: make, close, reset, unlock.",
    "analyse": "Derive SDTM and ADaM from a snapshot, with all displays.",
    "report": "Write the results section and the report.",
}
"""Each verb is the module of that name beside this one."""

HELP = """One study definition runs a whole clinical trial, from its registry record to its posted results.

Example: trialwright rehearse nct07208058 --seed 1 --out rehearsal
"""


class _Verbs(TyperGroup):
    """The verbs; a value of the wrong kind is answered in our own words."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _own_words(error)
            raise


def _own_words(error: typer.BadParameter) -> str:
    """What is wrong with a value; other messages stay as they are."""
    found: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not found:
        return error.message
    kind, value, limits = found[0]["type"], found[0].get("input"), found[0].get("ctx", {})
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{value} is out of range; give a number {word} {limits[key]:g}."
    wanted = next((name for start, name in _KINDS.items() if kind.startswith(start)), "")
    return f"'{value}' is not {wanted}." if wanted else f"'{value}' does not fit here."


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "date": "a date (2026-03-15)"}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("of at most", "le"),
}


def program(verb: str) -> typer.Typer:
    """The command tree in which only `verb` is loaded; the others show their line in --help."""
    app = typer.Typer(
        cls=_Verbs,
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for name, line in VERBS.items():
        if name == verb:
            _load(app, name, line)
        else:
            app.command(name, help=line)(_not_loaded)
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; always ends in SystemExit."""
    args = list(sys.argv[1:] if argv is None else argv)
    verb = next((a for a in args if not a.startswith("-")), "")
    try:
        program(verb)(args=args, prog_name="trialwright")
    except TrialwrightError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("TRIALWRIGHT_DEBUG"):
            raise
        # The message of an unforeseen error may hold a patient's data: only its kind is shown.
        _fail(f"Something failed inside trialwright ({type(error).__name__}). Set TRIALWRIGHT_DEBUG=1 to see where.", 3)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trialwright {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options before the verb."""


def _load(app: typer.Typer, name: str, line: str) -> None:
    module = importlib.import_module(f"trialwright.cli.{name}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name, short_help=line)
    else:
        command: Callable[..., None] = module.command
        app.command(name, short_help=line)(command)


def _not_loaded() -> None:
    raise AssertionError("a verb that is called is always loaded")


def _fail(sentence: str, code: int) -> None:
    print(f"trialwright: {sentence}", file=sys.stderr)
    sys.exit(code)
