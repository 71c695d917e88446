"""Ages in words: a patient's in a note, and the limits that criteria state."""

from __future__ import annotations

import re

_PER_YEAR = {"year": 1.0, "month": 12.0, "week": 52.1775, "day": 365.25, "hour": 8766.0}
_UNIT = r"(years?|yrs?|y|months?|mos?|weeks?|wks?|days?|hours?)"
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBERS = {word: n for n, word in enumerate(("zero", *_ONES, *_TEENS))}
_NUMBERS |= {word: 10 * n for n, word in enumerate(_TENS, 2)}
_SPELLED = rf"(?:{'|'.join(_TENS)})[\s-](?:{'|'.join(_ONES)})|{'|'.join(_NUMBERS)}"
_NUMBER = rf"(\d{{1,3}}(?:\.\d+)?|{_SPELLED})"
_WHO = r"(?:wo)?m[ae]n|(?:fe)?male|boy|girl|gentleman|lady"
_CHILD = r"infant|neonate|newborn|baby|toddler|child"
_AGED = r"(?:aged?|age\s+(?:is|of)|age\s*:)"
_AGE = re.compile(
    rf"\b{_NUMBER}\s*[-–]?\s*{_UNIT}[\s.-]*(?:old|of\s+age|{_WHO}|{_CHILD}|[mf])\b"
    r"|\b(\d{1,3})\s*[-–]?\s*(?:y\s*/\s*o|y\.\s?o\.?|yo|yrs?\.?\s*o(?:ld)?)\b"
    rf"|\b{_AGED}\s*{_NUMBER}\b(?!\s*(?:months?|mos?\b|weeks?|days?))"
    rf"|\b{_AGED}\s*(\d{{1,3}})\s*(months?|mos?\b|weeks?|days?)"
    rf"|(?:^|(?<=[\s(,;:.]))(\d{{1,3}})(?:\s?|,\s)(?:[MF]|{_WHO})\b"
    r"|\b(?:[MF]|male|female),?\s+(\d{1,3})\b(?!\s*(?:mg|ml|%|/|kg|cm|months?|mos?\b|weeks?|days?))"
    rf"|\b(?:{_WHO}|{_CHILD})\s+of\s+(\d{{1,3}})\s*{_UNIT}\b"
    rf"|\b(?:{_WHO}|{_CHILD}|(?:mother|father)\s+of\s+\w+)(?:\s+patient)?,\s*(\d{{1,3}})\s*{_UNIT}?\s*(?=[,.;)]|$)"
    r"|(?:^|(?<=[\s(,;:]))(?:(\d{1,3})\s?/\s?[MF]|[MF]\s?/\s?(\d{1,3}))\b"
    r"|(\d{1,3})\s?岁",
    re.IGNORECASE,
)
_GESTATION = re.compile(r"\s*(?:of\s+|in\s+)?(?:gestation|pregnan)", re.IGNORECASE)
_RELATIVE = r"(?:mother|father|parents?|brother|sister|son|daughter|sibling|twin|wife|husband|aunt|uncle|cousin|child)"
_ELSEWHERE = re.compile(
    r"(?:gestational|\b(?:since|at|until|till|from|before|after|by)(?:\s+(?:the|about|around))?"
    r"|\bwhen\s+(?:s?he|the\s+patient)\s+was(?:\s+only)?"
    rf"|\b{_RELATIVE}(?:,|\s+(?:is|was|who\s+is))?(?:\s+(?:now|an?))?)\s*$",
    re.IGNORECASE,
)
"""Stands before an age that is not the patient's now."""
_OF_ANOTHER = re.compile(rf"\s*(?:twin\s+)?{_RELATIVE}\b(?!\s+of\b)", re.IGNORECASE)
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
        if _another(text, match):
            continue
        found = [group for group in match.groups() if group]
        unit = found[1] if len(found) > 1 else "years"
        age = _years(_number(found[0]), unit)
        if age < 120:
            return age
    return None


def _another(text: str, match: re.Match[str]) -> bool:
    """Whether the age is that of a pregnancy, of another day, or of another person."""
    before = text[max(0, match.start() - 40) : match.start()]
    if _ELSEWHERE.search(before) or _GESTATION.match(text, match.end()):
        return True
    return bool(_OF_ANOTHER.match(text, match.end())) and match[0].lower().endswith(("old", "o"))


def _number(written: str) -> float:
    """A number in digits or in words (twenty-five)."""
    if written[0].isdigit():
        return float(written)
    return float(sum(_NUMBERS[word] for word in re.split(r"[\s-]+", written.lower())))


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
