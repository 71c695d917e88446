"""Two compartments, infusions into the central one, first-order elimination: the exact solution.

Superposition of single infusions, each a sum of two exponentials (Gibaldi and Perrier, Pharmacokinetics, 1982).
Units are the caller's, kept consistent: here days, litres, mg, so that mg/L come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.kernel.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Typical:
    """Population values at `reference_weight` (kg): clearances in L/d, volumes in L, and the powers of weight."""

    cl: float
    v1: float
    q: float
    v2: float
    power_cl: float
    power_v: float
    reference_weight: float = 70.0

    def of(self, weight: ArrayLike) -> Parameters:
        """Parameters of patients of `weight` kg (any shape): clearances and volumes scale with powers of weight."""
        ratio = np.asarray(weight, dtype=float) / self.reference_weight
        flow, volume = ratio**self.power_cl, ratio**self.power_v
        return Parameters(self.cl * flow, self.v1 * volume, self.q * flow, self.v2 * volume)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values of one patient (scalars, shape ()) or many (arrays of one shape)."""

    cl: Array
    v1: Array
    q: Array
    v2: Array

    def times(self, factors: ArrayLike) -> Parameters:
        """Individual values: `factors` (4, ...) multiply cl, v1, q, v2."""
        f = np.asarray(factors, dtype=float)
        return Parameters(self.cl * f[0], self.v1 * f[1], self.q * f[2], self.v2 * f[3])

    def exponents(self) -> tuple[Array, Array, Array]:
        """alpha, beta (1/d, alpha > beta) and the share of the central response that falls with alpha."""
        k10, k12, k21 = self.cl / self.v1, self.q / self.v1, self.q / self.v2
        total = k10 + k12 + k21
        root = np.sqrt(total**2 - 4 * k10 * k21)
        alpha, beta = (total + root) / 2, (total - root) / 2
        return alpha, beta, (alpha - k21) / (alpha - beta)

    def half_life(self) -> Array:
        """Terminal half-life, d."""
        return np.asarray(np.log(2) / self.exponents()[1])


@dataclass(frozen=True, slots=True)
class Infusions:
    """Infusions of one patient: `start` and `duration` in d, `amount` in mg; all of shape (doses,)."""

    start: Array
    amount: Array
    duration: Array

    @classmethod
    def create(
        cls, start: Sequence[float], amount: Sequence[float], duration: float | Sequence[float] = 1 / 24
    ) -> Infusions:
        """Checks and makes arrays; one `duration` stands for all. Raises InputError."""
        s, a = np.asarray(start, dtype=float), np.asarray(amount, dtype=float)
        if s.shape != a.shape or s.ndim != 1:
            raise InputError("Starts and amounts of the infusions differ in number.")
        d = np.broadcast_to(np.asarray(duration, dtype=float), s.shape)
        if np.any(a < 0) or np.any(d <= 0):
            raise InputError("An infusion has a negative amount or no duration.")
        return cls(s, a, d)


def concentration(parameters: Parameters, infusions: Infusions, times: ArrayLike) -> Array:
    """Concentration in the central compartment, mg/L, at `times` (d) from any earlier infusion.

    times (n,) and parameters of shape S give shape S + (n,). Memory grows with S x n x doses.
    """
    t = np.asarray(times, dtype=float)
    alpha, beta, share = (np.asarray(x)[..., None] for x in parameters.exponents())
    v1 = np.asarray(parameters.v1)[..., None]
    total = np.zeros(np.broadcast_shapes(alpha.shape, t.shape))
    for start, amount, duration in zip(infusions.start, infusions.amount, infusions.duration, strict=True):
        since = t - start
        fast, slow = _one_exponent(alpha, since, duration), _one_exponent(beta, since, duration)
        total += amount / (duration * v1) * (share * fast + (1 - share) * slow)
    return total


def _one_exponent(rate: Array, since: Array, duration: float) -> Array:
    """Integral of exp(-rate s) over the part of the infusion that has run, then its decay."""
    running = np.minimum(np.maximum(since, 0.0), duration)
    after = np.maximum(since - duration, 0.0)
    return np.asarray(-np.expm1(-rate * running) / rate * np.exp(-rate * after))
