"""SAS version 5 transport files (XPT), the form in which regulators take data sets.

`pyreadstat` writes the file; what it leaves open is closed here: the limits of version 5 are checked before (it
writes longer texts without a word), and the four time stamps of the headers are set, so that the same data give the
same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from pathlib import Path

import polars as pl
import pyreadstat

from trialwright.evidence.dataset import Dataset, Variable
from trialwright.formats.sas import EPOCH
from trialwright.kernel.errors import InputError

NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
LABEL_BYTES = 40
TEXT_BYTES = 200

STAMPS = (144, 160, 464, 480)
"""Where the headers say when the library and its member were made and changed (16 bytes each)."""


def write(dataset: Dataset, *, created: dt.datetime = EPOCH) -> bytes:
    """The data set as an XPT file; texts in UTF-8, missing numbers as SAS `.`.

    Raises InputError for what version 5 cannot hold: names over 8 characters, labels over 40 bytes, texts over 200.
    """
    _check(dataset)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "member.xpt"
        pyreadstat.write_xport(
            dataset.frame.with_columns(_columns(dataset)),
            path,
            file_label=dataset.label,
            column_labels=[variable.label for variable in dataset.variables],
            table_name=dataset.name.upper(),
            file_format_version=5,
            variable_format={v.name: v.display_format for v in dataset.variables if v.display_format},
        )
        return _stamped(path.read_bytes(), created)


def _columns(dataset: Dataset) -> list[pl.Expr]:
    """Texts without nulls and numbers as doubles: the two types that the format knows."""
    schema = dataset.frame.schema
    return [
        pl.col(v.name).fill_null("") if schema[v.name] == pl.String else pl.col(v.name).cast(pl.Float64)
        for v in dataset.variables
    ]


def _stamped(content: bytes, created: dt.datetime) -> bytes:
    stamp = f"{created:%d%b%y:%H:%M:%S}".upper().encode("ascii")
    changed = bytearray(content)
    for start in STAMPS:
        changed[start : start + len(stamp)] = stamp
    return bytes(changed)


def _check(dataset: Dataset) -> None:
    where = f"data set {dataset.name}"
    if not NAME.fullmatch(dataset.name.upper()):
        raise InputError(f"'{dataset.name}' cannot name a data set.", where=where, hint="Up to 8 letters and digits.")
    _check_label(dataset.label, where)
    if dataset.frame.columns != [variable.name for variable in dataset.variables]:
        raise InputError("Columns and variables differ.", where=where, hint="Both in the same order.")
    for variable in dataset.variables:
        _check_variable(variable, dataset.frame[variable.name], f"{where}, variable {variable.name}")


def _check_variable(variable: Variable, column: pl.Series, where: str) -> None:
    if not NAME.fullmatch(variable.name):
        raise InputError("The name does not fit.", where=where, hint="Up to 8 capital letters and digits.")
    _check_label(variable.label, where)
    if column.dtype != pl.String:
        return
    longest = column.str.len_bytes().max()
    if isinstance(longest, int) and longest > TEXT_BYTES:
        row = int(column.str.len_bytes().fill_null(0).arg_max() or 0)
        raise InputError(
            f"The text of record {row + 1} has {longest} bytes.",
            where=where,
            hint=f"At most {TEXT_BYTES} fit; split the rest into a supplemental qualifier.",
        )


def _check_label(label: str, where: str) -> None:
    size = len(label.encode("utf-8"))
    if size > LABEL_BYTES:
        raise InputError(f"The label '{label}' has {size} bytes.", where=where, hint=f"At most {LABEL_BYTES} fit.")
