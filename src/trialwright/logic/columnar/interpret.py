"""The columnar interpreter: an expression for all patients at once, with exactly the answers of the plain one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialwright.logic.columnar.algebra import converted
from trialwright.logic.columnar.columns import (
    Column,
    Days,
    Mask,
    Numbers,
    Truths,
    Words,
    days,
    exact,
    identical,
    known,
    take,
    unknown,
    where,
)
from trialwright.logic.columnar.plain import plainly
from trialwright.logic.columnar.table import Table
from trialwright.logic.columnar.view import View
from trialwright.logic.nodes import Anchor, Call, Expr, ItemRef, Literal, Node, TermRef

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
    found = view.known.get(id(node))
    if found is None:
        found = view.known[id(node)] = (node, _compute(node, view))
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


def agreed(table: Table, ref: ItemRef, heads: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Column:
    """The value of row `heads` of each patient, unless another row of the same moment says something else."""
    some = table.some
    out = unknown(ref.kind, len(some))
    if not some.any():
        return out
    present = np.flatnonzero(some)
    value = table.at(heads[present])
    if len(table.pick) > len(present):
        value = where(_contested(table, heads)[present], unknown(ref.kind, len(present)), value)
    return value if len(present) == len(some) else _scattered(out, present, value)


def _contested(table: Table, heads: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mask:
    """Patients who have two values of the moment of their head."""
    several = np.flatnonzero(table.counts > 1)
    part = table.expand(several)
    rows = part.offsets[:-1] + (heads - table.offsets[:-1])[several]
    per_row = np.repeat(rows, part.counts)
    differs = part.same_moment(rows) & ~identical(part.value, part.at(per_row))
    out = np.zeros(len(table.counts), np.bool_)
    out[several[part.patients[differs]]] = True
    return out


def _scattered(out: Column, rows: np.ndarray[tuple[int], np.dtype[np.int64]], value: Column) -> Column:
    """`value` in the given rows, else what `out` holds."""
    position = np.zeros(len(known(out)), np.int64)
    position[rows] = np.arange(len(rows))
    here = np.zeros(len(position), np.bool_)
    here[rows] = True
    return where(here, take(value, position), out)


def is_days(column: Column) -> Days:
    assert isinstance(column, Days)
    return column
