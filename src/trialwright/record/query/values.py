"""Reads what a record or a query says as a number: days, ages, counts. Registry rules, no guesses."""

from __future__ import annotations

import re
from functools import lru_cache

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError

Span = tuple[float, float]
"""First and last number that a value stands for; the same one twice for a plain number."""

_MINUTES = {"year": 525_960, "month": 43_830, "week": 10_080, "day": 1_440, "hour": 60, "minute": 1}
_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(year|month|week|day|hour|minute)s?\s*", re.IGNORECASE)
_AMERICAN = re.compile(r"(\d{1,2})/(?:(\d{1,2})/)?(\d{4})")
NUMERIC = ("date", "partial date", "date time", "integer", "number", "age")
"""Types that have an order."""


@lru_cache(maxsize=100_000)
def span(kind: str, text: str) -> Span | None:
    """The numbers that a value of this type stands for: days since year 1, minutes of age, or a count.

    A partial date stands for all its days. None: it cannot be read (an age of N/A is no bound).
    """
    if kind in ("date", "partial date", "date time"):
        return _days(text)
    if kind == "age":
        age = age_minutes(text)
        return None if age is None else (age, age)
    try:
        number = float(text)
    except ValueError:
        return None
    return (number, number) if abs(number) < 1e15 else None


def age_minutes(text: str) -> float | None:
    """An age in minutes; a year has 365.25 days and a month is its twelfth part. None without a number and a unit."""
    match = _AGE.fullmatch(text)
    return None if match is None else float(match[1]) * _MINUTES[match[2].lower()]


@lru_cache(maxsize=10_000)
def last_minute(text: str) -> float | None:
    """The age at which an upper bound is passed: 17 Years holds until the eighteenth birthday. None: no bound."""
    match = _AGE.fullmatch(text)
    return None if match is None else (float(match[1]) + 1) * _MINUTES[match[2].lower()]


def years_to_minutes(years: float) -> float:
    return years * _MINUTES["year"]


def _days(text: str) -> Span | None:
    if match := _AMERICAN.fullmatch(text.strip()):
        month, day, year = match[1], match[2], match[3]
        text = f"{year}-{month:0>2}" + (f"-{day:0>2}" if day else "")
    try:
        date = PartialDate.parse(text)
    except InputError:
        return None
    return (date.first.toordinal(), date.last.toordinal())
