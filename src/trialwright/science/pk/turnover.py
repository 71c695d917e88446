"""Indirect response: a marker made at a rate that a drug inhibits and lost at first order (Dayneka 1993, model I).

dR/dt = kdeg * base * (1 - inhibition(t)) - kdeg * R,   R(0) = base (unless given)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.kernel.errors import InputError

Array = NDArray[np.float64]


def inhibition(concentration: ArrayLike, *, imax: ArrayLike, ic50: float) -> Array:
    """imax * C / (ic50 + C): the share of production that is blocked; shapes broadcast, units of C and ic50 agree."""
    c = np.asarray(concentration, dtype=float)
    return np.asarray(np.asarray(imax, dtype=float) * c / (ic50 + c))


def course(times: ArrayLike, blocked: ArrayLike, *, base: float, kdeg: float, start: float | None = None) -> Array:
    """The marker at `times` (n,), d, in the unit of `base`; exact while `blocked` is constant between times.

    `blocked` (n - 1,) is the share of production blocked in each interval, or one number for all.
    `kdeg` 1/d. Raises InputError for times that do not ascend.
    """
    t = np.asarray(times, dtype=float)
    steps = np.diff(t)
    if t.ndim != 1 or np.any(steps < 0):
        raise InputError("The times of a turnover course do not ascend.")
    targets = base * (1 - np.broadcast_to(np.asarray(blocked, dtype=float), steps.shape))
    decay = np.exp(-kdeg * steps)
    values = np.empty_like(t)
    level = base if start is None else start
    for i in range(t.size):
        if i:
            level = targets[i - 1] + (level - targets[i - 1]) * decay[i - 1]
        values[i] = level
    return values
