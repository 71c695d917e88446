"""Time to an event under right censoring: Kaplan and Meier's estimate with its interval."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from trialwright.kernel.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A time with its interval. None where the curve or a limit does not come down so far; `reason` says so."""

    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """The curve at each distinct time, all arrays of one length, in the unit of the times that went in.

    `survival` is the share still without the event just after `times`, `low` and `high` its interval.
    `at_risk` counts just before the time, `events` and `censored` at it.
    """

    n: int
    confidence: float
    times: Array
    survival: Array
    low: Array
    high: Array
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    censored: NDArray[np.int64]
    reason: str = ""

    def quantile(self, share: float = 0.5) -> Estimate:
        """When `share` of the patients had the event (0.5: the median), after Brookmeyer and Crowley (1982)."""
        level = 1 - share
        value, low, high = (_first_at_or_below(self.times, c, level) for c in (self.survival, self.low, self.high))
        reason = self.reason or ("" if value is not None else f"fewer than {share:.0%} had the event")
        return Estimate(value, low, high, reason)

    def at(self, time: float) -> tuple[float, float, float]:
        """Survival at `time` with its interval; (1, 1, 1) before the first time."""
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        if index < 0:
            return 1.0, 1.0, 1.0
        return float(self.survival[index]), float(self.low[index]), float(self.high[index])


def kaplan_meier(times: Sequence[float], observed: Sequence[bool], *, confidence: float = 0.95) -> KaplanMeier:
    """Product-limit estimate; `observed` False is a censored time. Interval: Greenwood's on the log-log scale.

    Where that interval is not defined (nobody or everybody had the event) both limits equal the estimate.
    Raises InputError for unequal lengths or a time that is negative or not a number.
    """
    t, seen = np.asarray(times, dtype=float), np.asarray(observed, dtype=bool)
    if t.shape != seen.shape or t.ndim != 1:
        raise InputError("Times and events differ in number.", hint="Give one event flag for each time.")
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise InputError("A time is negative or not a number.", hint="Times run from 0 on.")
    if t.size == 0:
        none, zero = np.empty(0), np.empty(0, dtype=np.int64)
        return KaplanMeier(0, confidence, none, none, none, none, zero, zero, zero, "nobody was analysed")
    survival, low, high = _curve(t, seen, confidence)
    distinct, index = np.unique(t, return_inverse=True)
    events = np.bincount(index, weights=seen, minlength=distinct.size).astype(np.int64)
    total = np.bincount(index, minlength=distinct.size).astype(np.int64)
    at_risk = t.size - np.concatenate(([0], np.cumsum(total)[:-1]))
    reason = "" if seen.any() else "nobody had the event"
    return KaplanMeier(t.size, confidence, distinct, survival, low, high, at_risk, events, total - events, reason)


def _curve(t: Array, seen: NDArray[np.bool_], confidence: float) -> tuple[Array, Array, Array]:
    """Survival and limits at the distinct times. scipy's sf holds the distinct times of events and censorings."""
    sf = stats.ecdf(stats.CensoredData(uncensored=t[seen], right=t[~seen])).sf
    survival = np.asarray(sf.probabilities, dtype=float)
    inside = (survival > 0) & (survival < 1)
    low, high = survival.copy(), survival.copy()
    if inside.any():
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # limits outside `inside` are 0/0 and not used
            interval: Any = sf.confidence_interval(confidence, method="log-log")
        low[inside] = np.asarray(interval.low.probabilities)[inside]
        high[inside] = np.asarray(interval.high.probabilities)[inside]
    return survival, low, high


def _first_at_or_below(times: Array, curve: Array, level: float) -> float | None:
    hits = np.flatnonzero(curve <= level + 1e-12)
    return float(times[hits[0]]) if hits.size else None
