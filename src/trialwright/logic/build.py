"""Text to checked nodes: names, types and units are right, or a LogicError names the column and what would be right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, LogicError, UnitError, nearest
from trialwright.logic import syntax
from trialwright.logic.nodes import (
    CODE,
    DATE,
    DATETIME,
    EVENT,
    PURE,
    TRUTH,
    Anchor,
    Call,
    Expr,
    ItemRef,
    Kind,
    Literal,
    Node,
    TermRef,
)
from trialwright.logic.operators.base import Mismatch
from trialwright.logic.scope import ItemLike, Scope
from trialwright.logic.table import TABLE

if TYPE_CHECKING:
    from lark import Token, Tree

ANCHORS = ("screening", "enrolment", "first_dose")
_PERIODS = {
    "day": "d",
    "days": "d",
    "week": "wk",
    "weeks": "wk",
    "month": "mo",
    "months": "mo",
    "year": "a",
    "years": "a",
}
_INFIX = {
    "conjoined": "and",
    "disjoined": "or",
    "listed": "in",
    "spanned": "between",
    "negated": "not",
    "minus": "neg",
    "conditional": "if",
}


def build(text: str, scope: Scope, *, expect: Kind | None = None) -> Expr:
    """Build an expression. `expect` demands a kind; of numbers, a unit that the result can be stated in."""
    try:
        root = _Builder(text, scope, ()).node(syntax.parse(text))
    except RecursionError:
        raise LogicError("The expression is nested too deeply.", hint="Name its parts as terms.") from None
    if expect is not None:
        _as_expected(root, expect)
    return Expr(root)


def _as_expected(root: Node, expect: Kind) -> None:
    if root.kind.name != expect.name and {root.kind.name, expect.name} != {"date", "event"}:
        raise LogicError(f"The expression gives {root.kind.name} where {expect.name} is needed.")
    mass = root.kind.molar_mass or expect.molar_mass
    if expect.name == "number" and not units.same_kind(root.kind.unit, expect.unit or "1", mass):
        given, need = (units.show(k.unit) or "a pure number" for k in (root.kind, expect))
        raise LogicError(f"The expression gives {given} where {need} is needed.")


def kind_of(item: ItemLike) -> Kind:
    """The kind that an item has in expressions."""
    match item.type:
        case "quantity" | "integer":
            return Kind("number", item.unit or "1", item.molar_mass)
        case "choice":
            return Kind("code", codes=tuple(choice.code for choice in item.choices))
        case "choices":
            return Kind("codes", codes=tuple(choice.code for choice in item.choices))
        case "boolean" | "judgement":
            return TRUTH
        case "date" | "datetime":
            return DATE if item.type == "date" else DATETIME
        case "event":
            return EVENT
    return CODE


class _Builder:
    """Builds one text; `open` names the terms and items whose texts are being built around it."""

    def __init__(self, text: str, scope: Scope, open_: tuple[str, ...]) -> None:
        self.text, self.scope, self.open = text, scope, open_

    def node(self, tree: Tree[Token]) -> Node:
        match tree.data:
            case "number" | "quantity" | "text" | "date" | "true" | "false":
                return self._constant(tree)
            case "name":
                return self._name(tree)
            case "call":
                return self._call(tree)
            case "compared" | "arithmetic":
                left, symbol, right = tree.children
                return self._apply(str(symbol), tree, [left, right], ["", ""])
        parts = [child for child in tree.children if child is not None]
        return self._apply(_INFIX[tree.data], tree, parts, [""] * len(parts))

    def _constant(self, tree: Tree[Token]) -> Node:
        if tree.data in ("true", "false"):
            return Literal(tree.data == "true", TRUTH)
        word = str(tree.children[0])
        if tree.data == "number":
            if not math.isfinite(float(word)):
                raise self._wrong(tree, "This number is too large.", "")
            return Literal(float(word), PURE)
        if tree.data == "text":
            return Literal(word[1:-1], CODE)
        try:
            if tree.data == "date":
                return Literal(PartialDate.parse(word), DATE)
            return self._quantity(word)
        except (UnitError, InputError) as error:
            raise self._wrong(tree, error.what, error.hint) from None

    def _quantity(self, word: str) -> Literal:
        end = len(word)
        while True:  # the longest head that is a number; the rest is the unit
            end -= 1
            try:
                value = float(word[:end])
                break
            except ValueError:
                continue
        if not math.isfinite(value):
            raise UnitError("This number is too large.")
        unit = word[end:].strip()
        unit = _PERIODS.get(unit, unit)
        units.check(unit)
        return Literal(value, Kind("number", unit))

    def _name(self, tree: Tree[Token]) -> Node:
        name = str(tree.children[0])
        built = self.scope.built.get(name)
        if built is not None:
            return built
        if name in self.scope.items:
            return self.scope.built.setdefault(name, self._item(name, tree))
        if name in self.scope.terms:
            term = self.scope.terms[name]
            body = self._inner(name, term.logic, "term")
            return self.scope.built.setdefault(name, TermRef(name, term.label, body))
        if name in ANCHORS:
            return Anchor(name)
        known = [*self.scope.items, *self.scope.terms, *ANCHORS]
        raise self._wrong(tree, f"There is no item or term '{name}'.", nearest(name, known))

    def _item(self, name: str, tree: Tree[Token]) -> ItemRef:
        item = self.scope.items[name]
        labels = tuple(choice.label for choice in item.choices)
        try:
            kind = kind_of(item)
            units.check(kind.unit)
        except UnitError as error:
            raise self._wrong(tree, error.what, error.hint) from None
        derived = self._inner(name, item.derive, "item") if item.derive else None
        if derived is not None:
            _as_expected(derived, kind)
        return ItemRef(name, item.label, kind, item.type == "judgement", labels, derived)

    def _inner(self, name: str, text: str, what: str) -> Node:
        """The text behind a term or a derived item, in the same scope."""
        if name in self.open:
            circle = " -> ".join((*self.open[self.open.index(name) :], name))
            raise LogicError(f"The {what} '{name}' is defined by itself: {circle}.")
        try:
            return _Builder(text, self.scope, (*self.open, name)).node(syntax.parse(text))
        except LogicError as error:
            where = f"{what} {name}, {error.where}" if error.where else f"{what} {name}"
            raise LogicError(error.what, where=where, hint=error.hint) from None

    def _call(self, tree: Tree[Token]) -> Node:
        name, *arguments = [child for child in tree.children if child is not None]
        functions = [op.name for op in TABLE.values() if not op.infix and op.name != "if"]
        if name not in functions:
            raise self._wrong(tree, f"There is no function '{name}'.", nearest(str(name), functions))
        names = [str(argument.children[0] or "") for argument in arguments]  # type: ignore[union-attr]  # all are trees
        odd = next((i for i, n in enumerate(names) if n and n not in TABLE[str(name)].named), None)
        if odd is not None:
            raise self._wrong(
                arguments[odd], f"'{name}' has no argument '{names[odd]}'.", nearest(names[odd], TABLE[str(name)].named)
            )
        trees = [argument.children[1] for argument in arguments]  # type: ignore[union-attr]  # as above
        return self._apply(str(name), tree, trees, names)

    def _apply(self, op: str, tree: Tree[Token], parts: list[Tree[Token] | Token], names: list[str]) -> Node:
        args = tuple(self._argument(part, name) for part, name in zip(parts, names, strict=True))
        try:
            kind = TABLE[op].typing(args, names)
        except Mismatch as error:
            blamed = tree if error.index is None else parts[error.index]
            what = f"'{op}' {error.what}." if error.index is None else f"In '{op}' {error.what}."
            raise self._wrong(blamed, what, error.hint) from None
        return Call(op, args, kind, tuple(names) if any(names) else ())

    def _argument(self, part: Tree[Token] | Token, name: str) -> Node:
        assert not isinstance(part, str)
        # After `before:` an anchor's name means the anchor, even where an item has the same name.
        if name in ("before", "after", "on") and part.data == "name" and part.children[0] in ANCHORS:
            return Anchor(str(part.children[0]))
        return self.node(part)

    def _wrong(self, tree: object, what: str, hint: str) -> LogicError:
        meta = getattr(tree, "meta", tree)
        line, column = getattr(meta, "line", 1) or 1, getattr(meta, "column", 1) or 1
        return LogicError(what, where=syntax.place(self.text, line, column), hint=hint)
