"""A cohort while expressions are evaluated: who there is, what was read, and what was computed already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from trialwright.logic.columnar.columns import Column, Days, Ints, Mask, Vocabulary, days, take
from trialwright.logic.columnar.table import Table
from trialwright.logic.nodes import ItemRef, Node, item_refs

Keep = Callable[[Table], Mask]


class Cohort:
    """What all views of a cohort share. `times` holds the times of the day in order; rank 0 is no time.

    `plainly` counts, by operator, the patients for whom the plain evaluator had to answer.
    """

    def __init__(self, anchors: Mapping[str, Days], tables: Mapping[str, Table], vocabulary: Vocabulary) -> None:
        self.anchors, self.tables, self.vocabulary = anchors, tables, vocabulary
        self.times: tuple[str, ...] = ("",)
        self.size = len(anchors["screening"].first)
        self.plainly: Counter[str] = Counter()
        self._below: dict[int, tuple[Node, frozenset[str]]] = {}

    def below(self, node: Node) -> frozenset[str]:
        """Ids of the items below a node."""
        found = self._below.get(id(node))
        if found is None:
            found = self._below[id(node)] = (node, frozenset(ref.id for ref in item_refs(node)))
        return found[1]


class View:
    """Patients of a cohort, or some of them, or one for each reading; all their readings, or some.

    `index` gives each one's patient in the parent; `own` the items that are seen otherwise than there.
    """

    __slots__ = ("_tables", "cohort", "index", "keep", "known", "own", "parent", "size")

    def __init__(
        self, cohort: Cohort, parent: View | None = None, index: Ints | None = None, keep: Keep | None = None
    ) -> None:
        self.cohort, self.parent, self.index, self.keep = cohort, parent, index, keep
        self.size: int = len(index) if index is not None else parent.size if parent else cohort.size
        self.own: frozenset[str] = frozenset()
        self.known: dict[int | str, tuple[Node, Column]] = {}
        self._tables: dict[str, Table] = {}

    def keeping(self, keep: Keep) -> View:
        """The same patients, seen through a filter of readings."""
        return View(self.cohort, self, keep=keep)

    def chosen(self, index: Ints) -> View:
        """Some patients, in any order and as often as wanted."""
        return View(self.cohort, self, index)

    def only(self, item: str, table: Table, index: Ints) -> View:
        """For each of `index` a patient who has of one item only what the table gives."""
        child = View(self.cohort, self, index)
        child.own, child._tables[item] = frozenset((item,)), table
        return child

    def defers(self, node: Node) -> bool:
        """Whether the parent's answer holds here too."""
        return self.index is not None and self.own.isdisjoint(self.cohort.below(node))

    def table(self, ref: ItemRef) -> Table:
        found = self._tables.get(ref.id)
        if found is None:
            if self.parent is None:
                found = self.cohort.tables[ref.id]
            else:
                found = self.parent.table(ref)
                found = found if self.index is None else found.expand(self.index)
                found = found if self.keep is None else found.keep(self.keep(found))
            self._tables[ref.id] = found
        return found

    def anchor(self, name: str) -> Days:
        if self.parent is None:
            return self.cohort.anchors[name]
        found = self.parent.anchor(name)
        if self.index is not None:
            taken = take(found, self.index)
            assert isinstance(taken, Days)
            return taken
        return found


def day_column(ordinals: Ints) -> Days:
    """Whole days; 0 is not known."""
    return days(ordinals, ordinals, np.where(ordinals > 0, 0, -1))
