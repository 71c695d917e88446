"""Displays as RTF tables through rtflite: landscape pages, title, population, footnotes; the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import rtflite

from trialwright.evidence.results import Display, Row
from trialwright.formats.svg.canvas import text_width

VIRTUAL = "Virtual data: a rehearsal, no real patients."
_STEP = "\u2003"
"""An indent is an em space: the cell's text keeps it in every word processor."""
_PLAIN = [[""]]
_SINGLE = [["single"]]


def write(display: Display, *, study: str, virtual: bool) -> str:
    """The display's table as one RTF document in plain ASCII. Its figure, if any, is told in a footnote."""
    rows = [[_STEP * row.indent + row.label, *_cells(row, len(display.table.columns))] for row in display.table.rows]
    header = [display.table.stub, *display.table.columns]
    names = [f"c{index}" for index in range(len(header))]
    safe = [[_safe(cell) for cell in row] for row in rows]
    widths = _widths(header, rows)
    document = rtflite.RTFDocument(
        df=pl.DataFrame(safe, schema=dict.fromkeys(names, pl.String), orient="row"),
        rtf_page=rtflite.RTFPage(orientation="landscape", border_first="single", border_last="single"),
        rtf_page_header=rtflite.RTFPageHeader(
            text=[_safe(t) for t in _running_head(study, virtual=virtual)], text_font_size=[9], text_convert=[False]
        ),
        rtf_title=rtflite.RTFTitle(text=[_safe(t) for t in _title(display)], text_font_size=[11], text_convert=[False]),
        rtf_column_header=[_column_header(header, widths)],
        rtf_body=_body(widths),
        rtf_footnote=rtflite.RTFFootnote(
            text=[_safe(t) for t in _notes(display, virtual=virtual)], text_convert=[False], as_table=False
        ),
    )
    text: str = document.rtf_encode()
    return text


def _column_header(header: Sequence[str], widths: list[float]) -> Any:
    return rtflite.RTFColumnHeader(
        text=[_safe(t) for t in header],
        col_rel_width=widths,
        text_justification=[_sides(widths)],
        text_format=["b"],
        text_convert=[False],
        border_left=_PLAIN,
        border_right=_PLAIN,
        border_top=_SINGLE,
        border_bottom=_SINGLE,
    )


def _body(widths: list[float]) -> Any:
    return rtflite.RTFBody(
        col_rel_width=widths,
        text_justification=[_sides(widths)],
        text_convert=[False],
        border_left=_PLAIN,
        border_right=_PLAIN,
        border_top=_PLAIN,
        border_bottom=_PLAIN,
    )


def _sides(widths: Sequence[float]) -> list[str]:
    return ["l", *["c"] * (len(widths) - 1)]


def _safe(text: str) -> str:
    """Text in which nothing is a control word and every character is ASCII."""
    escaped = text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    return "".join(_ascii(character) for character in escaped)


def _ascii(character: str) -> str:
    """RTF is ASCII: any other character is written by its UTF-16 numbers, with a question mark for old readers."""
    if ord(character) < 128:
        return character
    pairs = character.encode("utf-16-le")
    numbers = (int.from_bytes(pairs[i : i + 2], "little", signed=True) for i in range(0, len(pairs), 2))
    return "".join(f"\\u{number}?" for number in numbers)


def _cells(row: Row, columns: int) -> list[str]:
    return [*row.cells, *[""] * (columns - len(row.cells))]


def _title(display: Display) -> list[str]:
    return [f"Table {display.number}", display.title, display.population, display.finding]


def _running_head(study: str, *, virtual: bool) -> list[str]:
    return [f"{study}    {VIRTUAL}" if virtual else study]


def _notes(display: Display, *, virtual: bool) -> list[str]:
    notes = list(display.footnotes)
    if display.figure is not None:
        notes.append(f"Figure {display.number}: {display.figure.alt}")
    if display.datasets:
        notes.append(f"Made from: {', '.join(display.datasets)}.")
    return [*notes, VIRTUAL] if virtual else notes or [""]


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """Column widths by their longest word group, within limits, so that no column starves another."""
    widest = [
        max(text_width(header[i]) * 0.7, *(text_width(row[i]) for row in rows), 40.0) if rows else 40.0
        for i in range(len(header))
    ]
    return [round(min(width, 260.0 if i == 0 else 130.0), 1) for i, width in enumerate(widest)]
