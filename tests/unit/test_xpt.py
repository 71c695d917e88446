"""XPT: what regulators read is what we had, and what version 5 cannot hold is refused with a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from trialwright.evidence.dataset import Dataset, Variable
from trialwright.formats import xpt
from trialwright.formats.sas import sas_day
from trialwright.kernel.errors import InputError

FRAME = pl.DataFrame(
    {
        "USUBJID": ["S-1", "S-2", "S-3"],
        "AETERM": ["Fièvre 发热", "", None],
        "AVAL": [1e-9, None, -123456789.125],
        "ADT": [sas_day(dt.date(2026, 3, 15)), None, sas_day(dt.date(1959, 12, 31))],
    }
)
VARIABLES = (
    Variable("USUBJID", "Unique Subject Identifier", "text"),
    Variable("AETERM", "Reported Term for the Adverse Event", "text"),
    Variable("AVAL", "Analysis Value", "float"),
    Variable("ADT", "Analysis Date", "date", display_format="DATE9."),
)


def dataset(**changes: Any) -> Dataset:
    base = Dataset("ADX", "Awkward values", "One record", ("USUBJID",), VARIABLES, FRAME, "ADaM", "ADAM OTHER")
    return replace(base, **changes)


def read_back(content: bytes, folder: Path) -> tuple[pl.DataFrame, Any]:
    path = folder / "x.xpt"
    path.write_bytes(content)
    return pyreadstat.read_xport(path, output_format="polars")


def test_values_labels_and_formats_come_back(tmp_path: Path) -> None:
    frame, about = read_back(xpt.write(dataset()), tmp_path)
    assert frame["AETERM"].to_list() == ["Fièvre 发热", "", ""]
    assert frame["AVAL"].to_list() == pytest.approx([1e-9, None, -123456789.125])
    assert frame["ADT"].to_list() == [dt.date(2026, 3, 15), None, dt.date(1959, 12, 31)]
    assert about.column_labels == [v.label for v in VARIABLES]
    assert (about.table_name, about.file_label) == ("ADX", "Awkward values")
    assert about.original_variable_types["ADT"] == "DATE9"


def test_a_data_set_without_records_keeps_its_variables(tmp_path: Path) -> None:
    frame, about = read_back(xpt.write(dataset(frame=FRAME.clear())), tmp_path)
    assert frame.height == 0
    assert about.column_names == [v.name for v in VARIABLES]


def test_same_data_same_bytes_and_the_stamp_is_the_one_asked_for() -> None:
    assert xpt.write(dataset()) == xpt.write(dataset())
    stamped = xpt.write(dataset(), created=dt.datetime(2026, 3, 15, 12, 30))
    assert stamped.count(b"15MAR26:12:30:00") == 4
    assert len(stamped) % 80 == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "ADVERSEEV"}, "cannot name a data set"),
        ({"label": "x" * 41}, "has 41 bytes"),
        ({"variables": (replace(VARIABLES[0], label="标" * 14), *VARIABLES[1:])}, "variable USUBJID: The label"),
        ({"variables": VARIABLES[:2]}, "Columns and variables differ"),
        (
            {"frame": FRAME.with_columns(AETERM=pl.Series(["", "x" * 201, ""]))},
            "variable AETERM: The text of record 2 has 201 bytes.",
        ),
        (
            {
                "frame": FRAME.rename({"AVAL": "AVALUE_LONG"}),
                "variables": (*VARIABLES[:2], replace(VARIABLES[2], name="AVALUE_LONG"), VARIABLES[3]),
            },
            "variable AVALUE_LONG: The name does not fit",
        ),
    ],
)
def test_what_version_5_cannot_hold_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says.replace(".", r"\.")):
        xpt.write(dataset(**changes))
