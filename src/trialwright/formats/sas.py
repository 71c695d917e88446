"""SAS's way with dates, and how complete the ISO dates of a text column are."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

EPOCH = dt.datetime(1960, 1, 1)
"""Day 0 and second 0 of SAS dates and times."""

IsoKind = Literal["date", "datetime", "partialDate", "partialDatetime"]


def sas_day(day: dt.date) -> int:
    """Days since 1960-01-01."""
    return (day - EPOCH.date()).days


def sas_second(moment: dt.datetime) -> int:
    """Seconds since 1960-01-01T00:00:00, local time as written."""
    return int((moment.replace(tzinfo=None) - EPOCH).total_seconds())


def iso_kind(series: pl.Series) -> IsoKind:
    """The narrowest type that holds every ISO 8601 value of a column; an empty column holds dates."""
    lengths = {len(text) for text in series.unique().to_list() if text}
    if lengths <= {10}:
        return "date"
    if all(size >= 16 for size in lengths):
        return "datetime"
    return "partialDate" if max(lengths) <= 10 else "partialDatetime"
