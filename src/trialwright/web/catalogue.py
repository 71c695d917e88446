"""The registered studies that this server shows: one library, opened once for the process."""

from __future__ import annotations

import threading
from functools import lru_cache

from django.conf import settings

from trialwright.formats.ctgov import StudyRecord
from trialwright.kernel.errors import UnknownName
from trialwright.record.library import Library
from trialwright.record.search.request import SearchRequest
from trialwright.web import shelf

FEW = 10
"""With fewer records than this, those that there are can be named."""

_LOCK = threading.Lock()
_OPEN: dict[str, Library] = {}


def _opened(place: str) -> Library:
    with _LOCK:
        if place not in _OPEN:
            library = Library.open(place)
            if library.index.stands_at() < library.store.last_change() and not place:
                library.catch_up()
            _OPEN[place] = library
        return _OPEN[place]


def library() -> Library:
    """The library that the settings name; the built-in studies' own records when they name none."""
    return _opened(settings.TRIALWRIGHT_RECORDS)


def record(name: str) -> StudyRecord:
    """The record with this number, in any case; a former number leads to it. Raises UnknownName."""
    found = library().get(name.upper())
    if found is None:
        raise not_kept(name)
    return found


def not_kept(name: str) -> UnknownName:
    """The error for a number under which nothing is kept."""
    size = library().store.size()
    if size < FEW:
        return UnknownName("study", name, [s.registration.identity.nct_id for s in shelf.studies().values()])
    error = UnknownName("study", name, ())
    error.what = f"The study '{name[:40]}' is not among the {size:,} records kept here."
    error.args = (str(error),)
    return error


def timestamp() -> str:
    """The day of the latest update among the records, as the API writes it."""
    return _timestamp(library(), library().store.last_change())


@lru_cache(maxsize=4)
def _timestamp(opened: Library, _change: int) -> str:
    newest = opened.search(SearchRequest(sort="updated", size=1)).hits
    cards = opened.store.cards([hit.nct_id for hit in newest])
    return f"{cards[0].updated or '1970-01-01'}T00:00:00" if cards else "1970-01-01T00:00:00"
