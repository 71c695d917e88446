"""A formula beside its card: what goes in, what comes out, where it holds, where it comes from, and an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from trialwright.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Input:
    """An argument. Numbers come in `unit`; `valid` is the range in which the formula was validated."""

    name: str
    label: Text
    kind: Literal["number", "code", "truth"] = "number"
    unit: str = ""
    codes: tuple[str, ...] = ()
    molar_mass: float | None = None
    valid: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class Card:
    """`formula` takes the inputs by position, all known, and is monotone in each; None where it has no answer."""

    id: str
    label: Text
    inputs: tuple[Input, ...]
    unit: str
    formula: Callable[..., float | None]
    source: str
    example: tuple[Mapping[str, float | str | bool], float]
    note: Text | None = None

    def compute(self, **values: float | str | bool) -> float | None:
        """The answer for named inputs; None if one is missing or the formula has no answer there."""
        if any(i.name not in values for i in self.inputs):
            return None
        return self.formula(*(values[i.name] for i in self.inputs))

    def outside(self, **values: float | str | bool) -> tuple[str, ...]:
        """Names of the inputs that lie outside the range in which the formula was validated."""
        return tuple(i.name for i in self.inputs if not _holds(values.get(i.name), *i.valid))


def _holds(value: object, low: float | None, high: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    return (low is None or value >= low) and (high is None or value <= high)
