"""A swimmer plot: one lane for each subject from the first day to the last, with what happened on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.formats.svg.axes import Axis, scale_for
from trialwright.formats.svg.canvas import SMALL, Canvas, Pen, Words, text_width
from trialwright.formats.svg.plot import mark


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: its word in the legend, its shape and its colour."""

    label: str
    shape: str
    ink: str


@dataclass(frozen=True, slots=True)
class Lane:
    """`spans`: (from, to, index of the span's kind); `events`: (day, index of the event's kind)."""

    label: str
    spans: Sequence[tuple[float, float, int]]
    events: Sequence[tuple[float, int]]
    note: str = ""
    ongoing: bool = False


def swimmer(
    words: Words, axis: Axis, lanes: Sequence[Lane], *, spans: Sequence[tuple[str, str]], events: Sequence[Kind]
) -> str:
    """Lanes in the order given. `spans`: (label, colour) for each kind of bar."""
    row, width = 19.0, 720.0
    left = max((text_width(lane.label, SMALL) for lane in lanes), default=30) + 16
    right = width - max((text_width(lane.note, SMALL) for lane in lanes), default=0) - 24
    keys = [(label, None, ink) for label, ink in spans] + [(k.label, k.shape, k.ink) for k in events]
    places, top = _legend_places(keys, width)
    canvas = Canvas(width, top + row * len(lanes) + 50)
    bottom = top + row * len(lanes)
    days = [d for lane in lanes for a, b, _ in lane.spans for d in (a, b)] + [d for ln in lanes for d, _ in ln.events]
    scale, ticks = scale_for(axis, days, left, right)
    for value, text in ticks:
        canvas.line((scale(value), top), (scale(value), bottom), Pen("grid"))
        canvas.text((scale(value), bottom + 18), text, anchor="middle", size=SMALL, ink="soft")
    canvas.text(((left + right) / 2, bottom + 39), axis.words, anchor="middle", size=SMALL)
    _legend(canvas, places)
    for index, lane in enumerate(lanes):
        y = top + row * (index + 0.5)
        canvas.text((4, y + 4), lane.label, size=SMALL)
        for start, stop, kind in lane.spans:
            canvas.rect((scale(start), y - 5), (scale(stop) - scale(start), 10), Pen(fill=spans[kind][1]), radius=2)
        end = max((scale(b) for _, b, _ in lane.spans), default=left)
        if lane.ongoing:
            canvas.path([(end, y - 5), (end + 7, y), (end, y + 5)], Pen(fill=spans[lane.spans[-1][2]][1]), close=True)
        for day, event in lane.events:
            mark(canvas, (scale(day), y), events[event].shape, events[event].ink)
        canvas.text((right + 16, y + 4), lane.note, size=SMALL, ink="soft")
    return canvas.render(words)


_Key = tuple[str, str | None, str]


def _legend_places(keys: Sequence[_Key], width: float) -> tuple[list[tuple[float, float, _Key]], float]:
    places: list[tuple[float, float, _Key]] = []
    x, y = 4.0, 14.0
    for key in keys:
        need = 24 + text_width(key[0], SMALL)
        if x + need > width:
            x, y = 4.0, y + 22
        places.append((x, y, key))
        x += need + 18
    return places, y + 20


def _legend(canvas: Canvas, places: Sequence[tuple[float, float, _Key]]) -> None:
    for x, y, (label, shape, ink) in places:
        if shape is None:
            canvas.rect((x, y - 5), (18, 10), Pen(fill=ink), radius=2)
        else:
            mark(canvas, (x + 9, y), shape, ink)
        canvas.text((x + 24, y + 4), label, size=SMALL)
