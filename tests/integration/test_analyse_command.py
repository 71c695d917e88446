"""`trialwright analyse`: outputs from a snapshot, or one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pyreadstat
import pytest
from lxml import etree
from snapshots import make_snapshot

from trialwright.cli.main import main
from trialwright.evidence.snapshot_json import dump
from trialwright.study.load import load_study


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "snapshot.json"
    path.write_bytes(dump(make_snapshot(load_study("nct07208058"), 11, 5)))
    return path


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["analyse", *args])
    return int(end.value.code or 0)


def test_every_output_is_there_and_can_be_read(
    snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "analysis"
    assert run("nct07208058", "--rehearsal", str(snapshot.parent), "--out", str(out), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["records"]["DM"] == answer["records"]["ADSL"] == 5
    for name, records in answer["records"].items():
        folder = "adam" if name.startswith("AD") else "sdtm"
        frame, _ = pyreadstat.read_xport(out / folder / f"{name.lower()}.xpt", output_format="polars")
        document = json.loads((out / folder / f"{name.lower()}.json").read_text())
        assert frame.height == len(document["rows"]) == records
    hrefs = etree.parse(out / "define.xml").xpath("//@*[local-name()='href']")
    assert sorted(hrefs) == sorted(str(p.relative_to(out)) for p in out.rglob("*.xpt"))
    assert list((out / "tables").glob("*.html"))
    assert list((out / "tables").glob("*.rtf"))
    assert list((out / "figures").glob("*.svg"))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nct07208058"], "Give either --snapshot FILE or --rehearsal DIR"),
        (["nct07208058", "--snapshot", "nowhere.json"], "There is no snapshot at nowhere.json"),
        (["nct0", "--snapshot", "nowhere.json"], "There is no study 'nct0'"),
    ],
)
def test_bad_usage_is_one_sentence_and_leaves_nothing(
    args: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*args, "--out", str(tmp_path / "out")) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_outputs_is_not_overwritten_unasked(
    snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    assert run("nct07208058", "--snapshot", str(snapshot), "--out", str(tmp_path)) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "kept.txt").read_text() == "kept"
