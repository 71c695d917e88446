"""The readings of one item for all patients, grouped by patient, latest first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trialwright.logic.columnar.columns import Column, Floats, Ints, Mask, take

Cell = TypeVar("Cell", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Source:
    """All readings of an item. Days are ordinals; `time` ranks times of the day; limits are NaN where not given.

    `agent` and `route` are codes of the vocabulary.
    """

    value: Column
    first: Ints
    last: Ints
    dated: Mask
    time: Ints
    low: Floats
    high: Floats
    agent: Ints
    route: Ints


class Table:
    """A choice of an item's readings: patient p has rows `offsets[p]` to `offsets[p + 1]` of `pick`.

    `pick` None is all readings of the source, in its order. What is asked for again is kept.
    """

    def __init__(self, source: Source, pick: Ints | None, offsets: Ints) -> None:
        self.source, self.offsets, self.whole = source, offsets, pick is None
        if pick is not None:
            self.pick = pick

    @cached_property
    def pick(self) -> Ints:
        """Each row's place in the source."""
        return np.arange(len(self.source.first))

    @cached_property
    def counts(self) -> Ints:
        """How many rows each patient has."""
        return np.diff(self.offsets)

    @cached_property
    def patients(self) -> Ints:
        """The patient of each row."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def some(self) -> Mask:
        """Patients with a reading."""
        return self.counts > 0

    @cached_property
    def most(self) -> int:
        """Rows of the patient who has most."""
        return int(self.counts.max(initial=0))

    @cached_property
    def value(self) -> Column:
        return self.source.value if self.whole else take(self.source.value, self.pick)

    @cached_property
    def first(self) -> Ints:
        return self._of(self.source.first)

    @cached_property
    def last(self) -> Ints:
        return self._of(self.source.last)

    @cached_property
    def dated(self) -> Mask:
        return self._of(self.source.dated)

    def _of(self, array: npt.NDArray[Cell]) -> npt.NDArray[Cell]:
        return array if self.whole else array[self.pick]

    def at(self, rows: Ints) -> Column:
        """Values of some rows."""
        return take(self.source.value, rows if self.whole else self.pick[rows])

    def keep(self, mask: Mask) -> Table:
        """Only the rows of the mask."""
        if mask.all():
            return self
        pick = np.flatnonzero(mask) if self.whole else self.pick[mask]
        if self.most <= 1:
            counts = self.counts.copy()
            counts[self.some] = mask
            return Table(self.source, pick, offsets_of(counts))
        ends = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=ends[1:])
        return Table(self.source, pick, ends[self.offsets])

    def expand(self, index: Ints) -> Table:
        """The readings of patients `index`, who may come in any order and more than once."""
        counts = self.counts[index]
        offsets = offsets_of(counts)
        begin = self.offsets[index]
        if self.most <= 1:
            rows = begin if offsets[-1] == len(index) else begin[counts > 0]
        else:
            rows = np.repeat(begin - offsets[:-1], counts) + np.arange(offsets[-1])
        return Table(self.source, rows if self.whole else self.pick[rows], offsets)

    def alone(self) -> Table:
        """Each row as the only reading of a patient of its own."""
        return Table(self.source, None if self.whole else self.pick, np.arange(len(self.patients) + 1))

    def same_moment(self, heads: Ints) -> Mask:
        """Rows of the same day and time as the row `heads` of their patient."""
        return self._alike(np.repeat(heads[self.some], self.counts[self.some]))

    def _alike(self, other: Ints, rows: Ints | None = None) -> Mask:
        """Whether rows (all of them, if not said) are of the same day and time as other rows."""
        source = self.source
        one = self.pick if rows is None else self.pick[rows]
        two = self.pick[other]
        same = (source.first[one] == source.first[two]) & (source.last[one] == source.last[two])
        found: Mask = same & (source.time[one] == source.time[two])
        return found

    def crowded(self, heads: Ints) -> Ints:
        """Patients with another row of the same moment as their row `heads`, which is their first or their last."""
        several = np.flatnonzero(self.counts > 1)
        head = heads[several]
        beside = np.where(head == self.offsets[several], head + 1, head - 1)  # rows stand in the order of moments
        return several[self._alike(beside, head)]

    def reduce(self, ufunc: np.ufunc, values: npt.NDArray[Cell], empty: object) -> npt.NDArray[Cell]:
        """`ufunc` over each patient's rows; `empty` for patients without."""
        out = np.full(len(self.counts), empty, values.dtype)
        if len(values):
            out[self.some] = values if self.most == 1 else ufunc.reduceat(values, self.offsets[:-1][self.some])
        return out


def offsets_of(counts: Ints) -> Ints:
    """Where the rows of each begin, and at last where all end."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
