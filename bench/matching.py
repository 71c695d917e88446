"""From a patient's note to studies: nDCG@10 and AUROC over the judged pairs, patients left out, beside plain BM25."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from bench.figures import Figure
from bench.matching_data import judgements, notes, trials
from bench.matching_learn import asked_of, judged_pairs, shared
from bench.matching_measures import Baseline, Pairs, averaged, interval, left_out, per_patient
from trialwright.record.common_words import counted
from trialwright.record.match.rank import FEATURES, features, learned, score
from trialwright.record.match.trial import trial_of

CANDIDATES = 100
"""Records that a call scores."""


def run() -> list[Figure]:
    folder = shared() / "matching"
    pairs = judged_pairs(folder, counted())
    figures = _both("BM25, whole note", [_baseline(folder, pairs)], pairs)
    figures += _both("matching, patients left out", left_out(pairs), pairs)
    shipped = np.array([learned()[name] for name in FEATURES])
    figures += _both("matching, weights as shipped", [pairs.x @ shipped], pairs)
    return [*figures, Figure(f"a note against {CANDIDATES} records", "ms", _times(folder), aim=300)]


def _both(name: str, scores: list, pairs: Pairs) -> list[Figure]:  # type: ignore[type-arg]  # arrays
    ndcg, auroc = (
        averaged(scores, pairs) if len(scores) > 1 else map(list, map(dict.values, per_patient(scores[0], pairs)))
    )
    return [
        Figure(f"{name}: nDCG@10 (mean and 95 % interval, {len(ndcg)} patients)", "", interval(ndcg)),
        Figure(f"{name}: AUROC eligible or not (mean and 95 % interval, {len(auroc)} patients)", "", interval(auroc)),
    ]


def _baseline(folder: Path, pairs: Pairs):  # type: ignore[no-untyped-def]  # array
    plain, judged = Baseline(trials(folder)), judgements(folder)
    rows = [plain.score(text, n) for name, text in notes(folder).items() for n in sorted(judged.get(name, {}))]
    assert len(rows) == len(pairs.grade)
    return np.array(rows)


def _times(folder: Path) -> tuple[float, ...]:
    """CPU milliseconds to read a note and score candidates, records read from JSON shape each time."""
    records = trials(folder)[:CANDIDATES]
    times = []
    for text in list(notes(folder).values())[:20]:
        start = time.process_time()
        asked = asked_of(text, counted())
        for record in records:
            score(features(asked, trial_of(record), counted()))
        times.append((time.process_time() - start) * 1000)
    return (statistics.median(times), min(times), max(times))
