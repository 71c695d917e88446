"""The whole journey: one command, and a trial has run from its record to its results."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pyreadstat
import pytest
from conftest import run_program

SDTM = ["dm", "sv", "ds", "ie", "mh", "cm", "ex", "vs", "lb", "pc", "is", "ae", "ta", "te", "tv", "ti", "ts"]
ADAM = ["adsl", "adae", "adlb", "adpc", "adtte"]


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _frame(folder: Path, name: str) -> Any:
    return pyreadstat.read_xport(str(folder / ("adam" if name.startswith("ad") else "sdtm") / f"{name}.xpt"))[0]


def test_everything_that_the_command_promises_is_there(rehearsal: Path) -> None:
    for name in SDTM:
        assert (rehearsal / "sdtm" / f"{name}.xpt").stat().st_size > 0, name
        assert json.loads((rehearsal / "sdtm" / f"{name}.json").read_text())["datasetJSONVersion"].startswith("1.1")
    for name in ADAM:
        assert (rehearsal / "adam" / f"{name}.xpt").stat().st_size > 0, name
    for name in ("define.xml", "results.json", "report.html", "run.json"):
        assert (rehearsal / name).stat().st_size > 0, name
    assert len(list((rehearsal / "tables").glob("*.html"))) >= 10
    assert {p.stem for p in (rehearsal / "tables").glob("*.rtf")} == {
        p.stem for p in (rehearsal / "tables").glob("*.html")
    }
    assert len(list((rehearsal / "figures").glob("*.svg"))) >= 3


def test_run_json_holds_the_hash_of_every_other_file_and_no_clock(rehearsal: Path) -> None:
    run = json.loads((rehearsal / "run.json").read_text())
    files = _files(rehearsal)
    files.pop("run.json")
    assert run["seed"] == 1
    assert run["files"] == files


def test_same_seed_same_bytes(rehearsal: Path, tmp_path: Path) -> None:
    run_program("rehearse", "nct07208058", "--seed", "1", "--out", str(tmp_path / "again"), check=True)
    assert _files(tmp_path / "again") == _files(rehearsal)


def test_another_seed_is_another_trial(rehearsal: Path, tmp_path: Path) -> None:
    run_program("rehearse", "nct07208058", "--seed", "2", "--out", str(tmp_path / "other"), check=True)
    ours, other = _files(rehearsal), _files(tmp_path / "other")
    assert set(ours) == set(other)
    for name in ("sdtm/dm.xpt", "sdtm/lb.xpt", "conduct.sqlite3"):
        assert ours[name] != other[name], name
    for name in ("ta", "te", "tv", "ti"):
        assert _frame(rehearsal, name).equals(_frame(tmp_path / "other", name)), "the design does not hang on the seed"


def test_exactly_thirty_are_enrolled_and_the_flow_closes(rehearsal: Path) -> None:
    record = json.loads((rehearsal / "results.json").read_text())
    (period,) = record["resultsSection"]["participantFlowModule"]["periods"]
    milestones = {m["type"]: int(m["achievements"][0]["numSubjects"]) for m in period["milestones"]}
    lost = sum(int(d["reasons"][0]["numSubjects"]) for d in period["dropWithdraws"])
    assert milestones["STARTED"] == 30
    assert milestones["STARTED"] == milestones["COMPLETED"] + lost
    ds = _frame(rehearsal, "ds")
    assert ds.query("DSDECOD == 'ENROLLED'").USUBJID.nunique() == 30
    assert _frame(rehearsal, "dm").USUBJID.is_unique


def test_screen_failures_have_their_reasons(rehearsal: Path) -> None:
    dm, ie = _frame(rehearsal, "dm"), _frame(rehearsal, "ie")
    failed = set(dm.query("ARMNRS == 'SCREEN FAILURE'").USUBJID)
    assert failed
    assert set(ie.USUBJID) <= failed
    assert len(set(ie.USUBJID)) >= len(failed) / 2


def test_adam_counts_equal_sdtm_counts(rehearsal: Path) -> None:
    for adam, sdtm in (("adsl", "dm"), ("adae", "ae"), ("adpc", "pc")):
        assert len(_frame(rehearsal, adam)) == len(_frame(rehearsal, sdtm)), adam


def test_doses_follow_the_protocol(rehearsal: Path) -> None:
    ex = _frame(rehearsal, "ex")
    weights = _frame(rehearsal, "vs").query("VSTESTCD == 'WEIGHT'").groupby("USUBJID").VSSTRESN.agg(["min", "max"])
    first = ex.sort_values(["USUBJID", "EXSTDTC"]).groupby("USUBJID").first()
    joined = first.join(weights)
    assert len(first) == 30
    assert (joined.EXDOSE >= 10 * joined["min"] - 10).all()
    assert (joined.EXDOSE <= 10 * joined["max"] + 10).all()


def test_a_second_rehearsal_into_the_same_folder_refuses(rehearsal: Path) -> None:
    before = _files(rehearsal)
    answer = run_program("rehearse", "nct07208058", "--seed", "3", "--out", str(rehearsal))
    assert answer.returncode == 2
    assert "--overwrite" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert _files(rehearsal) == before


def test_the_record_reads_back_what_report_wrote(rehearsal: Path) -> None:
    answer = run_program("record", str(rehearsal / "results.json"), "--json", check=True)
    assert json.loads(answer.stdout) == json.loads((rehearsal / "results.json").read_text())


def test_the_audit_trail_verifies_and_a_change_behind_its_back_is_found(rehearsal: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(rehearsal, copy)
    assert run_program("conduct", "verify-audit", str(copy)).returncode == 0
    with sqlite3.connect(copy / "conduct.sqlite3") as database:
        database.execute("update conduct_value set value = '999' where id = (select max(id) from conduct_value)")
    answer = run_program("conduct", "verify-audit", str(copy))
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("rehearse", "nct00000000", "--out", "x"), "nct00000000"),
        (("rehears",), "rehears"),
        (("record", "missing.json"), "missing.json"),
        (("rehearse", "nct07208058", "--seed", "one", "--out", "x"), "seed"),
    ],
)
def test_bad_usage_gets_one_sentence_and_exit_two(args: tuple[str, ...], word: str) -> None:
    answer = run_program(*args)
    assert answer.returncode == 2
    assert word in answer.stderr
    assert "Traceback" not in answer.stderr
