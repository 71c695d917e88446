"""Charts over two axes: layers of lines, steps, threads, bands, whiskers and marks on one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.formats.svg.axes import Axis, Frame, draw_axes, left_margin, scale_for
from trialwright.formats.svg.canvas import SMALL, Canvas, Pen, Point, Words, text_width


@dataclass(frozen=True, slots=True)
class Line:
    """A line through `points`; `step` holds each value until the next."""

    points: Sequence[Point]
    label: str = ""
    ink: str = "accent"
    step: bool = False
    dash: str = ""
    width: float = 2.25


@dataclass(frozen=True, slots=True)
class Threads:
    """One thin line for each subject ("spaghetti")."""

    lines: Sequence[Sequence[Point]]
    label: str = ""
    ink: str = "slate"
    opacity: float = 0.38


@dataclass(frozen=True, slots=True)
class Band:
    """An area between two limits: (x, low, high)."""

    points: Sequence[tuple[float, float, float]]
    label: str = ""
    ink: str = "wash"
    step: bool = False
    opacity: float = 0.75


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Intervals: (x, low, middle, high), with a dot at the middle."""

    points: Sequence[tuple[float, float, float, float]]
    label: str = ""
    ink: str = "accent"


@dataclass(frozen=True, slots=True)
class Marks:
    """Separate marks; `tick` is the short upright stroke of a censored time."""

    points: Sequence[Point]
    label: str = ""
    ink: str = "accent"
    shape: str = "dot"


@dataclass(frozen=True, slots=True)
class Level:
    """A dashed line across at one y value (limit of quantification, target), or upright at one x value."""

    value: float
    label: str
    ink: str = "soft"
    upright: bool = False


Layer = Line | Threads | Band | Whiskers | Marks | Level


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Numbers under the axis: one row for each (label, counts at `times`)."""

    times: Sequence[float]
    rows: Sequence[tuple[str, Sequence[int]]]
    heading: str = "At risk"


def plot(
    words: Words,
    axes: tuple[Axis, Axis],
    layers: Sequence[Layer],
    *,
    at_risk: AtRisk | None = None,
    height: float = 360,
) -> str:
    """Draw `layers`, the first at the back. Returns an SVG of 720 px width that scales with its container."""
    width, right = 720.0, 704.0
    xs, ys = _extent(layers)
    legend = [(layer, layer.label) for layer in layers if layer.label and not isinstance(layer, Level)]
    rows = _legend_rows(legend, right - 4)
    top = 34.0 + 22 * len(rows)
    bottom = height - 50 - (0 if at_risk is None else 26 + 19 * len(at_risk.rows))
    y_scale, y_ticks = scale_for(axes[1], ys, bottom, top)
    left = left_margin(y_ticks)
    if at_risk is not None:
        left = max(left, *(text_width(label, SMALL) + 26 for label, _ in at_risk.rows))
    x_scale, x_ticks = scale_for(axes[0], xs, left, right - 6)
    canvas = Canvas(width, height)
    frame = Frame(canvas, x_scale, y_scale, left, top, right - 6, bottom)
    _draw_legend(canvas, rows)
    draw_axes(frame, axes, x_ticks, y_ticks)
    for layer in layers:
        _draw(frame, layer)
    if at_risk is not None:
        _draw_at_risk(frame, at_risk)
    return canvas.render(words)


def _extent(layers: Sequence[Layer]) -> tuple[list[float], list[float]]:
    xs: list[float] = []
    ys: list[float] = []
    for layer in layers:
        if isinstance(layer, Level):
            (xs if layer.upright else ys).append(layer.value)
            continue
        points = [p for line in layer.lines for p in line] if isinstance(layer, Threads) else layer.points
        for x, *values in points:
            xs.append(x)
            ys.extend(values)
    return xs, ys


def stepped(points: Sequence[Point]) -> list[Point]:
    """Corners of a line that holds each value until the next point."""
    corners: list[Point] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners


def _draw(frame: Frame, layer: Layer) -> None:
    if isinstance(layer, Line):
        points = stepped(layer.points) if layer.step else list(layer.points)
        frame.canvas.path([frame.at(*p) for p in points], Pen(layer.ink, width=layer.width, dash=layer.dash))
    elif isinstance(layer, Threads):
        for line in layer.lines:
            frame.canvas.path([frame.at(*p) for p in line], Pen(layer.ink, opacity=layer.opacity))
    elif isinstance(layer, Band):
        _draw_band(frame, layer)
    elif isinstance(layer, Whiskers):
        _draw_whiskers(frame, layer)
    elif isinstance(layer, Marks):
        _draw_marks(frame, layer)
    else:
        _draw_level(frame, layer)


def _draw_band(frame: Frame, band: Band) -> None:
    low, high = [(x, lo) for x, lo, _ in band.points], [(x, hi) for x, _, hi in band.points]
    if band.step:
        low, high = stepped(low), stepped(high)
    outline = [frame.at(*p) for p in high] + [frame.at(*p) for p in reversed(low)]
    frame.canvas.path(outline, Pen(fill=band.ink, opacity=band.opacity), close=True)


def _draw_whiskers(frame: Frame, layer: Whiskers) -> None:
    canvas, pen = frame.canvas, Pen(layer.ink, width=1.75)
    for x, low, middle, high in layer.points:
        px, top, bottom = frame.x(x), frame.y(high), frame.y(low)
        canvas.line((px, top), (px, bottom), pen)
        for y in (top, bottom):
            canvas.line((px - 4, y), (px + 4, y), pen)
        canvas.circle((px, frame.y(middle)), 3.5, Pen(layer.ink, fill=layer.ink))


def _draw_marks(frame: Frame, layer: Marks) -> None:
    for x, y in layer.points:
        mark(frame.canvas, frame.at(x, y), layer.shape, layer.ink)


def _draw_level(frame: Frame, level: Level) -> None:
    pen = Pen(level.ink, dash="5 4")
    if level.upright:
        x = frame.x(level.value)
        frame.canvas.line((x, frame.top), (x, frame.bottom), pen)
        frame.canvas.text((x + 5, frame.top + 11), level.label, size=SMALL, ink=level.ink, halo=True)
    else:
        y = frame.y(level.value)
        frame.canvas.line((frame.left, y), (frame.right, y), pen)
        frame.canvas.text((frame.right, y - 5), level.label, anchor="end", size=SMALL, ink=level.ink, halo=True)


def mark(canvas: Canvas, at: Point, shape: str, ink: str, *, tip: str = "") -> None:
    """One mark: dot, ring, tick, cross, diamond or triangle. Shapes differ so that colour is never alone."""
    x, y = at
    if shape == "tick":
        canvas.line((x, y - 6), (x, y + 6), Pen(ink, width=1.5))
    elif shape == "cross":
        for a, b in (((x - 4, y - 4), (x + 4, y + 4)), ((x - 4, y + 4), (x + 4, y - 4))):
            canvas.line(a, b, Pen(ink, width=2))
    elif shape == "diamond":
        canvas.path([(x, y - 6), (x + 5, y), (x, y + 6), (x - 5, y)], Pen("paper", fill=ink), close=True)
    elif shape == "triangle":
        canvas.path([(x, y - 6), (x + 5.5, y + 4), (x - 5.5, y + 4)], Pen("paper", fill=ink), close=True)
    elif shape == "ring":
        canvas.circle(at, 4, Pen(ink, fill="paper", width=1.75), tip=tip)
    else:
        canvas.circle(at, 3.75, Pen("paper", fill=ink), tip=tip)


def _legend_rows(entries: Sequence[tuple[Layer, str]], width: float) -> list[list[tuple[float, Layer, str]]]:
    rows: list[list[tuple[float, Layer, str]]] = []
    x = 4.0
    for layer, label in entries:
        need = 34 + text_width(label, SMALL) + 18
        if not rows or x + need - 18 > width:
            rows.append([])
            x = 4.0
        rows[-1].append((x, layer, label))
        x += need
    return rows


def _draw_legend(canvas: Canvas, rows: Sequence[Sequence[tuple[float, Layer, str]]]) -> None:
    for row_index, row in enumerate(rows):
        y = 14.0 + 22 * row_index
        for x, layer, label in row:
            _swatch(canvas, (x, y), layer)
            canvas.text((x + 32, y + 4), label, size=SMALL)


def _swatch(canvas: Canvas, at: Point, layer: Layer) -> None:
    x, y = at
    if isinstance(layer, Band):
        canvas.rect((x, y - 6), (26, 12), Pen(fill=layer.ink, opacity=layer.opacity), radius=2)
    elif isinstance(layer, Marks):
        mark(canvas, (x + 13, y), layer.shape, layer.ink)
    elif isinstance(layer, Line):
        canvas.line((x, y), (x + 26, y), Pen(layer.ink, width=layer.width, dash=layer.dash))
    elif isinstance(layer, Threads):
        canvas.line((x, y), (x + 26, y), Pen(layer.ink, opacity=0.7))
    else:
        canvas.line((x, y), (x + 26, y), Pen(layer.ink, width=1.75))
        canvas.circle((x + 13, y), 3.5, Pen(layer.ink, fill=layer.ink))


def _draw_at_risk(frame: Frame, table: AtRisk) -> None:
    canvas, y = frame.canvas, frame.bottom + 64
    canvas.text((4, y), table.heading, size=SMALL, ink="soft")
    for index, (label, counts) in enumerate(table.rows):
        row = y + 19 * (index + 1)
        canvas.text((4, row), label, size=SMALL)
        for time, count in zip(table.times, counts, strict=True):
            canvas.text((frame.x(time), row), str(count), anchor="middle", size=SMALL)
