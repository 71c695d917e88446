"""A browser, and the program serving a small captured trial as a person would start it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from accessibility import serious

ROOT = Path(__file__).resolve().parents[2]
SCENE = ROOT / "tests" / "integration" / "web"
PROGRAM = [sys.executable, "-c", "from trialwright.cli.main import main; main()"]
SCREENSHOTS = os.environ.get("TRIALWRIGHT_SCREENSHOTS") == "1"
BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from trialwright.web.setup import setup
setup(Path(sys.argv[2]))
import trial_scene
trial_scene.build()
"""


@dataclass(frozen=True)
class Site:
    """The running server: its address, and a password for each account that it printed."""

    url: str
    passwords: dict[str, str]
    subject: str


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the rehearsal leaves it: a small one made by hand, a whole one for the manual's screenshots."""
    folder = tmp_path_factory.mktemp("served") / "rehearsal"
    if SCREENSHOTS:
        command = [*PROGRAM, "rehearse", "nct07208058", "--out", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        return folder
    folder.mkdir()
    subprocess.run([sys.executable, "-c", BUILD, str(SCENE), str(folder / "conduct.sqlite3")], check=True)
    shutil.copy(SCENE / "results.json", folder)
    return folder


@pytest.fixture(scope="session")
def site(rehearsal: Path) -> Iterator[Site]:
    port = free_port()
    command = [*PROGRAM, "serve", "--rehearsal", str(rehearsal), "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield _opened(program, port)
    finally:
        program.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(timeout=10)
        program.kill()
        if program.stdout:
            program.stdout.close()


def _opened(program: subprocess.Popen[str], port: int) -> Site:
    """Read the accounts that the program prints, then wait until it answers."""
    assert program.stdout is not None
    passwords: dict[str, str] = {}
    for line in program.stdout:
        found = re.match(r"  (\w+) +(\S+)  ", line)
        if found:
            passwords[found[1]] = found[2]
        if "auditor" in passwords:
            break
    assert passwords, "the server printed no accounts"
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            break
    return Site(f"http://127.0.0.1:{port}", passwords, "02-001" if SCREENSHOTS else "01-001")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, or the one that CHROMIUM names. Missing: CI fails, elsewhere the tests are skipped."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        word = "chromium is missing; install it with `apt-get install chromium` or name it in CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(word)
        pytest.skip(word)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh window; `page.problems` collects what its console complains of."""
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
    context = browser.new_context(**options | getattr(request, "param", {}))
    window = context.new_page()
    window.problems = []
    window.on("pageerror", lambda error: window.problems.append(str(error)))
    window.on("console", lambda said: window.problems.append(said.text) if said.type == "error" else None)
    yield window
    context.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Any:
    """picture(page, "record") writes the manual's screenshot, where screenshots are wanted."""

    def taken(window: Any, name: str, **options: Any) -> None:
        if SCREENSHOTS:
            folder = ROOT / "docs" / "images"
            folder.mkdir(parents=True, exist_ok=True)
            window.screenshot(path=folder / f"{name}.png", **options)

    return taken


@pytest.fixture
def axe() -> Any:
    return serious
