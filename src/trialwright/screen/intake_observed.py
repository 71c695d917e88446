"""Facts of Observations, Conditions, Procedures, Immunizations and allergies for an item that their code means."""

from __future__ import annotations

import datetime as dt
from typing import Any

from trialwright.evidence.patient import Fact
from trialwright.formats.fhir import Coding, Quantity, Range, Resource
from trialwright.kernel import units
from trialwright.kernel.errors import InputError, UnitError
from trialwright.screen.fhir_mapping import Target, answer_of, in_remission
from trialwright.screen.values import fact_of, first_day
from trialwright.study.items import Item

_OVER = ("inactive", "remission", "resolved")


def observed_facts(found: Resource, target: Target) -> list[Fact]:
    """The fact of an Observation (or one of its components). Raises UserError for a value that cannot be."""
    item, raw = target.item, _raw(found, target)
    if raw is None:
        return []
    dated = found.start or found.end
    if not dated and raw["value"] is not None and item.type in ("quantity", "integer"):
        raise InputError(f"'{item.id}' has no day.", where=found.origin, hint="It was left out.")
    when = "" if item.type in ("date", "datetime") else dated
    return [fact_of(item, {**raw, "when": when or None}, synonym=target.synonym, where=found.origin)]


def _raw(found: Resource, target: Target) -> dict[str, Any] | None:
    """The keys of a fact as a facts file has them; None where the Observation says nothing of the item."""
    item, value = target.item, found.value
    if found.absent or value is None:
        return {"value": None, "reason": found.absent} if found.absent else None
    if isinstance(value, Quantity):
        return _quantity(value, found, item) if item.type in ("quantity", "integer") else None
    said = _said(value)
    if said == "unknown":
        return {"value": None, "reason": "unknown"}
    match item.type:
        case "boolean":
            truth = said or _named(value, target)
            return {"value": (truth == "true") != target.denied} if truth else None
        case "event":
            return _event(value, said, found, target)
        case "choice":
            code = target.choice if said == "true" else _choice(value, item)
            return {"value": code} if code else None
        case "date" | "datetime":
            return {"value": value} if isinstance(value, str) else None
    return {"value": value} if isinstance(value, str) and item.type == "text" else None


def _said(value: Quantity | bool | str | tuple[Coding, ...]) -> str:
    """`true`, `false`, `unknown`, or "" for an answer of another kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return answer_of(value) if isinstance(value, tuple) else ""


def _named(value: object, target: Target) -> str:
    """An answer that names the item's own finding says yes, one that names its denial says no."""
    if not isinstance(value, tuple):
        return ""
    codes = {c.code for c in value}
    if codes & set(target.item.codes.denied.snomed):
        return "false" if not target.denied else "true"
    return "true" if codes & set(target.item.codes.snomed) else ""


def _event(value: object, said: str, found: Resource, target: Target) -> dict[str, Any] | None:
    if isinstance(value, str):
        return {"value": value}
    if not said:
        said = _named(value, target)
    if (said == "true" and target.denied) or (said == "false" and not target.denied):
        return {"value": "none"}
    if said != "true":
        return None
    return {"value": found.start or None}


def _choice(value: object, item: Item) -> str:
    """The choice that a coded answer means: by its codes, its own code or its submission value."""
    codes = {c.code for c in value} if isinstance(value, tuple) else {value}
    for choice in item.choices:
        listed = {*choice.codes.snomed, *choice.codes.loinc_also, *choice.codes.icd10, choice.code, choice.submission}
        if codes & (listed - {""}):
            return choice.code
    return ""


def _quantity(value: Quantity, found: Resource, item: Item) -> dict[str, Any] | None:
    if value.comparator:
        shown = f"reported as {value.comparator} {value.value:g} {value.unit}".strip()
        return {"value": None, "reason": shown}
    if not value.unit and item.unit not in ("", "1"):
        raise InputError(f"'{item.id}' has no unit.", where=found.origin, hint="It was left out.")
    low, high = _limits(found.ranges, value.unit)
    return {"value": value.value, "unit": value.unit or None, "low": low, "high": high}


def _limits(ranges: tuple[Range, ...], unit: str) -> tuple[float | None, float | None]:
    """The reference limits in the unit of the value; those for most people, where several are given."""
    chosen = next((r for r in ranges if r.kind in ("", "normal")), None)
    if chosen is None:
        return None, None
    return _stated(chosen.low, unit), _stated(chosen.high, unit)


def _stated(limit: Quantity | None, unit: str) -> float | None:
    if limit is None:
        return None
    if not limit.unit or limit.unit == unit:
        return limit.value
    try:
        return units.convert(limit.value, limit.unit, unit)
    except UnitError:
        return None


def condition_facts(found: Resource, target: Target, screening: dt.date) -> list[Fact]:
    """What a Condition, Procedure, Immunization or allergy on file says of a truth, an event or a choice."""
    item = target.item
    over = _over(found, screening)
    raw: dict[str, Any]
    match item.type:
        case "boolean" if target.denied or item.codes.past or not over:
            raw = {"value": not target.denied, "when": None}
        case "choice" if target.choice and not over:
            raw = {"value": target.choice}
        case "event":
            raw = {"value": "none"} if target.denied else _happened(found, item, over)
        case _:
            return []
    return [fact_of(item, raw, synonym=target.synonym, where=found.origin)]


def _over(found: Resource, screening: dt.date) -> bool:
    """Whether a condition has ended by the day of screening. What was done (a procedure) stays done."""
    if found.kind not in ("Condition", "AllergyIntolerance"):
        return False
    ended = first_day(found.end)
    return found.clinical in _OVER or in_remission(found.codes) or (ended is not None and ended <= screening)


def _happened(found: Resource, item: Item, over: bool) -> dict[str, Any]:
    """The day of an event: its onset; for one that lasts its end, or that it is current."""
    if item.codes.lasting and found.kind == "Condition":
        if not over:
            return {"value": "current"}
        return {"value": found.end or None, "reason": "" if found.end else "over, day not on file"}
    return {"value": found.start or None, "reason": "" if found.start else "day not on file"}
