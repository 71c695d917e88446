"""The readings of one item for all patients, grouped by patient, latest first."""

from __future__ import annotations

from dataclasses import dataclass
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
    """A choice of an item's readings: patient p has rows `offsets[p]` to `offsets[p + 1]` of `pick`."""

    __slots__ = ("counts", "offsets", "pick", "source")

    def __init__(self, source: Source, pick: Ints, offsets: Ints) -> None:
        self.source, self.pick, self.offsets = source, pick, offsets
        self.counts: Ints = np.diff(offsets)

    @property
    def patients(self) -> Ints:
        """The patient of each row."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def some(self) -> Mask:
        """Patients with a reading."""
        return self.counts > 0

    @property
    def value(self) -> Column:
        return take(self.source.value, self.pick)

    @property
    def first(self) -> Ints:
        return self.source.first[self.pick]

    @property
    def last(self) -> Ints:
        return self.source.last[self.pick]

    @property
    def dated(self) -> Mask:
        return self.source.dated[self.pick]

    def at(self, rows: Ints) -> Column:
        """Values of some rows."""
        return take(self.source.value, self.pick[rows])

    def keep(self, mask: Mask) -> Table:
        """Only the rows of the mask."""
        if mask.all():
            return self
        ends = np.concatenate(([0], np.cumsum(mask)))
        return Table(self.source, self.pick[mask], ends[self.offsets])

    def expand(self, index: Ints) -> Table:
        """The readings of patients `index`, who may come in any order and more than once."""
        counts = self.counts[index]
        offsets = np.concatenate(([0], np.cumsum(counts)))
        rows = np.repeat(self.offsets[index] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Table(self.source, self.pick[rows], offsets)

    def alone(self) -> Table:
        """Each row as the only reading of a patient of its own."""
        return Table(self.source, self.pick, np.arange(len(self.pick) + 1))

    def same_moment(self, heads: Ints) -> Mask:
        """Rows of the same day and time as the row `heads` of their patient."""
        source, pick, other = self.source, self.pick, self.pick[np.repeat(heads[self.some], self.counts[self.some])]
        alike = (source.first[pick] == source.first[other]) & (source.last[pick] == source.last[other])
        found: Mask = alike & (source.time[pick] == source.time[other])
        return found

    def reduce(self, ufunc: np.ufunc, values: npt.NDArray[Cell], empty: object) -> npt.NDArray[Cell]:
        """`ufunc` over each patient's rows; `empty` for patients without."""
        out = np.full(len(self.counts), empty, values.dtype)
        if len(values):
            out[self.some] = ufunc.reduceat(values, self.offsets[:-1][self.some])
        return out
