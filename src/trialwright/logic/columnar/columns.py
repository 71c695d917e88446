"""Values of one node for many patients at once: a column for each kind, and what all kinds can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from trialwright.logic.nodes import Kind

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.int8]
"""0 false, 1 unknown, 2 true: Kleene's `and` is the minimum, `or` the maximum, `not` is 2 less the truth."""

FALSE, UNKNOWN, TRUE = np.int8(0), np.int8(1), np.int8(2)
DATE, NONE, CURRENT, UNDATED = 0, 1, 2, -1
"""What a cell of `Days` holds: a (partial) date, "none", "current", or nothing known."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers from `low` to `high`, NaN where unknown. Where all are exact, both are one and the same array."""

    low: Floats
    high: Floats

    @property
    def exact(self) -> bool:
        return self.low is self.high


@dataclass(frozen=True, slots=True)
class Words:
    """Texts as codes of the vocabulary; -1 where unknown."""

    codes: Ints


@dataclass(frozen=True, slots=True)
class Days:
    """Days from `first` to `last` as ordinals of the calendar; `word` says what stands there (DATE, NONE, ...).

    `seconds` after midnight of a date-time, -1 where none is known.
    """

    first: Ints
    last: Ints
    word: Ints
    seconds: Ints


Column = Truths | Numbers | Words | Days


@dataclass(slots=True)
class Vocabulary:
    """Texts as small numbers, the same in all columns of a cohort."""

    words: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def code(self, word: str) -> int:
        found = self.known.setdefault(word, len(self.words))
        if found == len(self.words):
            self.words.append(word)
        return found


def exact(values: Floats) -> Numbers:
    return Numbers(values, values)


def unknown(kind: Kind, size: int) -> Column:
    """A column of nothing known."""
    match kind.name:
        case "truth":
            return np.full(size, UNKNOWN)
        case "number":
            return exact(np.full(size, np.nan))
        case "code" | "codes":
            return Words(np.full(size, -1))
    return days(np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, UNDATED))


def days(first: Ints, last: Ints, word: Ints | None = None, seconds: Ints | None = None) -> Days:
    word = np.zeros(len(first), np.int64) if word is None else word
    return Days(first, last, word, np.full(len(first), -1) if seconds is None else seconds)


def parts(column: Column) -> tuple[npt.NDArray[Any], ...]:
    match column:
        case Numbers():
            return (column.low,) if column.exact else (column.low, column.high)
        case Words():
            return (column.codes,)
        case Days():
            return (column.first, column.last, column.word, column.seconds)
    return (column,)


def rebuilt(like: Column, arrays: tuple[npt.NDArray[Any], ...]) -> Column:
    """The column of the kind of `like` made of arrays as `parts` gives them."""
    if isinstance(like, np.ndarray):
        return arrays[0]
    if isinstance(like, Numbers):
        return Numbers(arrays[0], arrays[-1])
    return type(like)(*arrays)


def take(column: Column, index: Ints) -> Column:
    return rebuilt(column, tuple(array[index] for array in parts(column)))


def where(mask: Mask, yes: Column, no: Column) -> Column:
    """`yes` where the mask holds, else `no`; both of one kind."""
    if isinstance(yes, Numbers) and isinstance(no, Numbers):
        low = np.where(mask, yes.low, no.low)
        return exact(low) if yes.exact and no.exact else Numbers(low, np.where(mask, yes.high, no.high))
    return rebuilt(yes, tuple(np.where(mask, a, b) for a, b in zip(parts(yes), parts(no), strict=True)))


def distinct_sorted(keys: Ints) -> Ints:
    """The distinct keys in order; by sorting, which is faster here than the hashes of `numpy.unique`."""
    ordered = np.sort(keys)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered


def known(column: Column) -> Mask:
    found: Mask
    match column:
        case Numbers():
            found = ~np.isnan(column.low)
        case Words():
            found = column.codes >= 0
        case Days():
            found = column.word != UNDATED
        case _:
            found = column != UNKNOWN
    return found


def identical(a: Column, b: Column) -> Mask:
    """Where two columns of one kind hold the very same; nothing known is the same as nothing known."""
    if isinstance(a, Numbers) and isinstance(b, Numbers):
        same = (a.low == b.low) & (a.high == b.high)
        both: Mask = same | (np.isnan(a.low) & np.isnan(b.low))
        return both
    found: Mask = np.logical_and.reduce([x == y for x, y in zip(parts(a), parts(b), strict=True)])
    return found
