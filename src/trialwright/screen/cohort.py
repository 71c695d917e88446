"""Screening of a whole cohort at once: a table of facts against all criteria, in batches, with a funnel.

The answers are those of `screen.verdict` for each patient. What cannot be right is left out and counted; a patient
does not keep a hundred thousand others from being screened.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from trialwright.logic import Expr
from trialwright.logic.columnar import Cohort, View, evaluate_all
from trialwright.logic.nodes import ItemRef, item_refs
from trialwright.screen.cohort_batch import SCHEMA, Batch, batches
from trialwright.screen.cohort_read import LeftOut, read
from trialwright.study.definition import Study

__all__ = ["SCHEMA", "CohortResult", "screen_cohort"]

STATES = ("not_met", "unknown", "met")
VERDICTS = ("not_eligible", "undetermined", "eligible")
Progress = Callable[[int], None]
Truths = npt.NDArray[np.int8]


@dataclass(frozen=True)
class CohortResult:
    """`verdicts`: subject, verdict, and for each criterion met, not_met or unknown (of an exclusion, met = excluded).

    `funnel`, a row for each criterion: `alone`, how many patients it alone keeps out; `in_turn`, how many of those
    that the criteria before it leave; `unknown`, for how many it is open; `undetermined`, for how many of those who
    are undetermined. `missing`: items not on file that open criteria speak of, with how many undetermined patients.
    `left_out`: rows that could not be right, by item and reason. `plainly`: patients whom the plain evaluator had to
    answer, by operator.
    """

    verdicts: pl.DataFrame
    funnel: pl.DataFrame
    missing: pl.DataFrame
    left_out: pl.DataFrame
    plainly: dict[str, int]

    @property
    def totals(self) -> dict[str, int]:
        """Patients by verdict."""
        return {state: int((self.verdicts["verdict"] == state).sum()) for state in reversed(VERDICTS)}


@dataclass
class _Found:
    """What one batch gives. `truths`: criterion by patient."""

    subjects: pl.Series
    truths: Truths
    verdict: Truths
    missing: Counter[str]
    left_out: Counter[tuple[str, str]]
    plainly: Counter[str] = field(default_factory=Counter)


def screen_cohort(
    study: Study,
    facts: pl.DataFrame | Iterable[pl.DataFrame],
    progress: Progress | None = None,
    *,
    today: dt.date | None = None,
    workers: int = 2,
) -> CohortResult:
    """Judge all patients of a table of facts (`SCHEMA`), or of a stream of tables. `progress` is told patients done.

    `today`: facts may be as late as this (and as screening, enrolment and first dose); later ones are left out.
    Raises InputError for a table that is none.
    """
    screener = Screener(study, today)
    found: list[_Found] = []
    done = 0
    for one in _mapped(screener, batches(facts), workers):
        found.append(one)
        done += len(one.subjects)
        if progress:
            progress(done)
    return _result(study, found)


def _mapped(screener: Screener, source: Iterable[Batch], workers: int) -> Iterator[_Found]:
    """In order, on a few threads (arrays let go of the interpreter), never more batches at hand than threads."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[_Found]] = deque()
        for batch in source:
            waiting.append(pool.submit(screener, batch))
            if len(waiting) >= workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Screener:
    """All criteria on one batch; first its facts are read into columns, then judged."""

    def __init__(self, study: Study, today: dt.date | None) -> None:
        self.study = study
        self.today = today.toordinal() if today else 0
        self.exprs: list[Expr] = [study.compile(c.logic) for c in study.eligibility.criteria]
        self.include = np.array([c.kind == "inclusion" for c in study.eligibility.criteria])
        self.refs: list[dict[str, ItemRef]] = [{ref.id: ref for ref in item_refs(e.root)} for e in self.exprs]
        self.wanted = list(dict.fromkeys(name for refs in self.refs for name in refs))

    def __call__(self, batch: Batch) -> _Found:
        cohort, left_out = self.read(batch)
        view = View(cohort)
        truths = self.truths(view)
        for_it = np.where(self.include[:, None], truths, 2 - truths)
        verdict = for_it.min(axis=0, initial=2)
        missing = self._missing(view, truths, verdict == 1)
        return _Found(batch.subjects, truths, verdict, missing, left_out, cohort.plainly)

    def read(self, batch: Batch) -> tuple[Cohort, LeftOut]:
        """The facts of a batch in columns."""
        return read(self.study.item_by_id, self.wanted, batch, self.today)

    def truths(self, view: View) -> Truths:
        """Criterion by patient."""
        return np.array([evaluate_all(expr, view) for expr in self.exprs], np.int8).reshape(-1, view.size)

    def _missing(self, view: View, truths: Truths, open_: npt.NDArray[np.bool_]) -> Counter[str]:
        """For each item, the open patients with an unknown criterion that speaks of it while none is on file."""
        lacking: dict[str, npt.NDArray[np.bool_]] = {}
        for refs, truth in zip(self.refs, truths, strict=True):
            asked = open_ & (truth == 1)
            for name, ref in refs.items():
                if ref.derived is None:
                    lacks = asked & ~view.table(ref).some
                    lacking[name] = lacking[name] | lacks if name in lacking else lacks
        return Counter({name: int(lacks.sum()) for name, lacks in lacking.items() if lacks.any()})


def _result(study: Study, found: list[_Found]) -> CohortResult:
    criteria = study.eligibility.criteria
    truths = np.concatenate([np.zeros((len(criteria), 0), np.int8), *(f.truths for f in found)], axis=1)
    verdict = np.concatenate([np.zeros(0, np.int8), *(f.verdict for f in found)])
    subjects = pl.concat([pl.Series("subject", [], pl.String), *(f.subjects for f in found)])
    states = {c.id: _words(truth, STATES) for c, truth in zip(criteria, truths, strict=True)}
    verdicts = pl.DataFrame({"subject": subjects, "verdict": _words(verdict, VERDICTS), **states})
    missing = sum((f.missing for f in found), Counter[str]())
    left_out = sum((f.left_out for f in found), Counter[tuple[str, str]]())
    return CohortResult(
        verdicts,
        _funnel(study, truths, verdict),
        _counted(missing, study),
        pl.DataFrame(
            [(item, why, rows) for (item, why), rows in sorted(left_out.items())],
            {"item": pl.String, "why": pl.String, "rows": pl.Int64},
            orient="row",
        ),
        dict(sum((f.plainly for f in found), Counter[str]())),
    )


def _words(column: Truths, words: tuple[str, ...]) -> pl.Series:
    return pl.Series(words, dtype=pl.Enum(words)).gather(column.astype(np.uint32))


def _counted(missing: Counter[str], study: Study) -> pl.DataFrame:
    order = {item.id: n for n, item in enumerate(study.items)}
    rows = sorted(missing.items(), key=lambda pair: (-pair[1], order[pair[0]]))
    return pl.DataFrame(rows, {"item": pl.String, "patients": pl.Int64}, orient="row")


def _funnel(study: Study, truths: Truths, verdict: Truths) -> pl.DataFrame:
    left = np.ones(len(verdict), np.bool_)
    rows = []
    for criterion, truth in zip(study.eligibility.criteria, truths, strict=True):
        out = truth == (0 if criterion.kind == "inclusion" else 2)
        open_ = truth == 1
        counts = [int(mask.sum()) for mask in (out, out & left, open_, open_ & (verdict == 1))]
        left &= ~out
        rows.append((criterion.id, criterion.kind, *counts, int(left.sum())))
    names = ("alone", "in_turn", "unknown", "undetermined", "left")
    schema = {"criterion": pl.String, "kind": pl.String, **dict.fromkeys(names, pl.Int64)}
    return pl.DataFrame(rows, schema, orient="row")
