"""A patient of whom everything is known that the criteria ask: the base patient's facts, else usual values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from trialwright.evidence.patient import Fact, Patient, Value
from trialwright.kernel.dates import PartialDate
from trialwright.logic.nodes import Call, ItemRef, Node, children
from trialwright.science.clinic.steroids import STANDARD
from trialwright.study.definition import Study
from trialwright.study.items import Item, Limits

DAY = dt.date(2026, 1, 15)
"""Screening, where the study's cases do not say otherwise."""


def whole_patient(study: Study, base: Patient | None) -> Patient:
    """`base` with a usual fact of each item that it does not know."""
    patient = base or Patient("made", DAY, DAY, DAY)
    known = {f.item for f in patient.facts if f.value is not None}
    roots = [study.compile(c.logic).root for c in study.eligibility.criteria]
    dosed = {ref.id for root in roots for ref in _dosed(root)}
    asked = dict.fromkeys(name for c in study.eligibility.criteria for name in study.compile(c.logic).items)
    usual = [
        _usual(study.item_by_id[name], patient.screening, name in dosed)
        for name in asked
        if name not in known and study.item_by_id[name].derive is None
    ]
    return replace(patient, facts=(*(f for f in patient.facts if f.item in known), *usual))


def without(patient: Patient, item: str) -> tuple[Fact, ...]:
    """The facts of all other items."""
    return tuple(f for f in patient.facts if f.item != item)


def _dosed(node: Node) -> Iterator[ItemRef]:
    """Items that are doses of a glucocorticoid."""
    if isinstance(node, Call) and node.op == "prednisone_equivalent" and isinstance(node.args[0], ItemRef):
        yield node.args[0]
    for child in children(node):
        yield from _dosed(child)


def _usual(item: Item, screening: dt.date, dosed: bool) -> Fact:
    low, high = _range(item)
    middle = (low + high) / 2
    value: Value
    match item.type:
        case "quantity" | "integer":
            value = float(round(middle)) if item.type == "integer" else middle
        case "boolean" | "judgement":
            value = False
        case "choice" | "choices":
            value = item.choices[0].code
        case "event":
            value = "none"
        case "date" | "datetime":
            value = PartialDate.day(screening.replace(year=screening.year - 40))
        case _:
            value = "made"
    measured = item.type in ("quantity", "integer")
    return Fact(
        item.id, value, item.unit, low if measured else None, high if measured else None,
        PartialDate.day(screening) if measured else None,
        agent=next(iter(STANDARD)) if dosed else "", signed_by="made" if item.type == "judgement" else "",
    )  # fmt: skip


def _range(item: Item) -> tuple[float, float]:
    """Usual values: the reference range, else what is plausible, else what is possible."""
    for limits in (item.normal, item.soft, item.hard):
        if isinstance(limits, Limits) and limits.high is not None:
            return limits.low or 0.0, limits.high
    return 1.0, 10.0
