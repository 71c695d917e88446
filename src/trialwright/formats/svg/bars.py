"""Horizontal bars and intervals: one row for each thing counted or estimated, its numbers written beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.formats.svg.axes import Axis, Scale, scale_for
from trialwright.formats.svg.canvas import SMALL, Canvas, Pen, Words, text_width, wrap

_WIDTH = 720.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of stacked `parts` (in the order of the legend); `note` is written at its end."""

    label: str
    parts: Sequence[float]
    note: str
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval; without numbers the row is a heading."""

    label: str
    note: str = ""
    estimate: float | None = None
    low: float = 0.0
    high: float = 0.0
    strong: bool = False


def bars(
    words: Words, axis: Axis, rows: Sequence[Bar], *, legend: Sequence[tuple[str, str]] = (("", "accent"),)
) -> str:
    """Bars of equal thickness. `legend`: (label, colour) for each part; drawn when there is more than one part."""
    labels = _Labels([(row.label, row.indent) for row in rows])
    notes = max((text_width(row.note, SMALL) for row in rows), default=0) + 12
    top = 34.0 if len(legend) > 1 else 10.0
    height = top + labels.total + 48
    scale, ticks = scale_for(axis, [0.0, *(sum(r.parts) for r in rows)], labels.width + 12, _WIDTH - notes - 6)
    canvas = Canvas(_WIDTH, height)
    _legend(canvas, legend)
    _uprights(canvas, scale, ticks, (top, top + labels.total), axis)
    for row, (y, size) in zip(rows, labels.places(top), strict=True):
        labels.draw(canvas, (row.label, row.indent), y, size)
        x, middle = scale(0), y + size / 2
        for value, (_, ink) in zip(row.parts, legend, strict=False):
            end = x + scale(value) - scale(0)
            if value:
                canvas.rect((x, middle - 7), (end - x, 14), Pen(fill=ink), radius=2)
            x = end
        canvas.text((x + 7, middle + 4), row.note, size=SMALL)
    return canvas.render(words)


def intervals(words: Words, axis: Axis, rows: Sequence[Interval], *, reference: tuple[float, str] | None = None) -> str:
    """A forest plot: dots with intervals, `reference` (value, label) as an upright dashed line."""
    labels = _Labels([(row.label, 0 if row.estimate is None else 1) for row in rows])
    notes = max((text_width(row.note, SMALL) for row in rows), default=0) + 18
    top = 30.0
    canvas = Canvas(_WIDTH, top + labels.total + 48)
    values = [v for r in rows if r.estimate is not None for v in (r.low, r.high)]
    scale, ticks = scale_for(axis, values, labels.width + 18, _WIDTH - notes - 6)
    _uprights(canvas, scale, ticks, (top, top + labels.total), axis)
    if reference is not None:
        x = scale(reference[0])
        canvas.line((x, top - 6), (x, top + labels.total), Pen("warm", dash="5 4", width=1.5))
        canvas.text((x, top - 12), reference[1], anchor="middle", size=SMALL, ink="warm")
    for row, (y, size) in zip(rows, labels.places(top), strict=True):
        labels.draw(
            canvas, (row.label, 0 if row.estimate is None else 1), y, size, bold=row.estimate is None or row.strong
        )
        if row.estimate is not None:
            _interval(canvas, scale, row, y + size / 2)
    return canvas.render(words)


def _interval(canvas: Canvas, scale: Scale, row: Interval, y: float) -> None:
    assert row.estimate is not None
    pen = Pen("accent", width=2)
    canvas.line((scale(row.low), y), (scale(row.high), y), pen)
    for end in (row.low, row.high):
        canvas.line((scale(end), y - 4), (scale(end), y + 4), pen)
    x = scale(row.estimate)
    if row.strong:
        canvas.path([(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)], Pen("paper", fill="accent"), close=True)
    else:
        canvas.circle((x, y), 4.5, Pen("paper", fill="accent"))
    canvas.text((_WIDTH - 6, y + 4), row.note, anchor="end", size=SMALL)


class _Labels:
    """The label column: wraps long labels and gives each row the height that it needs."""

    def __init__(self, labels: Sequence[tuple[str, int]], widest: float = 250) -> None:
        self.width = min(widest, max((text_width(t) + 14 * indent for t, indent in labels), default=0)) + 8
        self._lines = [wrap(text, self.width - 14 * indent) for text, indent in labels]
        self._heights = [max(26.0, 17.0 * len(lines) + 8) for lines in self._lines]
        self.total = sum(self._heights)
        self._drawn = 0

    def places(self, top: float) -> list[tuple[float, float]]:
        places: list[tuple[float, float]] = []
        for height in self._heights:
            places.append((top, height))
            top += height
        return places

    def draw(self, canvas: Canvas, label: tuple[str, int], y: float, size: float, *, bold: bool = False) -> None:
        lines = self._lines[self._drawn]
        self._drawn += 1
        first = y + size / 2 + 4.5 - 8.5 * (len(lines) - 1)
        for index, line in enumerate(lines):
            canvas.text((4 + 14 * label[1], first + 17 * index), line, bold=bold)


def _uprights(
    canvas: Canvas, scale: Scale, ticks: Sequence[tuple[float, str]], span: tuple[float, float], axis: Axis
) -> None:
    for value, text in ticks:
        x = scale(value)
        canvas.line((x, span[0]), (x, span[1]), Pen("rule" if value == ticks[0][0] else "grid"))
        canvas.text((x, span[1] + 18), text, anchor="middle", size=SMALL, ink="soft")
    canvas.text(((scale.start + scale.stop) / 2, span[1] + 39), axis.words, anchor="middle", size=SMALL)


def _legend(canvas: Canvas, legend: Sequence[tuple[str, str]]) -> None:
    if len(legend) < 2:
        return
    x = 4.0
    for label, ink in legend:
        canvas.rect((x, 8), (14, 12), Pen(fill=ink), radius=2)
        canvas.text((x + 20, 18), label, size=SMALL)
        x += 38 + text_width(label, SMALL)
