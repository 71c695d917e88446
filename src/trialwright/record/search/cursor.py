"""Where the next page of an answer begins. A cursor belongs to one query, its filters and its order."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from trialwright.kernel.errors import InputError
from trialwright.record.search.request import SearchRequest


def encode(request: SearchRequest, place: int) -> str:
    """A cursor that stands after `place`: a count of hits, or the sort key of the last one."""
    return base64.urlsafe_b64encode(json.dumps([_digest(request), place]).encode()).decode().rstrip("=")


def decode(request: SearchRequest) -> int | None:
    """The place in the request's cursor; None without one. Raises InputError for a cursor of another search."""
    if not request.cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(request.cursor + "=" * (-len(request.cursor) % 4))
        digest, place = json.loads(text)
    except (binascii.Error, ValueError, TypeError):
        raise InputError("This is not a cursor.", hint="Ask for the first page again.") from None
    if digest != _digest(request):
        raise InputError("This cursor belongs to another search.", hint="Ask for the first page of this one.")
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < 2**63:
        raise InputError("This is not a cursor.", hint="Ask for the first page again.")
    return place


def _digest(request: SearchRequest) -> str:
    asked = repr((request.query, request.filters, request.sort, request.descending, request.order))
    return hashlib.sha256(asked.encode("utf-8", "backslashreplace")).hexdigest()[:20]
