"""Molar masses (g/mol) with which laboratories turn mass into amount, and the card that converts a value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.kernel.texts import Text
from trialwright.science.clinic.card import Card, Finding, Input, Quantity, Value, no_formula

MOLAR_MASS: Mapping[str, float] = MappingProxyType(
    {
        "bilirubin": 584.795,
        "calcium": 40.078,
        "cholesterol": 386.65,
        "creatinine": 10_000 / 88.42,
        "cortisol": 362.46,
        "ferritin": 445_000.0,
        "glucose": 180.156,
        "haemoglobin": 16_114.0,
        "lactate": 90.08,
        "magnesium": 24.305,
        "phosphate": 30.974,
        "triglycerides": 885.7,
        "urea": 60.06,
        "urea_nitrogen": 28.014,
        "uric_acid": 168.11,
    }
)
"""haemoglobin: its monomer with one iron; triglycerides: triolein; phosphate: as phosphorus. Urea nitrogen takes the
two nitrogen atoms of urea, so urea in mmol/L times 2.8014 is BUN in mg/dL."""


def convert(value: float, from_: str, to: str, substance: str = "") -> float:
    """State a laboratory value in another unit; with a substance also between mass and amount. Raises UnitError."""
    if not substance and not units.same_kind(from_, to) and units.same_kind(from_, to, 1.0):
        raise UnitError(
            f"{units.show(from_)} is turned into {units.show(to)} by a molar mass.",
            hint=f"Name the substance: {', '.join(MOLAR_MASS)}.",
        )
    return units.convert(value, from_, to, MOLAR_MASS[substance] if substance else None)


def _finding(values: Mapping[str, Value]) -> Finding:
    given, to = values["value"], str(values["to"])
    assert isinstance(given, Quantity)
    return Finding(convert(given.value, given.unit, to, str(values.get("substance", ""))), unit=to)


CONVERT = Card(
    "convert",
    Text(en="a laboratory value in another unit", zh="检验结果单位换算"),
    (
        Input("value", Text(en="value with its unit", zh="数值及单位"), any_unit=True, possible=(None, None)),
        Input("to", Text(en="unit to state it in", zh="目标单位"), "code"),
        Input(
            "substance",
            Text(en="substance, for mass and amount", zh="物质（质量与物质的量换算时）"),
            "code",
            codes=tuple(MOLAR_MASS),
            optional=True,
        ),
    ),
    "",
    no_formula,
    "UCUM (ucum.org); molar masses as laboratories use them",
    ({"value": Quantity(265.0, "mg/dL"), "to": "mmol/L", "substance": "triglycerides"}, 2.992),
    Text(
        en="Arbitrary and assay-specific units convert within their own kind only.",
        zh="任意单位及试剂盒特有单位仅可在同类单位间换算。",
    ),
    finding=_finding,
)
