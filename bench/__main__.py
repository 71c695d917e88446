"""`./go bench [name ...]`: run benchmarks, print one table, write bench/out/NAME.json. A figure is never a test."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

NAMES = ("startup", "definition", "survival", "spine", "pages", "screening", "record", "matching", "related")
LONG = ("capture",)
"""Only measured when named: it takes half an hour."""
OUT = Path(__file__).parent / "out"


def main(args: list[str]) -> int:
    parser = argparse.ArgumentParser("bench")
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--studies", type=int, help="how many made-up studies `record` takes")
    _add_capture(parser)
    given = parser.parse_args(args)
    names: list[str] = given.names
    unknown = [n for n in names if n not in (*NAMES, *LONG)]
    if unknown:
        print(
            f"bench: there is no benchmark {', '.join(unknown)}; known: {', '.join((*NAMES, *LONG))}", file=sys.stderr
        )
        return 2
    OUT.mkdir(exist_ok=True)
    figures: list[Figure] = []
    console = Console(stderr=True)
    for name in names or NAMES:
        with nullcontext() if name in LONG else console.status(f"measuring {name}"):
            measured: list[Figure] = importlib.import_module(f"bench.{name}").run(**_options(name, given))
        figures += measured
        (OUT / f"{name}.json").write_text(json.dumps(_document(name, measured), indent=1) + "\n")
    Console().print(_table(figures))
    return 0


def _add_capture(parser: argparse.ArgumentParser) -> None:
    """What `capture` may be told."""
    parser.add_argument("--values", type=int, help="how many values `capture` fills in: 2,000,000")
    parser.add_argument("--keep", type=Path, help="folder in which `capture` keeps the filled database for later runs")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--sqlite-only", action="store_true", help="`capture` on SQLite alone")
    only.add_argument("--postgresql-only", action="store_true", help="`capture` on PostgreSQL alone")


def _options(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """What a benchmark is told of what was asked for."""
    if name == "record":
        return {"studies": given.studies} if given.studies else {}
    if name != "capture":
        return {}
    options = {"sqlite": not given.postgresql_only, "postgresql": not given.sqlite_only, "keep": given.keep}
    return options | ({"values": given.values} if given.values else {})


def _document(name: str, figures: list[Figure]) -> dict[str, object]:
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    return {"benchmark": name, "machine": machine, "figures": [asdict(f) | {"median": f.median} for f in figures]}


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "median", "range", "runs", "aim", "peer")
    for f in figures:
        peer = f"{f.peer} {f.peer_median:.3g} ({f.peer_median / f.median:.1f}x)" if f.peer_median else ""
        aim = "" if f.aim is None else f"{'within' if f.within else 'BELOW' if f.more else 'ABOVE'} {f.aim:g}"
        spread = f"{min(f.values):.3g}-{max(f.values):.3g}"
        table.add_row(f.name, f"{f.median:.3g} {f.unit}", spread, str(len(f.values)), aim, peer)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
