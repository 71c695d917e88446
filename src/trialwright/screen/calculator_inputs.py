"""What people type into a calculator, as values in the units of its card."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from trialwright.kernel import units
from trialwright.kernel.errors import InputError, UnitError, UnknownName
from trialwright.science.clinic.card import Card, Input, Quantity, Value, within

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)", re.DOTALL)
_TRUTHS = {
    **dict.fromkeys(("yes", "y", "true", "1", "present", "positive", "是", "有"), True),
    **dict.fromkeys(("no", "n", "false", "0", "absent", "negative", "none", "否", "无"), False),
}
_UNKNOWN = frozenset({"", "unknown", "null", "?", "未知"})
_SPOKEN_UNITS = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "岁"), "a"),
    **dict.fromkeys(("month", "months"), "mo"),
    **dict.fromkeys(("C", "c"), "Cel"),
    **dict.fromkeys(("F", "f"), "[degF]"),
    "mg/day": "mg/d",
}
_SPOKEN_CODES = {"f": "female", "m": "male", "女": "female", "男": "male", "1": "I", "2": "II", "3": "III", "4": "IV"}
_SPELLINGS = {
    "hemoglobin": "haemoglobin", "hb": "haemoglobin", "hgb": "haemoglobin", "plt": "platelets", "anc": "neutrophils",
    "leukocytes": "wbc", "leucocytes": "wbc", "tg": "triglycerides", "fib": "fibrinogen", "temp": "temperature",
    "hemophagocytosis": "haemophagocytosis", "hemorrhage": "haemorrhage", "sil2r": "scd25",
    "got": "ast", "scr": "creatinine", "drug": "agent", "class": "nyha_class", "uln": "high", "lln": "low",
}  # fmt: skip
"""American spellings and the short names of wards."""
_LONGEST = 200

Raw = str | float | bool | None


def pairs(words: Iterable[str]) -> dict[str, str]:
    """`name=value` words as a mapping. Raises InputError for a word without `=`, or a name given twice."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"'{word[:40]}' is not an input.", hint="Write name=value, as in ferritin=2500ug/L.")
        if name in found:
            raise InputError(f"'{name}' is given twice.", hint="Give it once.")
        found[name] = value.strip()
    return found


def read_inputs(card: Card, given: Mapping[str, Raw]) -> tuple[dict[str, Value], tuple[Input, ...]]:
    """Values by input, unknown ones left out, and the inputs whose unit had to be taken for granted.

    Raises UnknownName, InputError or UnitError, each naming the input.
    """
    known = {i.name: i for i in card.all_inputs}
    values: dict[str, Value] = {}
    assumed: list[Input] = []
    for typed, raw in given.items():
        name = _name(card, typed, known)
        if name != typed and name in given:
            raise InputError(f"'{typed}' and '{name}' are the same input.", hint="Give it once.")
        if raw is None or (isinstance(raw, str) and raw.strip().lower() in _UNKNOWN):
            continue
        value, bare = _read(known[name], str(raw).strip())
        values[name] = value
        if bare:
            assumed.append(known[name])
    return values, tuple(assumed)


def _name(card: Card, typed: str, known: Mapping[str, Input]) -> str:
    plain = typed.strip().lower()
    name = plain if plain in known else _SPELLINGS.get(plain, plain)
    if name not in known:
        raise UnknownName(f"input of {card.id}", typed, known)
    return name


def _read(wanted: Input, text: str) -> tuple[Value, bool]:
    """The value, and whether its unit was taken for granted."""
    if len(text) > _LONGEST:
        raise InputError("The value is too long.", where=wanted.name, hint=f"At most {_LONGEST} characters.")
    if wanted.kind == "truth":
        return _truth(wanted, text), False
    if wanted.kind == "code":
        return _code(wanted, text), False
    number, unit = _parts(wanted, text)
    if wanted.any_unit:
        _check_unit(wanted, unit)
        return Quantity(number, unit), False
    value = _stated(wanted, number, unit) if unit else number
    _check_possible(wanted, value)
    return value, not unit and wanted.unit not in ("1", "a", "%")


def _truth(wanted: Input, text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise InputError(f"'{text}' is neither yes nor no.", where=wanted.name, hint="Write yes, no or unknown.")
    return _TRUTHS[text.lower()]


def _code(wanted: Input, text: str) -> str:
    if not wanted.codes:
        return text
    codes = {code.lower(): code for code in wanted.codes}
    plain = re.sub(r"^(nyha|class)\s+", "", text.lower())
    found = codes.get(plain) or codes.get(_SPOKEN_CODES.get(plain, "").lower())
    if found is None:
        near = [code for code in wanted.codes if text.lower()[:5] in code.lower()]
        raise UnknownName("choice", text, near or wanted.codes, where=wanted.name)
    return found


def _parts(wanted: Input, text: str) -> tuple[float, str]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise InputError(f"'{text}' is not a number.", where=wanted.name, hint=_example(wanted))
    number, unit = float(found[1]), found[2].strip()
    if not math.isfinite(number):
        raise InputError(f"'{found[1]}' is too large.", where=wanted.name)
    if unit.startswith(","):
        raise InputError(f"'{text}' holds a comma.", where=wanted.name, hint="Write a decimal point: 38.5.")
    unit = unit[1:].lstrip() if unit.startswith("*10") else unit
    return number, _SPOKEN_UNITS.get(unit, unit)


def _example(wanted: Input) -> str:
    unit = "" if wanted.any_unit or wanted.unit == "1" else units.show(wanted.unit)
    return f"Write a number with its unit, in {unit} or what converts into it." if unit else "Write a number."


def _check_unit(wanted: Input, unit: str) -> None:
    try:
        units.check(unit)
    except UnitError as error:
        raise UnitError(error.what, where=wanted.name, hint=error.hint) from None


def _stated(wanted: Input, number: float, unit: str) -> float:
    _check_unit(wanted, unit)
    enzyme = unit.replace("[IU]", "U").replace("[iU]", "U").replace("IU", "U")
    if wanted.unit.startswith("U/") and units.same_kind(enzyme, wanted.unit):
        unit = enzyme  # an international unit of an enzyme is its U
    try:
        return units.convert(number, unit, wanted.unit, wanted.molar_mass)
    except UnitError:
        need = units.show(wanted.unit) or "a plain number"
        hint = f"Give it in {need}, or in a unit that converts into it."
        raise UnitError(f"{units.show(unit)} is no unit for {wanted.label.en}.", where=wanted.name, hint=hint) from None


def _check_possible(wanted: Input, value: float) -> None:
    if wanted.unit == "1" and value != round(value):
        raise InputError(f"{value:g} is not a whole number.", where=wanted.name)
    if within(value, wanted.possible):
        return
    low, high = wanted.possible
    point = high is not None and value > high and within(value / 10, wanted.possible)
    unit = units.show(wanted.unit)
    limits = f"It lies between {low:g} and {high:g} {unit}" if high is not None else f"It is {low:g} {unit} or more"
    hint = f"{limits.strip()}{'; was a point forgotten?' if point else '.'}"
    raise InputError(f"{wanted.label.en} cannot be {value:g} {unit}".strip() + ".", where=wanted.name, hint=hint)
