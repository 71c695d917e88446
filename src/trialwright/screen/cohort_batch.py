"""A table of facts in batches of whole patients, with its texts as small numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from trialwright.kernel.errors import InputError, nearest

Ints = npt.NDArray[np.int64]

SCHEMA: dict[str, type[pl.DataType]] = {
    "subject": pl.String, "screening": pl.Date, "enrolment": pl.Date, "first_dose": pl.Date,
    "item": pl.String, "value": pl.String, "unit": pl.String, "low": pl.Float64, "high": pl.Float64,
    "when": pl.String, "time": pl.String, "agent": pl.String, "route": pl.String, "signed_by": pl.String,
    "reason": pl.String,
}  # fmt: skip
"""Columns of a table of facts: one row for each fact. Texts may be Categorical too, which is faster. The first four
say the same on all rows of a patient. All but subject, screening, item and value may be left out; null is not given."""

_NEEDED = ("subject", "screening", "item", "value")
_CODED = ("item", "unit", "when", "time", "agent", "route", "signed_by", "reason")
PATIENTS = 25_000
"""Patients of a batch: large enough that arrays pay, small enough that a batch takes some tens of MiB."""


@dataclass(frozen=True)
class Coded:
    """A column of texts: `words[code]` of each row; -1 for null and for ""."""

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]

    @property
    def given(self) -> npt.NDArray[np.bool_]:
        return self.codes >= 0 if self.words else np.zeros(len(self.codes), np.bool_)

    def of(self, rows: Ints) -> npt.NDArray[np.int32]:
        """Codes of some rows."""
        return self.codes[rows] if self.words else np.full(len(rows), -1, np.int32)


@dataclass(frozen=True)
class Batch:
    """Rows of whole patients, those of one patient together."""

    frame: pl.DataFrame

    @cached_property
    def starts(self) -> Ints:
        """First row of each patient."""
        runs = self.frame["subject"].rle_id().to_numpy()
        return np.flatnonzero(np.diff(runs, prepend=np.int64(-1)))

    @cached_property
    def owner(self) -> Ints:
        """The patient of each row."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=self.frame.height))

    @property
    def subjects(self) -> pl.Series:
        return self.frame["subject"][self.starts].cast(pl.String)

    def days(self, column: str) -> Ints:
        """A day of each patient as an ordinal; 0 where it is not given."""
        found = self.frame[column][self.starts].to_physical().to_numpy(allow_copy=True)
        known = ~np.isnan(found)
        return np.where(known, np.where(known, found, 0).astype(np.int64) + 719163, 0)

    @cached_property
    def coded(self) -> dict[str, Coded]:
        return {name: coded_texts(self.frame[name]) for name in _CODED}


def coded_texts(series: pl.Series) -> Coded:
    if series.null_count() == len(series):
        return Coded(np.full(len(series), -1, np.int32), ())
    texts = series.cast(pl.Categorical)
    physical = texts.to_physical().to_numpy()
    if texts.null_count():  # null comes as NaN among floats; code 0 stands for it
        physical = np.where(np.isnan(physical), -1, physical)
    codes = physical.astype(np.int64) + 1
    row = np.zeros(int(codes.max()) + 1, np.int64)
    row[codes] = np.arange(len(codes))  # some row of each code
    present = np.flatnonzero(np.bincount(codes)[1:]) + 1
    words = texts[row[present]].cast(pl.String).to_list()
    lookup = np.full(len(row), -1, np.int32)
    lookup[present] = [-1 if not word else n for n, word in enumerate(words)]
    return Coded(lookup[codes], tuple(words))


def batches(facts: pl.DataFrame | Iterable[pl.DataFrame]) -> Iterator[Batch]:
    """Batches of whole patients. Frames of an iterable may split a patient, but each patient's rows stand together."""
    if isinstance(facts, pl.DataFrame):
        yield from _cut(_together(checked(facts)))
        return
    rest: pl.DataFrame | None = None
    seen: set[str] = set()
    for frame in facts:
        joined = checked(frame) if rest is None else pl.concat([rest, checked(frame)], how="vertical_relaxed")
        last = int(Batch(joined).starts[-1]) if joined.height else 0
        rest = joined.slice(last)
        yield from _once(_cut(joined.slice(0, last)), seen)
    if rest is not None:
        yield from _once(_cut(rest), seen)


def _once(found: Iterator[Batch], seen: set[str]) -> Iterator[Batch]:
    for batch in found:
        subjects = batch.subjects.to_list()
        if len(set(subjects)) < len(subjects) or not seen.isdisjoint(subjects):
            hint = "Sort the table by subject."
            raise InputError("The facts of one subject stand in several places of the table.", hint=hint)
        seen.update(subjects)
        yield batch


def _together(frame: pl.DataFrame) -> pl.DataFrame:
    subjects = Batch(frame).subjects
    if subjects.n_unique() == len(subjects):
        return frame
    return frame.sort(pl.col("subject").cast(pl.String), maintain_order=True)


def _cut(frame: pl.DataFrame) -> Iterator[Batch]:
    """Cut into batches of about the same number of patients, at least two where there are many: one for each core."""
    starts = Batch(frame).starts
    count = -(-len(starts) // PATIENTS)
    edges = [int(starts[len(starts) * n // count]) for n in range(count)] + [frame.height] if count else []
    for begin, end in pairwise(edges):
        yield Batch(frame.slice(begin, end - begin))


def checked(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns of the schema. Raises InputError."""
    lost = next((name for name in _NEEDED if name not in frame.columns), None)
    if lost is not None:
        hint = f"Its columns are {', '.join(SCHEMA)}."
        raise InputError(f"The table of facts has no column '{lost}'.", hint=hint)
    odd = next((name for name in frame.columns if name not in SCHEMA), None)
    if odd is not None:
        raise InputError(f"The table of facts has an unknown column '{odd}'.", hint=nearest(odd, SCHEMA))
    full = frame.select(_typed(frame, name) for name in SCHEMA)
    if full["screening"].null_count() or full["subject"].null_count():
        raise InputError("A row of the table of facts has no subject, or no day of screening.")
    return full


def _typed(frame: pl.DataFrame, name: str) -> pl.Expr:
    wanted = SCHEMA[name]
    if name not in frame.columns:
        return pl.lit(None, wanted).alias(name)
    given = frame.schema[name]
    if given == wanted or (wanted == pl.String and isinstance(given, (pl.Categorical, pl.Enum))):
        return pl.col(name)
    if wanted == pl.Date and given == pl.String:
        return pl.col(name).str.to_date("%Y-%m-%d", strict=True)
    return pl.col(name).cast(wanted)
