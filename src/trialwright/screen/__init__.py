"""Screening: a study and a patient give a verdict with its reasons, what is missing, and what it hangs on."""

from trialwright.screen.facts import patient_of, read_facts
from trialwright.screen.values import fact_of, value_of
from trialwright.screen.verdict import AtomLine, CriterionResult, ValueLine, Verdict, verdict
from trialwright.screen.verdict_missing import MissingItem

__all__ = [
    "AtomLine",
    "CriterionResult",
    "MissingItem",
    "ValueLine",
    "Verdict",
    "fact_of",
    "patient_of",
    "read_facts",
    "value_of",
    "verdict",
]
