"""All operators, by what they work on. Importing this package fills the table."""

from trialwright.logic.operators.dates import DATES
from trialwright.logic.operators.formulas import FORMULAS
from trialwright.logic.operators.numbers import NUMBERS
from trialwright.logic.operators.readings import READINGS
from trialwright.logic.operators.truths import TRUTHS
from trialwright.logic.table import TABLE

TABLE.update((operator.name, operator) for operator in (*TRUTHS, *NUMBERS, *READINGS, *DATES, *FORMULAS))

__all__ = ["TABLE"]
