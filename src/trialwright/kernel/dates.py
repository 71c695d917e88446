"""Dates that may be partial, date-times, and calendar windows over them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from trialwright.kernel.errors import InputError

_TIME = re.compile(r"T(\d{2}):(\d{2})(?::(\d{2}))?")


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A year, a month or a day: an interval of days, closed at both ends.

    `seconds` after midnight of a date-time; -1 where only the day is known.
    """

    first: dt.date
    last: dt.date
    seconds: int = -1

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> PartialDate:
        """Read `2026`, `2026-03` or `2026-03-15`; a time after the day is dropped. Raises InputError."""
        parts = text.strip().split("T")[0].split("-")
        try:
            numbers = [int(p) for p in parts]
            if len(parts[0]) != 4 or any(len(p) != 2 for p in parts[1:]) or not 1 <= len(parts) <= 3:
                raise ValueError
            year = numbers[0]
            first_month, last_month = (numbers[1], numbers[1]) if len(numbers) > 1 else (1, 12)
            if len(numbers) == 3:
                return cls.day(dt.date(*numbers))
            return cls(
                dt.date(year, first_month, 1), dt.date(year, last_month, calendar.monthrange(year, last_month)[1])
            )
        except (ValueError, calendar.IllegalMonthError):
            raise InputError(f"'{text}' is not a date.", hint="Write 2026-03-15, 2026-03 or 2026.") from None

    @classmethod
    def moment(cls, text: str) -> PartialDate:
        """As `parse`, and the time after the day is kept: `2026-03-15T08:30`."""
        day = cls.parse(text)
        time = _TIME.search(text)
        if time is None or not day.exact:
            return day
        try:
            hour, minute, second = (int(part or 0) for part in time.groups())
            at = dt.time(hour, minute, second)
        except ValueError:
            raise InputError(f"'{text}' is not a time.", hint="Write 2026-03-15T08:30.") from None
        return cls(day.first, day.last, at.hour * 3600 + at.minute * 60 + at.second)

    @classmethod
    def day(cls, day: dt.date) -> PartialDate:
        return cls(day, day)

    @property
    def exact(self) -> bool:
        return self.first == self.last

    def __str__(self) -> str:
        if self.exact:
            if self.seconds < 0:
                return self.first.isoformat()
            minutes, second = divmod(self.seconds, 60)
            time = f"{minutes // 60:02}:{minutes % 60:02}" + (f":{second:02}" if second else "")
            return f"{self.first.isoformat()}T{time}"
        whole_year = (self.last - self.first).days > 31
        return f"{self.first.year:04}" if whole_year else f"{self.first.year:04}-{self.first.month:02}"


def add_months(day: dt.date, months: int) -> dt.date:
    """Calendar months, clamped to the end of the month: 2026-03-31 less six months is 2025-09-30."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(birth: dt.date, on: dt.date) -> int:
    """Age in completed years; born on 29 February: a year older on 1 March of a common year."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
