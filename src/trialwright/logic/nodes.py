"""The frozen graph that all interpreters read. Nodes are values: equal expressions are equal nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.texts import Text

KindName = OneOf["truth", "number", "code", "codes", "date", "event"]


@dataclass(frozen=True, slots=True)
class Kind:
    """Type of a node. Numbers carry their UCUM unit ("1" for none) and, of a substance, its molar mass in g/mol.

    codes: several codes at once, as one text joined by `;`.
    `timed`: a date whose values say the time of the day too.
    """

    name: KindName
    unit: str = ""
    molar_mass: float | None = None
    codes: tuple[str, ...] = ()
    timed: bool = False


TRUTH = Kind("truth")
DATE = Kind("date")
DATETIME = Kind("date", timed=True)
EVENT = Kind("event")
CODE = Kind("code")
PURE = Kind("number", "1")


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: number (in `kind.unit`), text, truth or (partial) date."""

    value: float | str | bool | PartialDate
    kind: Kind


@dataclass(frozen=True, slots=True)
class Anchor:
    """A day that every patient has or gets: screening, enrolment, first_dose."""

    name: str
    kind: Kind = DATE


@dataclass(frozen=True, slots=True)
class ItemRef:
    """The latest known value of an item; of a derived one without facts, what its expression gives."""

    id: str
    label: Text
    kind: Kind
    judgement: bool = False
    choice_labels: tuple[Text, ...] = ()
    derived: Node | None = None


@dataclass(frozen=True, slots=True)
class TermRef:
    """A named term and the node that it stands for."""

    id: str
    label: Text
    body: Node

    @property
    def kind(self) -> Kind:
        return self.body.kind


@dataclass(frozen=True, slots=True)
class Call:
    """An operator of the table on its arguments; `names` gives the name of each argument ("" for none)."""

    op: str
    args: tuple[Node, ...]
    kind: Kind
    names: tuple[str, ...] = ()

    def named(self, name: str) -> Node | None:
        return next((arg for arg, other in zip(self.args, self.names, strict=False) if other == name), None)


Node = Literal | Anchor | ItemRef | TermRef | Call


@dataclass(frozen=True, slots=True)
class Expr:
    """A checked expression: what `build` gives and the interpreters take."""

    root: Node

    @property
    def kind(self) -> Kind:
        return self.root.kind

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of all items spoken of, directly, in terms or in derivations; in the order of first mention."""
        return tuple(dict.fromkeys(ref.id for ref in item_refs(self.root)))


def children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Call):
        return node.args
    if isinstance(node, TermRef):
        return (node.body,)
    if isinstance(node, ItemRef) and node.derived is not None:
        return (node.derived,)
    return ()


def item_refs(node: Node) -> Iterator[ItemRef]:
    """All items below a node, those inside derivations too."""
    if isinstance(node, ItemRef):
        yield node
    for child in children(node):
        yield from item_refs(child)
