"""What an operator is, and what the typing rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trialwright.kernel import units
from trialwright.logic.context import Context
from trialwright.logic.nodes import Call, ItemRef, Kind, KindName, Literal, Node, TermRef
from trialwright.logic.values import Value


class Mismatch(Exception):
    """A typing rule refuses; the builder makes a LogicError of it. `index`: the argument at fault, or None."""

    def __init__(self, what: str, index: int | None = None, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.index, self.hint = what, index, hint


class Speaker(Protocol):
    """Says nodes in one language."""

    @property
    def lang(self) -> str: ...
    def say(self, node: Node) -> str: ...
    def inner(self, node: Node) -> str: ...


Typing = Callable[[Sequence[Node], Sequence[str]], Kind]
Saying = Callable[[Call, Speaker], str]


@dataclass(frozen=True, slots=True)
class Operator:
    """One entry of the table. `infix` and `level` (higher binds tighter) are for those written between arguments.

    `connective`: an explanation goes into its arguments, seen in the context that `inside` gives.
    """

    name: str
    summary: str
    example: str
    typing: Typing
    evaluate: Callable[[Call, Context], Value]
    prose: Saying
    infix: str = ""
    level: int = 9
    named: tuple[str, ...] = ()
    connective: bool = False
    inside: Callable[[Call, Context], Context] | None = None


def say(en: str, zh: str) -> Saying:
    """Prose from a sentence with {0}, {1} for the arguments, {all} for all, {NAME} for a named one."""
    templates: Mapping[str, str] = {"en": en, "zh": zh}

    def saying(call: Call, speaker: Speaker) -> str:
        words = [speaker.inner(arg) for arg in call.args]
        named = {name: word for name, word in zip(call.names, words, strict=False) if name}
        joint = "、" if speaker.lang == "zh" else ", "
        return templates[speaker.lang].format(*words, all=joint.join(words), **named)

    return saying


SPOKEN: dict[KindName, str] = {
    "truth": "yes or no", "number": "a number", "code": "a text", "codes": "several codes", "date": "a date",
    "event": "an event",
}  # fmt: skip


def want(args: Sequence[Node], index: int, *kinds: KindName) -> Node:
    """The argument at `index`, which must be of one of `kinds`."""
    node = args[index]
    if node.kind.name not in kinds:
        raise Mismatch(f"this must be {' or '.join(SPOKEN[k] for k in kinds)}, and is {SPOKEN[node.kind.name]}", index)
    return node


def count(args: Sequence[Node], low: int, high: int | None = None) -> None:
    """Check how many arguments there are; `high` None means exactly `low`, 0 no upper limit."""
    top = low if high is None else high
    if len(args) < low or (top and len(args) > top):
        need = f"{low}" if top == low else (f"{low} or more" if not top else f"{low} to {top}")
        raise Mismatch(f"needs {need} argument{'' if need == '1' else 's'}, and has {len(args)}")


def item_of(args: Sequence[Node], index: int, *kinds: KindName) -> ItemRef:
    node = want(args, index, *kinds) if kinds else args[index]
    if isinstance(node, TermRef) and isinstance(node.body, ItemRef):
        return node.body
    if not isinstance(node, ItemRef):
        raise Mismatch("this must be the name of an item", index)
    return node


def item(node: Node) -> ItemRef:
    """The item of an argument that typing has checked to be one."""
    found = node.body if isinstance(node, TermRef) else node
    assert isinstance(found, ItemRef)
    return found


def whole(args: Sequence[Node], index: int) -> int:
    """A constant whole number, 0 or more."""
    node = args[index]
    if not isinstance(node, Literal) or node.kind.unit != "1" or not isinstance(node.value, float) or node.value % 1:
        raise Mismatch("this must be a whole number", index)
    return int(node.value)


def number(node: Node) -> int:
    """The value of a constant that typing has checked."""
    assert isinstance(node, Literal)
    assert isinstance(node.value, float)
    return int(node.value)


PERIODS = ("d", "wk", "mo", "a")


def period(args: Sequence[Node], index: int) -> tuple[int, str]:
    """A calendar period such as `30 days`, as (count, unit)."""
    node = args[index]
    fits = isinstance(node, Literal) and node.kind.unit in PERIODS and isinstance(node.value, float)
    if not fits or not isinstance(node, Literal) or node.value % 1:  # type: ignore[operator]  # a float, by the line above
        raise Mismatch("this must be a period", index, "Write for example 30 days, 2 weeks, 6 months or 5 years.")
    return int(node.value), node.kind.unit  # type: ignore[arg-type]  # as above


def comparable(a: Node, b: Node, index: int) -> None:
    """Two numbers whose units measure the same thing."""
    mass = a.kind.molar_mass or b.kind.molar_mass
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Literal) and one.kind.unit == "1" and other.kind.unit == "%":
            raise Mismatch(
                f"'{one.value:g}' has no unit and stands against a percentage", index, f"Write {one.value:g} %."
            )
    if not units.same_kind(a.kind.unit, b.kind.unit, mass):
        left, right = (units.show(n.kind.unit) or "a pure number" for n in (a, b))
        need = "" if not units.same_kind(a.kind.unit, b.kind.unit, 1.0) else " without the molar mass of the item"
        raise Mismatch(f"{left} and {right} cannot be compared or added{need}", index)
