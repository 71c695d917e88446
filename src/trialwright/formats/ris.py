"""Registry records as RIS, the format that reference managers import."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.table import STUDY_URL

END = "\r\n"


def ris(record: StudyRecord) -> str:
    """One reference: a record of an online database (DBASE), its investigators as authors."""
    lines = (f"{tag}  - {' '.join(value.split())}" for tag, value in _entries(record) if value.strip())
    return END.join([*lines, "ER  - ", ""]) + END


def _entries(record: StudyRecord) -> Iterator[tuple[str, str]]:
    identity, dates = record.identification, record.dates
    yield "TY", "DBASE"
    yield "ID", record.id
    yield "AN", record.id
    yield "TI", identity.official_title or record.title
    yield "ST", identity.acronym or (record.title if identity.official_title else "")
    for official in record.officials:
        yield "AU", official.name
    yield "PB", record.sponsor.name
    posted = dates.first_posted.date or dates.first_submitted
    yield "PY", posted[:4]
    yield "DA", "/".join([*posted.split("-"), "", ""][:3]) + "/" if posted else ""
    yield "DB", "ClinicalTrials.gov"
    yield "AB", record.brief_summary
    for word in dict.fromkeys((*record.conditions, *record.keywords, *(i.name for i in record.interventions))):
        yield "KW", word
    yield "C1", f"Status: {dates.status}" if dates.status else ""
    yield "C2", f"Last update: {dates.updated.date}" if dates.updated.date else ""
    yield "UR", STUDY_URL + record.id
