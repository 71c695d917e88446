"""Daily doses from medicines: what each agent came to on each day, by route. Only doses that are stated count."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

from trialwright.evidence.patient import Fact
from trialwright.formats.fhir import Dose, Resource
from trialwright.kernel import units
from trialwright.kernel.errors import UnitError, UserError
from trialwright.screen.fhir_mapping import agent_of, route_of
from trialwright.screen.intake import Tally
from trialwright.screen.values import fact_of, partial_date
from trialwright.study.items import Item

FURTHEST = 366
"""Days before screening from which on courses are spread over their days."""


@dataclass(frozen=True, slots=True)
class _Given:
    day: dt.date
    agent: str
    route: str
    amount: float
    origin: str


def is_daily(item: Item) -> bool:
    """Whether an item is an amount per day, as `mg/d`."""
    try:
        return item.type == "quantity" and units.same_kind(item.unit or "1", "mg/d")
    except UnitError:
        return False


def daily_facts(item: Item, medicines: list[Resource], screening: dt.date, tally: Tally) -> tuple[list[Fact], int]:
    """Facts in mg/d and how many resources they came from. On a day with administrations, orders do not count."""
    given: list[_Given] = []
    ordered: list[_Given] = []
    used = 0
    for found in medicines:
        doses = list(_days(found, screening))
        used += bool(doses)
        if not doses:
            tally.left_out["no_dose", found.kind, agent_of(found.codes) or str(next(iter(found.codes), "?"))] += 1
        (given if found.kind == "MedicationAdministration" else ordered).extend(doses)
    seen = {(g.day, g.agent) for g in given}
    total: dict[tuple[dt.date, str, str], list[_Given]] = {}
    for one in (*given, *(o for o in ordered if (o.day, o.agent) not in seen)):
        total.setdefault((one.day, one.agent, one.route), []).append(one)
    return [fact for key in sorted(total) for fact in _fact(item, total[key], tally)], used


def _fact(item: Item, doses: list[_Given], tally: Tally) -> Iterator[Fact]:
    first = doses[0]
    raw = {
        "value": float(f"{math.fsum(d.amount for d in doses):.12g}"), "unit": "mg/d", "agent": first.agent,
        "route": first.route, "when": str(first.day),
    }  # fmt: skip
    try:
        yield fact_of(item, raw, where=first.origin)
    except UserError as error:
        tally.refused.append(str(error))


def _days(found: Resource, screening: dt.date) -> Iterator[_Given]:
    """Each day of a medicine with its amount in mg."""
    agent = agent_of(found.codes) or (str(found.codes[0]) if found.codes else "")
    for dose in found.doses:
        amount = None if dose.as_needed or dose.quantity.comparator else _amount(dose, found.kind)
        first = _day(dose.start) or _day(found.start)
        if amount is None or first is None:
            continue
        step = max(1, round(1 / dose.per_day)) if dose.per_day and dose.per_day < 1 else 1
        last = min(_last(dose, found, first, screening), screening)
        skipped = max(0, (screening - first).days - FURTHEST)
        day = first + dt.timedelta(days=math.ceil(skipped / step) * step)
        while day <= last:
            yield _Given(day, agent, route_of(dose.route), amount, found.origin)
            day += dt.timedelta(days=step)


def _amount(dose: Dose, kind: str) -> float | None:
    """Milligrams on a day of treatment; None where the dose or how often it is given is not stated."""
    try:
        if units.same_kind(dose.quantity.unit, "mg/d"):
            return units.convert(dose.quantity.value, dose.quantity.unit, "mg/d")
        once = units.convert(dose.quantity.value, dose.quantity.unit, "mg")
    except UnitError:
        return None
    if kind == "MedicationAdministration":
        return once
    return once * max(dose.per_day, 1.0) if dose.per_day else None


def _last(dose: Dose, found: Resource, first: dt.date, screening: dt.date) -> dt.date:
    """The last day of a course. Without an end only its first day is sure, unless it is said to go on."""
    if found.kind == "MedicationAdministration":
        return first
    if dose.days is not None:
        return first + dt.timedelta(days=min(max(0, math.ceil(dose.days) - 1), 36500))
    bounded = bool(dose.start) or found.kind == "MedicationStatement"
    end = _day(dose.end) or (_day(found.end) if found.kind == "MedicationStatement" else None)
    if end is not None:
        return end
    return screening if bounded and found.status == "active" else first


def _day(text: str) -> dt.date | None:
    """A whole day; None for a partial or missing one."""
    try:
        day = partial_date(text) if text else None
    except UserError:
        return None
    return day.first if day is not None and day.exact else None
