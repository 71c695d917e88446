"""Units in the words of CDISC's terminology (`Milligram per Deciliter`) as UCUM."""

from __future__ import annotations

import re

from trialwright.conduct.exchange.odm_items import ucum_of

_PREFIXES = {
    "tera": "T", "giga": "G", "mega": "M", "kilo": "k", "hecto": "h", "deca": "da", "deci": "d", "centi": "c",
    "milli": "m", "micro": "u", "nano": "n", "pico": "p", "femto": "f",
}  # fmt: skip
_ATOMS = {
    "gram": "g", "liter": "L", "litre": "L", "meter": "m", "metre": "m", "mole": "mol", "equivalent": "eq",
    "osmole": "osm", "katal": "kat", "pascal": "Pa", "joule": "J", "calorie": "cal", "watt": "W", "volt": "V",
    "hertz": "Hz", "becquerel": "Bq", "gray": "Gy", "sievert": "Sv", "second": "s", "newton": "N", "ampere": "A",
    "unit": "U", "international unit": "[IU]", "bar": "bar",
}  # fmt: skip
_WHOLE = {
    "minute": "min", "hour": "h", "day": "d", "week": "wk", "month": "mo", "year": "a", "degree celsius": "Cel",
    "celsius": "Cel", "degree fahrenheit": "[degF]", "fahrenheit": "[degF]", "kelvin": "K", "pound": "[lb_av]",
    "ounce": "[oz_av]", "inch": "[in_i]", "foot": "[ft_i]", "percent": "%", "percentage": "%", "percent unit": "%",
    "millimeter of mercury": "mm[Hg]", "millimetre of mercury": "mm[Hg]", "drop": "[drp]", "ph": "[pH]",
    "square meter": "m2", "cubic meter": "m3", "cubic centimeter": "cm3", "cubic millimeter": "mm3",
    "square centimeter": "cm2", "1.73 square meter": "{1.73_m2}", "high power field": "[HPF]",
    "international units": "[IU]", "degree": "deg", "degree unit of plane angle": "deg",
}  # fmt: skip
_COUNTS = {
    "trillion": "10*12", "billion": "10*9", "million": "10*6", "hundred thousand": "10*5", "ten thousand": "10*4",
    "thousand": "10*3", "hundred": "10*2", "count": "", "beats": "", "beat": "", "breaths": "", "breath": "",
    "cells": "", "cell": "", "number": "",
}  # fmt: skip
_PURE = ("fraction of 1", "ratio", "1", "count", "score", "number")


def unit_of(words: str) -> str:
    """UCUM of a unit in words or of UCUM itself; "1" for a pure number, "" where nobody can tell."""
    text = " ".join(words.lower().split())
    if text in _PURE:
        return "1"
    over, per, under = text.partition(" per ")
    if not per:
        return _one(text) or ucum_of(words)
    top, bottoms = _top(over), [_one(part) for part in re.split(r" per ", under)]
    if top is None or not all(bottoms):
        return ""
    return ucum_of(f"{top}/{'/'.join(bottoms)}")


def _top(text: str) -> str | None:
    return _COUNTS[text] if text in _COUNTS else _one(text) or None


def _one(text: str) -> str:
    """One unit, alone or with its prefix, in the singular or the plural."""
    for word in (text, text.removesuffix("s"), re.sub(r"feet$", "foot", text), re.sub(r"inches$", "inch", text)):
        if word in _WHOLE:
            return _WHOLE[word]
        if word in _ATOMS:
            return _ATOMS[word]
        for prefix, sign in _PREFIXES.items():
            rest = word.removeprefix(prefix)
            if rest != word and rest.strip() in _ATOMS:
                return _prefixed(sign, _ATOMS[rest.strip()])
    return ""


def _prefixed(sign: str, atom: str) -> str:
    return ucum_of(f"{sign}{atom}")
