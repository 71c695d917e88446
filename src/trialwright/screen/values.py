"""One value by its item's type: what a file, a form or another system says becomes a Fact, or is refused."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trialwright.evidence.patient import Fact, Value
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnitError, nearest
from trialwright.kernel.texts import JOINT
from trialwright.study.items import Item

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_TIME = re.compile(r"T(\d{2}:\d{2}(?::\d{2})?)")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
EARLIEST, LATEST = dt.date(1850, 1, 1), dt.date(2199, 12, 31)
"""Days of people alive now lie between these."""
LONGEST = 4000
"""Characters of a text."""


def fact_of(item: Item, raw: Mapping[str, Any], *, synonym: str = "", where: str = "") -> Fact:
    """A fact from the keys of a facts file (`value`, `unit`, `low`, `high`, `when`, ...); numbers in the item's unit.

    Values in a unit that only the assay's own factor could convert are kept as they are; logic takes them as unknown.
    """
    texts = {key: text_of(raw, key, where) for key in _TEXTS}
    value = value_of(item, raw["value"], where)
    unit, mass = texts["unit"], item.molar_mass
    if synonym:
        alias = next(s for s in item.synonyms if s.id == synonym)
        unit, mass = unit or alias.unit, alias.molar_mass or mass
    limits = [_limit(raw, key, where) for key in ("low", "high")]
    if limits[0] is not None and limits[1] is not None and limits[0] > limits[1]:
        raise InputError(f"The lower limit {limits[0]:g} is above the upper one {limits[1]:g}.", where=where)
    if item.type in ("quantity", "integer"):
        value, limits, unit = _in_own_unit(item, value, limits, (unit, mass), where)
    elif unit:
        raise InputError(f"'{item.id}' has no unit.", where=where, hint="Leave 'unit' out.")
    when = raw.get("when")
    day = None if when is None or when == "" else partial_date(when, where)
    stamp = _TIME.search(when) if isinstance(when, str) else None
    return Fact(
        item.id, value, unit, limits[0], limits[1], day, texts["agent"], texts["route"], texts["signed_by"],
        texts["reason"], texts["origin"] or where, stamp[1] if stamp else "",
    )  # fmt: skip


_TEXTS = ("unit", "agent", "route", "signed_by", "reason", "origin")


def text_of(raw: Mapping[str, Any], key: str, where: str) -> str:
    """A short text without control characters; "" where it is null or missing."""
    found = raw.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise InputError(f"'{key}' is not a text.", where=where, hint="Put it in quotes.")
    return printable(found, key, where)


def printable(text: str, key: str, where: str) -> str:
    """The text without blanks at its ends. Raises InputError for one that is too long or could not be printed."""
    if len(text) > LONGEST:
        raise InputError(f"'{key}' is longer than {LONGEST} characters.", where=where)
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise InputError(f"'{key}' holds a character that cannot be printed.", where=where, hint="Write plain text.")
    return text.strip()


def value_of(item: Item, raw: Any, where: str = "") -> Value:
    """A value as its item's type has it; None for null and "unknown". Texts as typed on a form are read too."""
    raw = printable(raw, item.id, where) if isinstance(raw, str) else raw
    if raw is None or raw in ("unknown", ""):
        return None
    match item.type:
        case "quantity" | "integer":
            return _number(item, raw, where)
        case "boolean" | "judgement":
            return _truth(item, raw, where)
        case "choice":
            return _code(item, raw, where)
        case "choices":
            return _codes(item, raw, where)
        case "event" if raw in ("none", "current"):
            return str(raw)
        case "datetime":
            return partial_date(raw, where, moment=True)
        case "date" | "event":
            return partial_date(raw, where)
    if not isinstance(raw, str):
        raise InputError(f"'{item.id}' is a text.", where=where, hint="Put it in quotes.")
    return raw


def partial_date(raw: Any, where: str = "", *, moment: bool = False) -> PartialDate:
    """A date or partial date; a time after it is kept only for a `moment`."""
    hint = 'Write "2026-03-15", "2026-03" or "2026".'
    if not isinstance(raw, str) or not _DATE.fullmatch(raw.strip()):
        raise InputError(f"{short(raw)} is not a date.", where=where, hint=hint)
    try:
        found = PartialDate.moment(raw.strip())
    except InputError:
        raise InputError(f"{short(raw)} is not a date.", where=where, hint=hint) from None
    if not EARLIEST <= found.first <= LATEST:
        raise InputError(f"{short(raw)} lies outside {EARLIEST.year} to {LATEST.year}.", where=where, hint=hint)
    return found if moment else PartialDate(found.first, found.last)


@lru_cache(maxsize=4096)
def first_day(text: str) -> dt.date | None:
    """The first day that a date as written may be; None where it is none."""
    try:
        return partial_date(text).first if text else None
    except InputError:
        return None


def _number(item: Item, raw: Any, where: str) -> float | str:
    if raw == "none" and item.type == "quantity":
        return 0.0
    number = number_of(raw) if isinstance(raw, (int, float, str)) else None
    if number is None or (item.type == "integer" and number % 1):
        kind = "a whole number" if item.type == "integer" else "a number"
        comma = isinstance(raw, str) and number_of(raw.replace(",", ".")) is not None
        hint = "Write a point for the decimals." if comma else f"'{item.id}' needs one."
        raise InputError(f"{short(raw)} is not {kind}.", where=where, hint=hint)
    return number


def _truth(item: Item, raw: Any, where: str) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in _TRUTHS:
        return _TRUTHS[raw.lower()]
    raise InputError(f"{short(raw)} is not true or false.", where=where, hint=f"'{item.id}' is true, false or null.")


def _code(item: Item, raw: Any, where: str) -> str:
    text = str(raw) if isinstance(raw, (str, int)) else ""
    if isinstance(raw, bool) or item.choice(text) is None:
        codes = [choice.code for choice in item.choices]
        raise InputError(f"{short(raw)} is not a choice of '{item.id}'.", where=where, hint=nearest(text[:60], codes))
    return text


def _codes(item: Item, raw: Any, where: str) -> str:
    """Several codes: a list of them, or one text with `;` between them; kept in the definition's order."""
    parts = raw if isinstance(raw, list) else str(raw).split(JOINT)
    chosen = {_code(item, part.strip() if isinstance(part, str) else part, where) for part in parts}
    return JOINT.join(choice.code for choice in item.choices if choice.code in chosen)


def _limit(raw: Mapping[str, Any], key: str, where: str) -> float | None:
    limit = raw.get(key)
    if limit is None:
        return None
    number = number_of(limit) if isinstance(limit, (int, float)) else None
    if number is None:
        raise InputError(f"The limit '{key}' is not a number.", where=where)
    return number


def number_of(raw: float | str) -> float | None:
    """The number that was written; None for a truth, for what is no number and for what no float can hold."""
    if isinstance(raw, bool) or (isinstance(raw, str) and not _NUMBER.fullmatch(raw.strip())):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _in_own_unit(
    item: Item, value: Value, limits: list[float | None], reported: tuple[str, float | None], where: str
) -> tuple[Value, list[float | None], str]:
    """The value and its limits as logic takes them. `reported`: the unit given and the molar mass that goes with it."""
    own = item.unit or "1"
    given, mass = reported[0] or own, reported[1]
    try:
        fits = units.same_kind(given, own, mass)
    except UnitError as error:
        raise InputError(error.what, where=where, hint=error.hint) from None
    if not fits:
        if _needs_assay_factor(given, own):
            return value, limits, given
        known = " or ".join(dict.fromkeys((own, *item.units)))
        raise InputError(f"'{item.id}' cannot be in {units.show(given)}.", where=where, hint=f"It is in {known}.")
    stated = [None if x is None else units.convert(x, given, own, mass) for x in limits]
    if not isinstance(value, float):
        return value, stated, own
    number = units.convert(value, given, own, mass)
    _possible(item, value, number, given, where)
    if mass == item.molar_mass:
        return value, limits, given  # kept as reported; logic converts it in the same way
    return number, stated, own


def _needs_assay_factor(given: str, own: str) -> bool:
    """Activity or arbitrary units against a mass or amount in a volume: only the assay's maker knows the factor."""
    sides = [dict(units.parse(unit).dimensions) for unit in (given, own)]
    activity = [bool({"iu", "arbitrary"} & set(d)) or (d.get("amount") == 1 and d.get("time") == -1) for d in sides]
    return activity[0] != activity[1] and all(d.get("length") == -3 for d in sides)


def _possible(item: Item, value: float, number: float, given: str, where: str) -> None:
    """Refuse what the definition calls impossible, and say if a forgotten point or another unit would explain it."""
    hard = item.hard
    if hard is None or hard.hold(number):
        return
    limits = " to ".join("…" if x is None else f"{x:g}" for x in (hard.low, hard.high))
    unit = units.show(item.unit)
    what = f"{value:g} {units.show(given)}".strip() + f" is impossible for '{item.id}' ({limits} {unit}".rstrip() + ")."
    point = next((value / f for f in (10, 100) if hard.hold(number / f) and value), None)
    hint = (
        f"Is a point missing ({point:g})?"
        if point and number > (hard.high or math.inf)
        else "Check the value and its unit."
    )
    raise InputError(what, where=where, hint=hint)


def short(raw: Any) -> str:
    """What was written, in quotes and cut short: an error message must not carry a patient's whole file."""
    if isinstance(raw, (list, dict)):
        return "A list" if isinstance(raw, list) else "An object"
    text = "A number of many digits" if isinstance(raw, int) and abs(raw) > 10**40 else str(raw)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:60])
    return f"'{text[:40]}{'…' if len(text) > 40 else ''}'"
