"""How numbers are written in tables: the same everywhere."""

from __future__ import annotations

import datetime as dt

from trialwright.kernel.units import show
from trialwright.study.items import Item

MINUS = "\u2212"
NONE = "\u2014"
"""A cell without a value."""


def share(x: int, n: int) -> str:
    """A count with its percentage: "21 (53.8 %)"; the count alone where nobody is counted or it is 0."""
    return f"{x} ({percent(x, n)})" if x and n else str(x)


def percent(x: int, n: int) -> str:
    return f"{100 * x / n:.1f} %" if n else NONE


def interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """Two limits: "37.2 to 69.9"; a limit that is not reached is a dash."""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def number(value: float | None, decimals: int = 1) -> str:
    """A number with fixed decimals, or a dash."""
    if value is None:
        return NONE
    text = f"{value:.{decimals}f}"
    return text.replace("-", MINUS if float(text) else "")


def decimals(item: Item) -> int:
    """Decimals of the values of an item as tables show them."""
    return 1 if item.decimals is None else item.decimals


def unit(item: Item) -> str:
    """The printed unit of an item; "" for a pure number."""
    return "" if item.unit in ("", "1") else show(item.unit)


def labelled(item: Item) -> str:
    """Label with unit: "Ferritin (µg/L)"."""
    return f"{item.label.en} ({unit(item)})" if unit(item) else item.label.en


def p_value(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def subjects(count: int) -> str:
    return f"{count} subject" if count == 1 else f"{count} subjects"


def lower_first(text: str) -> str:
    """The label inside a sentence; abbreviations and names keep their capitals."""
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def day(date: dt.date | None) -> str:
    return date.isoformat() if date else NONE
