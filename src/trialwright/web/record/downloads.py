"""Records as files: one study, or the whole answer of a search as it streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.table import lines
from trialwright.formats.fhir.research_study import research_study
from trialwright.formats.ris import ris
from trialwright.kernel.errors import UnknownName

ONE = {"json": "JSON", "csv": "CSV", "ris": "RIS", "fhir.json": "FHIR ResearchStudy"}
MANY = {"csv": "CSV", "json": "JSON", "ndjson": "NDJSON", "ris": "RIS", "fhir.ndjson": "FHIR ResearchStudy (NDJSON)"}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "ris": "application/x-research-info-systems; charset=utf-8",
    "fhir.json": "application/fhir+json",
    "fhir.ndjson": "application/fhir+ndjson",
}


def one(_request: HttpRequest, name: str, form: str) -> HttpResponse:
    """One study as a file; what the registry wrote is given back as it came."""
    from trialwright.web.record.views import find

    if form not in ONE:
        raise UnknownName("download", form, ONE)
    record = find(name, "en").record
    answer = HttpResponse(one_text(record, form), content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{record.id}.{form}"'
    return answer


def one_text(record: StudyRecord, form: str) -> str:
    """The text of one study in a format of `ONE`."""
    if form == "csv":
        return "\ufeff" + "".join(lines([record.data]))
    if form == "ris":
        return ris(record)
    if form == "fhir.json":
        return json.dumps(research_study(record), ensure_ascii=False, indent=1) + "\n"
    return json.dumps(record.data, ensure_ascii=False, indent=1) + "\n"


def many(texts: Iterable[bytes], form: str, name: str) -> HttpResponseBase:
    """The records of an answer as one file that streams; it never stands whole in memory."""
    if form not in MANY:
        raise UnknownName("download", form, MANY)
    answer = StreamingHttpResponse(_WRITERS[form](texts), content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _csv(texts: Iterable[bytes]) -> Iterator[str]:
    yield "\ufeff"
    yield from _together(lines(map(json.loads, texts)))


def _json(texts: Iterable[bytes]) -> Iterator[bytes]:
    between = b"[\n"
    for text in texts:
        yield between + text.strip()
        between = b",\n"
    yield b"[]\n" if between == b"[\n" else b"\n]\n"


def _ndjson(texts: Iterable[bytes]) -> Iterator[bytes]:
    for text in texts:
        whole = text.strip()
        yield (json.dumps(json.loads(whole), ensure_ascii=False).encode() if b"\n" in whole else whole) + b"\n"


def _each(texts: Iterable[bytes], told: Callable[[StudyRecord], str]) -> Iterator[str]:
    for text in texts:
        yield told(StudyRecord.of(json.loads(text)))


def _fhir(record: StudyRecord) -> str:
    return json.dumps(research_study(record), ensure_ascii=False) + "\n"


def _together(parts: Iterable[str], size: int = 32_768) -> Iterator[str]:
    """Small parts put together: each one that is sent costs a system call."""
    waiting: list[str] = []
    length = 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= size:
            yield "".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield "".join(waiting)


_WRITERS: dict[str, Callable[[Iterable[bytes]], Iterator[Any]]] = {
    "csv": _csv,
    "json": _json,
    "ndjson": _ndjson,
    "ris": lambda texts: _together(_each(texts, ris)),
    "fhir.ndjson": lambda texts: _together(_each(texts, _fhir)),
}
