"""CDISC Dataset-JSON 1.1: one data set with its column metadata in one JSON file."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl

from trialwright import __version__
from trialwright.evidence.dataset import Dataset, Variable
from trialwright.formats.oids import group_oid, item_oid, metadata_oid, study_oid
from trialwright.formats.sas import EPOCH, iso_kind
from trialwright.study.definition import Study

VERSION = "1.1.0"


def write(dataset: Dataset, study: Study, *, created: dt.datetime, metadata: str = "../define.xml") -> bytes:
    """The data set as UTF-8 JSON, one row a line. `created`: the data cut, so that the same data give the same bytes.

    Numeric dates are written as ISO texts with `targetDataType` integer, as version 1.1 has it.
    """
    head = {
        "datasetJSONCreationDateTime": created.isoformat(timespec="seconds"),
        "datasetJSONVersion": VERSION,
        "fileOID": f"{study_oid(study)}.{dataset.name.upper()}",
        "dbLastModifiedDateTime": created.isoformat(timespec="seconds"),
        "originator": study.registration.sponsor.name,
        "sourceSystem": {"name": "Trialwright", "version": __version__},
        "studyOID": study_oid(study),
        "metaDataVersionOID": metadata_oid(study),
        "metaDataRef": metadata,
        "itemGroupOID": group_oid(dataset),
        "isReferenceData": is_reference(dataset),
        "records": dataset.frame.height,
        "name": dataset.name.upper(),
        "label": dataset.label,
        "columns": [_column(dataset, variable) for variable in dataset.variables],
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    return f'{text[:-2]},\n "rows": [{_rows(dataset)}]\n}}\n'.encode()


def is_reference(dataset: Dataset) -> bool:
    """Trial design data sets speak of no subject."""
    return "USUBJID" not in dataset.frame.columns


def _column(dataset: Dataset, variable: Variable) -> dict[str, Any]:
    series = dataset.frame[variable.name]
    column: dict[str, Any] = {
        "itemOID": item_oid(dataset, variable.name),
        "name": variable.name,
        "label": variable.label,
        "dataType": _data_type(variable, series),
    }
    if _is_numeric_date(variable, series):
        column["targetDataType"] = "integer"
    if column["dataType"] == "string":
        column["length"] = max(variable.length, 1)
    if variable.display_format:
        column["displayFormat"] = variable.display_format
    if variable.name in dataset.keys:
        column["keySequence"] = dataset.keys.index(variable.name) + 1
    return column


def _data_type(variable: Variable, series: pl.Series) -> str:
    if variable.kind in ("date", "datetime"):
        kind = iso_kind(series) if series.dtype == pl.String else variable.kind
        return kind if kind in ("date", "datetime") else "string"
    return {"text": "string", "integer": "integer", "float": "double"}[variable.kind]


def _is_numeric_date(variable: Variable, series: pl.Series) -> bool:
    return variable.kind in ("date", "datetime") and series.dtype != pl.String


def _rows(dataset: Dataset) -> str:
    frame = dataset.frame.with_columns(_values(v, dataset.frame[v.name]) for v in dataset.variables)
    line = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    lines = (line.encode(row) for row in frame.iter_rows())
    body = ",\n  ".join(lines)
    return f"\n  {body}\n " if body else ""


def _values(variable: Variable, series: pl.Series) -> pl.Expr:
    column = pl.col(variable.name)
    if series.dtype == pl.String:
        return column.fill_null("")
    if variable.kind == "date":
        return (pl.lit(EPOCH.date()) + pl.duration(days=column)).dt.to_string("iso").alias(variable.name)
    if variable.kind == "datetime":
        return (pl.lit(EPOCH) + pl.duration(seconds=column)).dt.to_string("%Y-%m-%dT%H:%M:%S").alias(variable.name)
    return column.cast(pl.Int64) if variable.kind == "integer" else column
