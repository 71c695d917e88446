"""Every command in the documents runs and answers as the document says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_program

from trialwright.cli.main import VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_HERE = ("./go", "trialwright serve", "git ")
"""Commands that other tests run (set-up, servers)."""


def _commands(text: str) -> list[tuple[str, int]]:
    """Lines `$ command` of console blocks with their exit code, `# exits N` at the end of the line, else 0."""
    lines = [line[2:] for block in BLOCK.findall(text) for line in block.splitlines() if line.startswith("$ ")]
    split = [re.fullmatch(r"(.*?)(?:\s+# exits (\d))?", line) for line in lines]
    return [(m[1], int(m[2] or 0)) for m in split if m and not m[1].startswith(NOT_HERE)]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if _commands(d.read_text())], ids=lambda d: d.name)
def test_the_commands_of_a_document_run(document: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for command, code in _commands(document.read_text()):
        answer = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=300, env={"PATH": path}
        )
        assert answer.returncode == code, f"{command}\n{answer.stdout}\n{answer.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_links_inside_the_project_lead_somewhere(document: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", document.read_text())  # code speaks in brackets of its own
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose)
    missing = [t for t in targets if "://" not in t and not (document.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    answer = run_program(verb, "--help")
    assert answer.returncode == 0
    assert f"trialwright {verb}" in answer.stdout
