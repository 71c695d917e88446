"""A flow diagram: boxes down the middle, what leaves at each step to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.formats.svg.canvas import SMALL, TEXT, Canvas, Pen, Words, wrap

_MAIN, _SIDE, _GAP = 280.0, 340.0, 26.0


@dataclass(frozen=True, slots=True)
class Step:
    """A box with its count; `leaves` is the box beside the arrow to the next step: heading and (reason, count)."""

    label: str
    count: int
    note: str = ""
    leaves: tuple[str, int] | None = None
    reasons: Sequence[tuple[str, int]] = ()


def flow(words: Words, steps: Sequence[Step]) -> str:
    """The diagram, 720 px wide, as tall as its boxes need."""
    canvas = Canvas(720, 0)
    y = 2.0
    for index, step in enumerate(steps):
        bottom = _box(canvas, step, y)
        last = index == len(steps) - 1
        below = bottom if step.leaves is None else bottom + max(_GAP, _side_height(step) + 24)
        if last and step.leaves is None:
            y = bottom + 4
            break
        y = below if step.leaves is not None else bottom + _GAP
        if not last:
            _arrow(canvas, (4 + _MAIN / 2, bottom), (4 + _MAIN / 2, y))
        if step.leaves is not None:
            _side(canvas, step, bottom + 12, stub=last)
    canvas.height = y
    return canvas.render(words)


def _box(canvas: Canvas, step: Step, y: float) -> float:
    note = wrap(step.note, _MAIN - 32, SMALL) if step.note else []
    height = 40 + 16 * len(note) + (4 if note else 0)
    canvas.rect((4, y), (_MAIN, height), Pen("accent", fill="paper", width=1.5), radius=6)
    canvas.text((20, y + 25), step.label, size=TEXT + 1, bold=True)
    canvas.text((_MAIN - 12, y + 25), str(step.count), anchor="end", size=TEXT + 3, bold=True, ink="accent")
    canvas.lines((20, y + 45), note, size=SMALL, ink="soft")
    return y + height


def _side_lines(step: Step) -> list[tuple[list[str], int]]:
    return [(wrap(reason, _SIDE - 72, SMALL), count) for reason, count in step.reasons]


def _side_height(step: Step) -> float:
    return 34 + sum(16 * len(lines) + 3 for lines, _ in _side_lines(step)) + (6 if step.reasons else 0)


def _side(canvas: Canvas, step: Step, y: float, *, stub: bool) -> None:
    assert step.leaves is not None
    x, height = 720 - _SIDE - 4, _side_height(step)
    middle = y + min(18, height / 2)
    if stub:
        canvas.line((4 + _MAIN / 2, y - 12), (4 + _MAIN / 2, middle), Pen("rule", width=1.5))
    _arrow(canvas, (4 + _MAIN / 2, middle), (x, middle))
    canvas.rect((x, y), (_SIDE, height), Pen("rule", fill="paper"), radius=6)
    canvas.text((x + 14, y + 22), step.leaves[0], bold=True)
    canvas.text((x + _SIDE - 14, y + 22), str(step.leaves[1]), anchor="end", bold=True)
    row = y + 44
    for lines, count in _side_lines(step):
        canvas.lines((x + 14, row), lines, size=SMALL, ink="soft")
        canvas.text((x + _SIDE - 14, row), str(count), anchor="end", size=SMALL, ink="soft")
        row += 16 * len(lines) + 3


def _arrow(canvas: Canvas, a: tuple[float, float], b: tuple[float, float]) -> None:
    canvas.line(a, b, Pen("rule", width=1.5))
    x, y = b
    tip = [(x, y), (x - 5, y - 8), (x + 5, y - 8)] if a[0] == b[0] else [(x, y), (x - 8, y - 5), (x - 8, y + 5)]
    canvas.path(tip, Pen(fill="rule"), close=True)
