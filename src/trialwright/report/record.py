"""The registry record with its results, and everything that a report consists of as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from trialwright.evidence.results import Results
from trialwright.evidence.snapshot import Snapshot
from trialwright.formats import ctgov
from trialwright.formats.display_files import display_files
from trialwright.report.page import page
from trialwright.report.section import results_section
from trialwright.study.definition import Study

REPORT, RECORD = "report.html", "results.json"


def record_with_results(study: Study, results: Results) -> dict[str, Any]:
    """The study's record in API v2 form with its outcomes planned, measured and marked as having results."""
    record = ctgov.record_of(study, with_assumptions=True)
    return {**record, "resultsSection": results_section(results, study), "hasResults": True}


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
    yield RECORD, ctgov.to_json(record_with_results(study, results)).encode()
    yield REPORT, page(study, results, snapshot, sorted(set(written))).encode()
