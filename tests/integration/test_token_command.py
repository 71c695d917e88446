"""`trialwright conduct token`: a key is made, listed and ended from the command line; its secret is shown once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import run_program

STUDY = "nct07208058"


def test_a_key_is_made_listed_and_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = str(tmp_path / "data")
    run_program("conduct", "open", STUDY, "--site", "01", "--virtual", "--database", data)
    monkeypatch.setenv("TRIALWRIGHT_PASSWORD", "a long secret of Li Wei")
    added = run_program(
        "conduct", "person", "add", STUDY, "li", "--name", "Li Wei", "--role", "coordinator", "--site", "01",
        "--database", data,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    at = ("--database", data)
    made = run_program("conduct", "token", "make", STUDY, "--person", "li", "--scope", "read", "--days", "5", *at)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert secret.startswith("tw_")
    (listed,) = json.loads(run_program("conduct", "token", "list", STUDY, "--json", *at).stdout)
    assert (listed["person"], listed["scopes"], listed["state"]) == ("li", ["read"], "works")
    assert secret not in json.dumps(listed)
    assert secret.encode() not in (tmp_path / "data" / "conduct.sqlite3").read_bytes()
    ended = run_program("conduct", "token", "revoke", STUDY, secret[:11], *at)
    assert "is revoked" in ended.stdout
    assert "revoked" in run_program("conduct", "token", "list", STUDY, *at).stdout
    for arguments, code, words in (
        (("make", STUDY, "--person", "li", "--scope", "enrol"), 1, "no key of theirs may"),
        (("make", STUDY, "--person", "li", "--scope", "raed"), 2, "Did you mean read"),
        (("make", STUDY, "--person", "nobody", "--scope", "read"), 1, "has no role"),
        (("revoke", STUDY, "tw_none"), 2, "There is no key"),
        (("list", "other"), 2, "no study in conduct"),
    ):
        answer = run_program("conduct", "token", *arguments, *at)
        assert (answer.returncode, words in answer.stderr) == (code, True), answer.stderr


def test_a_rehearsal_gets_no_keys(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    answer = run_program("conduct", "token", "list", STUDY, "--database", str(tmp_path))
    assert answer.returncode == 2
    assert "A rehearsal stays as it is" in answer.stderr
