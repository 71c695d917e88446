"""What filters mean: one test for each, all of which must hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import InputError, nearest
from trialwright.record.query import values
from trialwright.record.query.leaves import Anything, Leaf, No, OneElement, Sequences, Some, Span, Values, every
from trialwright.record.query.parse import parse
from trialwright.record.query.reading import OLDEST_AGE, WITH_RESULTS
from trialwright.record.query.resolve import Synonyms, resolve, spelled
from trialwright.record.query.words import tokens
from trialwright.record.search.request import Filters, SearchRequest

_CHOICES = {
    "status": "OverallStatus",
    "phase": "Phase",
    "study_type": "StudyType",
    "sponsor_class": "LeadSponsorClass",
    "std_age": "StdAge",
    "intervention_type": "InterventionType",
}
_WORDS = {"condition": "ConditionSearch", "intervention": "InterventionSearch", "sponsor": "SponsorSearch"}
_DATES = {"start": "StartDate", "completion": "CompletionDate", "updated": "LastUpdatePostDate"}
_OLDEST = 150.0


def wanted(request: SearchRequest, synonyms: Synonyms | None = None) -> Leaf:
    """The query and its filters as one test. Raises QueryError and InputError."""
    return every(resolve(request.query, synonyms=synonyms), filter_of(request.filters, synonyms))


def filter_of(filters: Filters, synonyms: Synonyms | None = None) -> Leaf:
    """All filters as one test. Raises InputError."""
    return every(*_tests(filters, synonyms))


def _tests(filters: Filters, synonyms: Synonyms | None) -> Iterator[Leaf]:
    for name, piece in _CHOICES.items():
        if chosen := getattr(filters, name):
            yield Values(piece, frozenset(_known(piece, value) for value in chosen))
    for name, area in _WORDS.items():
        if text := getattr(filters, name):
            yield resolve(parse(text, area), synonyms=synonyms)
    for name, piece in _DATES.items():
        yield _between(piece, *getattr(filters, name))
    yield _place(filters.country, filters.city)
    yield from _patient(filters)
    if filters.results is not None:
        yield Values(WITH_RESULTS, frozenset({"true" if filters.results else "false"}))
    if filters.healthy is not None:
        accepts = Values("HealthyVolunteers", frozenset({"true"}))
        yield accepts if filters.healthy else No(accepts)
    if filters.ids:
        numbers = frozenset(number.strip().upper() for number in filters.ids)
        yield Some((Values("NCTId", numbers), Values("NCTIdAlias", numbers)))


def _known(piece: str, value: str) -> str:
    known = model().labels(model().field(piece))
    if value not in known:
        raise InputError(f"There is no {piece} '{value}'.", hint=nearest(value, known))
    return value


def _patient(filters: Filters) -> Iterator[Leaf]:
    """Whether a person of this sex and age could take part, as far as the record's bounds go."""
    if filters.sex:
        sexes = ("FEMALE", "MALE")
        if filters.sex not in sexes:
            raise InputError(f"A patient's sex is FEMALE or MALE, not '{filters.sex}'.", hint="Leave it out for both.")
        other = sexes[1 - sexes.index(filters.sex)]
        yield No(Values("Sex", frozenset({other})))
    if filters.age_years is not None:
        if not 0 <= filters.age_years <= _OLDEST:
            raise InputError(f"{filters.age_years:g} years is no age of a patient.", hint="Write 58 or 0.5.")
        age = math.floor(values.years_to_minutes(filters.age_years))
        yield No(Span("MinimumAge", age + 1, None))
        yield No(Span(OLDEST_AGE, None, age))


def _between(piece: str, first: str, last: str) -> Leaf:
    if not first and not last:
        return Anything()
    for written in (first, last):
        if written and _day(written) is None:
            raise InputError(f"'{written}' is no date.", hint="Write it as 2024-01-31.")
    return Span(piece, _day(first), _day(last))


def _day(written: str) -> float | None:
    try:
        return float(date.fromisoformat(written).toordinal())
    except ValueError:
        return None


def _place(country: str, city: str) -> Leaf:
    """A country and a city are those of one and the same location."""
    country_test, city_test = _words("LocationCountry", country), _words("LocationCity", city)
    if country and city:
        return OneElement("Location", every(country_test, city_test))
    return every(country_test, city_test)


def _words(piece: str, text: str) -> Leaf:
    """The words one after another in the field."""
    if not text:
        return Anything()
    found = tuple(tokens(text))
    if not found:
        raise InputError(f"There is no letter or digit in '{text}'.", hint="Write a name.")
    return Sequences(piece, (piece,), spelled(found))
