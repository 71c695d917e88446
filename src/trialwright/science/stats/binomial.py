"""Exact inference on one proportion, and the exact operating characteristics of a single-arm design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from trialwright.kernel.errors import InputError

Alternative = Literal["greater", "less", "two-sided"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """`x` of `n` with its Clopper-Pearson interval. With n = 0 all numbers are None and `reason` says why."""

    x: int
    n: int
    confidence: float
    estimate: float | None
    low: float | None
    high: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExactTest:
    """Exact binomial test of `x` of `n` against the rate `null`. With n = 0 `p_value` is None."""

    x: int
    n: int
    null: float
    alternative: Alternative
    p_value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SingleArmDesign:
    """One-sided exact test of `n` patients: success from `critical` responders on.

    `size` is the true one-sided error at `null`, `power` the probability of success at `target`.
    `critical` = n + 1 means that no result of so few patients can succeed.
    """

    n: int
    null: float
    target: float
    alpha: float
    critical: int
    size: float
    power: float


def proportion(x: int, n: int, *, confidence: float = 0.95) -> Proportion:
    """Clopper-Pearson (1934) interval of x/n. Raises InputError unless 0 <= x <= n."""
    _check_counts(x, n)
    if n == 0:
        return Proportion(x, n, confidence, None, None, None, "nobody was analysed")
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(x, n - x + 1, tail)) if x > 0 else 0.0
    high = float(special.betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0
    return Proportion(x, n, confidence, x / n, low, high)


def exact_test(x: int, n: int, null: float, *, alternative: Alternative = "greater") -> ExactTest:
    """Exact binomial test; one-sided by default. Raises InputError for impossible counts or a rate outside 0-1."""
    _check_counts(x, n)
    _check_rate("null rate", null)
    if n == 0:
        return ExactTest(x, n, null, alternative, None, "nobody was analysed")
    return ExactTest(x, n, null, alternative, _p_value(x, n, null, alternative))


def _p_value(x: int, n: int, null: float, alternative: Alternative) -> float:
    if alternative == "greater":
        return float(special.bdtrc(x - 1, n, null))
    if alternative == "less":
        return float(special.bdtr(x, n, null))
    from scipy import stats  # a second to load, for a test that few studies choose

    return float(stats.binomtest(x, n, null).pvalue)


def single_arm(n: int, *, null: float, target: float, alpha: float) -> SingleArmDesign:
    """The smallest count whose one-sided exact p-value is at most `alpha`, with its true size and power."""
    _check_counts(0, n)
    for word, rate in (("null rate", null), ("target rate", target), ("alpha", alpha)):
        _check_rate(word, rate)
    counts = np.arange(n + 2)
    reject = np.flatnonzero(special.bdtrc(counts - 1, n, null) <= alpha)
    critical = int(reject[0])
    size, power = success_probability(n, critical, (null, target))
    return SingleArmDesign(n, null, target, alpha, critical, float(size), float(power))


def success_probability(n: int, critical: int, rates: Sequence[float]) -> NDArray[np.float64]:
    """P(at least `critical` of `n` respond) for each true rate; shape (len(rates),), no unit."""
    return cast("NDArray[np.float64]", np.asarray(special.bdtrc(critical - 1, n, np.asarray(rates, dtype=float))))


def _check_counts(x: int, n: int) -> None:
    if not 0 <= x <= n:
        raise InputError(f"{x} of {n} is not a proportion.", hint="The count lies between 0 and the number analysed.")


def _check_rate(word: str, rate: float) -> None:
    if not 0 < rate < 1:
        raise InputError(f"The {word} {rate:g} is not between 0 and 1.", hint="Write 0.25 for 25 %.")
