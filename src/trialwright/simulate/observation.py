"""What is seen of a virtual patient: answers at their place on a form, and the same as evidence for the criteria."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from trialwright.evidence.patient import Fact, Patient, Value
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import UnitError
from trialwright.simulate.draws import Answer, generator, typed
from trialwright.study.definition import Study
from trialwright.study.items import Item

SIGNATURE = "virtual investigator"


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer on a form. `low`, `high`: reference limits in `unit`. `when`: ISO moment if not the visit's."""

    form: str
    group: str
    row: int
    item: str
    value: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    null_reason: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """The laboratory of one site: in which unit it reports each item, and the limits that it prints for a sex."""

    study: Study
    seed: int
    site: str
    _units: dict[str, str] = field(default_factory=dict)

    def unit(self, item: Item) -> str:
        """The item's own unit, or at some sites another that the item offers. Only items with a reference range."""
        if item.normal is None or not item.units:
            return item.unit
        if item.id not in self._units:
            self._units[item.id] = self._choose(item)
        return self._units[item.id]

    def _choose(self, item: Item) -> str:
        rng = generator(self.seed, "bench", self.site, item.id)
        other = rng.random() < self.study.assumptions.entry.other_unit
        return item.units[int(rng.integers(len(item.units)))] if other else item.unit

    def report(self, item: Item, answer: Answer, sex: str) -> tuple[str, str, float | None, float | None]:
        """(value, unit, low, high) as this site prints an answer that was drawn in the item's own unit."""
        if item.type not in ("quantity", "integer") or not item.unit:
            return answer.value, "", None, None
        unit = self.unit(item)
        limits = item.normal.of(sex) if item.normal and answer.value else None
        low, high = (limits.low, limits.high) if limits else (None, None)
        if unit == item.unit:
            return answer.value, unit, low, high
        try:
            value = self._converted(item, float(answer.value), unit)
            return value, unit, self._limit(item, low, unit), self._limit(item, high, unit)
        except (ValueError, UnitError):
            return answer.value, item.unit, low, high

    def _limit(self, item: Item, limit: float | None, unit: str) -> float | None:
        return None if limit is None else float(f"{units.convert(limit, item.unit, unit, item.molar_mass):.4g}")

    def _converted(self, item: Item, value: float, unit: str) -> str:
        plain = item.model_copy(update={"decimals": None, "hard": None, "type": "quantity"})
        return typed(plain, units.convert(value, item.unit, unit, item.molar_mass))


def evidence(
    study: Study,
    observations: Iterable[tuple[Observation, dt.date]],
    screening: dt.date,
    first_dose: dt.date | None = None,
) -> Patient:
    """The patient as criteria and endpoints see one; each observation comes with the day of its visit."""
    rows: dict[tuple[str, str, int, dt.date], list[Observation]] = {}
    for seen, day in observations:
        rows.setdefault((seen.form, seen.group, seen.row, day), []).append(seen)
    gives = _companions(study, {form for form, _, _, _ in rows})
    facts = []
    for (form, group, _, day), fields in rows.items():
        beside = {gives[form, group, f.item]: f.value for f in fields if (form, group, f.item) in gives}
        facts += [_fact(study.item_by_id[f.item], f, day, beside) for f in fields]
    return Patient("virtual", screening, None, first_dose, tuple(facts))


def _fact(item: Item, seen: Observation, day: dt.date, beside: dict[str, str]) -> Fact:
    return Fact(
        item=item.id,
        value=None if seen.null_reason else parsed(item, seen.value),
        unit=seen.unit,
        low=seen.low,
        high=seen.high,
        when=PartialDate.parse(seen.when or beside.get("when") or day.isoformat()),
        agent=beside.get("agent", ""),
        route=beside.get("route", ""),
        signed_by=SIGNATURE if item.type == "judgement" else "",
        reason=seen.null_reason,
    )


def parsed(item: Item, text: str) -> Value:
    """The value that a drawn text stands for; None for a result below the limit of quantification."""
    if item.type in ("quantity", "integer"):
        return None if text.startswith("<") else float(text)
    if item.type in ("boolean", "judgement"):
        return text == "true"
    if item.type == "event" and text in ("none", "current"):
        return text
    return PartialDate.parse(text) if item.type in ("date", "event", "datetime") else text


def _companions(study: Study, forms: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """(form, group, item) -> agent, route or when: what the item says of the others in its row."""
    return {
        (form, group.id, field.item): field.gives
        for form in forms
        if form in study.form_by_id
        for group, field in study.form_by_id[form].fields()
        if field.gives
    }
