"""Units of measure: the part of UCUM (ucum.org) that trials use, conversion, and the printed form.

Amount of substance, enzyme activity and arbitrary units are dimensions of their own: mass becomes amount only with a
molar mass.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from trialwright.kernel.errors import UnitError, nearest

PREFIXES: dict[str, Fraction] = {
    name: Fraction(10) ** power
    for name, power in {
        "T": 12,
        "G": 9,
        "M": 6,
        "k": 3,
        "h": 2,
        "da": 1,
        "d": -1,
        "c": -2,
        "m": -3,
        "u": -6,
        "n": -9,
        "p": -12,
        "f": -15,
    }.items()
}

_Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A parsed unit: SI-like factor, dimensions with exponents, and the zero of an affine scale (in kelvin)."""

    factor: Fraction
    dimensions: _Dimensions
    zero: Fraction = Fraction(0)


def _dims(**powers: int) -> _Dimensions:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


_N, _J = _dims(mass=1, length=1, time=-2), _dims(mass=1, length=2, time=-2)
_PA, _W = _dims(mass=1, length=-1, time=-2), _dims(mass=1, length=2, time=-3)
_V, _KAT = _dims(mass=1, length=2, time=-3, current=-1), _dims(amount=1, time=-1)
_SECOND = Fraction(1)
_DAY = 86400 * _SECOND
_MMHG = Fraction("133322.387")  # 1 mm[Hg] in g/(m.s2) is 133322.387

METRIC: dict[str, Unit] = {
    "m": Unit(Fraction(1), _dims(length=1)),
    "g": Unit(Fraction(1), _dims(mass=1)),
    "s": Unit(_SECOND, _dims(time=1)),
    "K": Unit(Fraction(1), _dims(temperature=1)),
    "A": Unit(Fraction(1), _dims(current=1)),
    "mol": Unit(Fraction(1), _dims(amount=1)),
    "eq": Unit(Fraction(1), _dims(amount=1)),
    "osm": Unit(Fraction(1), _dims(amount=1)),
    "L": Unit(Fraction(1, 1000), _dims(length=3)),
    "l": Unit(Fraction(1, 1000), _dims(length=3)),
    "U": Unit(Fraction(1, 60_000_000), _KAT),
    "kat": Unit(Fraction(1), _KAT),
    "[IU]": Unit(Fraction(1), _dims(iu=1)),
    "[iU]": Unit(Fraction(1), _dims(iu=1)),
    "N": Unit(Fraction(1000), _N),
    "J": Unit(Fraction(1000), _J),
    "cal": Unit(Fraction(4184), _J),
    "W": Unit(Fraction(1000), _W),
    "V": Unit(Fraction(1000), _V),
    "Pa": Unit(Fraction(1000), _PA),
    "bar": Unit(Fraction(100_000_000), _PA),
    "Hz": Unit(Fraction(1), _dims(time=-1)),
    "Bq": Unit(Fraction(1), _dims(time=-1)),
    "Gy": Unit(Fraction(1), _dims(length=2, time=-2)),
    "Sv": Unit(Fraction(1), _dims(length=2, time=-2)),
    "m[Hg]": Unit(1000 * _MMHG, _PA),
    "m[H2O]": Unit(Fraction("9806650"), _PA),
}
"""Atoms that take a prefix."""

PLAIN: dict[str, Unit] = {
    "1": Unit(Fraction(1), ()),
    "%": Unit(Fraction(1, 100), ()),
    "[ppth]": Unit(Fraction(1, 10**3), ()),
    "[ppm]": Unit(Fraction(1, 10**6), ()),
    "[ppb]": Unit(Fraction(1, 10**9), ()),
    "min": Unit(60 * _SECOND, _dims(time=1)),
    "h": Unit(3600 * _SECOND, _dims(time=1)),
    "d": Unit(_DAY, _dims(time=1)),
    "wk": Unit(7 * _DAY, _dims(time=1)),
    "mo": Unit(Fraction("365.25") * _DAY / 12, _dims(time=1)),
    "a": Unit(Fraction("365.25") * _DAY, _dims(time=1)),
    "Cel": Unit(Fraction(1), _dims(temperature=1), Fraction("273.15")),
    "[degF]": Unit(Fraction(5, 9), _dims(temperature=1), Fraction("459.67") * Fraction(5, 9)),
    "[lb_av]": Unit(Fraction("453.59237"), _dims(mass=1)),
    "[oz_av]": Unit(Fraction("28.349523125"), _dims(mass=1)),
    "[in_i]": Unit(Fraction("0.0254"), _dims(length=1)),
    "[ft_i]": Unit(Fraction("0.3048"), _dims(length=1)),
    "[arb'U]": Unit(Fraction(1), _dims(arbitrary=1)),
    "[AU]": Unit(Fraction(1), _dims(allergy_unit=1)),
    "[CFU]": Unit(Fraction(1), _dims(colony=1)),
    "[pH]": Unit(Fraction(1), _dims(ph=1)),
    "[HPF]": Unit(Fraction(1), ()),
    "[drp]": Unit(Fraction(1, 20_000_000), _dims(length=3)),
    "deg": Unit(Fraction(math.pi) / 180, ()),
}
"""Atoms without prefixes."""

_SPOKEN = {
    "°C": "Cel",
    "℃": "Cel",
    "°F": "[degF]",
    "mmHg": "mm[Hg]",
    "cmH2O": "cm[H2O]",
    "mIU": "m[IU]",
    "IU": "[IU]",
    "IE": "[IU]",
    "AU": "[arb'U]",
    "lb": "[lb_av]",
    "in": "[in_i]",
    "Osm": "osm",
    "mOsm": "mosm",
    "mEq": "meq",
    "mcg": "ug",
}
"""Common spellings that are not UCUM but can mean only one thing."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻µμ·", "0123456789-uu.")
_POWER_OF_TEN = re.compile(r"10[*^]([+-]?\d+)$")
_EXPONENT = re.compile(r"(.*?[^\d+-])([+-]?\d+)$")
_TOKEN = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|10[*^][+-]?\d+|[./()]|[^./()\[\]{}]+")


@lru_cache(maxsize=1024)
def parse(unit: str) -> Unit:
    """Read a unit. "" and annotations alone (`{score}`) are pure numbers. Raises UnitError."""
    if len(unit) > 100:
        raise UnitError(f"'{unit[:20]}…' is not a unit: it is too long.")
    text = _plain_spelling(unit.strip())
    value, rest = _product(list(_words(text, unit)), unit)
    if rest:
        raise UnitError(f"'{unit}' is not a unit: '{rest[0]}' is out of place.")
    return value


def check(unit: str) -> None:
    """Raise UnitError if `unit` is not one."""
    parse(unit)


def same_kind(a: str, b: str, molar_mass: float | None = None) -> bool:
    """Whether a value in `a` can be stated in `b`; with a molar mass also between mass and amount."""
    first, second = parse(a).dimensions, parse(b).dimensions
    return first == second or (molar_mass is not None and _as_mass(first) == _as_mass(second))


@lru_cache(maxsize=4096)
def _rule(from_: str, to: str, molar_mass: float | None) -> tuple[float, float]:
    """(factor, shift) with to = from * factor + shift."""
    first, second = parse(from_), parse(to)
    if not same_kind(from_, to, molar_mass):
        need = " without a molar mass" if _as_mass(first.dimensions) == _as_mass(second.dimensions) else ""
        raise UnitError(f"'{from_}' cannot be stated in '{to}'{need}.")
    factor = first.factor / second.factor
    moles = dict(second.dimensions).get("amount", 0) - dict(first.dimensions).get("amount", 0)
    if moles and molar_mass is not None:
        factor /= Fraction(str(molar_mass)) ** moles
    return float(factor), float((first.zero - second.zero) / second.factor)


def convert(value: float, from_: str, to: str, molar_mass: float | None = None) -> float:
    """State `value` in another unit. `molar_mass` (g/mol) allows mass <-> amount. Raises UnitError.

    The answer has 15 significant digits, all that a decimal keeps in a float: 1.1 g/L is 110 mg/dL and not a hair more.
    """
    if from_ == to:
        return value
    factor, shift = _rule(from_, to, molar_mass)
    return value if factor == 1 and not shift else float(f"{value * factor + shift:.15g}")


def multiply(a: str, b: str) -> str:
    """The unit of a product, as a canonical UCUM text."""
    return _canonical(f"{a}.{_wrap(b)}") if _named(a) and _named(b) else (a if _named(a) else b)


def divide(a: str, b: str) -> str:
    """The unit of a quotient, as a canonical UCUM text."""
    if not _named(b):
        return a
    if parse(a).dimensions == parse(b).dimensions and not parse(a).zero and parse(a).factor == parse(b).factor:
        return "1"
    return _canonical(f"{a if _named(a) else '1'}/{_wrap(b)}")


_PRINTED = {"Cel": "°C", "[degF]": "°F", "[IU]": "IU", "[arb'U]": "arb. U", "m[Hg]": "mHg", "m[H2O]": "mH₂O"}
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@lru_cache(maxsize=1024)
def show(unit: str) -> str:
    """The printed form: `10*9/L` is 10⁹/L, `ug/L` is µg/L, `mL/min/{1.73_m2}` is mL/min/1.73 m²."""
    if unit in ("", "1"):
        return ""
    return "".join(_show_part(part) for part in _TOKEN.findall(unit)).removeprefix(
        "1/" if unit.startswith("1/") else "\0"
    )


def _show_part(part: str) -> str:
    if part.startswith("{"):
        return re.sub(r"(?<=m)([23])\b", lambda m: m[1].translate(_RAISED), part[1:-1].replace("_", " "))
    if power := _POWER_OF_TEN.match(part):
        return "10" + power[1].lstrip("+").translate(_RAISED)
    if part == ".":
        return "·"
    if part.startswith("[") or part in _PRINTED:
        return _PRINTED.get(part, part.strip("[]").split("_")[0])
    body, raised = _EXPONENT.match(part).groups() if _EXPONENT.match(part) else (part, "")  # type: ignore[union-attr]  # matched just now
    body = "µ" + body[1:] if len(body) > 1 and body[0] == "u" and body[1:] in METRIC else body
    return body + raised.translate(_RAISED)


def _plain_spelling(text: str) -> str:
    text = re.sub(r"^[x×]\s*(?=10)", "", text)
    text = re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: "10*" + m[1], text)
    text = re.sub(r"/1\.73 ?m[2²]", "/{1.73_m2}", text)
    return text.translate(_SUPERSCRIPTS)


def _words(text: str, unit: str) -> Iterator[str]:
    """Tokens: `(`, `)`, `.`, `/`, and atoms; an atom's brackets and annotation stay with it or are dropped."""
    pending = ""
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() != position:
            raise UnitError(f"'{unit}' is not a unit: a bracket is not closed.")
        position = match.end()
        token = match[0]
        if token in ("(", ")", ".", "/"):
            if pending:
                yield pending
            pending = ""
            yield token
        elif token.startswith("{"):
            pending = pending or "1"
        elif pending == "1" and not token.startswith("["):
            raise UnitError(f"'{unit}' is not a unit: '{token}' follows an annotation.")
        else:
            pending += token
    if position != len(text):
        raise UnitError(f"'{unit}' is not a unit: a bracket is not closed.")
    if pending or not text:
        yield pending or "1"


def _product(tokens: list[str], unit: str) -> tuple[Unit, list[str]]:
    """Left-associative products and quotients, as UCUM has them: a/b/c is a/(b.c), a/b.c is (a/b).c."""
    if tokens and tokens[0] == "/":
        value, rest = PLAIN["1"], tokens
    else:
        value, rest = _factor(tokens, unit)
    while rest and rest[0] in (".", "/"):
        other, after = _factor(rest[1:], unit)
        value, rest = _combine(value, other, 1 if rest[0] == "." else -1), after
    return value, rest


def _factor(tokens: list[str], unit: str) -> tuple[Unit, list[str]]:
    if not tokens or tokens[0] in (")", ".", "/"):
        raise UnitError(f"'{unit}' is not a unit: something is missing in it.")
    if tokens[0] != "(":
        return _component(tokens[0], unit), tokens[1:]
    value, rest = _product(tokens[1:], unit)
    if not rest or rest[0] != ")":
        raise UnitError(f"'{unit}' is not a unit: a bracket is not closed.")
    return value, rest[1:]


def _component(text: str, unit: str) -> Unit:
    if power := _POWER_OF_TEN.match(text):
        exponent = int(power[1])
        if abs(exponent) > 30:
            raise UnitError(f"'{unit}' is not a unit: ten to the {exponent} is out of reach.")
        return Unit(Fraction(10) ** exponent, ())
    if text.isascii() and text.isdigit():
        if int(text) == 0:
            raise UnitError(f"'{unit}' is not a unit: zero is no factor.")
        return Unit(Fraction(int(text)), ())
    found = _atom(text)
    if found:
        return found
    raised = _EXPONENT.match(text)
    base = _atom(raised[1]) if raised else None
    if raised is None or base is None:
        raise UnitError(f"'{unit}' is not a unit: '{text}' is not known.", hint=_near_atom(text))
    exponent = int(raised[2])
    if not exponent or abs(exponent) > 9:
        raise UnitError(f"'{unit}' is not a unit: the exponent of '{raised[1]}' must lie between -9 and 9, not 0.")
    return Unit(base.factor**exponent, tuple((name, power * exponent) for name, power in base.dimensions))


def _atom(text: str) -> Unit | None:
    text = _SPOKEN.get(text, text)
    if text in PLAIN:
        return PLAIN[text]
    if text in METRIC:
        return METRIC[text]
    for prefix, scale in PREFIXES.items():
        rest = text[len(prefix) :]
        if text.startswith(prefix) and rest in METRIC:
            atom = METRIC[rest]
            return Unit(scale * atom.factor, atom.dimensions)
    return None


def _combine(a: Unit, b: Unit, sign: int) -> Unit:
    powers = dict(a.dimensions)
    for name, power in b.dimensions:
        powers[name] = powers.get(name, 0) + sign * power
    zero = a.zero if b == PLAIN["1"] else Fraction(0)
    return Unit(a.factor * b.factor**sign, _dims(**powers), zero)


def _as_mass(dimensions: _Dimensions) -> _Dimensions:
    powers = dict(dimensions)
    powers["mass"] = powers.get("mass", 0) + powers.pop("amount", 0)
    return _dims(**powers)


_FAMILIAR = (
    "mg",
    "kg",
    "ug",
    "ng",
    "pg",
    "g/L",
    "g/dL",
    "mg/dL",
    "mg/L",
    "ug/L",
    "ng/mL",
    "ng/L",
    "mmol/L",
    "umol/L",
    "nmol/L",
    "10*9/L",
    "10*12/L",
    "10*3/uL",
    "/uL",
    "U/L",
    "U/mL",
    "[IU]/L",
    "Cel",
    "[degF]",
    "mm[Hg]",
    "mL",
    "dL",
    "L",
    "mL/min",
    "mg/kg",
    "mg/kg/d",
    "mg/d",
    "cm",
    "m2",
    "kg/m2",
    "%",
    "/min",
    "min",
    "h",
    "d",
    "wk",
    "mo",
    "a",
    "s",
)


def _near_atom(text: str) -> str:
    folded = {known.lower(): known for known in (*_FAMILIAR, *METRIC, *PLAIN)}
    same = folded.get(text.lower())
    return f"Did you mean {same}?" if same else nearest(text, _FAMILIAR)


def _named(unit: str) -> bool:
    return unit not in ("", "1")


def _wrap(unit: str) -> str:
    return f"({unit})" if "/" in unit or "." in unit else unit


def _canonical(unit: str) -> str:
    parse(unit)
    return unit
