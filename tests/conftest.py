"""Marks each test with the kind that its folder names, and finds the shared data."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import postgresql_url  # noqa: F401  # a fixture

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


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built-in study's rehearsal with seed 1, made once for all test processes. Read it only."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    folder = base / "rehearsal-seed-1"
    with (base / "rehearsal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            run_program("rehearse", "nct07208058", "--seed", "1", "--out", str(folder), check=True)
    return folder


@pytest.fixture(scope="session")
def library_folder(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A data folder of registered studies, made once for all test processes. Read it only."""
    from library_folder import build

    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    folder = base / "library-folder"
    with (base / "library.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder / "library" if folder.exists() else build(folder, shared)


def run_program(*args: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `trialwright` as a person does: in a process of its own."""
    program = Path(sys.executable).with_name("trialwright")
    return subprocess.run([str(program), *args], capture_output=True, text=True, check=check, timeout=300)
