"""The parameters of `/studies` as a search: queries by area, filters, sorting, paging."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from django.http import QueryDict

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import InputError, nearest
from trialwright.record.query import places
from trialwright.record.query.errors import QueryError
from trialwright.record.query.nodes import EVERYTHING, And, Area, Distance, Node, Not
from trialwright.record.query.parse import parse
from trialwright.record.search.extract import SORTABLE
from trialwright.record.search.request import Filters, SearchRequest, Sort
from trialwright.web.api.aggregations import aggregated
from trialwright.web.api.nearness import Nearness, read_nearness

MOST = 1000
USUAL = 10
NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_SHORT_NUMBER = re.compile(r"NCT0*([1-9]\d{0,7})", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*NCT\d{8}(?:[\s,]+NCT\d{8})*\s*", re.IGNORECASE)
_GEO = re.compile(r"distance\(([^()]*)\)")

RELEVANCE = "@relevance"
SORTS: dict[str, Sort] = {
    RELEVANCE: "relevance",
    "LastUpdatePostDate": "updated",
    "StartDate": "start",
    "StudyFirstPostDate": "first_posted",
    "EnrollmentCount": "enrolment",
    "NCTId": "nct_id",
}
"""Fields that the index keeps in order -> what it calls them."""


NONE = Not(EVERYTHING)
"""A condition that no record meets."""
_NOTHING = ("",)
"""Filters that allow nothing that exists."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the API was asked for it. `queried`: the areas that the queries look into. `nearness`: how much
    studies near by are lifted, where that is asked for."""

    request: SearchRequest
    queried: tuple[str, ...]
    nearness: Nearness | None = None


def listed(sent: QueryDict, name: str) -> list[str]:
    """A list in an address: parted by commas or bars, or the parameter given several times."""
    parts = (part.strip() for value in sent.getlist(name) for part in re.split(r"[,|]", value))
    return [part for part in parts if part]


def read(sent: QueryDict) -> Asked:
    """The search that the parameters ask for, without its page. Raises InputError."""
    queries = {area: text for area, text in _queries(sent) if text.strip()}
    sort, descending, order = _sorting(listed(sent, "sort"), bool(queries))
    numbers = [text for text in queries.values() if _NUMBERS.fullmatch(text)]
    if numbers:
        # As the official one does: numbers alone are an answer of their own, whatever the filters say.
        found = tuple(number.upper() for text in numbers for number in NUMBER.findall(text))
        request = SearchRequest(filters=Filters(ids=found), sort=sort, descending=descending, order=order)
        return Asked(request, ("NCTIdSearch",))
    params = {area: param for param, area in _areas().items()}
    nodes = [_parsed(text, area, f"query.{params[area]}") for area, text in queries.items()]
    nodes += [_parsed(text, "BasicSearch", name) for name, text in _both(sent, "advanced")]
    extra, filters = aggregated(sent.get("aggFilters", ""))
    status, ids = _statuses(sent, filters.status), _ids(sent)
    if _NOTHING in (status, ids):
        extra.append(NONE)
    filters = replace(filters, status=() if status == _NOTHING else status, ids=() if ids == _NOTHING else ids)
    circles = {name: _near(text, name) for name, text in _both(sent, "geo")}
    near = [Area("LocationGeoPoint", circle) for circle in circles.values()]
    request = SearchRequest(_all([*nodes, *extra, *near]), filters, sort, descending, order=order)
    ranked = not order and (sort == "relevance" or not listed(sent, "sort"))
    nearness = read_nearness(sent.get("geoDecay", ""), circles.get("filter.geo") if ranked else None)
    return Asked(request, tuple(queries), nearness)


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
        values = listed(sent, name)
        for value in values:
            if not number_of(value):
                raise InputError(
                    f"`{name}` parameter: `{value[:80]}` is no registry number.", hint="Write NCT01234567."
                )
        chosen = _narrowed(chosen, list(map(number_of, values)))
    return chosen


def number_of(text: str) -> str:
    """A registry number as it is kept, also where its zeros are left out; "" for what is none."""
    found = _SHORT_NUMBER.fullmatch(text)
    return f"NCT{int(found[1]):08d}" if found else ""


def _near(text: str, name: str) -> Distance:
    found = _GEO.fullmatch(text.strip())
    read = places.circle(found[1]) if found else None
    if read is None:
        raise InputError(f"`{name}` parameter has incorrect format.", hint="Write distance(39.0,-77.1,50mi).")
    centre, radius = read
    if not places.exists(centre):
        raise InputError(
            f"`{name}` parameter: there is no such place.", hint="Latitude -90 to 90, longitude -180 to 180."
        )
    return Distance(*centre, radius)


Order = tuple[tuple[str, bool], ...]
"""Fields, and whether downwards."""


def _sorting(asked: list[str], queried: bool) -> tuple[Sort, bool, Order]:
    """By relevance, by one field that the index keeps in order, or by any other one or two fields."""
    if not asked:
        return ("relevance" if queried else "nct_id"), True, ()
    if len(asked) > 2:
        raise InputError("`sort` parameter: at most two fields.")
    keys = [_sort_key(each) for each in asked]
    (first, down), second = keys[0], keys[1:]
    if any(piece == RELEVANCE for piece, _ in second):
        raise InputError(f"`sort` parameter: {RELEVANCE} stands first.", hint=f"Write {RELEVANCE},{asked[0]}.")
    if first in SORTS and (not second or first in (RELEVANCE, "NCTId")):
        return SORTS[first], down, ()  # nothing is equal by relevance or number, so a second field says nothing
    if any(piece == "NCTId" for piece, _ in second):
        keys = keys[:1]  # equal ones follow the number as it is
    return "nct_id", True, tuple(keys)


def _sort_key(text: str) -> tuple[str, bool]:
    """The field and whether downwards. Raises InputError."""
    name, _, direction = text.partition(":")
    piece = _sortable().get(name)
    if piece is None:
        hint = nearest(name, _sortable()) if name else ""
        raise InputError(
            f"`sort` parameter: `{text[:80]}` cannot be sorted by.", hint=f"Only dates and numbers. {hint}"
        )
    if direction not in ("", "asc", "desc"):
        raise InputError(
            f"`sort` parameter: there is no direction `{direction[:80]}`.", hint=f"Write {name}:asc or {name}:desc."
        )
    field = model().fields.get(piece)
    usual = piece == RELEVANCE or (field is not None and "date" in field.type)
    return piece, usual if not direction else direction == "desc"


@cache
def _sortable() -> dict[str, str]:
    """What a field to sort by is called -> its piece name."""
    fields = model().fields
    found = {piece: piece for piece in (*SORTS, *SORTABLE)}
    return found | {fields[piece].path: piece for piece in found if piece in fields}
