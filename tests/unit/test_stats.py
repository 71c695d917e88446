"""Exact intervals, tests and survival curves agree with published numbers and with lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy import stats

from trialwright.kernel.errors import InputError
from trialwright.science.stats.binomial import exact_test, proportion, single_arm, success_probability
from trialwright.science.stats.summary import geometric, quantiles, summarise
from trialwright.science.stats.survival import kaplan_meier


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(12, 12, 0.735, 1.0), (21, 39, 0.372, 0.699), (13, 14, 0.661, 0.998), (0, 30, 0.0, 0.116)],
)
def test_exact_intervals_of_like_trials_are_as_published(x: int, n: int, low: float, high: float) -> None:
    found = proportion(x, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


def test_exact_interval_is_made_of_beta_quantiles() -> None:
    found = proportion(17, 30, confidence=0.9)
    assert found.low == pytest.approx(stats.beta.ppf(0.05, 17, 14))
    assert found.high == pytest.approx(stats.beta.ppf(0.95, 18, 13))


def test_primary_hlh_trial_has_its_published_p_value() -> None:
    assert exact_test(17, 27, 0.40).p_value == pytest.approx(0.013, abs=5e-4)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@pytest.mark.parametrize(("x", "n", "null"), [(0, 30, 0.3), (17, 30, 0.3), (30, 30, 0.5), (4, 27, 0.4)])
def test_p_values_are_those_of_scipy(x: int, n: int, null: float, alternative: Any) -> None:
    found = exact_test(x, n, null, alternative=alternative)
    assert found.p_value == pytest.approx(stats.binomtest(x, n, null, alternative=alternative).pvalue)


def test_nobody_analysed_gives_a_reason_and_no_number() -> None:
    assert proportion(0, 0).estimate is None
    assert proportion(0, 0).reason
    assert exact_test(0, 0, 0.3).p_value is None


@pytest.mark.parametrize(("x", "n"), [(3, 2), (-1, 4)])
def test_impossible_counts_are_refused(x: int, n: int) -> None:
    with pytest.raises(InputError, match="not a proportion"):
        proportion(x, n)


def test_design_of_thirty_patients_is_enumerated_exactly() -> None:
    design = single_arm(30, null=0.30, target=0.55, alpha=0.025)
    by_hand = [sum(stats.binom.pmf(k, 30, 0.3) for k in range(c, 31)) for c in range(31)]
    assert design.critical == next(c for c, tail in enumerate(by_hand) if tail <= 0.025)
    assert design.size == pytest.approx(by_hand[design.critical])
    assert design.size <= 0.025 < by_hand[design.critical - 1]
    assert design.power == pytest.approx(1 - stats.binom.cdf(design.critical - 1, 30, 0.55))
    assert exact_test(design.critical, 30, 0.30).p_value <= 0.025


def test_too_few_patients_can_never_succeed() -> None:
    design = single_arm(2, null=0.5, target=0.9, alpha=0.025)
    assert design.critical == 3
    assert design.power == 0


def test_success_gets_likelier_with_the_true_rate() -> None:
    chances = success_probability(30, 15, (0.2, 0.4, 0.6, 0.8))
    assert np.all(np.diff(chances) > 0)


def test_a_rate_in_percent_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(InputError, match=r"0\.25 for 25 %"):
        single_arm(30, null=30, target=0.5, alpha=0.025)


def test_kaplan_meier_agrees_with_lifelines() -> None:
    rng = np.random.default_rng(7)
    times = np.round(rng.exponential(30, 60)) + 1
    seen = rng.random(60) < 0.7
    ours, theirs = kaplan_meier(times, seen), KaplanMeierFitter().fit(times, seen)
    inner = (ours.survival > 0) & (ours.survival < 1)
    assert ours.survival == pytest.approx(theirs.survival_function_at_times(ours.times).to_numpy())
    limits = theirs.confidence_interval_.loc[ours.times].to_numpy()
    assert ours.low[inner] == pytest.approx(limits[inner, 0], abs=1e-6)
    assert ours.high[inner] == pytest.approx(limits[inner, 1], abs=1e-6)
    assert ours.quantile().value == theirs.median_survival_time_
    low, high = median_survival_times(theirs.confidence_interval_).to_numpy()[0]
    assert (ours.quantile().low, ours.quantile().high) == (low, high)
    assert ours.at_risk.tolist() == theirs.event_table["at_risk"].loc[ours.times].tolist()


def test_a_median_that_is_not_reached_says_so() -> None:
    curve = kaplan_meier([5, 8, 9, 10], [True, False, False, False])
    assert curve.quantile().value is None
    assert "fewer than 50%" in curve.quantile().reason
    assert curve.at(4) == (1.0, 1.0, 1.0)
    assert curve.at(8)[0] == pytest.approx(0.75)


def test_a_curve_without_events_stays_at_one_and_says_why() -> None:
    curve = kaplan_meier([3.0, 4.0], [False, False])
    assert curve.survival.tolist() == [1.0, 1.0]
    assert curve.reason == "nobody had the event"
    assert kaplan_meier([], []).reason == "nobody was analysed"


def test_a_curve_that_ends_at_zero_has_its_median() -> None:
    curve = kaplan_meier([1, 2, 3], [True, True, True])
    assert curve.survival[-1] == 0
    assert curve.quantile().value == 2


@pytest.mark.parametrize(("times", "seen"), [([1.0], []), ([-1.0], [True]), ([float("nan")], [True])])
def test_times_that_cannot_be_are_refused(times: list[float], seen: list[bool]) -> None:
    with pytest.raises(InputError):
        kaplan_meier(times, seen)


def test_quartiles_follow_the_default_of_sas() -> None:
    assert quantiles([1, 2, 3, 4], (0.25, 0.5, 0.75)) == [1.5, 2.5, 3.5]


def test_summary_counts_missing_values_and_explains_small_samples() -> None:
    found = summarise([4.0, None, 2.0, float("nan"), 6.0])
    assert (found.n, found.missing, found.mean, found.median, found.sd) == (3, 2, 4.0, 4.0, 2.0)
    assert summarise([]).reason == "no values"
    assert summarise([3]).sd is None
    assert "standard deviation" in summarise([3]).reason


def test_geometric_mean_leaves_out_zeros_and_says_how_many() -> None:
    found = geometric([1.0, 100.0, 0.0])
    assert found.mean == pytest.approx(10)
    assert found.left_out == 1
    assert geometric([0.0]).reason
