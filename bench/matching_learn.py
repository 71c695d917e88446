"""Counts the words of the records at hand and learns the weights of matching anew: `python -m bench.matching_learn`.

It writes the two tables that ship with the package. Run it when the features change; the figures in docs/matching.md
come from `./go bench matching`, which reads the tables and leaves patients out.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from bench.matching_data import all_records, judgements, notes, trials
from bench.matching_measures import PENALTY, Pairs, learn
from trialwright.record.match.rank import FEATURES, Asked, features
from trialwright.record.match.trial import Trial, trial_of
from trialwright.record.terms import Statistics

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "trialwright" / "record"
LEAST = 3
"""Words of fewer records than this are not listed."""


def shared() -> Path:
    return Path(os.environ.get("TRIALWRIGHT_SHARED", ROOT.parent / "shared")) / "data"


def main() -> None:
    records = all_records(shared())
    (PACKAGE / "word_counts.json").write_text(_counted([trial_of(record) for record in records]), encoding="utf-8")
    from trialwright.record.common_words import counted

    counted.cache_clear()
    pairs = judged_pairs(shared() / "matching", counted())
    weights = dict(zip(FEATURES, learn(pairs), strict=True))
    (PACKAGE / "match" / "weights.yaml").write_text(_table(weights, pairs), encoding="utf-8")
    print(_table(weights, pairs))


def judged_pairs(folder: Path, statistics: Statistics) -> Pairs:
    """The features of every judged pair of the collection."""
    known = {trial.nct_id: trial for trial in map(trial_of, trials(folder))}
    judged = judgements(folder)
    rows, grades, patients = [], [], []
    for number, (name, text) in enumerate(notes(folder).items()):
        asked = asked_of(text, statistics)
        for nct_id, grade in sorted(judged.get(name, {}).items()):
            values = features(asked, known[nct_id], statistics)
            rows.append([values[feature] for feature in FEATURES])
            grades.append(grade)
            patients.append(number)
    return Pairs(np.array(rows), np.array(grades), np.array(patients))


def asked_of(text: str, statistics: Statistics) -> Asked:
    from trialwright.record.match.note import read_note

    return Asked.of(read_note(text), statistics)


def _counted(known: list[Trial]) -> str:
    counts: Counter[str] = Counter()
    for trial in known:
        lines = (*trial.conditions, *trial.inclusion, *trial.exclusion)
        counts.update({*trial.title, *trial.keywords, *(word for line in lines for word in line)})
    listed: dict[int, list[str]] = defaultdict(list)
    for word, count in counts.items():
        if count >= LEAST and len(word) < 40:
            listed[_rounded(count)].append(word)
    table = {str(count): " ".join(sorted(listed[count])) for count in sorted(listed)}
    about = "In how many registry records a word stands (two figures kept). Made by bench/matching_learn.py."
    return json.dumps({"about": about, "records": len(known), "words": table}, indent=0) + "\n"


def _rounded(count: int) -> int:
    """Two significant figures: the table is shorter and says no less."""
    return count if count < 100 else int(float(f"{count:.2g}"))


def _table(weights: dict[str, float], pairs: Pairs) -> str:
    head = f"""# What each feature of record/match/rank.py counts for; their meaning stands there.
# Learned by bench/matching_learn.py from {len(pairs.grade)} judged pairs of {len(np.unique(pairs.patient))} notes
# (TREC clinical trials 2021): pairwise logistic loss within each patient, ridge {PENALTY:g} on standardised features.
"""
    return head + "".join(f"{name}: {weight:.3f}\n" for name, weight in weights.items())


if __name__ == "__main__":
    main()
