"""A batch's rows of the wanted items, item by item, with what all items need of them read once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from trialwright.kernel.errors import InputError
from trialwright.screen.cohort_batch import Batch, Coded, Ints, coded_texts
from trialwright.screen.values import partial_date

Floats = npt.NDArray[np.float64]

_TIME = re.compile(r"T(\d{2}:\d{2}(?::\d{2})?)")
_WHOLE_DAY = r"^\d{4}-\d{2}-\d{2}$"
_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Whens:
    """Days of facts by the code of their text, the last for none; 0 where it is no date. Times by rank."""

    first: Ints
    last: Ints
    own_time: Ints
    given_time: Ints
    times: tuple[str, ...]

    @cached_property
    def all_good(self) -> bool:
        return bool((self.first[:-1] > 0).all())


class Rows:
    """The rows of some names of items, those of one name together and in the order of patients.

    `slices` holds, for each name that is there, where its rows begin and end.
    """

    def __init__(self, batch: Batch, names: Sequence[str], counted: Collection[str]) -> None:
        """`names`: items and their synonyms; `counted`: those of them whose values are numbers."""
        self.batch = batch
        coded = batch.coded("item")
        wanted = {name: n for n, name in enumerate(names)}
        of_word = np.array([*(wanted.get(word, len(names)) for word in coded.words), len(names)])
        slots = of_word.astype(np.min_scalar_type(len(names)))[coded.codes]  # small numbers sort faster
        sizes = np.bincount(slots, minlength=len(names) + 1)
        ends = np.cumsum(sizes)[:-1]
        self.rows = np.argsort(slots, kind="stable")[: len(slots) - sizes[-1]]
        self.slices = {
            name: slice(int(end - size), int(end)) for name, size, end in zip(names, sizes, ends, strict=False) if size
        }
        self.owner = batch.owner[self.rows]
        self._spoken = np.array([*(name not in counted for name in names), False])[slots]
        self._there = slots != len(names)
        self._coded: dict[str, Coded] = {}

    def coded(self, column: str) -> Coded:
        """A column's texts as codes, in the order of these rows."""
        found = self._coded.get(column)
        if found is None:
            whole = self.batch.coded(column)
            codes = whole.codes[self.rows] if whole.words else np.full(len(self.rows), -1, np.int32)
            found = self._coded[column] = Coded(codes, whole.words)
        return found

    @cached_property
    def low(self) -> Floats:
        return self._limit("low")

    @cached_property
    def high(self) -> Floats:
        return self._limit("high")

    def _limit(self, side: str) -> Floats:
        if self.batch.frame[side].null_count() == self.batch.frame.height:
            return np.full(len(self.rows), np.nan)
        return np.asarray(self.batch.frame[side].to_numpy()[self.rows], np.float64)

    @cached_property
    def _all_numbers(self) -> Floats:
        return np.asarray(self.batch.frame["value"].cast(pl.Float64, strict=False).to_numpy(), np.float64)

    @cached_property
    def numbers(self) -> Floats:
        """Values as numbers; NaN where they are none."""
        return self._all_numbers[self.rows]

    @cached_property
    def texts(self) -> Coded:
        """Values as texts, where they are no finite numbers of an item that has numbers; -1 elsewhere."""
        told = self._there & (self._spoken | ~np.isfinite(self._all_numbers))
        some = coded_texts(self.batch.frame["value"].filter(pl.Series(told)))
        codes = np.full(len(told), -1, np.int32)
        codes[told] = some.codes
        return Coded(codes[self.rows], some.words)

    @cached_property
    def whole_days(self) -> Ints:
        """For each text of `texts` its ordinal if it is a whole day, else 0."""
        words = pl.Series([*self.texts.words, ""], dtype=pl.String)
        plain = words.str.contains(_WHOLE_DAY) & ~words.str.starts_with("0000")
        days = pl.select(pl.when(plain).then(words).otherwise(None).str.to_date("%Y-%m-%d", strict=False)).to_series()
        ordinals = days.to_physical().cast(pl.Int64) + _EPOCH
        return ordinals.fill_null(0).to_numpy()

    @cached_property
    def whens(self) -> Whens:
        days, clocks = self.batch.coded("when"), self.batch.coded("time")
        parsed = [_moment(word) for word in days.words]
        times = sorted({"", *(time for _, _, time in parsed), *clocks.words})
        rank = {time: n for n, time in enumerate(times)}
        first, last = (np.array([*(p[side] for p in parsed), 0], np.int64) for side in (0, 1))
        own = np.array([*(rank[time] for _, _, time in parsed), 0], np.int64)
        given = np.array([*(rank[word] for word in clocks.words), 0], np.int64)
        return Whens(first, last, own, given, tuple(times))


def _moment(text: str) -> tuple[int, int, str]:
    """(first day, last day, time) of a fact's `when`; zeros where it is no date."""
    try:
        day = partial_date(text)
    except InputError:
        return 0, 0, ""
    stamp = _TIME.search(text)
    return day.first.toordinal(), day.last.toordinal(), stamp[1] if stamp else ""
