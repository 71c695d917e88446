"""Captured values as evidence: what screening, checks and dosing reason on."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialwright.conduct.rules.values import Place, parse
from trialwright.evidence.patient import Fact, Patient, Value
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError
from trialwright.study.definition import Study

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Captured:
    """One field of a form as it stands. `day` is the visit's day (None for a log, which has none)."""

    form: str
    group: str
    row: int
    item: str
    value: str
    visit: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    null_reason: str = ""
    when: str = ""
    signed_by: str = ""
    day: dt.date | None = None

    @property
    def place(self) -> Place:
        return self.group, self.row, self.item


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a subject that windows hang on."""

    subject: str
    screening: dt.date
    enrolment: dt.date | None = None
    first_dose: dt.date | None = None


def patient(study: Study, days: Days, captured: Iterable[Captured]) -> Patient:
    """The subject as evidence; empty fields say nothing, a null flavour is a known unknown."""
    gives = study.row_companions
    fields = [f for f in captured if f.item in study.item_by_id and (f.value or f.null_reason)]
    beside: dict[tuple[str, str, str, int], dict[str, str]] = {}
    for field in fields:
        said = gives.get((field.form, field.group, field.item))
        if said:
            beside.setdefault((field.visit, field.form, field.group, field.row), {})[said] = field.value
    none: dict[str, str] = {}
    facts = [_fact(study, f, beside.get((f.visit, f.form, f.group, f.row), none) if beside else none) for f in fields]
    return Patient(days.subject, days.screening, days.enrolment, days.first_dose, tuple(facts))


def _fact(study: Study, field: Captured, beside: Mapping[str, str]) -> Fact:
    when = field.when or beside.get("when", "") or (str(field.day) if field.day else "")
    value, reason = _said(study, field)
    return Fact(
        item=field.item,
        value=value,
        unit=field.unit,
        low=field.low,
        high=field.high,
        when=PartialDate.parse(when) if when else None,
        agent=beside.get("agent", ""),
        route=beside.get("route", ""),
        signed_by=field.signed_by,
        reason=reason,
        origin=" ".join(part for part in (field.form, field.visit) if part),
    )


def _said(study: Study, field: Captured) -> tuple[Value, str]:
    """The value, or None and why it is not known."""
    if field.null_reason:
        return None, field.null_reason.replace("_", " ")
    try:
        value = parse(study.item_by_id[field.item], field.value)
    except InputError:  # captured under a version that took it
        return None, "not an answer at this version of the definition"
    return value, "below the limit of quantification" if value is None else ""


def items_in(study: Study, *expressions: str) -> frozenset[str]:
    """Every item that the expressions speak of, through shared terms and derived items too."""
    terms = {term.id: term.logic for term in study.eligibility.terms}
    found: set[str] = set()
    pending = list(expressions)
    while pending:
        for name in NAME.findall(pending.pop()):
            if name in found or (name not in study.item_by_id and name not in terms):
                continue
            found.add(name)
            derived = study.item_by_id[name].derive if name in study.item_by_id else None
            pending += [text for text in (terms.get(name), derived) if text]
    return frozenset(found & study.item_by_id.keys())
