"""A table of facts in batches of whole patients, with its texts as small numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

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
_EPOCH = dt.date(1970, 1, 1).toordinal()
PATIENTS = 25_000
"""Patients of a batch: large enough that arrays pay, small enough that a batch takes some tens of MiB."""


@dataclass(frozen=True)
class Coded:
    """A column of texts: `words[code]` of each row; -1 for null and for ""."""

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]


class Batch:
    """Rows of whole patients, those of one patient together. `starts`: the first row of each patient."""

    def __init__(self, frame: pl.DataFrame, starts: Ints) -> None:
        self.frame, self.starts = frame, starts
        self._coded: dict[str, Coded] = {}

    @cached_property
    def owner(self) -> npt.NDArray[np.int32]:
        """The patient of each row."""
        return np.repeat(np.arange(len(self.starts), dtype=np.int32), np.diff(self.starts, append=self.frame.height))

    @cached_property
    def subjects(self) -> pl.Series:
        return self.frame["subject"].gather(self.starts).cast(pl.String)

    def days(self, column: str) -> Ints:
        """A day of each patient as an ordinal; 0 where it is not given."""
        days = self.frame[column].gather(self.starts).to_physical().cast(pl.Int64)
        return (days + _EPOCH).fill_null(0).to_numpy()

    def coded(self, column: str) -> Coded:
        found = self._coded.get(column)
        if found is None:
            found = self._coded[column] = coded_texts(self.frame[column])
        return found


def coded_texts(series: pl.Series) -> Coded:
    if series.null_count():
        given = series.is_not_null().to_numpy()
        some = coded_texts(series.drop_nulls())
        codes = np.full(len(series), -1, np.int32)
        codes[given] = some.codes
        return Coded(codes, some.words)
    texts = series.cast(pl.Categorical) if series.dtype == pl.String else series
    physical = texts.to_physical().to_numpy()
    row = np.full(int(physical.max(initial=0)) + 1, -1, np.int32)
    row[physical] = np.arange(len(physical), dtype=np.int32)  # some row of each code
    present = np.flatnonzero(row >= 0)
    words = texts.gather(row[present]).cast(pl.String).to_list()
    lookup = np.full(len(row), -1, np.int32)
    lookup[present] = [n if word else -1 for n, word in enumerate(words)]
    return Coded(lookup[physical], tuple(words))


def batches(facts: pl.DataFrame | Iterable[pl.DataFrame]) -> Iterator[Batch]:
    """Batches of whole patients. Frames of an iterable may split a patient, but each patient's rows stand together."""
    if isinstance(facts, pl.DataFrame):
        yield from _cut(*_together(checked(facts)))
        return
    rest: pl.DataFrame | None = None
    told: list[pl.Series] = []
    for frame in facts:
        joined = checked(frame) if rest is None else pl.concat([rest, checked(frame)], how="vertical_relaxed")
        starts = _starts(joined)
        last = int(starts[-1]) if len(starts) else 0
        rest = joined.slice(last)
        yield from _noted(_cut(joined.slice(0, last), starts[:-1]), told)
    if rest is not None:
        yield from _noted(_cut(rest, _starts(rest)), told)
    if told and pl.concat(told).is_duplicated().any():
        hint = "Sort the table by subject."
        raise InputError("The facts of one subject stand in several places of the table.", hint=hint)


def _noted(found: Iterator[Batch], told: list[pl.Series]) -> Iterator[Batch]:
    for batch in found:
        told.append(batch.subjects)
        yield batch


def _starts(frame: pl.DataFrame) -> Ints:
    """The first row of each run of one subject."""
    subjects = frame["subject"]
    return subjects.ne_missing(subjects.shift()).arg_true().cast(pl.Int64).to_numpy()


def _together(frame: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    """The frame with each subject's rows together, and where they start."""
    starts = _starts(frame)
    if frame["subject"].gather(starts).is_duplicated().any():
        frame = frame.sort(pl.col("subject").cast(pl.String), maintain_order=True)
        starts = _starts(frame)
    return frame, starts


def _cut(frame: pl.DataFrame, starts: Ints) -> Iterator[Batch]:
    """Cut into batches of about the same number of patients."""
    count = -(-len(starts) // PATIENTS)
    for part in np.array_split(np.arange(len(starts)), count) if count else ():
        begin, after = int(starts[part[0]]), int(part[-1]) + 1
        end = int(starts[after]) if after < len(starts) else frame.height
        yield Batch(frame.slice(begin, end - begin), starts[part] - begin)


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
