"""When a visit is due, and whether a day lies in its window."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from trialwright.study.schedule import BeyondPlan, Visit

Timing = Literal["unplanned", "early", "in_window", "late"]


def planned(visit: Visit, screening: dt.date, first_dose: dt.date | None) -> dt.date | None:
    """The target day; None while the day that it counts from is not known, and for a visit beyond the plan."""
    if isinstance(visit, BeyondPlan):
        return None
    anchor = screening if visit.anchor == "screening" else first_dose
    return anchor + dt.timedelta(days=visit.offset) if anchor else None


def window(visit: Visit, target: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day allowed, both included."""
    return target - dt.timedelta(days=visit.window.before), target + dt.timedelta(days=visit.window.after)


def timing(visit: Visit, target: dt.date | None, on: dt.date) -> Timing:
    """Where the day `on` lies against the window around `target`."""
    if target is None or isinstance(visit, BeyondPlan):
        return "unplanned"
    first, last = window(visit, target)
    if on < first:
        return "early"
    return "late" if on > last else "in_window"
