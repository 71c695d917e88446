"""`trialwright report`: everything from a snapshot in one folder, or one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from snapshots import make_snapshot

from trialwright.cli.main import main
from trialwright.evidence.snapshot_json import dump
from trialwright.study.load import load_study


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a rehearsal leaves it, as far as this command reads it."""
    folder = tmp_path_factory.mktemp("rehearsed")
    (folder / "snapshot.json").write_bytes(dump(make_snapshot(load_study("nct07208058"), 5, 4)))
    return folder


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["report", *args])
    return int(end.value.code or 0)


def test_a_snapshot_becomes_a_report_with_tables_figures_and_the_record(
    rehearsed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("nct07208058", "--snapshot", str(rehearsed / "snapshot.json"), "--out", str(out)) == 0
    assert "subjects enrolled" in capsys.readouterr().out
    assert (out / "report.html").is_file()
    assert json.loads((out / "results.json").read_text(encoding="utf-8"))["hasResults"] is True
    assert len(list((out / "tables").glob("*.rtf"))) >= 12
    assert list((out / "figures").glob("*.svg"))


def test_into_a_rehearsal_it_links_what_lies_there_and_a_second_run_changes_nothing(
    rehearsed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--rehearsal", str(rehearsed), "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert 'href="snapshot.json"' in (rehearsed / "report.html").read_text(encoding="utf-8")
    assert run("--rehearsal", str(rehearsed), "--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] == []
    assert "report.html" in first["changed"]


def test_a_file_that_would_change_is_refused_and_nothing_is_written(
    rehearsed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.html").write_text("mine", encoding="utf-8")
    args = ("nct07208058", "--snapshot", str(rehearsed / "snapshot.json"), "--out", str(tmp_path))
    assert run(*args) == 2
    assert "report.html" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert run(*args, "--overwrite") == 0


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ((), "--rehearsal"),
        (("nct07208058", "--snapshot", "missing.json", "--out", "x"), "missing.json"),
        (("--rehearsal", "nowhere"), "snapshot.json"),
    ],
)
def test_bad_usage_gets_one_sentence_and_exit_two(
    args: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*args) == 2
    told = capsys.readouterr().err
    assert word in told
    assert "Traceback" not in told
