"""Screening: one patient, and a made cohort of 100,000 against all criteria, beside the plain evaluator."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import polars as pl

from bench.cohort_facts import table
from bench.figures import Figure, process, seconds

PATIENTS, SAMPLE, RUNS = 100_000, 5_000, 5


def run() -> list[Figure]:
    from trialwright.study.load import load_study

    study = load_study("nct07208058")
    facts = table(study, PATIENTS)
    walls, peaks = _streamed(facts)
    return [
        *_memory(study, facts),
        Figure("cohort from Parquet, fresh process, streamed", "s", walls),
        Figure("the same, peak", "MiB", peaks, aim=1536),
    ]


def _memory(study, facts: pl.DataFrame) -> list[Figure]:  # type: ignore[no-untyped-def]  # of a benchmark
    from trialwright.screen import verdict
    from trialwright.screen.cohort import screen_cohort
    from trialwright.screen.cohort_patients import patients_of

    subjects = facts["subject"].unique(maintain_order=True)
    sample = facts.filter(pl.col("subject").is_in(subjects.head(SAMPLE).implode()))
    patients = list(patients_of(study, sample))
    verdict(study, patients[0])
    one = [seconds(lambda p=p: verdict(study, p), 1)[0] * 1000 for p in patients[:20]]
    whole = seconds(lambda: screen_cohort(study, facts), RUNS)
    plain = _plain(study, patients, screen_cohort(study, sample).verdicts)
    each = tuple(wall / PATIENTS * 1e6 for wall in whole)
    return [
        Figure("verdict with reasons, one patient", "ms", tuple(one), aim=5),
        Figure(f"{PATIENTS} patients, all criteria, from a frame", "s", whole, aim=2),
        Figure("the same, for a patient", "us", each, peer="plain evaluator", peer_values=(plain * 1e6,)),
    ]


def _streamed(facts: pl.DataFrame) -> tuple[tuple[float, ...], tuple[float, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.parquet"
        facts.write_parquet(path, row_group_size=250_000)
        return process([sys.executable, "-m", "bench.screening", str(path)], 3)


def _plain(study, patients, verdicts) -> float:  # type: ignore[no-untyped-def]  # of a benchmark
    """Seconds of the plain evaluator for a patient; stops where its answers differ from the columnar ones."""
    from trialwright.kernel.truth import Truth
    from trialwright.logic import evaluate
    from trialwright.logic.context import Context

    words = {Truth.TRUE: "met", Truth.FALSE: "not_met", Truth.UNKNOWN: "unknown"}
    criteria = [(c.id, study.compile(c.logic)) for c in study.eligibility.criteria]
    answers: list[dict[str, str]] = []

    def judge() -> None:
        for patient in patients:
            context = Context(patient)
            answers.append({name: words[evaluate(expr, context)] for name, expr in criteria})  # type: ignore[index]  # truths

    (taken,) = seconds(judge, 1)
    found = verdicts.select(name for name, _ in criteria).cast(pl.String).to_dicts()
    if found != answers:
        raise SystemExit("bench: the columnar evaluator and the plain one differ")
    return taken / len(patients)


def stream(path: str) -> None:
    """Screen a Parquet file as a stream of frames, as a cohort too large for memory is screened."""
    from trialwright.screen.cohort import screen_cohort
    from trialwright.study.load import load_study

    result = screen_cohort(load_study("nct07208058"), pl.scan_parquet(path).collect_batches(chunk_size=500_000))
    print(result.totals)


if __name__ == "__main__":
    stream(sys.argv[1])
