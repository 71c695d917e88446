"""The registry record with its results, and everything that a report consists of as files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from trialwright.evidence.results import Results
from trialwright.evidence.snapshot import Snapshot
from trialwright.formats import ctgov
from trialwright.formats.display_files import display_files
from trialwright.report.page import page
from trialwright.report.section import VIRTUAL, results_section
from trialwright.study.definition import Study

REPORT, RECORD = "report.html", "results.json"


def record_with_results(study: Study, results: Results, *, ended: dt.date | None = None) -> dict[str, Any]:
    """The study's record in API v2 form with its outcomes planned, measured and marked as having results.

    `ended`: the last day of a rehearsal that ran to its end; its record then says what it would say after the trial.
    """
    record = ctgov.record_of(study, with_assumptions=True)
    if results.virtual:
        record["protocolSection"] = _rehearsed(record["protocolSection"], results, ended)
    return {**record, "resultsSection": results_section(results, study), "hasResults": True}


def _rehearsed(protocol: dict[str, Any], results: Results, ended: dt.date | None) -> dict[str, Any]:
    """The protocol section of a rehearsal: marked where people read first, and complete once it ended."""
    described = protocol.get("descriptionModule", {})
    marked = {
        "descriptionModule": described | {"briefSummary": f"{VIRTUAL}{described.get('briefSummary', '')}".strip()}
    }
    if ended is None:
        return protocol | marked
    status = {"overallStatus": "COMPLETED", "completionDateStruct": {"date": ended.isoformat(), "type": "ACTUAL"}}
    enrolled = {"enrollmentInfo": {"count": results.flow.started, "type": "ACTUAL"}}
    return (
        protocol
        | marked
        | {
            "statusModule": protocol["statusModule"] | status,
            "designModule": protocol["designModule"] | enrolled,
        }
    )


def last_day(snapshot: Snapshot) -> dt.date | None:
    """The day of the last visit, once every enrolled subject has ended; None while somebody is still in the study."""
    enrolled = [row for row in snapshot.subjects if row.enrolled]
    if not enrolled or any(row.ended is None for row in enrolled):
        return None
    known = {row.subject for row in enrolled}
    return max((v.actual for v in snapshot.visits if v.actual and v.subject in known), default=None)


def files(
    study: Study, results: Results, snapshot: Snapshot, *, beside: Sequence[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every table and figure, of `results.json`, and of `report.html`, which links to them all.

    `beside`: paths of files that lie there already and are linked as well (data sets, Define-XML).
    """
    written = list(beside)
    for path, content in display_files(study, results):
        written.append(path)
        yield path, content
    written.append(RECORD)
    yield RECORD, ctgov.to_json(record_with_results(study, results, ended=last_day(snapshot))).encode()
    yield REPORT, page(study, results, snapshot, sorted(set(written))).encode()
