"""The sites of a record by country, with a filter and pages: a study may have thousands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.record import Location

SIZE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show: part of a name or place, a country, a status; the page counts from 1."""

    words: str = ""
    country: str = ""
    status: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Sites:
    """`countries`: each with its number of sites and how many of them recruit; `found` sites match, `shown` are on
    this page, in the order of countries, states and cities."""

    total: int
    countries: tuple[tuple[str, int, int], ...]
    statuses: tuple[tuple[str, int], ...]
    found: int
    shown: tuple[Location, ...]
    page: int
    pages: int
    wanted: Wanted


def sites(record: StudyRecord, wanted: Wanted) -> Sites:
    """One page of a record's sites. A page past the end is the last one."""
    places = record.locations
    recruiting = Counter(place.country for place in places if place.status == "RECRUITING")
    countries = Counter(place.country for place in places)
    matching = sorted(
        (p for p in places if _matches(p, wanted)), key=lambda p: (p.country, p.state, p.city, p.facility)
    )
    pages = max(1, -(-len(matching) // SIZE))
    page = min(max(1, wanted.page), pages)
    return Sites(
        total=len(places),
        countries=tuple((name, n, recruiting[name]) for name, n in sorted(countries.items(), key=_most)),
        statuses=tuple(sorted(Counter(p.status for p in places if p.status).items(), key=_most)),
        found=len(matching),
        shown=tuple(matching[(page - 1) * SIZE : page * SIZE]),
        page=page,
        pages=pages,
        wanted=wanted,
    )


def _most(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def _matches(place: Location, wanted: Wanted) -> bool:
    if wanted.country and place.country != wanted.country:
        return False
    if wanted.status and place.status != wanted.status:
        return False
    text = " ".join((place.facility, place.city, place.state, place.postcode, place.country)).lower()
    return all(part in text for part in wanted.words.lower().split())
