"""A formula beside its card: what goes in, what comes out, where it holds, where it comes from, and an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth

Range = tuple[float | None, float | None]


class Quantity(NamedTuple):
    """A number in a unit of its own choice."""

    value: float
    unit: str


Value = float | str | bool | Quantity


@dataclass(frozen=True, slots=True)
class Input:
    """An argument. Numbers come in `unit`, or as a Quantity where `any_unit`.

    `valid` is the range in which the formula was validated, `possible` the one beyond which a value must be a slip.
    A code without `codes` is free text. `optional`: the card answers without it too.
    """

    name: str
    label: Text
    kind: Literal["number", "code", "truth"] = "number"
    unit: str = ""
    codes: tuple[str, ...] = ()
    molar_mass: float | None = None
    valid: Range = (None, None)
    possible: Range = (0, None)
    optional: bool = False
    any_unit: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A step on the way to the answer: a number or interval of numbers, a truth or a word."""

    name: str
    label: Text
    value: float | Truth | Text | None
    high: float | None = None
    unit: str = ""

    @property
    def low(self) -> float | None:
        """Lower end of an interval, else None."""
        return self.value if self.high is not None and isinstance(self.value, float) else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a card answers: a number (with its interval while inputs are missing), a truth, or a word.

    `missing` names the inputs that could still change the answer, the furthest reaching first; `notes` say how.
    """

    value: float | Truth | str | None
    interval: tuple[float, float] | None = None
    unit: str = ""
    parts: tuple[Part, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


def no_formula(*_: object) -> float | None:
    """For classifications, which answer with a finding and not with one number."""
    return None


@dataclass(frozen=True)
class Card:
    """`formula` takes the inputs by position, all known, and is monotone in each; None where it has no answer.

    `beside` are optional inputs that do not enter the formula: they bound its validity or add parts to the answer.
    `finding` answers from named inputs, some missing; without it the formula's number is the whole answer.
    """

    id: str
    label: Text
    inputs: tuple[Input, ...]
    unit: str
    formula: Callable[..., float | None]
    source: str
    example: tuple[Mapping[str, Value], float | str | Truth | tuple[float, float]]
    note: Text | None = None
    beside: tuple[Input, ...] = ()
    finding: Callable[[Mapping[str, Value]], Finding] | None = None

    @property
    def all_inputs(self) -> tuple[Input, ...]:
        return (*self.inputs, *self.beside)

    def compute(self, **values: Value) -> float | None:
        """The answer for named inputs; None if one is missing or the formula has no answer there."""
        if any(i.name not in values for i in self.inputs):
            return None
        return self.formula(*(values[i.name] for i in self.inputs))

    def answer(self, values: Mapping[str, Value]) -> Finding:
        """The whole answer for named inputs in the units of the card."""
        if self.finding is not None:
            return self.finding(values)
        missing = tuple(i.name for i in self.inputs if i.name not in values)
        return Finding(self.compute(**values), missing=missing)

    def outside(self, **values: Value) -> tuple[str, ...]:
        """Names of the inputs that lie outside the range in which the formula was validated."""
        return tuple(i.name for i in self.all_inputs if not within(values.get(i.name), i.valid))


def within(value: object, limits: Range) -> bool:
    """Whether a number lies within closed limits; true for whatever is not a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)
