"""`report.html`: the whole trial on one page that opens from the disk and needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trialwright.evidence.results import Display, Outcome, Results
from trialwright.evidence.snapshot import Snapshot
from trialwright.formats import html
from trialwright.study.definition import Study

CHAPTERS = {
    "14.1": "Subjects, recruitment and exposure",
    "14.2": "Efficacy",
    "14.3": "Safety and immunogenicity",
    "14.4": "Concentrations and biomarkers",
}
"""Chapters by the first two parts of a display's number, in the order of a clinical study report."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A number that the reader looks for first."""

    value: str
    label: str
    note: str


def page(study: Study, results: Results, snapshot: Snapshot, outputs: Sequence[str] = ()) -> str:
    """The report as HTML. `outputs`: paths of written files relative to the report, linked at the end."""
    registration = study.registration
    body = (
        html.environment(_HERE)
        .get_template("report.jinja")
        .render(
            summary=registration.brief_summary.en,
            figures=key_figures(results),
            chapters=_chapters(results.displays),
            folders=_folders(outputs),
            facts=_facts(study, snapshot),
        )
    )
    kind = "Rehearsal report" if results.virtual else "Report"
    eyebrow = f"{kind} · {registration.identity.nct_id} · {registration.identity.org_study_id}"
    about = html.Page(
        title=f"{kind}: {registration.identity.nct_id}",
        heading=registration.identity.brief_title.en,
        eyebrow=eyebrow,
        virtual=results.virtual,
        css=(_HERE / "report.css").read_text(encoding="utf-8"),
    )
    return html.page(about, body)


def key_figures(results: Results) -> list[KeyFigure]:
    """Enrolment, completion, the primary outcome, serious events and deaths."""
    flow, events = results.flow, results.events
    figures = [
        KeyFigure(str(flow.started), "subjects enrolled", f"{flow.screened} screened"),
        KeyFigure(str(flow.completed), "completed the study", f"{flow.started - flow.completed} did not"),
    ]
    figures += [_primary(o) for o in results.outcomes if o.rank == "primary"]
    figures.append(KeyFigure(str(events.serious_affected), "had a serious event", f"of {events.at_risk} dosed"))
    figures.append(KeyFigure(str(events.deaths), "died", f"of {events.at_risk} dosed"))
    return figures


def _primary(outcome: Outcome) -> KeyFigure:
    if not outcome.tests:
        value = outcome.stats[0].value if outcome.stats else None
        return KeyFigure("–" if value is None else f"{value:g}", outcome.title, outcome.unit)
    test = outcome.tests[0]
    return KeyFigure(
        f"{test.estimate:.1f} %", outcome.title, f"{test.confidence:g} % interval {test.low:.1f} to {test.high:.1f} %"
    )


def _chapters(displays: Sequence[Display]) -> list[dict[str, Any]]:
    chapters = []
    for prefix, title in CHAPTERS.items():
        chosen = [d for d in displays if d.number.startswith(f"{prefix}.")]
        if chosen:
            chapters.append({"title": title, "displays": [_display(d) for d in chosen]})
    return chapters


def _display(display: Display) -> dict[str, str]:
    """Tables behind a figure, and long ones, are folded: the finding and the picture come first."""
    folded = display.figure is not None or len(display.table.rows) > 30
    body = html.fragment(display, level=3, folded=folded)
    return {"number": display.number, "title": display.title, "anchor": html.anchor(display), "html": body}


def _folders(outputs: Sequence[str]) -> list[dict[str, Any]]:
    """Files by folder, those beside the report first."""
    folders: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(outputs):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append((quote(path), name))
    return [
        {"name": f"{folder}/" if folder else "Beside this report", "files": folders[folder]}
        for folder in sorted(folders)
    ]


def _facts(study: Study, snapshot: Snapshot) -> list[tuple[str, str]]:
    kind = "Virtual subjects of a rehearsal" if snapshot.virtual else "Captured data"
    return [
        ("Definition", f"{study.id}, version {study.version} of {study.registration.version_date}"),
        ("Data", kind),
        ("Cut", snapshot.cut.isoformat()),
        ("Head of the audit trail", snapshot.audit_head or "–"),
        ("Made by", "Trialwright"),
    ]
