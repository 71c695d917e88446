"""Days of the calendar as ordinals, many at a time. Periods are stepped by the plain interpreter's own rule."""

from __future__ import annotations

import datetime as dt

import numpy as np

from trialwright.logic.columnar.columns import Ints
from trialwright.logic.operators.calendar import DAYS, step

EPOCH = dt.date(1970, 1, 1).toordinal()
LAST = dt.date.max.toordinal()


def stepped(day: Ints, count: int, unit: str) -> Ints:
    """Days so many days, weeks, months or years later; the calendar's ends are not left."""
    if unit in DAYS:
        return np.clip(day + count * DAYS[unit], 1, LAST)
    distinct, inverse = np.unique(day, return_inverse=True)
    moved = [step(dt.date.fromordinal(max(d, 1)), count, unit).toordinal() for d in distinct.tolist()]
    return np.array(moved, np.int64)[inverse] if moved else day


def month_and_day(day: Ints) -> tuple[Ints, Ints]:
    """(years, month * 32 + day) of ordinals."""
    date = (day - EPOCH).astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    months = month.astype(np.int64) + 1970 * 12
    return months // 12, (months % 12) * 32 + (date - month.astype("datetime64[D]")).astype(np.int64)


def completed_years(birth: Ints, on: Ints) -> Ints:
    (birth_year, birthday), (year, today) = month_and_day(birth), month_and_day(on)
    return year - birth_year - (today < birthday)
