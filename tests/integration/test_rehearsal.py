"""A small rehearsal from the command line: numbers close, same seed same bytes, places run out, nothing is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import run_program

from trialwright.study.definition import Study
from trialwright.study.dump import dump_study
from trialwright.study.load import load_study

PLANNED = 4


def crowded(study: Study) -> Study:
    """The built-in study with few places and so many patients that several are in screening at once."""
    plain = study.model_dump(mode="json", by_alias=True)
    plain["study"]["design"]["enrolment"] = PLANNED
    for pace in plain["assumptions"]["recruitment"]["sites"]:
        pace["rate"], pace["opens"] = 9.0, 5.0
    plain["assumptions"]["screening"]["days"] = {"uniform": True, "low": 3, "high": 6}
    return Study.model_validate(plain)


def run(study: Path, out: Path, seed: int, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO", "TRIALWRIGHT"))}
    code = "import sys; from trialwright.cli.main import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, "rehearse", str(study), "--seed", str(seed), "--out", str(out), *more],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("crowded")
    for name, text in dump_study(crowded(load_study("nct07208058"))).items():
        (place / name).write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def rehearsal(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("out") / "first"
    done = run(folder, out, 7, "--json")
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def test_enrolment_stops_at_exactly_the_planned_number(rehearsal: tuple[Path, dict[str, Any]]) -> None:
    _, summary = rehearsal
    assert summary["enrolled"] == PLANNED
    assert summary["screened"] == PLANNED + sum(count for _, count in summary["failures"])
    assert summary["enrolled"] == summary["completed"] + sum(count for _, count in summary["left"])


def test_patients_in_screening_when_the_last_place_goes_are_told_so(rehearsal: tuple[Path, dict[str, Any]]) -> None:
    out, summary = rehearsal
    assert dict(summary["failures"]).get("Enrolment complete", 0) >= 1
    with closing(sqlite3.connect(out / "conduct.sqlite3")) as database:
        states = dict(database.execute("SELECT state, count(*) FROM conduct_subject GROUP BY state"))
        late = database.execute("SELECT state FROM conduct_subject WHERE end_reason = 'enrolment_complete'").fetchall()
    assert states.get("screening", 0) == 0
    assert states.get("enrolled", 0) == 0
    assert {state for (state,) in late} == {"screen_failed"}


def test_every_output_is_there_and_hashed(rehearsal: tuple[Path, dict[str, Any]]) -> None:
    out, summary = rehearsal
    for name in summary["outputs"]:
        assert (out / name).exists(), name
    listed = set(json.loads((out / "run.json").read_text())["files"])
    present = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} - {"run.json"}
    assert listed == present
    assert {"sdtm/dm.xpt", "sdtm/dm.json", "adam/adsl.xpt", "define.xml", "report.html"} <= present
    assert not [p for p in out.parent.iterdir() if p.name.startswith(".")]


def test_the_data_are_plausible_at_every_step(rehearsal: tuple[Path, dict[str, Any]]) -> None:
    out, summary = rehearsal
    with closing(sqlite3.connect(out / "conduct.sqlite3")) as database:
        actions = dict(database.execute("SELECT action, count(*) FROM conduct_event GROUP BY action"))
        roles = {role for (role,) in database.execute("SELECT DISTINCT role FROM conduct_event")}
    assert {"register_subject", "record_consent", "save_form", "decide_eligibility", "enrol", "plan_dose"} <= set(
        actions
    )
    assert {"investigator", "coordinator", "administrator"} <= roles
    assert actions["enrol"] == PLANNED
    assert sum(actions.values()) == summary["audit_events"]
    assert summary["queries_open"] == 0


def test_the_same_seed_gives_the_same_bytes(
    folder: Path, rehearsal: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = rehearsal
    done = run(folder, tmp_path / "again", 7)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "run.json").read_bytes() == (tmp_path / "again" / "run.json").read_bytes()


def test_the_history_is_sealed_with_the_seeds_key_and_verifies_offline(
    rehearsal: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, summary = rehearsal
    before = (out / "conduct.sqlite3").read_bytes()
    assert (out / "conduct.key").stat().st_mode & 0o777 == 0o600
    made = run_program(
        "conduct", "history", summary["study"], "--database", str(out), "--out", str(tmp_path / "history.gz")
    )
    assert made.returncode == 0, made.stderr
    found = run_program("conduct", "verify", str(tmp_path / "history.gz"))
    assert (found.returncode, "verified" in found.stdout) == (0, True), found.stdout
    assert f"{summary['audit_events']} events" in found.stdout
    assert "of a rehearsal" in found.stdout
    assert (out / "conduct.sqlite3").read_bytes() == before, "a rehearsal stays as it is"


def test_a_second_rehearsal_into_the_same_folder_is_refused(
    folder: Path, rehearsal: tuple[Path, dict[str, Any]]
) -> None:
    out, _ = rehearsal
    before = (out / "run.json").read_bytes()
    refused = run(folder, out, 8)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert (out / "run.json").read_bytes() == before


def test_a_folder_that_is_no_rehearsal_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    refused = run(folder, tmp_path, 1, "--overwrite")
    assert refused.returncode == 2
    assert "does not hold a rehearsal" in refused.stderr
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_a_study_in_which_nobody_can_be_enrolled_ends_with_a_sentence_and_no_folder(tmp_path: Path) -> None:
    study = crowded(load_study("nct07208058"))
    plain = study.model_dump(mode="json", by_alias=True)
    plain["assumptions"]["screening"]["refusal"] = 1.0
    plain["study"]["design"]["enrolment"] = 1
    place = tmp_path / "nobody"
    place.mkdir()
    for name, text in dump_study(Study.model_validate(plain)).items():
        (place / name).write_text(text, encoding="utf-8")
    failed = run(place, tmp_path / "out", 1)
    assert failed.returncode == 3
    assert "only 0 were enrolled" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["nobody"]


def test_a_dose_put_off_by_a_rule_is_planned_again_on_later_days(tmp_path: Path) -> None:
    study = crowded(load_study("nct07208058"))
    plain = study.model_dump(mode="json", by_alias=True)
    rule = next(rule for rule in plain["dosing"]["rules"] if rule["action"] == "delay")
    rule["logic"] = "body_temperature > 37.2 Cel"
    place = tmp_path / "feverish"
    place.mkdir()
    for name, text in dump_study(Study.model_validate(plain)).items():
        (place / name).write_text(text, encoding="utf-8")
    done = run(place, tmp_path / "out", 7)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "out" / "conduct.sqlite3")) as database:
        planned = "FROM conduct_event WHERE action = 'plan_dose' GROUP BY subject, visit"
        tries = [count for (count,) in database.execute(f"SELECT count(*) {planned}")]
        again = study.assumptions.entry.reason_again.en
        (measured,) = database.execute("SELECT count(*) FROM conduct_event WHERE reason = ?", (again,)).fetchone()
    assert max(tries) > 1
    assert measured > 0
