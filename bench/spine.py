"""The whole rehearsal with all outputs, as the command line runs it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, process

RUNS = 3


def run() -> list[Figure]:
    program = str(Path(sys.executable).with_name("trialwright"))
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "rehearsal")
        command = [program, "rehearse", "nct07208058", "--seed", "1", "--out", out, "--overwrite"]
        walls, peaks = process(command, RUNS)
    return [
        Figure("trialwright rehearse, all outputs", "s", walls, aim=20.0),
        Figure("trialwright rehearse, peak memory", "MiB", peaks, aim=1024.0),
    ]
