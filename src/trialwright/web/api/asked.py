"""The parameters of `/studies` as a search: queries by area, filters, sorting, paging."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from django.http import QueryDict

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import InputError, nearest
from trialwright.record.query.errors import QueryError
from trialwright.record.query.nodes import EVERYTHING, And, Node, Not
from trialwright.record.query.parse import parse
from trialwright.record.search.request import Filters, SearchRequest, Sort
from trialwright.web.api.aggregations import aggregated

MOST = 1000
USUAL = 10
NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*NCT\d{8}(?:[\s,]+NCT\d{8})*\s*", re.IGNORECASE)
_GEO = re.compile(r"distance\((-?\d+(?:\.\d+)?),\s*(-?\d+(?:\.\d+)?),\s*(\d+(?:\.\d+)?)(km|mi)?\)")
_DECAY = re.compile(
    r"func:(gauss|exp|linear),scale:(\d+(\.\d+)?(km|mi)),offset:(\d+(\.\d+)?(km|mi)),decay:(\d+(\.\d+)?)"
)
MILE = 1.609344

SORTS: dict[str, tuple[Sort, bool]] = {
    "@relevance": ("relevance", True),
    "LastUpdatePostDate": ("updated", True),
    "StartDate": ("start", True),
    "StudyFirstPostDate": ("first_posted", True),
    "EnrollmentCount": ("enrolment", False),
    "NCTId": ("nct_id", False),
}
"""Field -> how the index calls it, and whether the usual direction is downwards."""


NONE = Not(EVERYTHING)
"""A condition that no record meets."""
_NOTHING = ("",)
"""Filters that allow nothing that exists."""


@dataclass(frozen=True, slots=True)
class Near:
    """A circle on the earth: degrees, and a radius in km."""

    latitude: float
    longitude: float
    radius: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the API was asked for it. `queried`: the areas that the queries look into."""

    request: SearchRequest
    near: tuple[Near, ...]
    queried: tuple[str, ...]


def listed(sent: QueryDict, name: str) -> list[str]:
    """A list in an address: parted by commas or bars, or the parameter given several times."""
    parts = (part.strip() for value in sent.getlist(name) for part in re.split(r"[,|]", value))
    return [part for part in parts if part]


def read(sent: QueryDict) -> Asked:
    """The search that the parameters ask for, without its page. Raises InputError."""
    _known(sent)
    queries = {area: text for area, text in _queries(sent) if text.strip()}
    sort, descending = _sorting(listed(sent, "sort"), bool(queries))
    numbers = [text for text in queries.values() if _NUMBERS.fullmatch(text)]
    if numbers:
        # As the official one does: numbers alone are an answer of their own, whatever the filters say.
        found = tuple(number.upper() for text in numbers for number in NUMBER.findall(text))
        request = SearchRequest(filters=Filters(ids=found), sort=sort, descending=descending)
        return Asked(request, (), ("NCTIdSearch",))
    params = {area: param for param, area in _areas().items()}
    nodes = [_parsed(text, area, f"query.{params[area]}") for area, text in queries.items()]
    nodes += [_parsed(text, "BasicSearch", name) for name, text in _both(sent, "advanced")]
    extra, filters = aggregated(sent.get("aggFilters", ""))
    status, ids = _statuses(sent, filters.status), _ids(sent)
    if _NOTHING in (status, ids):
        extra.append(NONE)
    filters = replace(filters, status=() if status == _NOTHING else status, ids=() if ids == _NOTHING else ids)
    near = tuple(_near(text, name) for name, text in _both(sent, "geo"))
    if sent.get("geoDecay") and not _DECAY.fullmatch(sent.get("geoDecay", "")):
        raise InputError("`geoDecay` parameter has incorrect format.", hint=_GEO_DECAY)
    request = SearchRequest(_all([*nodes, *extra]), filters, sort, descending)
    return Asked(request, near, tuple(queries))


_GEO_DECAY = "Write func:exp,scale:300mi,offset:0mi,decay:0.5."


def page_size(sent: Mapping[str, str]) -> int:
    """At most 1,000; 10 where nothing is asked, or 0. Raises InputError."""
    text = sent.get("pageSize", "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError("`pageSize` parameter must be a whole number, 0 or more.")
    return min(int(text) or USUAL, MOST)


def _all(nodes: list[Node]) -> Node:
    kept = tuple(node for node in nodes if node != EVERYTHING)
    return kept[0] if len(kept) == 1 else And(kept) if kept else EVERYTHING


def _parsed(text: str, area: str, name: str) -> Node:
    """The tree of a query. Raises InputError with the parameter that it came in."""
    try:
        return parse(text, area)
    except QueryError as error:
        where = f"`{name}` parameter, character {error.position + 1}"
        raise InputError(error.what, where=where, hint=error.hint) from None


def _areas() -> dict[str, str]:
    """Parameter -> area."""
    named = {area.param: area.name for area in model().areas.values() if area.param}
    return named | {"term": "BasicSearch", "lead": "LeadSponsorName"}


def _known(sent: QueryDict) -> None:
    """A query or filter that is misspelled would change the answer without a word; it is refused."""
    known = [f"query.{param}" for param in _areas()]
    known += [f"{kind}.{name}" for kind in ("filter", "postFilter") for name in _FILTERS]
    for name in sent:
        if name.startswith(("query.", "filter.", "postFilter.")) and name not in known:
            raise InputError(f"`{name[:80]}` is an unknown parameter.", hint=nearest(name[:80], known))


_FILTERS = ("overallStatus", "geo", "ids", "advanced", "synonyms")


def _queries(sent: QueryDict) -> Iterator[tuple[str, str]]:
    for param, area in _areas().items():
        yield area, sent.get(f"query.{param}", "")


def _both(sent: QueryDict, name: str) -> Iterator[tuple[str, str]]:
    """The parameters of this name that say something, and what."""
    names = (f"{kind}.{name}" for kind in ("filter", "postFilter"))
    yield from ((full, sent.get(full, "")) for full in names if sent.get(full, "").strip())


def _statuses(sent: QueryDict, also: tuple[str, ...]) -> tuple[str, ...]:
    """What all of the status filters allow."""
    known = model().enums["Status"]
    chosen: tuple[str, ...] = also
    for name in ("filter.overallStatus", "postFilter.overallStatus"):
        values = listed(sent, name)
        for value in values:
            if value not in known:
                raise InputError(f"`{name}` parameter: there is no status `{value[:80]}`.", hint=nearest(value, known))
        chosen = _narrowed(chosen, values)
    return chosen


def _narrowed(chosen: Iterable[str], values: list[str]) -> tuple[str, ...]:
    """Both lists must allow it; two lists with nothing in common allow nothing that exists."""
    before = tuple(chosen)
    if not values:
        return before
    return tuple(value for value in values if value in before) or _NOTHING if before else tuple(values)


def _ids(sent: QueryDict) -> tuple[str, ...]:
    chosen: tuple[str, ...] = ()
    for name in ("filter.ids", "postFilter.ids"):
        values = [value.upper() for value in listed(sent, name)]
        for value in values:
            if not NUMBER.fullmatch(value):
                raise InputError(
                    f"`{name}` parameter: `{value[:80]}` is no registry number.", hint="Write NCT01234567."
                )
        chosen = _narrowed(chosen, values)
    return chosen


def _near(text: str, name: str) -> Near:
    found = _GEO.fullmatch(text.strip())
    if found is None:
        raise InputError(f"`{name}` parameter has incorrect format.", hint="Write distance(39.0,-77.1,50mi).")
    latitude, longitude, radius = (float(found[n]) for n in (1, 2, 3))
    if abs(latitude) > 90 or abs(longitude) > 180 or not math.isfinite(radius):
        raise InputError(
            f"`{name}` parameter: there is no such place.", hint="Latitude -90 to 90, longitude -180 to 180."
        )
    return Near(latitude, longitude, radius * (1 if found[4] == "km" else MILE))


def _sorting(listed_: list[str], queried: bool) -> tuple[Sort, bool]:
    if not listed_:
        return ("relevance", True) if queried else ("nct_id", True)
    if len(listed_) > 2:
        raise InputError("`sort` parameter: at most two fields.")
    if len(listed_) == 2 and not listed_[0].startswith("@relevance"):
        raise InputError("`sort` parameter: this server sorts by one field.", hint=f"Known: {', '.join(SORTS)}.")
    name, _, direction = listed_[0].partition(":")
    known = SORTS | {model().fields[piece].path: how for piece, how in SORTS.items() if piece in model().fields}
    if name in known and direction not in ("", "asc", "desc"):
        raise InputError(
            f"`sort` parameter: there is no direction `{direction[:80]}`.", hint=f"Write {name}:asc or {name}:desc."
        )
    if name not in known:
        raise InputError(
            f"`sort` parameter: `{listed_[0][:80]}` cannot be sorted by.", hint=f"Known: {', '.join(SORTS)}."
        )
    sort, usual = known[name]
    assert sort in get_args(Sort)
    return sort, usual if not direction else direction == "desc"
