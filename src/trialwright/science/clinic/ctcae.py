"""Laboratory grades of CTCAE versions 5 and 6, for the terms that have a numeric rule and that studies here name.

A rule is data: for each grade the limit that a value must pass. Limits are absolute (in the rule's unit), multiples
of the laboratory's own limit, or multiples of the baseline. Grades that rest on clinical findings alone are left
to people. Source: CTCAE v5.0 (NCI, 2017-11-27) and v6.0 (NCI, 2025).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from trialwright.kernel import units
from trialwright.kernel.errors import UnknownName

Basis = Literal["none", "instead", "also", "if_low"]


@dataclass(frozen=True, slots=True)
class Step:
    """One grade. Passed if the value lies beyond any limit that applies; `closed`: at the baseline limit counts."""

    grade: int
    absolute: float | None = None
    normal: float | None = None
    """Multiple of the laboratory's upper (lower) limit."""
    baseline: float | None = None
    """Multiple of the baseline."""
    fall: float | None = None
    """Percent lost since the baseline, closed, where the value is below its lower limit."""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`basis`: the baseline's multiples hold instead of the limit's when the baseline was abnormal ("instead"),
    beside them ("also"), or instead of them when the baseline was below its limit ("if_low")."""

    high: bool
    steps: tuple[Step, ...]
    unit: str = ""
    basis: Basis = "none"


def _low(unit: str, *limits: float) -> Rule:
    """Below the lower limit is grade 1; below each further limit one more."""
    steps = (Step(1, normal=1.0), *(Step(n, absolute=limit) for n, limit in enumerate(limits, 2)))
    return Rule(high=False, steps=steps, unit=unit)


def _times(normal: tuple[float, ...], baseline: tuple[float, ...], *, closed: bool = False) -> Rule:
    """Multiples of the upper limit; of the baseline where that was above the limit. `closed`: for grade 1."""
    steps = tuple(
        Step(n, normal=a, baseline=b, closed=closed and n == 1)
        for n, (a, b) in enumerate(zip(normal, baseline, strict=True), 1)
    )
    return Rule(high=True, steps=steps, basis="instead")


_LIVER_5 = (1.0, 3.0, 5.0, 20.0)
_AMINOTRANSFERASE_5 = _times(_LIVER_5, (1.5, 3.0, 5.0, 20.0), closed=True)
_AMINOTRANSFERASE_6 = _times(_LIVER_5, (1.0, 1.5, 2.0, 4.0))
_FIBRINOGEN = Rule(
    high=False,
    unit="g/L",
    steps=(
        Step(1, normal=1.0), Step(2, normal=0.75, fall=25), Step(3, normal=0.5, fall=50),
        Step(4, absolute=0.5, normal=0.25, fall=75),
    ),
)  # fmt: skip
_TRIGLYCERIDES = Rule(
    high=True,
    unit="mmol/L",
    steps=tuple(Step(n, absolute=x, closed=n == 1) for n, x in enumerate((1.71, 3.42, 5.7, 11.4), 1)),
)
_CREATININE = Rule(
    high=True, basis="also",
    steps=(
        Step(1, normal=1.0), Step(2, normal=1.5, baseline=1.5), Step(3, normal=3.0, baseline=3.0),
        Step(4, normal=6.0),
    ),
)  # fmt: skip

_COMMON: dict[str, Rule] = {
    "Anemia": _low("g/L", 100, 80),
    "White blood cell decreased": _low("10*9/L", 3, 2, 1),
    "Hypoalbuminemia": _low("g/L", 30, 20),
    "Fibrinogen decreased": _FIBRINOGEN,
    "Hypertriglyceridemia": _TRIGLYCERIDES,
    "Blood lactate dehydrogenase increased": Rule(high=True, steps=(Step(1, normal=1.0),)),
}

RULES: dict[str, dict[str, Rule]] = {
    "5": {
        **_COMMON,
        "Platelet count decreased": _low("10*9/L", 75, 50, 25),
        "Neutrophil count decreased": _low("10*9/L", 1.5, 1.0, 0.5),
        "Lymphocyte count decreased": _low("10*9/L", 0.8, 0.5, 0.2),
        "Aspartate aminotransferase increased": _AMINOTRANSFERASE_5,
        "Alanine aminotransferase increased": _AMINOTRANSFERASE_5,
        "Blood bilirubin increased": _times((1.0, 1.5, 3.0, 10.0), (1.0, 1.5, 3.0, 10.0)),
        "Creatinine increased": _CREATININE,
    },
    "6": {
        **_COMMON,
        "Platelet count decreased": _low("10*9/L", 75, 50, 10),
        "Neutrophil count decreased": Rule(
            high=False, unit="10*9/L", steps=tuple(Step(n, absolute=x) for n, x in enumerate((1.5, 1.0, 0.5, 0.1), 1))
        ),
        "Aspartate aminotransferase increased": _AMINOTRANSFERASE_6,
        "Alanine aminotransferase increased": _AMINOTRANSFERASE_6,
        "Blood bilirubin increased": _times((1.0, 1.5, 3.0, 10.0), (1.0, 1.5, 2.5, 10.0)),
        "Creatinine increased": replace(_CREATININE, basis="if_low"),
    },
}
RULES["6"]["Thrombocytopenia"] = RULES["6"]["Platelet count decreased"]
"""By version, then term. Version 6 calls low platelets thrombocytopenia; the older name finds it too."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory value with its limits and the subject's baseline, all in `unit`."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    molar_mass: float | None = None


def grade(term: str, lab: Lab, version: str = "5") -> int | None:
    """Grade 0 to 4; None where the rule needs a limit that is not known, or the version has no rule for the term.

    Raises UnknownName for a term or version that no rule knows.
    """
    if version not in RULES:
        raise UnknownName("CTCAE version", version, RULES)
    if not any(term in rules for rules in RULES.values()):
        raise UnknownName("CTCAE term", term, {t for rules in RULES.values() for t in rules})
    rule = RULES[version].get(term)
    if rule is None:
        return None
    if rule.unit:
        lab = _stated(lab, rule.unit)
    passed = [(step.grade, _passes(step, rule, lab)) for step in rule.steps]
    best = max((g for g, hit in passed if hit), default=0)
    # A step that could not be judged matters only if it would lead to a higher grade.
    return None if any(hit is None and g > best for g, hit in passed) else best


def _stated(lab: Lab, unit: str) -> Lab:
    def to(x: float | None) -> float | None:
        return None if x is None else units.convert(x, lab.unit, unit, lab.molar_mass)

    value = units.convert(lab.value, lab.unit, unit, lab.molar_mass)
    return Lab(value, unit, to(lab.low), to(lab.high), to(lab.baseline), lab.molar_mass)


def _passes(step: Step, rule: Rule, lab: Lab) -> bool | None:
    answers: list[bool | None] = []
    limit = lab.high if rule.high else lab.low
    by_baseline, by_limit = _bases(rule, lab, step)
    if step.absolute is not None:
        answers.append(_beyond(lab.value, step.absolute, rule.high, step.closed))
    if step.normal is not None and by_limit:
        answers.append(None if limit is None else _beyond(lab.value, step.normal * limit, rule.high, closed=False))
    if step.baseline is not None and by_baseline and lab.baseline is not None:
        answers.append(_beyond(lab.value, step.baseline * lab.baseline, rule.high, step.closed))
    if step.fall is not None and lab.baseline and lab.low is not None and _beyond(lab.value, lab.low, False, False):
        answers.append(100 * (lab.baseline - lab.value) / lab.baseline >= step.fall)
    if True in answers:
        return True
    return None if None in answers else False


def _bases(rule: Rule, lab: Lab, step: Step) -> tuple[bool, bool]:
    """Whether the baseline's multiple counts, and whether the limit's does."""
    if rule.basis == "none" or step.baseline is None:
        return False, True
    if rule.basis == "also":
        return True, True
    bound = lab.high if rule.basis == "instead" else lab.low
    abnormal = (
        lab.baseline is not None
        and bound is not None
        and _beyond(lab.baseline, bound, rule.basis == "instead", closed=False)
    )
    return abnormal, not abnormal


def _beyond(value: float, limit: float, high: bool, closed: bool) -> bool:
    if abs(value - limit) <= 1e-9 * max(abs(value), abs(limit)):
        return closed
    return value > limit if high else value < limit
