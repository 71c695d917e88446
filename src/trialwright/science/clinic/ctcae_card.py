"""The card of the laboratory grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.kernel.texts import Text
from trialwright.science.clinic import ctcae
from trialwright.science.clinic.card import Card, Finding, Input, Quantity, Value, no_formula


def _finding(values: Mapping[str, Value]) -> Finding:
    value, term, version = values["value"], str(values["term"]), str(values.get("version", "5"))
    assert isinstance(value, Quantity)
    rule = ctcae.rules(version).get(term)
    try:
        low, high, baseline = (_in(values, name, value.unit) for name in ("low", "high", "baseline"))
        found = ctcae.grade(term, ctcae.Lab(value.value, value.unit, low, high, baseline), version)
    except UnitError:
        given = f"'{units.show(value.unit)}'" if value.unit else "A number without a unit"
        need = f"Give the value and its limits in {units.show(rule.unit)}." if rule and rule.unit else ""
        raise UnitError(f"{given} cannot be held to the limits of {term}.", where="value", hint=need) from None
    notes = []
    if rule is None:
        notes.append(Text(en=f"Version {version} has no such term.", zh=f"第{version}版无此术语。"))
    elif rule.worst_case:
        notes.append(Text(en=f"Taken as the worst case: {rule.worst_case}.", zh=f"按最坏情况判定：{rule.worst_case}。"))
    missing = tuple(n for n in ("low", "high", "baseline") if n not in values) if rule and found is None else ()
    return Finding(None if found is None else float(found), missing=missing, notes=tuple(notes))


def _in(values: Mapping[str, Value], name: str, unit: str) -> float | None:
    """A limit or the baseline in the unit of the value; a plain number is in it already."""
    given = values.get(name)
    if not isinstance(given, Quantity):
        return None
    return units.convert(given.value, given.unit, unit) if given.unit else given.value


def _quantity(name: str, en: str, zh: str, **more: Any) -> Input:
    return Input(name, Text(en=en, zh=zh), any_unit=True, **more)


TERMS = tuple(sorted({term for version in ctcae.VERSIONS for term in ctcae.rules(version)}))

CTCAE = Card(
    "ctcae",
    Text(en="CTCAE grade of a laboratory value", zh="实验室检查CTCAE分级"),
    (
        Input("term", Text(en="term", zh="术语"), "code", codes=TERMS),
        _quantity("value", "value", "检查值"),
        _quantity("low", "lower limit of normal", "正常值下限", optional=True),
        _quantity("high", "upper limit of normal", "正常值上限", optional=True),
        _quantity("baseline", "value at baseline", "基线值", optional=True),
        Input(
            "version", Text(en="version, 5 if not given", zh="版本（默认5）"), "code", codes=("5", "6"), optional=True
        ),
    ),
    "",
    no_formula,
    "CTCAE v5.0 (NCI, 2017) and v6.0 (NCI, 2025)",
    ({"term": "Platelet count decreased", "value": Quantity(20.0, "10*9/L"), "version": "6"}, 3.0),
    Text(
        en="From the value alone; grades that need symptoms or treatment are left to people. A baseline that is not "
        "given counts as normal.",
        zh="仅依据检查值；需结合症状或治疗的级别由研究者判断。未给出基线值时按正常处理。",
    ),
    finding=_finding,
)
