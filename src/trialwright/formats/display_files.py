"""The files that displays become: a page and an RTF document for each table, an SVG for each figure."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.evidence.results import Display, Results
from trialwright.formats import html, rtf, svg
from trialwright.study.definition import Study


def stem(display: Display) -> str:
    """Name of a display's files without ending: "14-1-1-disposition"."""
    return f"{display.number.replace('.', '-')}-{display.id.replace('_', '-')}"


def display_files(study: Study, results: Results) -> Iterator[tuple[str, bytes]]:
    """(path, content): `tables/STEM.html`, `tables/STEM.rtf`, and `figures/STEM.svg` where there is a figure."""
    identity = study.registration.identity
    about = f"{identity.nct_id} · {identity.org_study_id}"
    foot = f"Definition {study.id}, version {study.version}."
    note = rtf.VIRTUAL if results.virtual else ""
    for display in results.displays:
        name = stem(display)
        page = html.display_page(display, study=about, virtual=results.virtual, foot=foot)
        yield f"tables/{name}.html", page.encode()
        yield f"tables/{name}.rtf", rtf.write(display, study=about, virtual=results.virtual).encode()
        if display.figure is not None:
            figure = svg.standalone(display.figure.svg, heading=f"Figure {display.number}", note=note)
            yield f"figures/{name}.svg", figure.encode()
