"""Analysis dates: SAS day numbers from ISO texts, with missing parts imputed where an analysis asks for that."""

from __future__ import annotations

import datetime as dt

from trialwright.formats.sas import sas_day, sas_second
from trialwright.kernel.dates import PartialDate

DAY = 10


def sas_date(text: str) -> int | None:
    """SAS day of a complete ISO date or date-time, None for anything less."""
    return sas_day(dt.date.fromisoformat(text[:DAY])) if len(text) >= DAY else None


def sas_datetime(text: str) -> int | None:
    """SAS second of an ISO date-time, None without a time."""
    return sas_second(dt.datetime.fromisoformat(text)) if len(text) > DAY else None


def hours_between(start: str, end: str) -> float | None:
    """Hours from one ISO date-time to another, None where either has no time."""
    first, last = sas_datetime(start), sas_datetime(end)
    return None if first is None or last is None else round((last - first) / 3600, 4)


def relative_day(day: int | None, start: int | None) -> int | None:
    """Day relative to the start of treatment; there is no day 0."""
    if day is None or start is None:
        return None
    return day - start + (day >= start)


def imputed(text: str, *, last: bool, not_before: int | None = None) -> tuple[int | None, str]:
    """(SAS day, imputation flag: "", D or M) of a possibly partial date.

    The first day possible, or the `last`; but `not_before` if that lies within what is possible.
    """
    if not text:
        return None, ""
    if len(text) >= DAY:
        return sas_date(text), ""
    partial = PartialDate.parse(text)
    first_day, last_day = sas_day(partial.first), sas_day(partial.last)
    flag = "D" if len(text) == len("2026-01") else "M"
    if last:
        return last_day, flag
    return (not_before if not_before is not None and first_day <= not_before <= last_day else first_day), flag
