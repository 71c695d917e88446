"""`screen` as typed at a prompt: one patient, a cohort, the author's check, calculators; answers and exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trialwright.cli.main import main
from trialwright.study.load import find_study

NAME = "nct07208058"
EXCLUDED = {"item": "primary_hlh", "value": True}


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["screen", *map(str, args)])
    shown = capsys.readouterr()
    return int(caught.value.code or 0), shown.out, shown.err


def patient(path: Path, *facts: dict[str, Any], subject: str = "P-001", **days: str) -> Path:
    document = {"subject": subject, "screening": "2026-03-15", **days, "facts": list(facts)}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    folder = tmp_path / "cohort"
    folder.mkdir()
    for n in range(5):
        patient(folder / f"{n}.json", *([EXCLUDED] if n < 2 else []), subject=f"P-{n}")
    return folder


def test_the_answer_comes_first_then_the_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, NAME, patient(tmp_path / "p.json", EXCLUDED))
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "NOT ELIGIBLE"
    assert lines[2] == "Inclusion: 0 met, 0 not met, 5 unknown. Exclusion: 0 absent, 1 present, 16 unknown."
    assert lines[4:6] == [
        "Stands against",
        "  1. E01 Primary HLH: met (present). Primary HLH confirmed or suspected: yes.",
    ]


def test_options_may_stand_before_the_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "--json", NAME, patient(tmp_path / "p.json"))
    assert code == 4
    assert json.loads(out)["verdict"] == "undetermined"


def test_the_json_says_what_decided_and_where_it_was_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fact = {"item": "creatinine", "value": 1.6, "unit": "mg/dL", "high": 1.0, "when": "2026-03-14"}
    _, out, _ = run(capsys, NAME, patient(tmp_path / "p.json", fact), "--json")
    document = json.loads(out)
    kidneys = next(c for c in document["criteria"] if c["id"] == "E08")
    value = kidneys["atoms"][0]["values"][0]
    assert kidneys["state"] == "met"
    assert (value["value"], value["unit"], value["high"], value["day"]) == (1.6, "mg/dL", 1.0, "2026-03-14")
    assert value["source"].startswith("p.json, fact 1")
    assert document["enrolment_stands_in"] is True
    assert {"verdict", "criteria", "missing", "warnings"} <= set(document)


def test_what_became_known_later_is_left_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = patient(tmp_path / "p.json", {**EXCLUDED, "when": "2026-03-14"})
    assert run(capsys, NAME, path)[0] == 1
    code, out, _ = run(capsys, NAME, path, "--as-of", "2026-03-13")
    assert code == 4
    assert "by what was known on 2026-03-13" in out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--as-of", "yesterday"), "'yesterday' is not a date. Write 2026-03-15."),
        (("--lang", "fr"), "There is no language 'fr'. Use en or zh."),
        (("--out", "verdicts.txt"), "is neither .parquet nor .csv"),
        (("--out", "nowhere/verdicts.csv"), "There is no folder nowhere"),
    ],
)
def test_a_wrong_option_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, args: tuple[str, str], sentence: str
) -> None:
    code, out, err = run(capsys, NAME, patient(tmp_path / "p.json"), *args)
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_cohort_gets_its_verdicts_and_funnel(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cohort: Path
) -> None:
    (cohort / "broken.json").write_text("{", encoding="utf-8")
    out_file = tmp_path / "verdicts.parquet"
    code, out, _ = run(capsys, NAME, cohort, "--out", out_file)
    assert code == 0
    assert out.splitlines()[0] == "5 patients: eligible 0, undetermined 3, not eligible 2"
    assert "E01 Primary HLH" in out
    assert "broken.json" in out
    found = pl.read_parquet(out_file).sort("subject")
    assert found["verdict"].to_list() == ["not_eligible"] * 2 + ["undetermined"] * 3


def test_a_cohort_answers_programs_and_spreadsheets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cohort: Path
) -> None:
    out_file = tmp_path / "verdicts.csv"
    code, out, _ = run(capsys, NAME, cohort, "--out", out_file, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["verdicts"] == {"eligible": 0, "undetermined": 3, "not_eligible": 2}
    row = next(r for r in document["funnel"] if r["criterion"] == "E01")
    assert (row["alone"], row["in_turn"]) == (2, 2)
    assert pl.read_csv(out_file).height == 5
    assert "患者" in run(capsys, NAME, cohort, "--lang", "zh")[1]


def test_verdicts_are_not_written_over(capsys: pytest.CaptureFixture[str], tmp_path: Path, cohort: Path) -> None:
    out_file = tmp_path / "verdicts.csv"
    out_file.write_text("mine", encoding="utf-8")
    code, _, err = run(capsys, NAME, cohort, "--out", out_file)
    assert code == 2
    assert "--overwrite" in err
    assert out_file.read_text(encoding="utf-8") == "mine"
    assert run(capsys, NAME, cohort, "--out", out_file, "--overwrite")[0] == 0


def test_a_cohort_of_which_nobody_can_be_read_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("{}", encoding="utf-8")
    code, out, err = run(capsys, NAME, tmp_path)
    assert (code, out) == (2, "")
    assert "No patient could be read." in err


def test_the_check_exits_by_its_cases(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "check", NAME)
    assert code == 0
    assert "cases came out as expected." in out.splitlines()[-1]
    mine = tmp_path / "mine"
    shutil.copytree(find_study(NAME), mine)
    text = (mine / "eligibility.yaml").read_text(encoding="utf-8")
    (mine / "eligibility.yaml").write_text(text.replace("< 81 years", "<= 81 years"), encoding="utf-8")
    code, out, _ = run(capsys, "check", mine, "--json")
    document = json.loads(out)
    assert code == 1
    assert "The 81st birthday" in [c["case"] for c in document["cases"] if not c["holds"]]


def test_a_study_with_the_name_of_a_command_is_a_study(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(find_study(NAME), tmp_path / "check")
    patient(tmp_path / "p.json", EXCLUDED)
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "check", "p.json")[1].startswith("NOT ELIGIBLE")
    assert run(capsys, "./check", "p.json")[1].startswith("NOT ELIGIBLE")
    assert "cases came out as expected" in run(capsys, "check", "check")[1]
    assert "cases came out as expected" in run(capsys, "check", NAME)[1]


def test_calculators_are_listed_and_computed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "calculators")
    assert code == 0
    assert "hscore" in out
    assert {c["calculator"] for c in json.loads(run(capsys, "calculators", "--json")[1])} >= {"hscore", "mdrd_egfr"}
    code, out, _ = run(capsys, "calc", "mdrd_egfr", "creatinine=1.0mg/dL", "age=40", "sex=male")
    assert code == 0
    assert "108.5" in out
    code, _, err = run(capsys, "calc", "hskore", "ferritin=2500ug/L")
    assert code == 2
    assert "hscore" in err


def test_help_is_light_and_shows_examples() -> None:
    heavy = ("polars", "numpy", "yaml", "django", "lark", "trialwright.study", "trialwright.screen")
    code = (
        "import sys\nfrom trialwright.cli.main import main\n"
        "try:\n    main(['screen', '--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "trialwright screen nct07208058 patient.json" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "[]"
