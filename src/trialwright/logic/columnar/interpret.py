"""The columnar interpreter: an expression for all patients at once, with exactly the answers of the plain one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialwright.logic.columnar.algebra import converted, same
from trialwright.logic.columnar.columns import (
    Column,
    Days,
    Ints,
    Mask,
    Numbers,
    Truths,
    Words,
    days,
    exact,
    identical,
    parts,
    rebuilt,
    take,
    unknown,
    where,
)
from trialwright.logic.columnar.plain import plainly
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Anchor, Call, Expr, ItemRef, Kind, Literal, Node, TermRef

Kernel = Callable[[Call, View], Column]
KERNELS: dict[str, Kernel] = {}
"""Operators that work on whole columns; any other is asked of the plain evaluator, patient by patient."""


def evaluate_all(expr: Expr, view: View) -> Column:
    """The value of an expression for each patient of a view."""
    return value_of(expr.root, view)


def value_of(node: Node, view: View) -> Column:
    if view.parent is not None and view.index is not None and view.defers(node):
        return take(value_of(node, view.parent), view.index)
    if isinstance(node, TermRef):
        return value_of(node.body, view)
    key = node.id if isinstance(node, ItemRef) else id(node)  # an item is the same wherever it stands
    found = view.known.get(key)
    if found is None:
        found = view.known[key] = (node, _compute(node, view))
    return found[1]


def _compute(node: Node, view: View) -> Column:
    match node:
        case Literal():
            return _constant(node, view)
        case Anchor(name):
            return view.anchor(name)
        case ItemRef():
            return _item(node, view)
        case Call():
            kernel = KERNELS.get(node.op)
            return kernel(node, view) if kernel else plainly(node, view, np.arange(view.size))
        case TermRef():
            return value_of(node.body, view)


def truths(node: Node, view: View) -> Truths:
    found = value_of(node, view)
    assert isinstance(found, np.ndarray)
    return found


def numbers(node: Node, view: View, unit: str = "", molar_mass: float | None = None) -> Numbers:
    """Numbers of a node, stated in `unit` if given."""
    found = value_of(node, view)
    assert isinstance(found, Numbers)
    return converted(found, node.kind.unit, unit, node.kind.molar_mass or molar_mass) if unit else found


def _constant(node: Literal, view: View) -> Column:
    value, size = node.value, view.size
    if isinstance(value, bool):
        return np.full(size, 2 if value else 0, np.int8)
    if isinstance(value, float):
        return exact(np.full(size, value))
    if isinstance(value, str):
        return Words(np.full(size, view.cohort.vocabulary.code(value)))
    first, last = np.full(size, value.first.toordinal()), np.full(size, value.last.toordinal())
    return days(first, last, seconds=np.full(size, value.seconds))


def _item(ref: ItemRef, view: View) -> Column:
    table = view.table(ref)
    found = agreed(table, ref, table.offsets[:-1])
    if ref.derived is None or table.some.all():
        return found
    derived = value_of(ref.derived, view)
    if isinstance(derived, Numbers):
        derived = converted(derived, ref.derived.kind.unit, ref.kind.unit, ref.derived.kind.molar_mass)
    return where(table.some, found, derived)


def agreed(table: Table, ref: ItemRef, heads: Ints) -> Column:
    """The value of row `heads` of each patient (the first or the last one), unless another of its moment differs."""
    everyone = bool(table.some.all())
    value = table.at(heads if everyone else heads[table.some])
    if table.most > 1:
        contested = _contested(table, heads)
        if contested.any():
            here = contested if everyone else contested[table.some]
            value = where(here, unknown(ref.kind, len(here)), value)
    return value if everyone else _filled(ref.kind, table.some, value)


def _contested(table: Table, heads: Ints) -> Mask:
    """Patients who have two values of the moment of their head."""
    out = np.zeros(len(table.counts), np.bool_)
    crowded = table.crowded(heads)
    if len(crowded):
        part = table.expand(crowded)
        rows = part.offsets[:-1] + (heads - table.offsets[:-1])[crowded]
        differs = part.same_moment(rows) & ~_alike(part.value, part.at(np.repeat(rows, part.counts)))
        out[crowded[part.patients[differs]]] = True
    return out


def _alike(a: Column, b: Column) -> Mask:
    """Where two readings say the same, in whatever units they were stated."""
    if isinstance(a, Numbers) and isinstance(b, Numbers):
        found: Mask = same(a, b) == 2
        return found
    return identical(a, b)


def _filled(kind: Kind, mask: Mask, value: Column) -> Column:
    """`value` where the mask holds, one cell after the other; nothing known elsewhere."""
    arrays = []
    for blank, cells in zip(parts(unknown(kind, 1)), parts(value), strict=True):
        array = np.full(len(mask), blank[0], cells.dtype)
        array[mask] = cells
        arrays.append(array)
    return rebuilt(value, tuple(arrays))


def is_days(column: Column) -> Days:
    assert isinstance(column, Days)
    return column
