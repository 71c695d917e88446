"""The house rules that a reader relies on: short decisions, and a light door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("django", "polars", "scipy", "pydantic", "numpy", "pandas", "lxml")


@pytest.mark.parametrize("adr", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda p: p.stem)
def test_a_decision_is_told_in_twenty_lines(adr: Path) -> None:
    assert len(adr.read_text().splitlines()) <= 20


@pytest.mark.parametrize("program", ["import trialwright", "import trialwright.cli.main as m; m.main(['--help'])"])
def test_the_door_is_light(program: str) -> None:
    attempt = f"import sys\ntry:\n    {program}\nexcept SystemExit:\n    pass\n"
    code = f"{attempt}print([m for m in {HEAVY} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
