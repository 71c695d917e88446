"""A patient's age as people write it."""

from __future__ import annotations

import re

from trialwright.kernel.errors import InputError
from trialwright.kernel.units import convert

UNITS = {"year": "a", "month": "mo", "week": "wk", "day": "d"}
"""Words for units of age, and the units."""

_AGE = re.compile(r"\s*(\d{1,5}(?:[.,]\d{1,3})?)\s*([a-z]*?)s?\s*", re.IGNORECASE)


def patient_years(text: str) -> float:
    """An age such as `58 years` or `6 months`, in years. Raises InputError: a number alone says nothing."""
    found = _AGE.fullmatch(text)
    unit = UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        what = f"'{text}' is not an age" + ("." if found is None or found[2] else ": it has no unit.")
        raise InputError(what, hint="Write a number and years, months, weeks or days.")
    return convert(float(found[1].replace(",", ".")), unit, "a")


def age_limit(text: str) -> str:
    """A record's limit of age; "" where it sets none, which some records write as N/A."""
    return "" if text.strip().upper() in ("N/A", "NA", "NONE") else text
