"""Marks each test with the kind that its folder names, and finds the shared data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("unit", "spec", "property", "integration", "functional", "acceptance", "docs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        kind = item.path.relative_to(ROOT / "tests").parts[0]
        if kind in KINDS:
            item.add_marker(kind)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data from other systems, read in place. Missing: CI fails, elsewhere the test is skipped."""
    folder = Path(os.environ.get("TRIALWRIGHT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        word = f"shared data is not at {folder}; set TRIALWRIGHT_SHARED to its folder"
        if os.environ.get("CI"):
            pytest.fail(word)
        pytest.skip(word)
    return folder
