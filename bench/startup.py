"""How long a person waits before anything happens."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.figures import Figure, process

RUNS = 11


def run() -> list[Figure]:
    python, program = sys.executable, str(Path(sys.executable).with_name("trialwright"))
    bare, _ = process([python, "-c", "pass"], RUNS)
    imported, _ = process([python, "-c", "import trialwright"], RUNS)
    helped, _ = process([program, "--help"], RUNS)
    return [
        Figure("python -c pass", "s", bare),
        Figure("import trialwright (whole process)", "s", imported, aim=0.150),
        Figure("trialwright --help", "s", helped, aim=0.300),
    ]
