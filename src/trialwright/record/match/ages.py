"""Ages in words: a patient's in a note, and the limits that criteria state."""

from __future__ import annotations

import re

_PER_YEAR = {"year": 1.0, "month": 12.0, "week": 52.1775, "day": 365.25, "hour": 8766.0}
_UNIT = r"(years?|yrs?|y|months?|mos?|weeks?|wks?|days?|hours?)"
_SPELLED = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen twenty")  # fmt: skip
_NUMBERS = {word: n for n, word in enumerate(_SPELLED.split())}
_AGE = re.compile(
    rf"\b(\d{{1,3}}(?:\.\d+)?|{'|'.join(_NUMBERS)})\s*[-–]?\s*{_UNIT}[\s.-]*(?:old|of\s+age|(?:wo)?man|(?:fe)?male|boy|girl|gentleman|lady)\b"
    r"|\b(\d{1,3})\s*[-–]?\s*(?:y\s*/\s*o|y\.\s?o\.?|yo|yrs?\.?\s*o(?:ld)?)\b"
    r"|\b(?:aged?|age\s+(?:is|of)|age\s*:)\s*(\d{1,3})\b(?!\s*(?:months?|weeks?|days?))"
    r"|\b(?:aged?|age\s+(?:is|of)|age\s*:)\s*(\d{1,3})\s*(months?|weeks?|days?)"
    r"|(?:^|(?<=[\s(,;:.]))(\d{1,3})\s?(?:[MF]|male|female|man|woman|gentleman|lady)\b"
    r"|\b(?:[MF]|male|female),?\s+(\d{1,3})\b(?!\s*(?:mg|ml|%|/|kg|cm))"
    r"|(\d{1,3})\s?岁",
    re.IGNORECASE,
)
_GESTATION = re.compile(r"\s*(?:of\s+|in\s+)?(?:gestation|pregnan)", re.IGNORECASE)
_RECORD = re.compile(rf"^\s*(\d+(?:\.\d+)?)\s*{_UNIT}", re.IGNORECASE)


def _years(number: float, unit: str) -> float:
    first = unit.lower()[:2]
    for name, per_year in _PER_YEAR.items():
        if name.startswith(first[0]) and (first[0] != "m" or name == "month"):
            return number / per_year
    return number


def age_in(text: str) -> float | None:
    """The first age that a note states, in years: 58-year-old, 45M, 74 yo, 6 month old, 3-day-old."""
    for match in _AGE.finditer(text):
        number, unit, yo, aged, young, young_unit, with_sex, after_sex, zh = match.groups()
        if number is not None and _GESTATION.match(text, match.end()):
            continue
        if number is not None:
            value = float(_NUMBERS.get(number.lower(), number)) if not number[0].isdigit() else float(number)
            age = _years(value, unit)
        elif young is not None:
            age = _years(float(young), young_unit)
        else:
            age = float(yo or aged or with_sex or after_sex or zh)
        if age < 120:
            return age
    return None


def record_age(text: str) -> float | None:
    """A record's age limit ("18 Years", "6 Months") in years; None where it sets none."""
    match = _RECORD.match(text)
    return _years(float(match[1]), match[2]) if match else None


_AT = r"(\d{1,3})"
_OLD = r"\s*(?:years?|yrs?|y/?o)?(?:\s*[- ]?(?:old|of age))?"
_OVER = r"(?:≥|>=|=>|>|at least|older than|over|above|greater than|minimum)"
_UNDER = r"(?:≤|<=|=<|<|younger than|under|below|less than|up to)"
_OF = r"(?: the)?(?: age)?(?: of)?(?: or equal to)?\s*"
_DASH, _YEARS, _AGED = r"\s*(?:-|–|to|and|through|up to)\s*", r"\s*(?:years|yrs|y/?o)", r"[\s-]*(?:old|of age)"
_LIMITS: tuple[tuple[re.Pattern[str], tuple[int, int]], ...] = tuple(
    (re.compile(pattern), groups)
    for pattern, groups in (
        (rf"\bag(?:e|es|ed)\b\D{{0,25}}?{_AT}{_OLD}{_DASH}{_AT}(?:\s*(?:years|yrs|inclusive|\)|[.,;]|$))", (1, 2)),
        (rf"\b(?:between|from)\s+(?:the ages? of\s+)?{_AT}{_OLD}{_DASH}{_AT}{_YEARS}", (1, 2)),
        (rf"\b{_AT}{_OLD}\s*(?:-|–|to)\s*{_AT}\s*(?:years?|yrs?)[\s-]*(?:old|of age|inclusive)?", (1, 2)),
        (rf"{_OVER}{_OF}{_AT}{_YEARS}{_AGED}", (1, 0)),
        (rf"\bage\s*{_OVER}\s*(?:or equal to\s*)?{_AT}\b", (1, 0)),
        (rf"\b{_AT}\s*(?:years?|yrs?){_AGED}?\s*(?:or|and|&)\s*(?:older|over|above|more|greater|up)\b", (1, 0)),
        (rf"{_UNDER}{_OF}{_AT}{_YEARS}{_AGED}", (0, 1)),
        (rf"\bage\s*{_UNDER}\s*(?:or equal to\s*)?{_AT}\b", (0, 1)),
    )
)
"""What states limits of age in small letters, and which group is the lowest and the highest (0: none)."""


def limits_in(inclusion: str) -> tuple[float | None, float | None]:
    """Lowest and highest age in years that inclusion criteria state; None where they state none."""
    low_text = inclusion[:6000].lower()
    text = "\n".join(
        line for line in low_text.splitlines() if "year" in line or "age" in line or "yrs" in line or "y/o" in line
    )
    for pattern, (low, high) in _LIMITS if text else ():
        for match in pattern.finditer(text):
            lowest = float(match[low]) if low else None
            highest = float(match[high]) if high else None
            if highest is not None and lowest is not None and highest <= lowest:
                continue
            if (lowest or 0) <= 90 and (highest or 1) <= 120:
                return lowest, highest
    adults = re.search(r"\badults?\b", low_text) and not re.search(r"\bchild|pa?ediatric", low_text)
    return (18.0, None) if adults else (None, None)
