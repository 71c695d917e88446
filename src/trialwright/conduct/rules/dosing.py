"""The next dose: weight by the weight rule, step of the regimen, rounding, and the rules that delay or stop it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from trialwright.kernel import units
from trialwright.kernel.errors import Refused
from trialwright.study.dosing import DoseRule, Dosing, Rounding

Decision = Literal["give", "delay", "stop"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A weight in kg and the day it was taken."""

    kg: float
    day: dt.date


@dataclass(frozen=True, slots=True)
class DosePlan:
    """What to do about one dose. `amount` in `unit` (None unless given); `steps` show how it came about."""

    dose: int
    decision: Decision
    amount: float | None
    unit: str
    weight: float | None
    steps: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """Ids of the rules that delay or stop it."""
    not_before: dt.date | None = None

    @property
    def explanation(self) -> str:
        return " ".join(self.steps)


@dataclass(frozen=True, slots=True)
class Moment:
    """The day on which a dose is wanted, the day it was planned for, and the days of the last dose before (visits in
    between may have been missed) and of the first.
    """

    on: dt.date
    planned: dt.date | None = None
    previous: dt.date | None = None
    first_dose: dt.date | None = None


def plan(
    dosing: Dosing, dose: int, weights: Sequence[Weighed], moment: Moment, broken: Iterable[DoseRule] = ()
) -> DosePlan:
    """Decide on dose number `dose`. `weights`: all so far, in time order; `broken`: rules that hold against dosing.

    Raises Refused when no weight is known or there is no such dose.
    """
    if not 1 <= dose <= dosing.doses:
        raise Refused(f"There is no dose {dose}; the regimen has {dosing.doses}.")
    against = list(broken) if dose > 1 else []
    stop = [rule for rule in against if rule.action == "stop" or _too_late(rule, moment)]
    if stop:
        return _without(dose, "stop", stop)
    earliest = _earliest(dosing, moment)
    if against or earliest:
        return _without(dose, "delay", against, earliest)
    return _given(dosing, dose, weights, moment)


def _earliest(dosing: Dosing, moment: Moment) -> dt.date | None:
    """The first day far enough from the dose before; None when it has come already."""
    day = moment.previous + dt.timedelta(days=dosing.min_interval_days) if moment.previous else None
    return day if day and day > moment.on else None


def _too_late(rule: DoseRule, moment: Moment) -> bool:
    """A delay that has lasted longer than its rule allows becomes a stop."""
    limit = rule.max_delay_days
    return limit is not None and moment.planned is not None and (moment.on - moment.planned).days > limit


def _without(dose: int, decision: Decision, rules: Sequence[DoseRule], earliest: dt.date | None = None) -> DosePlan:
    steps = [rule.message.en for rule in rules]
    if earliest:
        steps.append(f"The earliest day for dose {dose} is {earliest}.")
    return DosePlan(dose, decision, None, "mg", None, tuple(steps), tuple(r.id for r in rules), earliest)


def _given(dosing: Dosing, dose: int, weights: Sequence[Weighed], moment: Moment) -> DosePlan:
    weight, why = dosing_weight(dosing, weights, moment.first_dose or moment.on)
    step = dosing.step(dose)
    per_kg = units.convert(step.per_kg, step.unit, "mg/kg")
    exact = float(Fraction(str(per_kg)) * Fraction(str(weight)))
    amount = rounded(exact, dosing.rounding)
    steps = (
        why,
        f"{step.per_kg:g} {step.unit} × {weight:g} kg = {exact:g} mg.",
        f"Rounded ({dosing.rounding.mode}, step {dosing.rounding.step:g} mg): {amount:g} mg.",
    )
    return DosePlan(dose, "give", amount, "mg", weight, steps)


def dosing_weight(dosing: Dosing, weights: Sequence[Weighed], first_dose: dt.date) -> tuple[float, str]:
    """The weight to dose by, and why that one; `weights` in time order. Raises Refused without any.

    Baseline is, as in ADaM, the last weight on or before the day of the first dose; where there is none, the first.
    """
    if not weights:
        raise Refused(f"The dose cannot be planned: no {dosing.weight.item} is recorded.", hint="Record it first.")
    base = next((w for w in reversed(weights) if w.day <= first_dose), weights[0])
    last = weights[-1]
    rule = dosing.weight
    if rule.use == "baseline":
        return base.kg, f"Weight at baseline ({base.day}): {base.kg:g} kg."
    if rule.use == "current":
        return last.kg, f"Present weight ({last.day}): {last.kg:g} kg."
    baseline = Fraction(str(base.kg))
    exact = 100 * (Fraction(str(last.kg)) - baseline) / baseline
    change = float(exact)
    if abs(exact) >= Fraction(str(rule.change_percent)):
        return last.kg, f"Weight has changed by {change:+.1f} % since baseline: {last.kg:g} kg ({last.day}) is used."
    kept = f"has changed by {change:+.1f} %, less than {rule.change_percent:g} %"
    return base.kg, f"Weight {kept}: the baseline's {base.kg:g} kg ({base.day}) is used."


def rounded(amount: float, rule: Rounding) -> float:
    """To a multiple of the step; halves go up. Exact decimal arithmetic, so that 0.1 is a tenth."""
    step = Fraction(str(rule.step))
    count = Fraction(f"{amount:.9f}") / step
    whole = {"up": math.ceil(count), "down": math.floor(count), "nearest": math.floor(count + Fraction(1, 2))}[
        rule.mode
    ]
    return float(whole * step)
