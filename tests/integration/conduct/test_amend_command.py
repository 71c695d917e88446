"""`trialwright conduct build | amend | approve | migrate`, as somebody at a terminal meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import run_program

from trialwright.study.load import BUILT_IN, built_in_studies

STUDY = built_in_studies()[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the built-in study in conduct, and the folder of its next version beside it."""
    folder = tmp_path_factory.mktemp("amended")
    run_program("conduct", "open", STUDY, "--site", "01", "--database", str(folder / "data"), check=True)
    shutil.copytree(BUILT_IN / STUDY, folder / "next")
    write(folder / "next" / "study.yaml", 'version: "1.0"', 'version: "2.0"')
    write(folder / "next" / "forms.yaml", "- {item: body_temperature, required: true}", "- body_temperature")
    return folder


def write(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_an_amendment_is_tried_dry_published_and_approved(place: Path) -> None:
    at = ("--database", str(place / "data"))
    dry = run_program("conduct", "amend", str(place / "next"), "--dry", "--json", *at, check=True)
    told = json.loads(dry.stdout)
    assert [change["en"] for change in told["changes"]] == [
        "Field vitals.signs.body_temperature (Body temperature): required was “yes”, is “no”."
    ]
    assert (told["published"], told["old"], told["new"]) == (False, "1.0", "2.0")
    nameless = run_program("conduct", "amend", str(place / "next"), *at)
    assert (nameless.returncode, "needs a note" in nameless.stderr) == (1, True)
    done = run_program("conduct", "amend", str(place / "next"), "--note", "Amendment 1", *at, check=True)
    assert f"Next: trialwright conduct approve {STUDY} SITE 2.0" in done.stdout
    later = run_program("conduct", "approve", STUDY, "01", "2.0", "--on", "2999-01-01", *at, check=True)
    assert later.stdout == "Version 2.0 will be in force at site 01 from 2999-01-01 on.\n"
    holds = run_program("conduct", "verify-audit", *at[1:], check=True)
    assert "verified" in holds.stdout


def test_build_says_what_each_form_asks_and_refuses_a_broken_study(place: Path) -> None:
    told = json.loads(run_program("conduct", "build", str(place / "next"), "--json", check=True).stdout)
    vitals = next(form for form in told["forms"] if form["form"] == "vitals")
    assert (told["version"], vitals["required"], told["doubts"]) == ("2.0", 1, [])
    broken = place / "broken"
    shutil.copytree(place / "next", broken)
    write(broken / "forms.yaml", "logic: systolic > diastolic", "logic: systolic > diastolicc")
    wrong = run_program("conduct", "build", str(broken))
    assert wrong.returncode == 2
    assert "forms.yaml:" in wrong.stderr
    assert "diastolicc" in wrong.stderr
    assert "Traceback" not in wrong.stderr
