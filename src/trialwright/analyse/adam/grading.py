"""Toxicity grades of laboratory values: the CTCAE rule that the definition names for an item."""

from __future__ import annotations

from trialwright.analyse.adam.measures import Grade
from trialwright.analyse.spec import Record
from trialwright.science.clinic import ctcae
from trialwright.study.definition import Study


def grader(study: Study, domain: str) -> Grade | None:
    """Grades for the items of a domain that name a CTCAE term; None where none does."""
    items = {i.sdtm.testcd: i for i in study.items if i.ctcae and i.sdtm and i.sdtm.domain == domain}
    if not items:
        return None

    def grade(testcd: str, row: Record, base: Record) -> int | None:
        item = items.get(testcd)
        if item is None or row["AVAL"] is None:
            return None
        lab = ctcae.Lab(
            value=row["AVAL"],
            unit=item.unit,
            low=row["ANRLO"],
            high=row["ANRHI"],
            baseline=base.get("AVAL"),
            molar_mass=item.molar_mass,
        )
        return ctcae.grade(item.ctcae, lab, study.endpoints.ctcae)

    return grade
