"""`./go bench [name ...]`: run benchmarks, print one table, write bench/out/NAME.json. A figure is never a test."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

NAMES = ("startup", "definition", "survival", "spine", "pages", "screening", "record", "matching", "related")
OUT = Path(__file__).parent / "out"


def main(args: list[str]) -> int:
    parser = argparse.ArgumentParser("bench")
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--studies", type=int, help="how many made-up studies `record` takes")
    given = parser.parse_args(args)
    names: list[str] = given.names
    unknown = [n for n in names if n not in NAMES]
    if unknown:
        print(f"bench: there is no benchmark {', '.join(unknown)}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    OUT.mkdir(exist_ok=True)
    figures: list[Figure] = []
    console = Console(stderr=True)
    for name in names or NAMES:
        with console.status(f"measuring {name}"):
            options = {"studies": given.studies} if name == "record" and given.studies else {}
            measured: list[Figure] = importlib.import_module(f"bench.{name}").run(**options)
        figures += measured
        (OUT / f"{name}.json").write_text(json.dumps(_document(name, measured), indent=1) + "\n")
    Console().print(_table(figures))
    return 0


def _document(name: str, figures: list[Figure]) -> dict[str, object]:
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    return {"benchmark": name, "machine": machine, "figures": [asdict(f) | {"median": f.median} for f in figures]}


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "median", "range", "runs", "aim", "peer")
    for f in figures:
        peer = f"{f.peer} {f.peer_median:.3g} ({f.peer_median / f.median:.1f}x)" if f.peer_median else ""
        aim = "" if f.aim is None else f"{'within' if f.median <= f.aim else 'ABOVE'} {f.aim:g}"
        spread = f"{min(f.values):.3g}-{max(f.values):.3g}"
        table.add_row(f.name, f"{f.median:.3g} {f.unit}", spread, str(len(f.values)), aim, peer)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
