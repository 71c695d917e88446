"""Cohorts as they come: folders, lines, tables and Bulk Data; one bad patient is listed and stops nobody else."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trialwright.kernel.errors import InputError
from trialwright.screen import patient_of, verdict
from trialwright.screen.cohort import SCHEMA, screen_cohort
from trialwright.screen.sources import batches, read_patient
from trialwright.screen.sources_cohort import Batches, rows_of
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
TODAY = dt.date(2026, 4, 1)
CRITERIA = [c.id for c in STUDY.eligibility.criteria]


def document(subject: str, *facts: dict[str, Any]) -> dict[str, Any]:
    return {"subject": subject, "screening": "2026-03-15", "enrolment": "2026-03-18", "facts": list(facts)}


PEOPLE = [
    document("A", {"item": "birth_date", "value": "1980-05-05"}, {"item": "sex", "value": "female"},
             {"item": "bun", "value": 30, "unit": "mg/dL", "high": 18, "when": "2026-03-14T08:30"},
             {"item": "judged_otherwise_unsuitable", "value": False, "signed_by": "Dr Li"}),
    document("B", {"item": "birth_date", "value": "2015"}, {"item": "live_vaccine", "value": "2026-03-01"},
             {"item": "nk_activity_low", "value": None, "reason": "clotted"}),
    document("C"),
]  # fmt: skip
BAD = document("D", {"item": "weight", "value": 0})


def drained(found: Batches) -> pl.DataFrame:
    frames = list(found)
    assert all(frame.columns == list(SCHEMA) for frame in frames)
    return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)


def states(found: Batches) -> dict[str, dict[str, str]]:
    result = screen_cohort(STUDY, found, today=TODAY).verdicts
    return {
        row["subject"]: {k: str(v) for k, v in row.items() if k != "subject"} for row in result.iter_rows(named=True)
    }


def plain() -> dict[str, dict[str, str]]:
    """What the one-patient door says of the same people."""
    found = {}
    for one in PEOPLE:
        told = verdict(STUDY, patient_of(one, STUDY, today=TODAY))
        found[one["subject"]] = {"verdict": told.state} | {c.id: c.state for c in told.criteria}
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    for one in (*PEOPLE, BAD):
        (cohort / f"{one['subject']}.json").write_text(json.dumps(one))
    (cohort / "E.json").write_text('{"subject": "E",')
    (cohort / "notes.txt").write_text("not a patient")
    return cohort


def test_a_folder_is_screened_and_its_bad_files_are_listed(folder: Path) -> None:
    found = batches(folder, STUDY, today=TODAY)
    assert states(found) == plain()
    assert found.patients == 3
    assert [r.where for r in found.rejected] == ["D.json", "E.json"]
    assert "0 kg is impossible for 'weight'" in found.rejected[0].sentence
    assert "E.json:1: This is not JSON" in found.rejected[1].sentence


def test_lines_of_facts_say_the_same(tmp_path: Path) -> None:
    lines = [json.dumps(one) for one in PEOPLE]
    path = tmp_path / "cohort.ndjson.gz"
    broken = [lines[0], "{", *lines[1:], json.dumps(BAD), lines[0], ""]
    with gzip.open(path, "wt") as file:
        file.write("\n".join(broken))
    found = batches(path, STUDY, today=TODAY)
    assert states(found) == plain()
    assert [(r.subject, r.where) for r in found.rejected] == [
        ("", "cohort.ndjson.gz:2"), ("", "cohort.ndjson.gz:5"), ("A", "cohort.ndjson.gz:6"),
    ]  # fmt: skip
    assert "was read before" in found.rejected[2].sentence


@pytest.mark.parametrize("name", ["cohort.parquet", "cohort.csv", "cohort_semicolon.csv"])
def test_tables_say_the_same(tmp_path: Path, name: str) -> None:
    rows = [row for one in PEOPLE for row in rows_of(patient_of(one, STUDY), one["subject"])]
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    if name.endswith("parquet"):
        table.write_parquet(tmp_path / name)
    else:
        table.write_csv(tmp_path / name, separator=";" if "semicolon" in name else ",")
    assert states(batches(tmp_path / name, STUDY, today=TODAY)) == plain()


def test_rows_of_a_table_without_subject_or_day_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("subject,screening,item,value\nA,2026-03-15,weight,60\nB,soon,weight,60\n,2026-03-15,weight,60\n")
    found = batches(path, STUDY)
    assert drained(found)["subject"].to_list() == ["A"]
    assert [(r.subject, r.sentence) for r in found.rejected] == [
        ("B", "t.csv: The day of screening is missing or no date."),
        ("", "t.csv: A row names no subject."),
    ]


def test_a_day_leaves_later_facts_out(tmp_path: Path) -> None:
    one = document("A", *({"item": "weight", "value": 60 + n, "when": f"2026-03-1{n}"} for n in range(4)))
    path = tmp_path / "t.ndjson"
    path.write_text(json.dumps(one))
    assert drained(batches(path, STUDY, as_of=dt.date(2026, 3, 11)))["value"].to_list() == ["60.0", "61.0"]
    rows = pl.DataFrame(list(rows_of(patient_of(one, STUDY), "A")), schema=SCHEMA, orient="row")
    rows.write_parquet(tmp_path / "t.parquet")
    assert drained(batches(tmp_path / "t.parquet", STUDY, as_of=dt.date(2026, 3, 11))).height == 2


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.csv", None, "There is no such file or folder."),
        ("t.parquet", b"PAR1", "The table cannot be read"),
        ("t.csv", b"subject,screening,item,value,vlaue\n", "There is no column 'vlaue'. Did you mean value"),
        ("u.csv", b"item,value,screening\nweight,60,2026-03-15\n", "The column 'subject' is missing."),
    ],
)
def test_a_source_that_cannot_be_is_refused(tmp_path: Path, name: str, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        drained(batches(tmp_path / name, STUDY))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no patients"):
        drained(batches(tmp_path, STUDY))


# --- FHIR of real size ---------------------------------------------------------------------------------------------


def bundles(shared: Path) -> list[Path]:
    found = sorted((shared / "fhir").glob("*.json.gz"))
    assert len(found) == 12
    return found


def test_each_bundle_loads_and_screens_and_none_is_eligible(shared: Path) -> None:
    for path in bundles(shared):
        patient, report = read_patient(path, STUDY)
        told = verdict(STUDY, patient)
        assert told.state != "eligible"
        assert report.used > 10
        accounted = report.used + report.unmapped_total + sum(n for _, n in report.left_out) + len(report.refused)
        assert accounted >= report.resources
        open_ = {c.id for c in told.criteria if c.state == "unknown"}
        assert {"I02", "I03", "E07", "E10", "E11", "E17"} <= open_, "absence from a record is unknown"


def test_the_reasons_against_the_patients_of_the_bundles_are_theirs(shared: Path) -> None:
    against = {}
    for path in bundles(shared):
        told = verdict(STUDY, read_patient(path, STUDY)[0])
        against[path.name.split("_")[0]] = [c.id for c in told.reasons]
    assert {name: ids for name, ids in against.items() if ids} == {
        "Cathryn": ["I01"],  # 81 years
        "James": ["I01"],  # 4 years
        "Fermin": ["E05"],  # emphysema and FEV1/FVC below 70 %
    }


def test_bulk_data_says_the_same_as_the_bundles(shared: Path, tmp_path: Path) -> None:
    lines: dict[str, list[str]] = {}
    told = {}
    for path in bundles(shared)[:4]:
        document_ = json.loads(gzip.decompress(path.read_bytes()))
        patient, _ = read_patient(path, STUDY)
        found = verdict(STUDY, patient)
        told[patient.subject] = {"verdict": found.state} | {c.id: c.state for c in found.criteria}
        for entry in document_["entry"]:
            text = json.dumps(entry["resource"]).replace(entry["resource"].get("subject", {}).get("reference", "\0"),
                                                         f"Patient/{patient.subject}")  # fmt: skip
            lines.setdefault(entry["resource"]["resourceType"], []).append(text)
    for kind, texts in lines.items():
        (tmp_path / f"{kind}.ndjson").write_text("\n".join(texts))
    with (tmp_path / "Observation.ndjson").open("a") as file:
        file.write('\n{"resourceType": "Observation", "subject": {"reference": "Patient/nobody"}}\n{broken\n')
    found = batches(tmp_path, STUDY, today=TODAY)
    assert states(found) == told
    assert sorted(r.sentence for r in found.rejected)[1] == "nobody: There is no Patient of this id."
    assert len(found.rejected) == 2
    assert found.report.unmapped[0][1] > 20


def test_a_folder_of_bundles_is_a_cohort(shared: Path) -> None:
    found = batches(shared / "fhir", STUDY, today=TODAY)
    assert screen_cohort(STUDY, found).totals == {"eligible": 0, "undetermined": 9, "not_eligible": 3}
    assert found.rejected == []
