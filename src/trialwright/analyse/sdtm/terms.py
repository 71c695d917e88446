"""Words of CDISC controlled terminology for what a definition says in its own words."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from trialwright.evidence.snapshot import ValueRow
from trialwright.kernel.texts import JOINT
from trialwright.study.items import Item

TRUE = frozenset({"true", "yes", "y", "1"})
NOT_DONE = "NOT DONE"
REASONS = {
    "not_done": "NOT DONE",
    "not_applicable": "NOT APPLICABLE",
    "unknown": "UNKNOWN",
    "refused": "SUBJECT REFUSED",
}
"""--REASND for the reasons why an item has no value."""

PLAIN_UNITS = {
    "": "", "1": "", "Cel": "C", "[degF]": "F", "mm[Hg]": "mmHg", "[lb_av]": "LB", "[in_i]": "in", "d": "days",
    "wk": "WEEKS", "mo": "MONTHS", "a": "YEARS", "h": "HOURS", "min": "min", "mg/d": "mg/day", "g/d": "g/day",
    "mg/kg/d": "mg/kg/day", "[IU]/L": "IU/L", "[IU]/mL": "IU/mL",
}  # fmt: skip
RATES = {"PULSE": "beats/min", "HR": "beats/min", "RESP": "breaths/min"}
"""What `/min` counts, by test."""


def unit(ucum: str, testcd: str = "") -> str:
    """The submission value of a UCUM unit: `10*9/L` is 10^9/L, `mL/min/{1.73_m2}` is mL/min/1.73m2."""
    if ucum == "/min":
        return RATES.get(testcd, "/min")
    if ucum in PLAIN_UNITS:
        return PLAIN_UNITS[ucum]
    return re.sub(r"\{([^}]*)\}", lambda m: m[1].replace("_", ""), ucum.replace("10*", "10^"))


def yes_no(value: str) -> str:
    return "Y" if value.strip().lower() in TRUE else "N"


def submission(item: Item, row: ValueRow) -> str:
    """The value of a captured item as SDTM has it; "" for none. Choices as the definition submits them."""
    value = row.value.strip()
    if not value:
        return ""
    if item.type == "choices":
        chosen = (item.choice(code) for code in value.split(JOINT))
        return JOINT.join(choice.submission or _unnamed(item, choice.code) for choice in chosen if choice)
    if item.type == "choice":
        choice = item.choice(value)
        return (choice.submission or _unnamed(item, choice.code)) if choice else value.upper()
    if item.type in ("boolean", "judgement"):
        return yes_no(value)
    if item.type in ("event", "date", "datetime"):
        return "" if value in ("none", "current", "unknown") else iso(value)
    return value


def _unnamed(item: Item, code: str) -> str:
    """A choice without a submission value: its code in capitals; `none` leaves a variable (not a result) empty."""
    return "" if code == "none" and item.sdtm and item.sdtm.variable else code.upper()


def iso(text: str) -> str:
    """ISO 8601 to the minute, local time without its zone; a partial date stays partial."""
    day, _, time = text.strip().replace(" ", "T").partition("T")
    clock = re.match(r"\d{2}:\d{2}", time)
    return f"{day}T{clock[0]}" if clock else day


@cache
def _countries() -> dict[str, str]:
    text = files(__package__).joinpath("countries.yaml").read_text(encoding="utf-8")
    content: dict[str, str] = yaml.safe_load(text)
    return {name.lower(): code for name, code in content.items()}


def country(name: str) -> str:
    """ISO 3166-1 alpha-3 code of a country's English name; the name in capitals where it is not listed."""
    return _countries().get(name.strip().lower(), name.strip().upper())
