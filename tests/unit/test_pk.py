"""Exposure and turnover agree with published checks and with a plain numerical solution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from trialwright.kernel.errors import InputError
from trialwright.science.pk.turnover import course, inhibition
from trialwright.science.pk.twocompartment import Infusions, Parameters, Typical, concentration

DAVDA = Typical(cl=0.200, v1=3.61, q=0.747, v2=2.75, power_cl=0.865, power_v=0.957)
REGIMEN = Infusions.create([7.0 * i for i in range(8)], [60 * mg for mg in (10, 10, 10, 6, 6, 6, 6, 6)])


@pytest.mark.parametrize(("day", "expected"), [(1 / 24, 191.6), (7.0, 82.2), (14 + 1 / 24, 337.9), (56.0, 232.7)])
def test_typical_60_kg_patient_has_the_published_concentrations(day: float, expected: float) -> None:
    assert concentration(DAVDA.of(60.0), REGIMEN, [day])[0] == pytest.approx(expected, abs=0.06)


def test_terminal_half_life_of_a_generic_igg1_is_about_23_days() -> None:
    assert float(DAVDA.of(70.0).half_life()) == pytest.approx(23, abs=1)


def test_exact_solution_agrees_with_a_numerical_one() -> None:
    p = DAVDA.of(48.0)
    cl, v1, q, v2 = (float(x) for x in (p.cl, p.v1, p.q, p.v2))
    times = np.linspace(0, 30, 61)
    plan = Infusions.create([0, 7, 13.5], [480, 500, 290], [1 / 24, 2 / 24, 3.0])

    def slope(t: float, y: np.ndarray) -> list[float]:
        rate = sum(a / d for s, a, d in zip(plan.start, plan.amount, plan.duration, strict=True) if s <= t < s + d)
        return [rate - cl / v1 * y[0] - q / v1 * y[0] + q / v2 * y[1], q / v1 * y[0] - q / v2 * y[1]]

    solved = solve_ivp(slope, (0, 30), [0, 0], t_eval=times, max_step=1 / 100, rtol=1e-8, atol=1e-8)
    assert concentration(p, plan, times) == pytest.approx(solved.y[0] / v1, rel=2e-3, abs=1e-2)


def test_many_patients_at_once_equal_each_alone() -> None:
    weights, times = np.array([45.0, 60.0, 92.0]), np.array([0.0, 0.5, 7.0, 21.3, 84.0])
    together = concentration(DAVDA.of(weights), REGIMEN, times)
    assert together.shape == (3, 5)
    for row, weight in zip(together, weights, strict=True):
        assert row == pytest.approx(concentration(DAVDA.of(weight), REGIMEN, times))


def test_nothing_is_in_the_blood_before_the_first_infusion() -> None:
    assert concentration(DAVDA.of(60.0), REGIMEN, [-3.0, 0.0]).tolist() == [0.0, 0.0]


def test_ferritin_under_full_block_falls_as_published() -> None:
    days = [0, 7, 14, 28]
    ferritin = course(days, 0.996, base=15300, kdeg=0.207)
    assert ferritin == pytest.approx([15300, 3639, 901, 108], abs=1)


def test_turnover_with_changing_block_agrees_with_a_numerical_solution() -> None:
    times = np.linspace(0, 40, 4001)
    levels = concentration(Parameters(*(np.array(x) for x in (2.0, 3.0, 0.7, 2.7))), REGIMEN, times) / 50
    blocked = inhibition(levels, imax=0.9, ic50=0.5)
    value = course(times, (blocked[1:] + blocked[:-1]) / 2, base=100, kdeg=0.3)

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        return 0.3 * 100 * (1 - np.interp(t, times, blocked)) - 0.3 * y

    solved = solve_ivp(slope, (0, 40), [100.0], t_eval=times, max_step=0.02, rtol=1e-8)
    assert value == pytest.approx(solved.y[0], rel=1e-4)


def test_half_of_imax_is_blocked_at_ic50() -> None:
    assert float(inhibition(0.0248, imax=0.98, ic50=0.0248)) == pytest.approx(0.49)


@pytest.mark.parametrize(("start", "amount", "duration"), [([0], [1, 2], 1.0), ([0], [-1], 1.0), ([0], [1], 0.0)])
def test_impossible_infusions_are_refused(start: list[float], amount: list[float], duration: float) -> None:
    with pytest.raises(InputError):
        Infusions.create(start, amount, duration)


def test_turnover_times_must_ascend() -> None:
    with pytest.raises(InputError, match="ascend"):
        course([0, 2, 1], 0.5, base=1, kdeg=1)
