"""The worked example of the JSON API runs as it stands: study, key, server, and every call."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "capture-api.md"


def test_the_example_runs_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    script = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "".join(blocks).replace("8000", str(port))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    run = subprocess.Popen(
        ["bash", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={"PATH": path, "HOME": os.environ.get("HOME", "")}, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = run.communicate(timeout=300)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGTERM)  # the server too, whatever became of the script
    assert run.returncode == 0, said
    for words in ('"subject":"01-001"', '"changed":3', '"value":"58.5"', "is not a number", "may not enrol"):
        assert words in said, said
    assert said.count("\nrefused\n") == 2
