"""Scales, ticks and the frame of a chart with two axes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trialwright.formats.svg.canvas import SMALL, Canvas, Pen, text_width
from trialwright.kernel.dates import add_months
from trialwright.kernel.errors import TrialwrightError

Tick = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Axis:
    """`label` says what is measured, `unit` in what. `ticks` overrides the round ones; `low`, `high` what data span."""

    label: str
    unit: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: tuple[Tick, ...] = ()

    @property
    def words(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to px along one axis."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        if not math.isfinite(value):
            raise TrialwrightError("A chart was given a value that is not a finite number.", where="svg")
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return self.start + (at - low) / (high - low) * (self.stop - self.start)


def short(value: float) -> str:
    """A number for a tick: thin grouping from five digits, no needless zeros."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(",", "" if abs(value) < 10_000 else "\u2009")


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2, 2.5, 5 times a power of ten) that cover `low` to `high`."""
    raw = (high - low) / max(about, 1) or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within `low` to `high`; with 2 and 5 between when there are few."""
    powers = [10.0**k for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    inside = [p for p in powers if low <= p <= high]
    return inside if len(inside) > 3 else [m * p for p in powers for m in (1, 2, 5) if low <= m * p <= high]


def log_limits(low: float, high: float) -> tuple[float, float]:
    """The nearest 1, 2 or 5 times a power of ten at or beyond `low` and `high`."""
    below, above = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.floor(math.log10(high))
    start = max(m * below for m in (1, 2, 5) if m * below <= low * 1.000001)
    return start, min(m * above for m in (1, 2, 5, 10) if m * above >= high * 0.999999)


def scale_for(axis: Axis, values: Sequence[float], start: float, stop: float) -> tuple[Scale, list[Tick]]:
    """The scale that shows `values` (and what the axis demands), with its ticks."""
    known = [v for v in values if not axis.log or v > 0]
    low = axis.low if axis.low is not None else min(known, default=0.0 if not axis.log else 1.0)
    high = axis.high if axis.high is not None else max(known, default=1.0 if not axis.log else 10.0)
    if axis.log and low <= 0:
        raise TrialwrightError("A logarithmic axis cannot begin at 0 or below.", where=axis.words)
    if high <= low:
        high = low * 10 if axis.log else low + 1
    if axis.log:
        low, high = log_limits(low, high)
    marks = [t for t, _ in axis.ticks] or (log_ticks(low, high) if axis.log else round_ticks(low, high))
    ticks = list(axis.ticks) or [(t, short(t)) for t in marks]
    low, high = (min(low, *marks), max(high, *marks)) if not axis.ticks else (low, high)
    return Scale(low, high, start, stop, axis.log), [t for t in ticks if low <= t[0] <= high]


def day(date: dt.date) -> float:
    """A date as a number on an axis."""
    return float(date.toordinal())


def date_axis(label: str, first: dt.date, last: dt.date) -> Axis:
    """An axis of calendar time with ticks on firsts of months, at most about nine."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    every = next((m for m in (1, 2, 3, 6, 12, 24, 60) if months / m <= 9), 120)
    start = first.replace(day=1)
    start = start.replace(month=(start.month - 1) // every * every + 1) if every < 12 else start.replace(month=1)
    ticks: list[Tick] = []
    while start <= last:
        if start >= first.replace(day=1):
            ticks.append((day(start), f"{start:%Y-%m}"))
        start = add_months(start, every)
    return Axis(label, low=day(first.replace(day=1)), high=day(last), ticks=tuple(ticks))


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area inside a canvas, with a scale for each axis."""

    canvas: Canvas
    x: Scale
    y: Scale
    left: float
    top: float
    right: float
    bottom: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x(x), self.y(y)


def left_margin(ticks: Sequence[Tick]) -> float:
    return max((text_width(t, SMALL) for _, t in ticks), default=20) + 34


def draw_axes(frame: Frame, axes: tuple[Axis, Axis], x_ticks: Sequence[Tick], y_ticks: Sequence[Tick]) -> None:
    """Grid, ticks and axis titles. The y title stands on top, level, where it is read first."""
    canvas = frame.canvas
    for value, text in y_ticks:
        y = frame.y(value)
        canvas.line((frame.left, y), (frame.right, y), Pen("grid"))
        canvas.text((frame.left - 8, y + 4), text, anchor="end", size=SMALL, ink="soft")
    canvas.line((frame.left, frame.bottom), (frame.right, frame.bottom), Pen("rule"))
    for value, text in _spaced(x_ticks, frame.x):
        x = frame.x(value)
        canvas.line((x, frame.bottom), (x, frame.bottom + 5), Pen("rule"))
        canvas.text((x, frame.bottom + 19), text, anchor="middle", size=SMALL, ink="soft")
    canvas.text(((frame.left + frame.right) / 2, frame.bottom + 40), axes[0].words, anchor="middle", size=SMALL)
    canvas.text((4, frame.top - 14), axes[1].words, size=SMALL)


def _spaced(ticks: Sequence[Tick], scale: Callable[[float], float]) -> list[Tick]:
    """Ticks whose words do not run into each other."""
    kept: list[Tick] = []
    for value, text in ticks:
        clear = text_width(text, SMALL) / 2 + 6
        if not kept or scale(value) - scale(kept[-1][0]) >= clear + text_width(kept[-1][1], SMALL) / 2:
            kept.append((value, text))
    return kept
