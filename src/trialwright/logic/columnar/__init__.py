"""Expressions for a whole cohort at once, over arrays; the answers are exactly those of the plain evaluator.

`Cohort` holds each item's readings grouped by patient; `evaluate_all` gives a column with one value for each patient.
"""

from trialwright.logic.columnar.columns import (
    Column,
    Days,
    Numbers,
    Vocabulary,
    Words,
    exact,
)
from trialwright.logic.columnar.day_kernels import DAYS
from trialwright.logic.columnar.gather import cohort_of
from trialwright.logic.columnar.interpret import KERNELS, evaluate_all
from trialwright.logic.columnar.number_kernels import NUMBERS
from trialwright.logic.columnar.plain import cell
from trialwright.logic.columnar.reading_kernels import READINGS
from trialwright.logic.columnar.table import Source, Table
from trialwright.logic.columnar.truth_kernels import TRUTHS
from trialwright.logic.columnar.view import Cohort, View, day_column

KERNELS.update({**TRUTHS, **NUMBERS, **READINGS, **DAYS})

__all__ = [
    "KERNELS",
    "Cohort",
    "Column",
    "Days",
    "Numbers",
    "Source",
    "Table",
    "View",
    "Vocabulary",
    "Words",
    "cell",
    "cohort_of",
    "day_column",
    "evaluate_all",
    "exact",
]
