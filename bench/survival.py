"""Kaplan and Meier's estimate with its interval, beside lifelines on the same times."""

from __future__ import annotations

from bench.figures import Figure, seconds

RUNS = 11
PATIENTS = 10_000


def run() -> list[Figure]:
    import numpy as np
    from lifelines import KaplanMeierFitter

    from trialwright.science.stats.survival import kaplan_meier

    rng = np.random.default_rng(1)
    times, seen = np.ceil(rng.exponential(300, PATIENTS)), rng.random(PATIENTS) < 0.7
    ours = seconds(lambda: kaplan_meier(times, seen).quantile(), RUNS)
    theirs = seconds(lambda: KaplanMeierFitter().fit(times, seen).median_survival_time_, RUNS)
    return [Figure(f"Kaplan-Meier of {PATIENTS} patients", "s", ours, peer="lifelines", peer_values=theirs)]
