"""Tables of facts (Parquet, CSV) as data frames, a slice at a time; rows without subject or day are set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from trialwright.kernel.errors import InputError
from trialwright.screen.cohort_batch import SCHEMA, checked
from trialwright.screen.facts_csv import check_columns, separator
from trialwright.screen.facts_text import decoded, open_binary, unreadable

SLICE = 1_000_000
"""Rows read at once."""

Reject = Callable[[str, str, str], None]


def table_frames(path: Path, as_of: dt.date | None, reject: Reject) -> Iterator[pl.DataFrame]:
    """Frames with all columns of `cohort.SCHEMA`; the rows of one subject stand together. Raises InputError."""
    table = _scan(path)
    start, width = 0, SLICE
    while True:
        try:
            part = table.slice(start, width).collect()
        except pl.exceptions.PolarsError as error:
            raise InputError(f"The table cannot be read: {_first_line(error)}.", where=path.name) from None
        if not part.height:
            return
        yield _kept(part, path.name, as_of, reject)
        start += width


def _scan(path: Path) -> pl.LazyFrame:
    try:
        if path.suffix == ".parquet":
            table = pl.scan_parquet(path)
            names = table.collect_schema().names()
        else:
            table, names = _scan_csv(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"The table cannot be read: {_first_line(error)}.", where=path.name) from None
    check_columns(names, path.name)
    return table.drop([name for name in names if name == "origin"])


def _scan_csv(path: Path) -> tuple[pl.LazyFrame, list[str]]:
    """All cells as texts; what they mean is decided item by item."""
    try:
        with open_binary(path) as file:
            header = decoded(file.readline(100_000), f"{path.name}:1")
    except (OSError, EOFError) as error:
        raise unreadable(path, error) from None
    sign = separator(header, path.name)
    table = pl.scan_csv(path, separator=sign, infer_schema=False, encoding="utf8", truncate_ragged_lines=False)
    return table, [name.strip() for name in table.collect_schema().names()]


def _kept(part: pl.DataFrame, where: str, as_of: dt.date | None, reject: Reject) -> pl.DataFrame:
    if "subject" not in part.columns:
        raise InputError("The column 'subject' is missing.", where=where, hint="A cohort needs to know who is who.")
    part = part.with_columns(
        _day(part, name) for name in ("screening", "enrolment", "first_dose") if name in part.columns
    )
    part = part.with_columns(_number(part, name) for name in ("low", "high") if name in part.columns)
    bad = part.filter(pl.col("subject").is_null() | pl.col("screening").is_null())
    for (subject,) in bad.select(pl.col("subject").cast(pl.String)).unique(maintain_order=True).iter_rows():
        what = "The day of screening is missing or no date." if subject else "A row names no subject."
        reject(subject or "", where, f"{where}: {what}")
    if bad.height:
        part = part.filter(
            pl.col("subject").is_not_null() & ~pl.col("subject").is_in(bad["subject"].unique().implode())
        )
    if as_of is not None and "when" in part.columns:
        part = part.filter(
            pl.col("when").is_null() | (pl.col("when").cast(pl.String).str.slice(0, 10) <= as_of.isoformat())
        )
    return checked(part)


def _day(part: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    if part.schema[name] == pl.String:
        return column.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    return column.cast(SCHEMA[name])


def _number(part: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it is damaged"])[0][:200].rstrip(".")
