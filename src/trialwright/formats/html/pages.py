"""Templates of displays and pages, filled in with everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from trialwright.evidence.results import Display, Row
from trialwright.formats.svg.theme import DARK, FONT, LIGHT, variables

VIRTUAL = "A rehearsal: every subject here was simulated. Nothing on this page tells anything about real patients."


@dataclass(frozen=True, slots=True)
class Page:
    """What stands around a body of finished HTML. Without `heading` the body brings its own first heading."""

    title: str
    heading: str
    eyebrow: str
    virtual: bool
    foot: str = ""
    css: str = ""
    """Styles of this page beside those of all pages."""


def environment(folder: Path) -> jinja2.Environment:
    """Templates of one folder: everything is escaped, and an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


@cache
def _templates() -> jinja2.Environment:
    return environment(Path(__file__).parent)


@cache
def stylesheet() -> str:
    """The stylesheet of pages, with both palettes; print is always light."""
    text = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    return text.replace("LIGHT", variables(LIGHT)).replace("DARK", variables(DARK)).replace("FONT", FONT)


def anchor(display: Display) -> str:
    """The id of a display's section: "d-14-1-1"."""
    return f"d-{display.number.replace('.', '-')}"


def fragment(display: Display, *, level: int = 2, folded: bool = False) -> str:
    """A `<section>` with heading, finding, figure, table and footnotes; `level` is that of its heading.

    `folded` puts the table behind a summary that opens it.
    """
    template = _templates().get_template("display.jinja")
    groups = _groups(display.table.rows)
    return template.render(d=display, groups=groups, anchor=anchor(display), level=level, folded=folded)


def page(about: Page, body: str) -> str:
    """A whole document around `body`, which is trusted HTML. Nothing in it refers to another file."""
    template = _templates().get_template("page.jinja")
    return template.render(
        title=about.title,
        heading=about.heading,
        eyebrow=about.eyebrow,
        foot=about.foot,
        virtual=about.virtual,
        virtual_words=VIRTUAL,
        css=stylesheet() + about.css,
        body=body,
    )


def display_page(display: Display, *, study: str, virtual: bool, foot: str = "") -> str:
    """One display as a document. `study` names the study in the line above the title."""
    about = Page(f"{display.number} {display.title}", "", study, virtual, foot)
    return page(about, fragment(display, level=1))


def _groups(rows: Sequence[Row]) -> list[tuple[Row | None, list[Row]]]:
    """Rows under their headings: each group becomes a table body of its own."""
    groups: list[tuple[Row | None, list[Row]]] = []
    for row in rows:
        if not row.cells:
            groups.append((row, []))
        elif groups:
            groups[-1][1].append(row)
        else:
            groups.append((None, [row]))
    return groups
