"""Ranking measures over judged pairs, the plain BM25 baseline, learning of the weights, and intervals over patients."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

Array = NDArray[np.float64]
TIES, FOLDS, REPEATS, DRAWS = 16, 15, 5, 10_000
PENALTY = 0.03
"""Ridge penalty on weights of standardised features; the pairs' losses sum to one."""


@dataclass(frozen=True)
class Pairs:
    """Judged pairs: `x` (pairs x features), grade 0-2, and the number of the patient of each."""

    x: Array
    grade: NDArray[np.int64]
    patient: NDArray[np.int64]


def per_patient(score: Array, pairs: Pairs) -> tuple[dict[int, float], dict[int, float]]:
    """nDCG@10 (gain = grade) of each patient with anything above 0, and AUROC of eligible against the rest of each
    patient who has both. Ties are broken at random, several times, and averaged."""
    ndcg, auroc = {}, {}
    for patient in np.unique(pairs.patient):
        here = pairs.patient == patient
        s, g = score[here], pairs.grade[here]
        if g.max() > 0:
            draws = [np.random.default_rng(n).permutation(len(g)) for n in range(TIES)]
            ndcg[int(patient)] = float(np.mean([_ndcg(g[o[np.argsort(-s[o], kind="stable")]]) for o in draws]))
        if 0 < (g == 2).sum() < len(g):
            auroc[int(patient)] = _auroc(s, g == 2)
    return ndcg, auroc


def _ndcg(ranked: NDArray[np.int64], depth: int = 10) -> float:
    discount = 1 / np.log2(np.arange(2, depth + 2))
    gain, best = ranked[:depth], np.sort(ranked)[::-1][:depth]
    return float(gain @ discount[: len(gain)] / (best @ discount[: len(best)]))


def _auroc(score: Array, positive: NDArray[np.bool_]) -> float:
    ranks, n = rankdata(score), int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % percentile bootstrap interval over patients."""
    v = np.asarray(values)
    means = v[np.random.default_rng(0).integers(0, len(v), (DRAWS, len(v)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(v.mean()), float(low), float(high)


def learn(pairs: Pairs, penalty: float = PENALTY) -> Array:
    """Weights of the raw features: pairwise logistic loss within each patient, ridge on standardised features."""
    scale = pairs.x.std(axis=0)
    scale[scale == 0] = 1.0
    differences, shares = _differences(pairs.x / scale, pairs)

    def loss(w: Array) -> tuple[float, Array]:
        margin = differences @ w
        slope = -(shares / (1 + np.exp(margin))) @ differences
        return float(shares @ np.logaddexp(0, -margin) + penalty * w @ w), slope + 2 * penalty * w

    found = minimize(loss, np.zeros(pairs.x.shape[1]), jac=True, method="L-BFGS-B")
    weights: Array = found.x / scale
    return weights


def _differences(x: Array, pairs: Pairs) -> tuple[Array, Array]:
    """Better minus worse for each pair of one patient; a patient counts as the square root of their pairs."""
    rows, shares = [], []
    for patient in np.unique(pairs.patient):
        here = np.flatnonzero(pairs.patient == patient)
        better, worse = np.nonzero(pairs.grade[here][:, None] > pairs.grade[here][None, :])
        steps = pairs.grade[here][better] - pairs.grade[here][worse]
        rows.append(x[here][better] - x[here][worse])
        shares.append(np.where(steps > 1, 1.6, 1.0) / math.sqrt(max(len(better), 1)))
    share = np.concatenate(shares)
    return np.concatenate(rows), share / share.sum()


def left_out(pairs: Pairs, fit: Callable[[Pairs], Array] = learn) -> list[Array]:
    """Scores of every pair by weights that never saw its patient, for several divisions of the patients."""
    patients = np.unique(pairs.patient)
    answers = []
    for repeat in range(REPEATS):
        order, score = np.random.default_rng(repeat).permutation(patients), np.zeros(len(pairs.grade))
        for fold in range(FOLDS):
            out = np.isin(pairs.patient, order[fold::FOLDS])
            score[out] = pairs.x[out] @ fit(Pairs(pairs.x[~out], pairs.grade[~out], pairs.patient[~out]))
        answers.append(score)
    return answers


def averaged(scores: Sequence[Array], pairs: Pairs) -> tuple[list[float], list[float]]:
    """Each patient's nDCG and AUROC, averaged over the divisions."""
    ndcg: dict[int, list[float]] = defaultdict(list)
    auroc: dict[int, list[float]] = defaultdict(list)
    for score in scores:
        for kept, found in zip((ndcg, auroc), per_patient(score, pairs), strict=True):
            for patient, value in found.items():
                kept[patient].append(value)
    return [float(np.mean(v)) for v in ndcg.values()], [float(np.mean(v)) for v in auroc.values()]


class Baseline:
    """Plain BM25 (k1 1.2, b 0.75) of the whole note over a record's whole text."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._texts = {_number(r): Counter(_tokens(_text(r))) for r in records}
        self._df = Counter(word for counts in self._texts.values() for word in counts)
        self._usual = sum(map(Counter.total, self._texts.values())) / len(self._texts)

    def score(self, note: str, nct_id: str) -> float:
        counts, total = self._texts[nct_id], 0.0
        damp = 1.2 * (0.25 + 0.75 * counts.total() / self._usual)
        for word in _tokens(note):
            if n := counts.get(word, 0):
                idf = math.log(1 + (len(self._texts) - self._df[word] + 0.5) / (self._df[word] + 0.5))
                total += idf * n * 2.2 / (n + damp)
        return total


def _number(record: Mapping[str, Any]) -> str:
    return str(record["protocolSection"]["identificationModule"]["nctId"])


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(_text(each) for each in value.values())
    return " ".join(map(_text, value)) if isinstance(value, list) else str(value)
