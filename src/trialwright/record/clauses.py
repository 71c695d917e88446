"""Reads one short clause of a criterion: a limit of a measurement, ages, a sex, pregnancy, a time window.

Only what is said in full and in one of a few usual ways is read; everything else answers None, and stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from trialwright.kernel.errors import UnitError
from trialwright.kernel.units import convert

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """A measurement compared with a number: in the measure's own unit, or as a multiple of its upper limit."""

    measure: str
    op: str
    value: float
    of_limit: bool
    written: str
    """The number and unit as the expression has them."""

    @property
    def logic(self) -> str:
        right = f"{self.written} * uln({self.measure})" if self.of_limit else self.written
        return f"{self.measure} {self.op} {right}"


@dataclass(frozen=True, slots=True)
class Clause:
    """What a clause demands. `either`: its own parts are joined by `or`. `items`: those that it needs, with what a
    person who fulfils it answers."""

    logic: str
    limits: tuple[Limit, ...] = ()
    items: Mapping[str, Data] = field(default_factory=dict)
    either: bool = False


@cache
def measures() -> Mapping[str, Data]:
    """The measurements that can be read, by id."""
    found: Mapping[str, Data] = _file()["measures"]
    return found


@cache
def _file() -> Data:
    data: Data = yaml.safe_load(Path(__file__).with_name("measures.yaml").read_text(encoding="utf-8"))
    return data


@cache
def _names() -> Mapping[str, str]:
    return {name: measure for measure, about in measures().items() for name in about["names"]}


@cache
def _units() -> Mapping[str, str]:
    return {spelling: unit for unit, spellings in _file()["units"].items() for spelling in spellings}


# --- words -----------------------------------------------------------------------------------------------------------

_SIGNS = str.maketrans("≥≤⩾⩽≧≦＞＜×µμ–—−~～⁰¹²³⁴⁵⁶⁷⁸⁹／％", "≥≤≥≤≥≤><xuu-----0123456789/%")
_RAISED = re.compile(r"(?<=10)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def simple(text: str) -> str:
    """Lower case, one kind of each sign, no numbering, no stop at the end."""
    text = _RAISED.sub(lambda m: "^" + m[1], text).translate(_SIGNS)
    text = re.sub(r">\s*/?\s*=|=>", "≥", re.sub(r"<\s*/?\s*=|=<", "≤", text)).lower()
    text = re.sub(r"^\s*\d{1,2}\s*[.)、]\s+", "", text)
    return re.sub(r"\s+", " ", text).strip(" ;.,、；。:")


_PEOPLE = (
    r"(?:(?:all|the|a|an|any|be|must be|must have|should be|who are|who is|who have|is|are|was|were|has|have|"
    r"having|with|be(?:ing)?|"
    r"patients?|subjects?|participants?|volunteers?|individuals?|persons?|people|adults?|eligible|of|or|and|"
    r"known|current|currently|the)\s+)*"
)
_BOTH = (
    r"(?:(?:both|either|any|all|no)\s+(?:sex(?:es)?|genders?)(?:\s+limit(?:s|ation)?)?"
    r"|(?:fe)?males? (?:and|or|and/or|/) (?:fe)?males?|(?:wo)?men (?:and|or|and/or) (?:wo)?men|males?/females?"
    r"|regardless of (?:gender|sex)|(?:gender|sex) is not limited)"
)
_INCLUSIVE = r"(?:\s*,?\s*\(?(?:both )?inclusive(?:ly)?\)?)?"
_DAY = (
    r"(?:screening visit|screening|baseline|enrol?lment|study entry|inclusion|informed consent|consent"
    r"|signing (?:of )?(?:the )?informed consent(?: form)?)"
)
_AT = r"(?:at the time of|on the day of|at|on|as of)"
_WHEN = rf"{_INCLUSIVE}(?:\s*,?\s*{_AT}\s+(?:the\s+)?(?:time of\s+)?{_DAY})?{_INCLUSIVE}"
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
_OPS = {
    "≥": r"≥|at least|of at least|not less than|no less than|above or equal to|equal to or greater than"
    r"|(?:greater|more) than or equal to",
    "≤": r"≤|at most|not exceeding|up to|equal to or less than|(?:less|lower) than or equal to"
    r"|(?:no|not) (?:more|greater) than",
    ">": r">|greater than|more than|higher than|above|over|exceeding",
    "<": r"<|less than|lower than|below|under|fewer than",
}
_OP = "|".join(f"(?:{words})" for words in _OPS.values())
_ASCII = {"≥": ">=", "≤": "<=", ">": ">", "<": "<"}
_LINK = (
    r"(?:\s*\(([a-z0-9 -]{1,12})\))?(?:\s+(?:score|count|level|levels|value|values|test))?"
    r"(?:\s*[:=,]|\s+(?:is|are|was|of|a|must be|should be|with|that is|score)(?=\s))*\s*"
)
_LATER = {f"or {word}": "≥" for word in ("more", "higher", "greater", "above")} | {
    f"or {word}": "≤" for word in ("less", "lower", "below")
}


def _op(text: str) -> str:
    """The sign of a comparison in words."""
    return next(_ASCII[sign] for sign, words in _OPS.items() if re.fullmatch(words, text))


def _value(text: str) -> float:
    return float(text.replace(",", ""))


# --- measurements ----------------------------------------------------------------------------------------------------


def limit_clause(text: str, inclusion: bool) -> Clause | None:
    """`platelets < 50 x 10^9/L`, `ECOG 0 or 1`, `AST and ALT <= 2.5 x ULN`."""
    head = re.match(rf"{_PEOPLE}(?:(?:serum|an?|calculated|estimated|measured)\s+)*?(?={_any_name()})", text)
    named = re.compile(rf"({_any_name()})").match(text, head.end() if head else 0)
    if named is None or _ADULTS.search(text):
        return None
    first, rest = _names()[named[1]], text[named.end() :]
    second = re.match(rf"(?:\s*\(([a-z0-9 -]{{1,12}})\))?\s*(and/or|and|or|/)\s*({_any_name()})", rest)
    if second and second[1] and second[1] not in measures()[first]["names"]:
        return None
    limits = _limits(first, rest[second.end() :] if second else rest)
    if limits is None or not second:
        clear = limits is not None and (inclusion or len(limits) == 1)
        return Clause(" and ".join(limit.logic for limit in limits), limits) if limits and clear else None
    word, other = second[2], _names()[second[3]]
    both = _limits(other, rest[second.end() :])
    either = not inclusion
    if both is None or len(limits) != 1 or word not in ({"and", "/", "and/or"} if inclusion else {"or", "and/or"}):
        return None
    return Clause(
        (" or " if either else " and ").join(limit.logic for limit in (*limits, *both)), (*limits, *both), {}, either
    )


@cache
def _any_name() -> str:
    names = sorted(_names(), key=len, reverse=True)
    return r"(?:" + "|".join(map(re.escape, names)) + r")(?![a-z0-9])"


def _limits(measure: str, rest: str) -> tuple[Limit, ...] | None:
    """What follows the name of a measurement: one limit, or a range."""
    link = re.match(_LINK, rest)
    if link and link[1] and link[1] not in measures()[measure]["names"]:
        return None
    rest = rest[link.end() if link else 0 :]
    if one := re.fullmatch(rf"({_OP})\s*{_NUMBER}\s*(.*?){_WHEN}", rest):
        found = _limit(measure, _op(one[1]), one[2], one[3])
        return (found,) if found else None
    if later := re.fullmatch(rf"{_NUMBER}\s*(.*?)\s*({'|'.join(_LATER)}){_WHEN}", rest):
        found = _limit(measure, _ASCII[_LATER[later[3]]], later[1], later[2])
        return (found,) if found else None
    if span := re.fullmatch(
        rf"(?:between\s+|from\s+)?{_NUMBER}\s*(.*?)\s*(?:-|to|and|or)\s*{_NUMBER}\s*(.*?){_WHEN}", rest
    ):
        return _span(measure, span)
    return None


def _span(measure: str, span: re.Match[str]) -> tuple[Limit, ...] | None:
    first, second = _value(span[1]), _value(span[3])
    whole = first.is_integer() and second.is_integer()
    if " or " in span[0] and not (whole and second == first + 1):
        return None
    low = _limit(measure, ">=", span[1], span[2] or span[4])
    high = _limit(measure, "<=", span[3], span[4])
    if low is None or high is None or first >= second:
        return None
    return (high,) if first <= measures()[measure]["low"] else (low, high)


def _limit(measure: str, op: str, number: str, unit: str) -> Limit | None:
    about, value = measures()[measure], _value(number)
    spelled = re.sub(r"\s+", "", unit)
    ucum = about["unit"] if not spelled and about.get("bare") else _units().get(spelled)
    if ucum is None or (ucum == "%") != (about["unit"] == "%"):
        return None
    if ucum == "ULN":
        known = about.get("normal") and 0.5 <= value <= 50
        return Limit(measure, op, value, True, f"{value:g}") if known else None
    try:
        own = convert(value, ucum, about["unit"], about.get("molar_mass"))
    except UnitError:
        return None
    if not about["low"] <= own <= about["high"]:
        return None
    return Limit(measure, op, own, False, f"{value:g}" if ucum == "1" else f"{value:g} {ucum}")


# --- who -------------------------------------------------------------------------------------------------------------

_AGED = (
    r"(?:(?:aged|ages|age range|age|of age|between the ages of|(?:with )?an age of)\s*[:,]?\s*"
    r"(?:is\s+|of\s+|from\s+|range\s+)?)?"
)
_PERIOD = r"\s*(years?|yrs?|y/?o|y|months?|weeks?|days?)?\.?(?:\s*-?\s*(?:old|of age|aged?))?"
_SEXES = {f"{word}{end}": "female" for word in ("female", "woman", "women") for end in ("", "s")} | {
    f"{word}{end}": "male" for word in ("male", "man", "men") for end in ("", "s")
}
_SEX = rf"(?:({'|'.join(_SEXES)})\b\s*(?:patients?|subjects?|participants?|volunteers?)?\s*,?\s*)?"
_PERIODS = {"y": "years", "m": "months", "w": "weeks", "d": "days"}
_OLDER = r"(?:or|and) (?:older|above|over|more)(?: of age)?"
_LEAST = r"(?:≥|at least|(?:greater|older) than or equal to|equal to or older than|not less than)"
_ADULTS = re.compile(r"\badults?\b")
"""A word that demands an age of its own; a lower limit beside it says which."""
_ONE_AGE = (
    ("from", rf"{_AGED}{_LEAST}\s*(\d+){_PERIOD}(?:\s*{_OLDER})?{_WHEN}"),
    ("from", rf"{_AGED}(\d+)\s*\+{_PERIOD}{_WHEN}"),
    ("from", rf"{_AGED}(\d+){_PERIOD}\s*{_OLDER}{_WHEN}"),
    ("under", rf"{_AGED}(?:<|younger than|less than|under|below)\s*(\d+){_PERIOD}{_WHEN}"),
    ("to", rf"{_AGED}(?:≤|up to|no older than)\s*(\d+){_PERIOD}{_WHEN}"),
)
_TWO_AGES = (
    rf"{_AGED}(?:between |from )?(?:≥\s*)?(\d+)(?:\s*years?)?\s*(?:-|to|and|through)\s*(?:≤\s*)?(\d+){_PERIOD}{_WHEN}"
)


def who_clause(text: str) -> Clause | None:
    """Ages and a sex: `aged 18 to 75 years`, `women >= 18 years old`, `male`."""
    body = re.sub(rf"^{_PEOPLE}(?:{_BOTH}\s*,?\s*)?(?:{_PEOPLE})", "", text)
    body = re.sub(rf"\s*,?\s*(?:\bof )?{_BOTH}$", "", body)
    sexed = re.match(_SEX, body)
    sex = _SEXES[sexed[1]] if sexed and sexed[1] else ""
    rest = re.sub(rf"^{_PEOPLE}", "", body[sexed.end() if sexed else 0 :])
    ages = _ages(rest) if rest else ""
    if ages is None or not (sex or ages) or (_ADULTS.search(text) and "<=" not in ages):
        return None
    return Clause(" and ".join(part for part in (f'sex == "{sex}"' if sex else "", ages) if part))


def _ages(text: str) -> str | None:
    """The limits of a day of birth; None where the text is no age, or can be read in two ways (`over 18`)."""
    aged = bool(re.match(r"aged?|ages|between the ages|of age", text)) or bool(re.search(r"old|of age|aged", text))
    day = _day(text)
    for kind, pattern in _ONE_AGE:
        if (found := re.fullmatch(pattern, text)) and day and (aged or (found[2] or "").startswith("y")):
            unit = _PERIODS[(found[2] or "y")[0]]
            return {"from": _from, "under": _under, "to": _to}[kind](int(found[1]), unit, day)
    found = re.fullmatch(_TWO_AGES, text)
    if found and day and (aged or (found[3] or "").startswith("y")) and int(found[1]) < int(found[2]):
        unit = _PERIODS[(found[3] or "y")[0]]
        return f"{_from(int(found[1]), unit, day)} and {_to(int(found[2]), unit, day)}"
    return None


def _day(text: str) -> str:
    """The day on which an age is counted, "" where that is not one of the days that every patient has."""
    if re.search(r"\bbaseline\b", text):
        return ""
    return "enrolment" if re.search(r"\b(?:enrol?lment|study entry|inclusion)\b", text) else "screening"


def _from(number: int, unit: str, day: str) -> str:
    return f"birth_date + {number} {unit} <= {day}"


def _under(number: int, unit: str, day: str) -> str:
    return f"birth_date + {number} {unit} > {day}"


def _to(number: int, unit: str, day: str) -> str:
    return _under(number + 1, unit, day)


_EXPECTING = re.compile(
    r"(?:(?:females?|women|woman|patients?|subjects?|participants?|mothers?|who|that|are|is|currently|known|or|and/or|and|a|"
    r"(?P<pregnant>pregnant|pregnancy)|(?P<lactating>lactating|lactation|breast-?\s?feeding|nursing))(?:[\s,/]+|$))+"
)


def pregnancy_clause(text: str) -> Clause | None:
    """`pregnant or lactating women`, as an exclusion."""
    found = _EXPECTING.fullmatch(text)
    names = [name for name in ("pregnant", "lactating") if found and found[name]]
    if not names:
        return None
    labels = {"pregnant": "Pregnant", "lactating": "Breast-feeding"}
    items = {
        name: {"id": name, "label": labels[name], "type": "boolean", "answer": {"value": "false"}} for name in names
    }
    asked = names[0] if len(names) == 1 else f"({' or '.join(names)})"
    return Clause(f'sex == "female" and {asked}', items=items)


# --- when ------------------------------------------------------------------------------------------------------------

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {word: number for number, word in enumerate(_WORDS, 1)}
_WINDOW = re.compile(
    rf"(?P<what>[^:;]{{4,150}}?),? within (?:the )?(?:last |past |previous )?(?P<number>\d+|{'|'.join(_COUNTS)}) ?"
    r"(?P<unit>day|week|month|year)s?(?: \(\d+ days?\))? (?:before|prior to|preceding) (?:the )?(?:study )?"
    r"(?P<anchor>screening(?: visit)?|enrol?lment|inclusion|randomi[sz]ation)"
)
_DOUBT = re.compile(
    r"\d|\b(?:except|unless|other than|without|not?|never|if|plan\w*|who|which|that|expected|will|stable|at least|"
    r"half-?li\w+|more than|less than|defined|and|currently|requiring|current)\b|\b(?:or|of|in|with)$"
)


def window_clause(text: str, name: str, words: str) -> Clause | None:
    """`stroke within 6 months before screening`: an event with a day, and its window. `words`: the text as written."""
    found = _WINDOW.fullmatch(text)
    if found is None or _DOUBT.search(found["what"]):
        return None
    number = _COUNTS.get(found["number"]) or int(found["number"])
    if not 0 < number <= 400:
        return None
    anchor = "screening" if found["anchor"].startswith("screening") else "enrolment"
    label = re.sub(r"\s+", " ", words)[: len(found["what"])].strip(" ,;") or found["what"]
    item = {"id": name, "label": f"{label[:1].upper()}{label[1:]} (day of the latest)", "type": "event"}
    return Clause(
        f"within({name}, {number} {found['unit']}s, before: {anchor})",
        items={name: {**item, "answer": {"value": "none"}}},
    )
