"""Who arrives: the answers at screening, and what is wrong with some of those who come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from trialwright.simulate.draws import Answer, Answers, Row, draw_all, draw_rows
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class Baseline:
    """`faults` names what was drawn to be wrong; the criteria find out by themselves."""

    consents: bool
    answers: Answers
    rows: tuple[Row, ...]
    faults: tuple[str, ...]

    def text(self, item: str) -> str:
        return self.answers.get(item, Answer("")).value

    def value(self, item: str) -> float | None:
        """The number answered, in the item's own unit; None where there is none."""
        try:
            return float(self.text(item))
        except ValueError:
            return None


def draw_baseline(study: Study, rng: np.random.Generator, day: dt.date) -> Baseline:
    """Draw a person who arrives on `day`."""
    people, screening = study.assumptions.people, study.assumptions.screening
    consents = bool(rng.random() >= screening.refusal)
    answers = draw_all(study, people.answers, rng, day)
    faults = [fault for fault in screening.faults if rng.random() < fault.chance]
    for fault in faults:
        answers |= draw_all(study, fault.answers, rng, day, answers)
    replaced = {rows.form for fault in faults for rows in fault.rows}
    forms = [rows for rows in people.rows if rows.form not in replaced]
    forms += [rows for fault in faults for rows in fault.rows]
    rows = draw_rows(study, forms, rng, day, answers)
    return Baseline(consents, answers, tuple(rows), tuple(fault.id for fault in faults))
