"""`trialwright serve`: what it does before the first page, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trialwright.cli.main import main
from trialwright.web import server


def run(capsys: Any, *args: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *args])
    return int(ended.value.code or 0), capsys.readouterr().err


def test_a_port_in_use_is_one_sentence(capsys: Any) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = run(capsys, "--port", port)
    assert code == 3
    assert said.count("\n") == 1
    assert f"Port {port} cannot be used" in said


def test_a_folder_without_records_is_one_sentence(capsys: Any, tmp_path: Path) -> None:
    code, said = run(capsys, "--records", str(tmp_path / "nowhere"), "--port", "8976")
    assert code == 2
    assert said.count("\n") == 1


def test_a_folder_of_records_is_what_the_pages_open(library_folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TRIALWRIGHT_RECORDS", "")
    server.use_records(str(library_folder))
    assert os.environ["TRIALWRIGHT_RECORDS"] == str(library_folder.resolve())


def test_a_folder_without_a_rehearsal_is_one_sentence(capsys: Any, tmp_path: Path) -> None:
    code, said = run(capsys, "--rehearsal", str(tmp_path), "--port", "8976")
    assert code == 2
    assert "There is no rehearsal" in said
    assert "trialwright rehearse" in said
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_help_has_an_example(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    assert ended.value.code == 0
    assert "Example: trialwright serve --rehearsal" in capsys.readouterr().out


def test_the_rehearsals_own_folder_stays_as_it_is(trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trialwright.conduct.actions.keyring import SigningKey

    monkeypatch.setenv("TRIALWRIGHT_RESULTS", "")
    monkeypatch.setenv("TRIALWRIGHT_SECRET", "a secret of this test")
    rehearsal = tmp_path / "rehearsal"
    rehearsal.mkdir()
    server.copy_database(trial, rehearsal / server.DATABASE)
    key = f"{SigningKey('trialwright', bytes(32))}\n"
    (rehearsal / "conduct.key").write_text(key)
    before = (rehearsal / server.DATABASE).read_bytes()
    data = tmp_path / "data"
    placed = server.prepare(rehearsal, data)
    accounts = server.open_accounts()
    assert placed == data / server.DATABASE
    assert (data / "conduct.key").read_text() == key, "the copy goes on with the key of its history"
    assert {a.username for a in accounts} == {"coordinator", "investigator", "monitor", "data_manager", "auditor"}
    assert all(a.what.endswith(", all sites") for a in accounts), "what is printed is what they may see"
    assert len({a.password for a in accounts}) == len(accounts), "each password is its own"
    assert (rehearsal / server.DATABASE).read_bytes() == before


def test_a_second_start_keeps_what_was_captured_unless_fresh(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALWRIGHT_RESULTS", "")
    monkeypatch.setenv("TRIALWRIGHT_SECRET", "a secret of this test")
    rehearsal = tmp_path / "rehearsal"
    rehearsal.mkdir()
    server.copy_database(trial, rehearsal / server.DATABASE)
    placed = server.prepare(rehearsal, tmp_path / "data")
    with contextlib.closing(sqlite3.connect(placed)) as file:
        file.execute("CREATE TABLE kept (x)")
        file.commit()

    def kept() -> bool:
        with contextlib.closing(sqlite3.connect(placed)) as file:
            return bool(file.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchone())

    server.prepare(rehearsal, tmp_path / "data")
    assert kept()
    server.prepare(rehearsal, tmp_path / "data", fresh=True)
    assert not kept()


def test_another_rehearsal_renews_the_copy_and_keeps_the_old_one(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALWRIGHT_RESULTS", "")
    monkeypatch.setenv("TRIALWRIGHT_SECRET", "a secret of this test")
    rehearsal, data, told = tmp_path / "rehearsal", tmp_path / "data", []
    rehearsal.mkdir()
    server.copy_database(trial, rehearsal / server.DATABASE)
    for head, said in (("a" * 64, 0), ("a" * 64, 0), ("b" * 64, 1), ("b" * 64, 1), ("a" * 64, 2), ("b" * 64, 3)):
        (rehearsal / "run.json").write_text(json.dumps({"audit": {"events": 1, "head": head}}))
        server.prepare(rehearsal, data, tell=told.append)
        assert len(told) == said
    assert "kept as conduct-aaaaaaaa.sqlite3" in told[0]
    assert told[0].count(".") == 2, "one sentence, and the dot of a file's name"
    kept = sorted(file.name for file in data.glob("conduct-*.sqlite3"))
    assert kept == ["conduct-aaaaaaaa-2.sqlite3", "conduct-aaaaaaaa.sqlite3", "conduct-bbbbbbbb.sqlite3"]


def test_two_servers_may_start_in_one_folder_at_once(tmp_path: Path) -> None:
    start = "import sys, pathlib; from trialwright.web import server; server.prepare(None, pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", start, str(tmp_path / "data")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for started in both:
        _, said = started.communicate(timeout=120)
        assert (started.returncode, said) == (0, b"")


def test_the_server_takes_a_query_of_10_000_characters() -> None:
    from gunicorn.config import Config

    config = Config()
    for key, value in server._options(8976).items():
        config.set(key, value)
    assert config.limit_request_line == 0, "gunicorn's word for no limit; its largest other one is 8,190"


def test_the_key_of_sessions_is_kept_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    first = server._secret(file)
    assert server._secret(file) == first
    assert len(first) > 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
