"""Calendar periods over partial dates: months and years clamp to the end of the month."""

from __future__ import annotations

import datetime as dt

from trialwright.kernel.dates import PartialDate, add_months
from trialwright.kernel.truth import Truth

MONTHS = {"mo": 1, "a": 12}
DAYS = {"d": 1, "wk": 7}


def step(day: dt.date, count: int, unit: str) -> dt.date:
    """A day so many days, weeks (`wk`), months (`mo`) or years (`a`) later; the calendar's ends are not left."""
    try:
        if unit in MONTHS:
            return add_months(day, count * MONTHS[unit])
        return day + dt.timedelta(days=count * DAYS[unit])
    except (OverflowError, ValueError):
        return dt.date.max if count > 0 else dt.date.min


def shift(day: PartialDate, count: int, unit: str) -> PartialDate:
    return PartialDate(step(day.first, count, unit), step(day.last, count, unit), day.seconds)


def inside(day: PartialDate, window: PartialDate) -> Truth:
    """Whether a perhaps partial day lies in a window closed at both ends."""
    if window.first <= day.first and day.last <= window.last:
        return Truth.TRUE
    if day.last < window.first or window.last < day.first:
        return Truth.FALSE
    return Truth.UNKNOWN
