"""Capture at size: 30 sites, 50 forms of 1,500 items, 500 subjects, two million values; on SQLite and on PostgreSQL.

`./go bench capture` fills the study first (seven minutes of work); with `--keep FOLDER` the filled database stays there
and later runs begin at once. `--values 200000` makes it smaller, `--sqlite-only` and `--postgresql-only` leave one out.

No peer runs beside it. Of the open systems only Clinicedc is on the package index; its present releases need Python
3.12, and the older ones that Python 3.11 takes name no dependencies. With either, each of the fifty forms would have
to be written as models, admin classes and migrations first: what was measured would be that program, written by us.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import capture_crowd
from bench.capture_out import WHAT
from bench.capture_place import Place, environment, kept, on_postgresql, on_sqlite
from bench.figures import Figure

AIMS = {"open": 150.0, "save again": 150.0, "save first": 150.0, "log": 150.0, "follow": 100.0, "matrix": 300.0}
"""Milliseconds at the 95th percentile."""
CROWD, VALUES, MEMORY, EVENTS = 500.0, 50_000.0, 200.0, 50_000.0
WORDS = {
    "open": "form of 60 items opened", "save again": "60 items corrected", "save first": "60 items saved first",
    "log": "log of 200 rows opened", "follow": "skip logic followed", "matrix": "subject matrix, first page",
    "rows": "rows of all 500 subjects", "audit": "audit page", "queries": "queries page",
}  # fmt: skip


def run(
    values: int = 2_000_000, *, sqlite: bool = True, postgresql: bool = True, keep: Path | None = None
) -> list[Figure]:
    """All figures. PostgreSQL only where it is installed."""
    from tests.postgresql import installed

    figures: list[Figure] = []
    with kept(values, keep) as (file, told):
        figures += _filling(told)
        if sqlite:
            with on_sqlite(file) as place:
                figures += _measured(place)
        if postgresql and installed():
            with on_postgresql(file) as place:
                figures += _measured(place)
    return figures


def _filling(told: Mapping[str, float]) -> Iterator[Figure]:
    name = f"{told['values']:,.0f} values of {told['subjects']:.0f} subjects captured"
    yield Figure(name, "s", (told["wall"],))
    yield Figure("the same, work of this process", "CPU s", (told["cpu"],))


def _measured(place: Place) -> Iterator[Figure]:
    """Nobody else works on the database while one thing is measured. What reads everything comes before what writes."""
    for what in WHAT:
        yield from _gone_out(place, what, _program("bench.capture_out", place, what, place.address, str(place.folder)))
    for name, times in _program("bench.capture_pages", place, place.address).items():
        yield from _page(place, name, times)
    yield from _crowd(place, capture_crowd.measure(place))


def _gone_out(place: Place, what: str, done: Mapping[str, float]) -> Iterator[Figure]:
    checked = what.startswith("verify")
    unit, aim = ("events/s", EVENTS) if checked or what == "history" else ("values/s", VALUES)
    name = f"{place.name}: {what}" if checked else f"{place.name}: {what} written"
    yield Figure(name, unit, (done["n"] / done["wall"],), aim if checked or what.startswith("odm") else None, more=True)
    yield Figure(f"{name}, peak memory", "MiB", (done["peak"],), MEMORY if what.startswith("odm") else None)


def _page(place: Place, name: str, times: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    words = f"{place.name}: {WORDS.get(name, name)}"
    yield Figure(f"{words}, p95", "ms", (_at(times["wall"], 95),), AIMS.get(name))
    yield Figure(f"{words}, p50", "ms", (_at(times["wall"], 50),))
    yield Figure(f"{words}, p50 of the CPU", "ms", (_at(times["cpu"], 50),))


def _crowd(place: Place, day: capture_crowd.Day) -> Iterator[Figure]:
    for problem in sorted(set(day.errors))[:5]:
        print(f"bench: {problem}", file=sys.stderr)
    people = f"{place.name}: 50 coordinators at once"
    yield Figure(f"{people}, errors", "", (len(day.errors),), 0.0)
    for action, times in day.times.items():
        yield Figure(f"{people}, {action}, p95 of {len(times)}", "ms", (_at(times, 95),), CROWD)


def _at(times: Sequence[float], share: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1] * 1000


def _program(module: str, place: Place, *words: str) -> dict[str, Any]:
    """What a program of its own measured."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(place), cwd=Path(__file__).parents[1]
    )
    if done.returncode:
        raise SystemExit(f"bench: {module} ended with {done.returncode}: {done.stderr[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
