"""Answers with studies: a page of a search, one study, its related ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass, replace
from typing import Any

import orjson
from django.http import HttpResponse, HttpResponsePermanentRedirect, QueryDict

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.table import columns, csv_line, row
from trialwright.formats.fhir.research_study import research_study
from trialwright.formats.ris import ris
from trialwright.kernel.errors import InputError, nearest
from trialwright.kernel.texts import Text
from trialwright.record.library import Library
from trialwright.record.search.request import SearchAnswer
from trialwright.web.api import asked
from trialwright.web.api.fields import project, wanted
from trialwright.web.api.legacy import legacy
from trialwright.web.api.nearness import nearest_first
from trialwright.web.catalogue import not_kept

FIXED = (1980, 1, 1, 0, 0, 0)
"""The time of a file in an archive: the same record gives the same bytes."""


def page(library: Library, sent: QueryDict) -> HttpResponse:
    """One page of studies. Raises InputError."""
    search = asked.read(sent)
    if asked.listed(sent, "filter.synonyms") or asked.listed(sent, "postFilter.synonyms"):
        raise InputError("`filter.synonyms` parameter: synonyms have no numbers here.", hint="Ask with the words.")
    names = asked.listed(sent, "fields")
    write = _table(names) if sent.get("format") == "csv" else _json(sent, search.queried)
    found = _found(library, search, asked.page_size(sent), sent.get("pageToken", ""))
    first = not sent.get("pageToken")
    total = found.total if sent.get("countTotal", "").lower() in ("true", "1", "yes", "on") and first else None
    texts = library.store.each([hit.nct_id for hit in found.hits])
    return write(texts, found.next, total, first)


def _found(library: Library, search: asked.Asked, size: int, token: str) -> SearchAnswer:
    request = replace(search.request, size=size, cursor=token)
    return nearest_first(library, request, search.nearness) if search.nearness else library.search(request)


Writer = Callable[[Iterable[bytes], str, int | None, bool], HttpResponse]
"""Writes a page: its studies, the next page's token, the number of all studies (None: not asked), whether the first."""


def _study(sent: QueryDict, queried: Iterable[str] = ()) -> Callable[[bytes], bytes]:
    """What becomes of a study's JSON: a whole one goes out as it came in, else the fields asked for."""
    tree = wanted(asked.listed(sent, "fields"), queried)
    old = sent.get("markupFormat") == "legacy" and sent.get("format", "json") == "json"

    def study(text: bytes) -> bytes:
        if not tree and not old:
            return text.strip()
        part = project(orjson.loads(text), tree) or {}
        return orjson.dumps(legacy(part) if old else part)

    return study


def _json(sent: QueryDict, queried: Iterable[str]) -> Writer:
    """Writes JSON, a study on each line."""
    study = _study(sent, queried)

    def write(texts: Iterable[bytes], following: str, total: int | None, _first: bool) -> HttpResponse:
        head = b"{" + (f'"totalCount":{total},'.encode() if total is not None else b"") + b'"studies":['
        tail = b"]" + (b',"nextPageToken":' + orjson.dumps(following) if following else b"") + b"}"
        body = head + b",\n".join(study(text) for text in texts) + tail
        return HttpResponse(body, content_type="application/json")

    return write


def _table(names: list[str]) -> Writer:
    """Writes CSV: the columns named, or all of them."""
    chosen = _columns(names)

    def write(texts: Iterable[bytes], following: str, total: int | None, first: bool) -> HttpResponse:
        head = csv_line(chosen) if first else ""
        body = "".join(csv_line(row(orjson.loads(text), chosen)) for text in texts)
        answer = HttpResponse(head + body, content_type="text/csv; charset=utf-8")
        if following:
            answer.headers["x-next-page-token"] = following
        if total is not None:
            answer.headers["x-total-count"] = str(total)
        return answer

    return write


def _columns(names: list[str]) -> list[str]:
    known = {name.lower(): name for name in columns()}
    for name in names:
        if name.lower() not in known:
            raise InputError(f"`fields` parameter: there is no column `{name[:80]}`.", hint=nearest(name, columns()))
    return [known[name.lower()] for name in names] or list(columns())


def number(text: str) -> str:
    """A registry number as it is kept. Raises InputError."""
    found = asked.number_of(text)
    if not found:
        raise InputError(f"`{text[:80]}` is no registry number.", hint="Write NCT01234567.")
    return found


def kept(library: Library, text: str) -> bytes:
    """The JSON of a study. Raises InputError, UnknownName."""
    nct = number(text)
    found = library.store.get(nct)
    if found is None:
        raise not_kept(nct)
    return found


def one(library: Library, nct: str, sent: QueryDict) -> HttpResponse:
    """One study in the format asked for; a former number leads to the present one. Raises InputError, UnknownName."""
    text = kept(library, nct)
    present = StudyRecord.of(orjson.loads(text)).id
    if present != number(nct):
        rest = f"?{sent.urlencode()}" if sent else ""
        return HttpResponsePermanentRedirect(f"/api/v2/studies/{present}{rest}")
    names, form = asked.listed(sent, "fields"), sent.get("format", "json")
    if form in ("fhir.json", "ris"):
        if names:
            raise InputError(f"`fields` parameter cannot go with the format {form}.", hint="Leave it out.")
        record = StudyRecord.of(orjson.loads(text))
        if form == "ris":
            return HttpResponse(ris(record), content_type="application/x-research-info-systems; charset=utf-8")
        return HttpResponse(orjson.dumps(research_study(record)), content_type="application/fhir+json")
    if form == "csv":
        chosen = _columns(names)
        body = csv_line(chosen) + csv_line(row(orjson.loads(text), chosen))
        return HttpResponse(body, content_type="text/csv; charset=utf-8")
    body_ = _study(sent)(text)
    if form == "json.zip":
        return _zipped(f"{present}.json", body_)
    return HttpResponse(body_, content_type="application/json")


def _zipped(name: str, body: bytes) -> HttpResponse:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, FIXED), body, zipfile.ZIP_DEFLATED)
    return HttpResponse(out.getvalue(), content_type="application/zip")


def plain(value: Any) -> Any:
    """Dataclasses of the record room as JSON; a text in its languages as an object."""
    if isinstance(value, Text):
        return {key: text for key, text in (("en", value.en), ("zh", value.zh)) if text}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def as_json(value: Any) -> HttpResponse:
    return HttpResponse(json.dumps(value, ensure_ascii=False), content_type="application/json")
