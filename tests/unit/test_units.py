"""Units: what can be read, what converts into what, and how units are printed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError


@pytest.mark.parametrize(
    ("value", "unit", "to", "molar_mass", "answer"),
    [
        (150, "mg/dL", "g/L", None, 1.5),
        (500, "ng/mL", "ug/L", None, 500),
        (1500, "/uL", "10*9/L", None, 1.5),
        (62, "10*3/uL", "10*9/L", None, 62),
        (62, "10^9/L", "10*9/L", None, 62),
        (62, "×10⁹/L", "10*9/L", None, 62),
        (9.0, "g/dL", "g/L", None, 90),
        (265, "mg/dL", "mmol/L", 885.7, 2.992),
        (88.42, "umol/L", "mg/dL", 10_000 / 88.42, 1.0),
        (37, "Cel", "[degF]", None, 98.6),
        (310.15, "K", "Cel", None, 37),
        (1, "U/L", "nkat/L", None, 16.6667),
        (120, "mm[Hg]", "kPa", None, 15.9987),
        (1, "wk", "d", None, 7),
        (1, "a", "mo", None, 12),
        (60, "mL/min", "L/h", None, 3.6),
        (1.5, "mg/kg/d", "mg/(kg.d)", None, 1.5),
        (80, "%", "1", None, 0.8),
        (5, "{cells}/uL", "10*9/L", None, 0.005),
        (2, "meq/L", "mmol/L", None, 2),
        (70, "[lb_av]", "kg", None, 31.7515),
    ],
)
def test_conversion(value: float, unit: str, to: str, molar_mass: float | None, answer: float) -> None:
    assert units.convert(value, unit, to, molar_mass) == pytest.approx(answer, rel=1e-4)
    assert units.convert(units.convert(value, unit, to, molar_mass), to, unit, molar_mass) == pytest.approx(value)


def test_a_conversion_by_a_power_of_ten_is_exact() -> None:
    assert units.convert(150, "mg/dL", "g/L") == 1.5
    assert units.convert(8.5, "g/dL", "g/L") == 85
    assert units.convert(1.1, "g/L", "mg/dL") == 110


def test_published_conversions(shared: Path) -> None:
    masses = {"U7": 885.7, "U8": 885.7, "U11": 16_114, "U13": 445_000, "U14": 584.8}
    for case in json.loads((shared / "clinic" / "worked_examples.json").read_text())["units"]:
        to = case["to"].replace("10^9", "10*9").replace("(Fe)", "")
        found = units.convert(case["value"], case["frm"], to, masses.get(case["id"].split()[0]))
        assert found == pytest.approx(case["result"], rel=1e-3), case["id"]


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("10*9/L", "10⁹/L"),
        ("ug/L", "µg/L"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²"),
        ("Cel", "°C"),
        ("mm[Hg]", "mmHg"),
        ("kg/m2", "kg/m²"),
        ("[IU]/L", "IU/L"),
        ("1", ""),
        ("", ""),
        ("{score}", "score"),
        ("/min", "/min"),
        ("%", "%"),
    ],
)
def test_printed_form(unit: str, printed: str) -> None:
    assert units.show(unit) == printed


@pytest.mark.parametrize("unit", ["10*9/L", "ug/L", "mL/min/{1.73_m2}", "Cel", "mm[Hg]", "kg/m2", "[IU]/L", "mg/kg/d"])
def test_the_printed_form_is_read_again(unit: str) -> None:
    assert units.parse(units.show(unit)) == units.parse(unit)


@pytest.mark.parametrize(
    ("unit", "hint"),
    [
        ("mgg/L", "Did you mean mg"),
        ("MG/DL", "Did you mean mg"),
        ("furlong", "is not known"),
        ("mg/", "missing"),
        ("(mg", "bracket"),
        ("{x", "bracket"),
        ("m0", "exponent"),
        ("10*99", "out of reach"),
        ("0", "zero"),
        ("mg)", "out of place"),
    ],
)
def test_what_is_not_a_unit_says_why(unit: str, hint: str) -> None:
    with pytest.raises(UnitError, match="is not a unit") as caught:
        units.check(unit)
    assert hint in str(caught.value)


@pytest.mark.parametrize(("unit", "to"), [("umol/L", "Cel"), ("U/mL", "pg/mL"), ("[IU]/L", "U/L"), ("mg", "mg/d")])
def test_units_of_another_kind_do_not_convert(unit: str, to: str) -> None:
    assert not units.same_kind(unit, to)
    with pytest.raises(UnitError, match="cannot be stated in"):
        units.convert(1, unit, to)


def test_mass_and_amount_need_a_molar_mass() -> None:
    with pytest.raises(UnitError, match="without a molar mass"):
        units.convert(1, "mg/dL", "mmol/L")


UNITS = (
    "mg/dL",
    "g/L",
    "umol/L",
    "mmol/L",
    "10*9/L",
    "/uL",
    "mm[Hg]",
    "kPa",
    "Cel",
    "[degF]",
    "K",
    "mL/min",
    "kg/m2",
    "mg/kg/d",
    "ng/mL",
    "cm",
    "[in_i]",
    "h",
    "d",
    "wk",
    "mo",
    "a",
    "%",
    "U/L",
    "nkat/L",
    "dL",
    "m3",
)


def test_factors_agree_with_another_ucum_library() -> None:
    registry: Any = pytest.importorskip("ucumvert").PintUcumRegistry()
    parsed = {unit: registry.from_ucum(unit) for unit in UNITS}
    for one in UNITS:
        for other in UNITS:
            if not units.same_kind(one, other):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = registry.Quantity(7.5, parsed[one].units if hasattr(parsed[one], "units") else parsed[one])
                theirs = registry.Quantity(7.5 * getattr(parsed[one], "magnitude", 1), theirs.units)
                answer = theirs.to(parsed[other].units).magnitude / getattr(parsed[other], "magnitude", 1)
            assert units.convert(7.5, one, other) == pytest.approx(answer, rel=1e-5), (one, other)
