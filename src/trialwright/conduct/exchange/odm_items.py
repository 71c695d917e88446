"""An item of ODM as one of ours: type, unit, choices, limits; what does not fit is said."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from trialwright.conduct.exchange import odm_names as names
from trialwright.formats.odm.document import CodeList, ItemDef, RangeCheck, Unit
from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.study.base import LONGEST_NAME

Data = dict[str, Any]
LONG = 255
"""Characters from which a text gets several lines."""
MOST_DECIMALS = 15
_KINDS = {
    "integer": "integer", "float": "quantity", "double": "quantity", "decimal": "quantity", "text": "text",
    "string": "text", "boolean": "boolean", "date": "date", "partialdate": "date", "incompletedate": "date",
    "time": "time", "partialtime": "time", "datetime": "datetime", "partialdatetime": "datetime", "uri": "text",
}  # fmt: skip
_PARTIAL = ("partialdate", "incompletedate")
_WORDS = {
    "years": "a", "year": "a", "yrs": "a", "jahre": "a", "months": "mo", "month": "mo", "weeks": "wk", "week": "wk",
    "days": "d", "day": "d", "hours": "h", "hour": "h", "minutes": "min", "minute": "min", "seconds": "s",
    "percent": "%", "beats/min": "/min", "bpm": "/min", "breaths/min": "/min", "celsius": "Cel", "fahrenheit": "[degF]",
    "c": "Cel", "f": "[degF]", "inches": "[in_i]", "inch": "[in_i]", "pounds": "[lb_av]", "lbs": "[lb_av]",
    "ounces": "[oz_av]", "oz": "[oz_av]", "ft": "[ft_i]", "feet": "[ft_i]", "deg c": "Cel", "degc": "Cel",
    "deg f": "[degF]", "degf": "[degF]", "mmhg": "mm[Hg]", "grams": "g", "gram": "g", "litres": "L", "liters": "L",
}  # fmt: skip
"""Spoken units that can mean only one thing beside a number."""
_STEPS = {
    "sec": "s", "secs": "s", "second": "s", "mins": "min", "minute": "min", "hr": "h", "hrs": "h", "hour": "h",
    "day": "d", "days": "d", "wk": "wk", "week": "wk", "month": "mo", "year": "a", "yr": "a", "kg": "kg", "kgs": "kg",
    "cm": "cm", "cc": "mL", "unit": "U", "units": "U", "beats": "", "breaths": "", "cells": "", "copies": "",
    "liter": "L", "litre": "L",
}  # fmt: skip
"""The same of one step between two strokes, as in `mm/hr`."""
_TEN = re.compile(r"x?10\s*(?:\^|\*\*?|[eE])\s*(\d+)", re.IGNORECASE)


class Items:
    """Reads items; `say` takes a sentence for all that is not taken over."""

    def __init__(self, lists: Mapping[str, CodeList], known: Mapping[str, Unit], say: Callable[[str], None]) -> None:
        self.lists, self.known, self.say = lists, known, say

    def data(self, item: ItemDef, name: str, unit_codes: tuple[str, ...] = ()) -> Data:
        """An item of items.yaml. `unit_codes`: the units that an item of 2.0 offers for it."""
        where = f"Item {item.oid}"
        carried = names.said(item.aliases)
        kind, more = self._kind(item, where, carried)
        found: Data = {
            "id": name, "label": names.text_of(item.question or item.description or item.prompt, item.name),
            "type": kind, **more, **carried,
        }  # fmt: skip
        if item.instructions and "help" not in found:
            found["help"] = names.text_of(item.instructions, "")
        if kind in ("quantity", "integer"):
            self._units(found, item, unit_codes, where)
        elif item.units:
            self.say(f"{where}: a unit stands at a {kind}, which has none.")
        self._limits(found, item, where)
        found.setdefault("source", {"assumption": "Imported."})
        return found

    def _kind(self, item: ItemDef, where: str, carried: Data) -> tuple[str, Data]:
        kind = _KINDS.get(item.data_type.lower())
        if kind is None:
            self.say(f"{where}: the data type '{item.data_type}' is kept as text.")
            kind = "text"
        if item.code_list:
            choices = self._choices(item, where)
            if choices:
                return str(carried.get("type", "choice")), {"choices": choices}
        more: Data = {"partial": True} if kind == "date" and item.data_type.lower() in _PARTIAL else {}
        long = kind == "text" and (_count(item.length) or 0) > LONG
        return str(carried.get("type", kind)), more | ({"lines": 4} if long else {})

    def _choices(self, item: ItemDef, where: str) -> list[Data]:
        found = self.lists.get(item.code_list)
        if found is None:
            self.say(f"{where}: the code list '{item.code_list}' is not defined; the item is kept without it.")
            return []
        if found.external:
            dictionary = " ".join(part for part in found.external if part)
            self.say(f"{where}: its codes are kept elsewhere ({dictionary}); it is kept as text.")
            return []
        choices: dict[str, Data] = {}
        for code in found.items:
            if not code.code or code.code in choices:
                self.say(f"{where}: the code list '{found.oid}' names '{code.code}' twice or not at all.")
                continue
            label = names.text_of(code.decode, code.code)
            choices[code.code] = {"code": code.code, "label": label, **names.said(code.aliases)}
        return list(choices.values())

    def _units(self, found: Data, item: ItemDef, unit_codes: tuple[str, ...], where: str) -> None:
        offered = list(unit_codes) or [self._unit(name, where) for name in item.units]
        usable = [unit for unit in dict.fromkeys(offered) if unit]
        first = usable[0] if usable else ""
        others = [unit for unit in usable[1:] if goes_with(unit, first, found.get("molar_mass"))]
        for unit in set(usable[1:]) - set(others):
            self.say(f"{where}: the unit '{unit}' cannot be stated in '{first}' and is left out.")
        if first or found["type"] == "quantity":
            found["unit"] = first or "1"
        if others:
            found["units"] = others
        digits = _count(item.digits)
        if digits is not None and digits <= MOST_DECIMALS and found["type"] == "quantity" and "decimals" not in found:
            found["decimals"] = digits

    def _unit(self, name: str, where: str) -> str:
        """UCUM for a measurement unit; "" where nobody can tell."""
        unit = self.known.get(name)
        if unit is None:
            self.say(f"{where}: the measurement unit '{name}' is not defined.")
            return ""
        ucum = [alias.name for alias in unit.aliases if "UCUM" in alias.context.upper()]
        named = () if unit.name == unit.oid else (unit.name,)
        for text in (*ucum, *(said for _, said in unit.symbol), *named):
            if found := ucum_of(text):
                return found
        shown = next((said for _, said in unit.symbol), unit.name)
        self.say(f"{where}: the unit '{shown}' ({name}) is not UCUM; the number is kept without a unit.")
        return ""

    def _limits(self, found: Data, item: ItemDef, where: str) -> None:
        numeric = found["type"] in ("quantity", "integer")
        for check in item.ranges:
            kind = "soft" if check.soft_hard.lower() == "soft" else "hard"
            end = _end(check) if numeric else None
            if end is None:
                self.say(f"{where}: the range check {check.comparator or 'by an expression'} is not taken over.")
                continue
            side, number, outside = end
            limits = found.setdefault(kind, {})
            if side in limits:
                self.say(f"{where}: a second {side} {kind} limit is not taken over.")
                continue
            limits.update({side: number} | ({f"open_{side}": True} if outside else {}))
        for kind in ("hard", "soft"):
            limits = found.get(kind, {})
            if limits.get("low") is not None and limits.get("high") is not None and limits["low"] > limits["high"]:
                self.say(f"{where}: the {kind} limits are the wrong way round and are left out.")
                del found[kind]


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _end(check: RangeCheck) -> tuple[str, float, bool] | None:
    """(low or high, the number, whether the number itself lies outside); None for checks of another kind."""
    sides = {"GE": ("low", False), "GT": ("low", True), "LE": ("high", False), "LT": ("high", True)}
    if check.comparator not in sides or len(check.values) != 1 or check.expressions:
        return None
    try:
        number = float(check.values[0])
    except ValueError:
        return None
    side, outside = sides[check.comparator]
    return (side, number, outside) if math.isfinite(number) else None


def ucum_of(text: str) -> str:
    """A unit as UCUM, from UCUM itself or a spelling that can mean only one thing; "" else."""
    plain = text.strip()
    for candidate in (_WORDS.get(plain.lower(), ""), plain, _spelled(plain)):
        if (
            candidate
            and candidate != "1"
            and len(candidate) <= LONGEST_NAME
            and not re.fullmatch(r"[\d.{}]*", candidate)
        ):
            try:
                units.check(candidate)
            except UnitError:
                continue
            return candidate
    return ""


def _spelled(text: str) -> str:
    """Without blanks, with powers and steps as UCUM writes them: `x10e9 / l` is 10*9/l, `beats per minute` /min."""
    plain = _TEN.sub(r"10*\1", " ".join(text.split()).replace(" per ", "/"))
    plain = re.sub(r"(?<=[A-Za-z])\^(?=\d)", "", plain).replace(" ", "")
    first, *rest = (_STEPS.get(step.lower(), step) for step in plain.split("/"))
    known = _WORDS.get(first.lower(), first)
    return "/".join((known, *(step for step in rest if step)))


def goes_with(unit: str, first: str, molar_mass: object) -> bool:
    try:
        return units.same_kind(unit, first, molar_mass if isinstance(molar_mass, float) else None)
    except UnitError:
        return False
