"""Concentrations of the drug, and the markers whose production it blocks, in one patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trialwright.kernel.errors import DefinitionError
from trialwright.science.pk.turnover import course, inhibition
from trialwright.science.pk.twocompartment import Infusions, Parameters, Typical, concentration
from trialwright.simulate.draws import clip
from trialwright.study.assumptions import Kinetics, Turnover

PARAMETERS = ("cl", "v1", "q", "v2")
STEP = 0.25
"""Days between the points at which a marker's inhibition is taken."""


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as given: days from the first one, mg, days that the infusion took."""

    day: float
    amount: float
    duration: float


def individual(kinetics: Kinetics, weight: float, rng: np.random.Generator) -> Parameters:
    """Parameters of one patient of `weight` kg: log-normal about the typical values.

    Raises DefinitionError when the covariances are impossible.
    """
    typical = Typical(
        kinetics.cl,
        kinetics.v1,
        kinetics.q,
        kinetics.v2,
        kinetics.power_cl,
        kinetics.power_v,
        kinetics.reference_weight,
    )
    deviates = cholesky(covariance(kinetics), "kinetics.covariances") @ rng.standard_normal(len(PARAMETERS))
    return typical.of(weight).times(np.exp(deviates))


def covariance(kinetics: Kinetics) -> NDArray[np.float64]:
    """Covariance of the logarithms of cl, v1, q, v2."""
    matrix = np.diag([math.log1p(kinetics.cv.get(name, 0.0) ** 2) for name in PARAMETERS])
    for pair in kinetics.covariances:
        i, j = (PARAMETERS.index(name) for name in pair.of)
        matrix[i, j] = matrix[j, i] = pair.value
    return matrix


def cholesky(matrix: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise DefinitionError(
            "These covariances cannot be: no set of values has them.", where=where, hint="Make them smaller."
        ) from None


def level(parameters: Parameters, doses: Sequence[Dose], days: Sequence[float]) -> NDArray[np.float64]:
    """Concentration, mg/L, on `days` from the first dose."""
    if not doses:
        return np.zeros(len(days))
    plan = Infusions.create([d.day for d in doses], [d.amount for d in doses], [d.duration for d in doses])
    return concentration(parameters, plan, days)


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker in one patient: its base, turnover and greatest inhibition."""

    turnover: Turnover
    base: float
    kdeg: float
    imax: float

    def value(self, parameters: Parameters, doses: Sequence[Dose], day: float) -> float:
        """The true value `day` days after the first dose; the base before it."""
        if not doses or day <= 0:
            return self.base
        times = np.append(np.arange(0.0, day, STEP), day)
        middle = (times[1:] + times[:-1]) / 2
        blocked = inhibition(level(parameters, doses, middle.tolist()), imax=self.imax, ic50=self.turnover.ic50)
        return float(course(times, blocked, base=self.base, kdeg=self.kdeg)[-1])


def marker(turnover: Turnover, block: float, severity: float, rng: np.random.Generator) -> Marker:
    """Draw one patient's marker. `severity` is a standard normal deviate shared by the patient's markers;
    `block` the share of the drug's maximal effect that this patient's disease lets through."""
    own, kinetic, third = rng.standard_normal(3)
    z_base = turnover.severity * severity + math.sqrt(1 - turnover.severity**2) * own
    z_imax = turnover.base_imax * z_base + math.sqrt(1 - turnover.base_imax**2) * third
    logit = math.log(turnover.imax / (1 - turnover.imax)) + turnover.omega_logit * z_imax
    base, kdeg = _log_normal(turnover, "base", z_base), _log_normal(turnover, "kdeg", float(kinetic))
    return Marker(turnover, base, kdeg, block / (1 + math.exp(-logit)))


def _log_normal(turnover: Turnover, name: str, z: float) -> float:
    spread = turnover.base if name == "base" else turnover.kdeg
    centre = spread.centre * math.exp(spread.omega * z) + spread.sd * z
    return clip(centre, spread.low, spread.high)


def cleared_faster(parameters: Parameters, factor: float) -> Parameters:
    """The same patient with clearance multiplied, as antibodies against the drug do."""
    return replace(parameters, cl=parameters.cl * factor)
