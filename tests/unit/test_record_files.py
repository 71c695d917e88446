"""Records as files for other programs: a table, a reference, a FHIR resource."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.table import cell, columns, lines, row
from trialwright.formats.fhir.research_study import STATUS, research_study
from trialwright.formats.ris import ris


@pytest.fixture(scope="module")
def records(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_begins_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(f"a{text}") == f"a{text}"


def test_a_table_has_every_record_and_column(records: list[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(lines(records)))))
    assert len(rows) == len(records)
    for record, told in zip(records, rows, strict=True):
        protocol = record["protocolSection"]
        assert told["NCT Number"] == protocol["identificationModule"]["nctId"]
        assert told["Study URL"].endswith(told["NCT Number"])
        assert told["Study Results"] == ("YES" if record.get("hasResults") or "resultsSection" in record else "NO")
        assert told["Conditions"] == "|".join(protocol.get("conditionsModule", {}).get("conditions", ()))
        assert len(told["Locations"].split("|")) >= bool(protocol.get("contactsLocationsModule", {}).get("locations"))
    assert list(rows[0]) == list(columns())


def test_a_table_passes_over_wrong_shapes() -> None:
    broken = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}, "armsInterventionsModule": [1]}}
    assert row(broken, ["NCT Number", "Interventions", "Locations", "Phases"]) == ["NCT00000001", "", "", ""]


def test_references_have_one_line_for_each_tag(records: list[dict[str, Any]]) -> None:
    for data in records:
        text = ris(StudyRecord.of(data))
        written = text.split("\r\n")
        assert written[0] == "TY  - DBASE"
        assert written[-3:] == ["ER  - ", "", ""]
        assert all(line[2:6] == "  - " for line in written[:-2])
        assert not [line for line in written[:-3] if "\n" in line or not line[6:].strip()]


def test_resources_are_research_studies(records: list[dict[str, Any]]) -> None:
    codes = set(STATUS.values())
    for data in records:
        study = research_study(StudyRecord.of(data))
        assert study["resourceType"] == "ResearchStudy"
        if data["protocolSection"]["statusModule"]["overallStatus"] == "UNKNOWN":
            assert "status" not in study, "R4 has no such value, and completed would say too much"
            assert study["_status"]["extension"][0]["valueCode"] == "unknown"
        else:
            assert study["status"] in codes
            assert "_status" not in study
        assert study["identifier"][0]["value"] == study["id"]
        assert not [key for key, value in study.items() if value in ("", [], {}, None)]
        for phase in study.get("phase", {}).get("coding", ()):
            assert phase["code"].startswith(("phase-", "early-", "n-a"))


def test_every_status_of_the_registry_has_a_counterpart() -> None:
    from trialwright.formats.ctgov.model import model

    assert set(model().enums["Status"]) - set(STATUS) <= {"UNKNOWN", "WITHHELD"}
