"""Dataset-JSON 1.1: its members and types as the standard has them, its rows the data."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import jsonschema
import pytest
from snapshots import CUT, make_snapshot

from trialwright.analyse import datasets
from trialwright.evidence.dataset import Dataset
from trialwright.formats import dataset_json
from trialwright.study.definition import Study
from trialwright.study.load import load_study

TEXT = {"type": "string", "minLength": 1}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)?$"}
STRUCTURE = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label", "columns",
    ],
    "properties": {
        "datasetJSONCreationDateTime": MOMENT,
        "datasetJSONVersion": {"const": "1.1.0"},
        "fileOID": TEXT, "originator": TEXT, "studyOID": TEXT, "metaDataVersionOID": TEXT, "metaDataRef": TEXT,
        "itemGroupOID": TEXT, "name": TEXT, "label": TEXT, "dbLastModifiedDateTime": MOMENT,
        "isReferenceData": {"type": "boolean"},
        "records": {"type": "integer", "minimum": 0},
        "sourceSystem": {
            "type": "object", "required": ["name", "version"], "additionalProperties": False,
            "properties": {"name": TEXT, "version": TEXT},
        },
        "columns": {
            "type": "array", "minItems": 1,
            "items": {
                "type": "object", "additionalProperties": False, "required": ["itemOID", "name", "label", "dataType"],
                "properties": {
                    "itemOID": TEXT, "name": TEXT, "label": TEXT, "displayFormat": TEXT,
                    "dataType": {
                        "enum": [
                            "string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time",
                            "URI",
                        ]
                    },
                    "targetDataType": {"enum": ["integer", "decimal"]},
                    "length": {"type": "integer", "minimum": 1},
                    "keySequence": {"type": "integer", "minimum": 1},
                },
            },
        },
        "rows": {"type": "array", "items": {"type": "array", "items": {"type": ["string", "number", "null"]}}},
    },
}  # fmt: skip
"""The members of version 1.1, written from the standard (no package ships its schema)."""


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture(scope="module")
def derived(study: Study) -> dict[str, Dataset]:
    sdtm, adam = datasets(study, make_snapshot(study, 3))
    return sdtm | adam


def parsed(dataset: Dataset, study: Study) -> dict[str, Any]:
    return json.loads(dataset_json.write(dataset, study, created=CUT))


def test_every_data_set_has_the_structure_of_the_standard(study: Study, derived: dict[str, Dataset]) -> None:
    for dataset in derived.values():
        document = parsed(dataset, study)
        jsonschema.validate(document, STRUCTURE)
        assert document["records"] == len(document["rows"]) == dataset.frame.height
        assert all(len(row) == len(document["columns"]) for row in document["rows"])
        sequences = sorted(c["keySequence"] for c in document["columns"] if "keySequence" in c)
        assert sequences == list(range(1, len(dataset.keys) + 1))


def test_numeric_dates_are_iso_texts_that_return_to_their_numbers(study: Study, derived: dict[str, Dataset]) -> None:
    document = parsed(derived["ADSL"], study)
    place = next(n for n, c in enumerate(document["columns"]) if c["name"] == "TRTSDT")
    column = document["columns"][place]
    assert (column["dataType"], column["targetDataType"], column["displayFormat"]) == ("date", "integer", "DATE9.")
    written = [row[place] for row in document["rows"]]
    numbers = [d and (dt.date.fromisoformat(d) - dt.date(1960, 1, 1)).days for d in written]
    assert numbers == derived["ADSL"].frame["TRTSDT"].to_list()


def test_reference_data_is_marked_and_the_bytes_depend_on_the_data_alone(
    study: Study, derived: dict[str, Dataset]
) -> None:
    assert parsed(derived["TV"], study)["isReferenceData"] is True
    assert parsed(derived["DM"], study)["isReferenceData"] is False
    written = [dataset_json.write(derived["LB"], study, created=CUT) for _ in range(2)]
    assert written[0] == written[1]
