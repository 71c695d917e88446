"""One value by its item's type: what a file, a form or another system says becomes a Fact, or is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from trialwright.evidence.patient import Fact, Value
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnitError, nearest
from trialwright.study.items import Item

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_TIME = re.compile(r"T(\d{2}:\d{2}(?::\d{2})?)")


def fact_of(item: Item, raw: Mapping[str, Any], *, synonym: str = "", where: str = "") -> Fact:
    """A fact from the keys of a facts file (`value`, `unit`, `low`, `high`, `when`, ...); numbers in the item's unit.

    Values in a unit that only the assay's own factor could convert are kept as they are; logic takes them as unknown.
    """
    value = value_of(item, raw["value"], where)
    unit, mass = str(raw.get("unit") or ""), item.molar_mass
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
    stamp = _TIME.search(when) if isinstance(when, str) else None
    return Fact(
        item.id, value, unit, limits[0], limits[1], partial_date(when, where) if when else None,
        agent=str(raw.get("agent") or ""), route=str(raw.get("route") or ""), signed_by=str(raw.get("signed_by") or ""),
        reason=str(raw.get("reason") or ""), origin=str(raw.get("origin") or where), time=stamp[1] if stamp else "",
    )  # fmt: skip


def value_of(item: Item, raw: Any, where: str = "") -> Value:
    """A value as its item's type has it; None for null and "unknown". Texts as typed on a form are read too."""
    if raw is None or raw in ("unknown", ""):
        return None
    match item.type:
        case "quantity" | "integer":
            return _number(item, raw, where)
        case "boolean" | "judgement":
            return _truth(item, raw, where)
        case "choice":
            return _code(item, raw, where)
        case "event" if raw in ("none", "current"):
            return str(raw)
        case "date" | "datetime" | "event":
            return partial_date(raw, where)
    if not isinstance(raw, str):
        raise InputError(f"'{item.id}' is a text.", where=where, hint="Put it in quotes.")
    return raw


def partial_date(raw: Any, where: str = "") -> PartialDate:
    """A date or partial date; a time after it is dropped."""
    if not isinstance(raw, str):
        raise InputError(f"{_short(raw)} is not a date.", where=where, hint='Write "2026-03-15", "2026-03" or "2026".')
    try:
        return PartialDate.parse(raw)
    except InputError as error:
        raise InputError(error.what, where=where, hint=error.hint) from None


def _number(item: Item, raw: Any, where: str) -> float | str:
    if raw == "none" and item.type == "quantity":
        return 0.0
    number = _finite(raw) if isinstance(raw, (int, float, str)) else None
    if number is None or (item.type == "integer" and number % 1):
        kind = "a whole number" if item.type == "integer" else "a number"
        raise InputError(f"{_short(raw)} is not {kind}.", where=where, hint=f"'{item.id}' needs one.")
    return number


def _truth(item: Item, raw: Any, where: str) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in _TRUTHS:
        return _TRUTHS[raw.lower()]
    raise InputError(f"{_short(raw)} is not true or false.", where=where, hint=f"'{item.id}' is true, false or null.")


def _code(item: Item, raw: Any, where: str) -> str:
    text = str(raw)
    if isinstance(raw, (bool, list, dict)) or item.choice(text) is None:
        codes = [choice.code for choice in item.choices]
        raise InputError(f"{_short(raw)} is not a choice of '{item.id}'.", where=where, hint=nearest(text, codes))
    return text


def _limit(raw: Mapping[str, Any], key: str, where: str) -> float | None:
    limit = raw.get(key)
    if limit is None:
        return None
    number = _finite(limit) if isinstance(limit, (int, float)) else None
    if number is None:
        raise InputError(f"The limit '{key}' is not a number.", where=where)
    return number


def _finite(raw: float | str) -> float | None:
    """The number that was written; None for a truth, for what is no number and for what no float can hold."""
    try:
        number = math.nan if isinstance(raw, bool) else float(raw)
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
    if hard is None or _inside(number, hard.low, hard.high):
        return
    limits = " to ".join("…" if x is None else f"{x:g}" for x in (hard.low, hard.high))
    unit = units.show(item.unit)
    what = f"{value:g} {units.show(given)}".strip() + f" is impossible for '{item.id}' ({limits} {unit}".rstrip() + ")."
    point = next((value / f for f in (10, 100) if _inside(number / f, hard.low, hard.high) and value), None)
    hint = (
        f"Is a point missing ({point:g})?"
        if point and number > (hard.high or math.inf)
        else "Check the value and its unit."
    )
    raise InputError(what, where=where, hint=hint)


def _inside(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _short(raw: Any) -> str:
    """What was written, cut short: an error message must not carry a patient's whole file."""
    text = str(raw) if isinstance(raw, (str, int, float, bool)) else type(raw).__name__
    return f"'{text[:40]}{'…' if len(text) > 40 else ''}'"
