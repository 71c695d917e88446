"""Loading and checking the built-in definition, in a fresh process and again in a warm one."""

from __future__ import annotations

import sys

from bench.figures import Figure, process, seconds

LOAD = "from trialwright.study.load import load_study; load_study('nct07208058')"


def run() -> list[Figure]:
    from trialwright.study.load import load_study

    fresh, _ = process([sys.executable, "-c", LOAD], 7)
    return [
        Figure("load and check the definition, fresh process", "s", fresh, aim=1.0),
        Figure(
            "load and check the definition, warm process", "s", seconds(lambda: load_study("nct07208058"), 7), aim=1.0
        ),
    ]
