"""A sheet to draw on. Attribute order and rounding are fixed, so the same chart is the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from trialwright.formats.svg.theme import FONT, colour, plain
from trialwright.kernel.errors import TrialwrightError

TEXT = 13.0
SMALL = 12.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart says without being seen: `title` is the finding, `desc` tells the numbers behind it."""

    title: str
    desc: str


@dataclass(frozen=True, slots=True)
class Pen:
    """How a shape is drawn. Colours are names of the theme."""

    stroke: str = "none"
    fill: str = "none"
    width: float = 1.0
    dash: str = ""
    opacity: float = 1.0


def number(value: float) -> str:
    """A coordinate with at most two decimals. Raises TrialwrightError on NaN and infinity: nothing draws them."""
    if not math.isfinite(value):
        raise TrialwrightError("A chart was given a value that is not a finite number.", where="svg")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text_width(text: str, size: float = TEXT) -> float:
    """Width in px as a system sans-serif would set it, near enough to place labels; CJK characters are square."""
    narrow, wide = "iljtfrI.,:;'|!()[] -/", "mwMW%@"
    em = sum(
        1.0 if ord(c) > 0x2E80 else 0.31 if c in narrow else 0.87 if c in wide else 0.68 if c.isupper() else 0.57
        for c in text
    )
    return em * size


def wrap(text: str, width: float, size: float = TEXT) -> list[str]:
    """Lines of `text` no wider than `width` px, broken at spaces; a single longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


@dataclass(slots=True)
class Canvas:
    """Collects elements; `render` closes the sheet. Coordinates are px, the origin top left."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def path(self, points: Sequence[Point], pen: Pen, *, close: bool = False) -> None:
        if len(points) < 2:
            return
        steps = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        self._add(f'<path d="M{steps}{"Z" if close else ""}"', pen)

    def line(self, a: Point, b: Point, pen: Pen) -> None:
        self.path((a, b), pen)

    def rect(self, corner: Point, size: Point, pen: Pen, *, radius: float = 0, tip: str = "") -> None:
        (x, y), (w, h) = corner, size
        round_ = f' rx="{number(radius)}"' if radius else ""
        box = f'<rect x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}"{round_}'
        self._add(box, pen, tip)

    def circle(self, centre: Point, radius: float, pen: Pen, *, tip: str = "") -> None:
        dot = f'<circle cx="{number(centre[0])}" cy="{number(centre[1])}" r="{number(radius)}"'
        self._add(dot, pen, tip)

    def text(
        self,
        at: Point,
        text: str,
        *,
        anchor: str = "start",
        size: float = TEXT,
        ink: str = "ink",
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """`halo` keeps a word readable where lines run behind it."""
        x, y = number(at[0]), number(at[1])
        around = f' stroke="{colour("paper")}" stroke-width="4" paint-order="stroke"' if halo else ""
        weight = ' font-weight="600"' if bold else ""
        head = f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{number(size)}"{weight}'
        self.parts.append(f'{head} fill="{colour(ink)}"{around}>{escape(text)}</text>')

    def lines(
        self, at: Point, texts: Iterable[str], *, anchor: str = "start", size: float = TEXT, ink: str = "ink"
    ) -> None:
        """Several lines of text, each 1.35 em below the one before."""
        for index, text in enumerate(texts):
            self.text((at[0], at[1] + index * size * 1.35), text, anchor=anchor, size=size, ink=ink)

    def render(self, words: Words) -> str:
        """The whole drawing. It is one image to a screen reader, with `words` as name and description."""
        size = f"{number(self.width)} {number(self.height)}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" '
            f"aria-label={quoteattr(words.title)} font-family={quoteattr(FONT)} "
            f'font-variant-numeric="tabular-nums">'
        )
        title = f"<title>{escape(words.title)}</title><desc>{escape(words.desc)}</desc>"
        return "\n".join([head, title, *self.parts, "</svg>"]) + "\n"

    def _add(self, opened: str, pen: Pen, tip: str = "") -> None:
        stroke = ""
        if pen.stroke != "none":
            stroke = f' stroke="{colour(pen.stroke)}" stroke-width="{number(pen.width)}" stroke-linejoin="round"'
            stroke += f' stroke-dasharray="{pen.dash}"' if pen.dash else ""
        opacity = f' opacity="{number(pen.opacity)}"' if pen.opacity < 1 else ""
        body = f"><title>{escape(tip)}</title></{opened[1:].split()[0]}>" if tip else "/>"
        self.parts.append(f'{opened} fill="{colour(pen.fill)}"{stroke}{opacity}{body}')


def standalone(svg: str, *, heading: str = "", note: str = "") -> str:
    """A drawing as a file of its own: light paper, plain colours, its finding on top and `note` at the foot.

    A figure in a file goes into documents, so it does not follow the reader's dark mode.
    """
    body = svg.split("</desc>", 1)[1].rsplit("</svg>", 1)[0]
    opening, rest = svg.split(">", 1)
    title = rest.split("<title>", 1)[1].split("</title>", 1)[0]
    width, height = (float(v) for v in opening.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split())
    top = wrap(title, width - 24, 15)
    above = 16 + 20 * len(top) + (18 if heading else 0) + 6
    below = 30 if note else 12
    frame = f'viewBox="0 0 {number(width)} {number(height + above + below)}"'
    opening = opening.replace(f'viewBox="0 0 {number(width)} {number(height)}"', frame)
    opening += f' width="{number(width)}" height="{number(height + above + below)}"'
    sheet = Canvas(width, height)
    sheet.rect((0, 0), (width, height + above + below), Pen(fill="paper"))
    if heading:
        sheet.text((12, 24), heading, ink="soft", size=SMALL)
    for index, line in enumerate(top):
        # The title is escaped already.
        sheet.parts.append(_raw_text(12, 26 + (18 if heading else 0) + index * 20, line))
    sheet.parts += [f'<g transform="translate(0 {number(above)})">', body.strip("\n"), "</g>"]
    if note:
        sheet.text((12, height + above + 16), note, ink="amber", size=SMALL, bold=True)
    described = rest.split("</desc>", 1)[0] + "</desc>"
    return plain("\n".join([f"{opening}>{described}", *sheet.parts, "</svg>"]) + "\n")


def _raw_text(x: float, y: float, escaped: str) -> str:
    fill = colour("ink")
    return f'<text x="{number(x)}" y="{number(y)}" font-size="15" font-weight="600" fill="{fill}">{escaped}</text>'
