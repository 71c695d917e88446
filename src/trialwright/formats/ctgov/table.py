"""A record as one row of a table, in the columns of the registry's own CSV download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from trialwright.formats.ctgov.model import model, values_at

Record = Mapping[str, Any]

STUDY_URL = "https://clinicaltrials.gov/study/"
DOCUMENT_URL = "https://cdn.clinicaltrials.gov/large-docs/"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def texts(record: Record, piece: str) -> list[str]:
    """Every value of a field as text; what has the wrong shape is passed over."""
    found = values_at(record, model().field(piece))
    return [str(value) for value in found if isinstance(value, str | int | float) and not isinstance(value, bool)]


def text(record: Record, piece: str) -> str:
    """The values of a field, parted by a bar."""
    return "|".join(texts(record, piece))


def cell(value: str) -> str:
    """A value as a spreadsheet may open it: one that would be taken for a formula gets an apostrophe before it."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _objects(record: Record, *keys: str) -> Iterator[Record]:
    """The objects of a list somewhere in a record."""
    node: Any = record
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    yield from (each for each in node if isinstance(each, Mapping)) if isinstance(node, list) else ()


def _joined(entries: Iterable[Record], keys: Sequence[str], between: str = ", ") -> str:
    """The named parts of each object, the objects parted by a bar."""
    told = (between.join(str(entry[key]) for key in keys if entry.get(key) not in (None, "")) for entry in entries)
    return "|".join(part for part in told if part)


def _outcomes(kind: str) -> Callable[[Record], str]:
    def told(record: Record) -> str:
        found = _objects(record, "protocolSection", "outcomesModule", f"{kind}Outcomes")
        return _joined(found, ("measure", "description", "timeFrame"))

    return told


def _interventions(record: Record) -> str:
    found = _objects(record, "protocolSection", "armsInterventionsModule", "interventions")
    return _joined(found, ("type", "name"), ": ")


def _locations(record: Record) -> str:
    found = _objects(record, "protocolSection", "contactsLocationsModule", "locations")
    return _joined(found, ("facility", "city", "state", "zip", "country"))


def _design(record: Record) -> str:
    masked = ", ".join(texts(record, "DesignWhoMasked"))
    masking = text(record, "DesignMasking") + (f" ({masked})" if masked else "")
    parts = (
        ("Allocation", text(record, "DesignAllocation")),
        ("Intervention Model", text(record, "DesignInterventionModel")),
        ("Masking", masking),
        ("Primary Purpose", text(record, "DesignPrimaryPurpose")),
    )
    return "|".join(f"{name}: {value}" for name, value in parts)


def _documents(record: Record) -> str:
    nct = text(record, "NCTId")
    found = _objects(record, "documentSection", "largeDocumentModule", "largeDocs")
    address = f"{DOCUMENT_URL}{nct[-2:]}/{nct}/"
    return "|".join(f"{doc.get('label', '')}, {address}{doc.get('filename', '')}" for doc in found)


def _piece(name: str) -> Callable[[Record], str]:
    return lambda record: text(record, name)


def _ages(record: Record) -> str:
    return ", ".join(texts(record, "StdAge"))


def _results(record: Record) -> str:
    return "YES" if record.get("hasResults") is True or record.get("resultsSection") else "NO"


@cache
def columns() -> Mapping[str, Callable[[Record], str]]:
    """Column -> what stands in it, in the registry's order."""
    return {
        "NCT Number": _piece("NCTId"),
        "Study Title": _piece("BriefTitle"),
        "Study URL": lambda record: STUDY_URL + text(record, "NCTId"),
        "Acronym": _piece("Acronym"),
        "Study Status": _piece("OverallStatus"),
        "Brief Summary": _piece("BriefSummary"),
        "Study Results": _results,
        "Conditions": _piece("Condition"),
        "Interventions": _interventions,
        "Primary Outcome Measures": _outcomes("primary"),
        "Secondary Outcome Measures": _outcomes("secondary"),
        "Other Outcome Measures": _outcomes("other"),
        "Sponsor": _piece("LeadSponsorName"),
        "Collaborators": _piece("CollaboratorName"),
        "Sex": _piece("Sex"),
        "Age": _ages,
        "Phases": _piece("Phase"),
        "Enrollment": _piece("EnrollmentCount"),
        "Funder Type": _piece("LeadSponsorClass"),
        "Study Type": _piece("StudyType"),
        "Study Design": _design,
        "Other IDs": lambda record: "|".join([*texts(record, "OrgStudyId"), *texts(record, "SecondaryId")]),
        "Start Date": _piece("StartDate"),
        "Primary Completion Date": _piece("PrimaryCompletionDate"),
        "Completion Date": _piece("CompletionDate"),
        "First Posted": _piece("StudyFirstPostDate"),
        "Results First Posted": _piece("ResultsFirstPostDate"),
        "Last Update Posted": _piece("LastUpdatePostDate"),
        "Locations": _locations,
        "Study Documents": _documents,
    }


def row(record: Record, names: Iterable[str] | None = None) -> list[str]:
    """The record's cells in the columns named (all of them when None), safe to open in a spreadsheet."""
    known = columns()
    return [cell(known[name](record)) for name in (known if names is None else names)]


def lines(records: Iterable[Record], names: Sequence[str] | None = None, *, header: bool = True) -> Iterator[str]:
    """CSV text (RFC 4180), a line at a time."""
    if header:
        yield csv_line(list(columns() if names is None else names))
    for record in records:
        yield csv_line(row(record, names))


def csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
