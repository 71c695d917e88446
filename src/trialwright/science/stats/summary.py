"""Summaries of a sample as tables print them: counts, means, spreads, quantiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialwright.kernel.errors import InputError


@dataclass(frozen=True, slots=True)
class Summary:
    """Numbers in the unit of the sample. None where `n` is too small; `reason` says so."""

    n: int
    missing: int
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GeometricSummary:
    """Geometric mean with its coefficient of variation in percent; values of 0 and below are left out."""

    n: int
    left_out: int
    mean: float | None = None
    cv_percent: float | None = None
    reason: str = ""


def summarise(values: Iterable[float | None]) -> Summary:
    """Mean, SD (n - 1), median, quartiles and range; None and NaN count as missing."""
    present, missing = _present(values)
    if present.size == 0:
        return Summary(0, missing, reason="no values")
    q1, median, q3 = quantiles(present.tolist(), (0.25, 0.5, 0.75))
    sd = float(present.std(ddof=1)) if present.size > 1 else None
    reason = "" if present.size > 1 else "one value has no standard deviation"
    ends = float(present.min()), float(present.max())
    return Summary(int(present.size), missing, float(present.mean()), sd, median, q1, q3, *ends, reason)


def geometric(values: Iterable[float | None]) -> GeometricSummary:
    """Geometric mean and CV = 100 sqrt(exp(s^2) - 1), s the SD of the logarithms."""
    present, _ = _present(values)
    positive = np.log(present[present > 0])
    left_out = int(present.size - positive.size)
    if positive.size == 0:
        return GeometricSummary(0, left_out, reason="no values above 0")
    mean = float(np.exp(positive.mean()))
    if positive.size == 1:
        return GeometricSummary(1, left_out, mean, reason="one value has no coefficient of variation")
    return GeometricSummary(int(positive.size), left_out, mean, 100 * float(np.sqrt(np.expm1(positive.var(ddof=1)))))


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Quantiles by the inverse of the empirical distribution, averaged at its steps (Hyndman and Fan's type 2,
    the default of SAS). Raises InputError for an empty sample or a share outside 0-1."""
    if not len(values):
        raise InputError("An empty sample has no quantiles.")
    if any(not 0 <= share <= 1 for share in shares):
        raise InputError("A quantile's share lies between 0 and 1.", hint="Write 0.25 for the first quartile.")
    return [float(q) for q in np.quantile(np.asarray(values, float), list(shares), method="averaged_inverted_cdf")]


def _present(values: Iterable[float | None]) -> tuple[NDArray[np.float64], int]:
    sample = np.array([np.nan if v is None else v for v in values], dtype=float)
    keep = np.isfinite(sample)
    return sample[keep], int((~keep).sum())
