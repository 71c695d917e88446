"""What can be asked of an index, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from trialwright.record.query.nodes import EVERYTHING, Node
from trialwright.record.search.entry import Entry
from trialwright.record.store.base import Record

Sort = Literal["relevance", "updated", "start", "first_posted", "enrolment", "nct_id"]

FACETS = ("status", "phase", "study_type", "sex", "sponsor_class", "country", "results", "std_age", "intervention_type")
"""What every index counts. Values are the registry's own enums (or a country's name; "true"/"false" for results)."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Each filter narrows. Empty means: no limit. Several values of one filter: any of them.

    `sex` is a patient's (FEMALE, MALE): a study for ALL matches both. `age_years` is a patient's age; a study without a
    lower (upper) bound is unbounded there. `condition`, `intervention`, `sponsor`, `country`, `city` are words or
    phrases searched in that area. Dates are (from, to), YYYY-MM-DD, "" for open, both ends included; a partial date of
    a record counts when any day of it lies inside.
    """

    status: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    study_type: tuple[str, ...] = ()
    sex: str = ""
    age_years: float | None = None
    condition: str = ""
    intervention: str = ""
    country: str = ""
    city: str = ""
    sponsor: str = ""
    sponsor_class: tuple[str, ...] = ()
    start: tuple[str, str] = ("", "")
    completion: tuple[str, str] = ("", "")
    updated: tuple[str, str] = ("", "")
    results: bool | None = None
    healthy: bool | None = None
    ids: tuple[str, ...] = ()
    std_age: tuple[str, ...] = ()
    intervention_type: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """`cursor`: what the page before gave as `next`, "" for the first one; it belongs to this very query, filters and
    sort, and another's is refused (InputError). `facets`: which ones to count."""

    query: Node = EVERYTHING
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    descending: bool = True
    size: int = 20
    cursor: str = ""
    facets: tuple[str, ...] = ()
    explained: bool = True
    """Whether the hits tell which words they were found by."""
    order: tuple[tuple[str, bool], ...] = ()
    """Fields (those of `SORTABLE`) to sort by instead of `sort`, the first one first, and whether downwards. Studies
    without a value come last, equal ones follow the NCT number."""
    counted: bool = True
    """Whether the total is asked for; without it, `total` is only how many hits there are."""


@dataclass(frozen=True, slots=True)
class Hit:
    nct_id: str
    score: float
    matched: tuple[str, ...] = ()
    """Words of the question (or their synonyms) that the record holds."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """`total` is exact where it was asked for. `facets`: of each its values and exact counts, most frequent first."""

    total: int
    hits: tuple[Hit, ...]
    next: str = ""
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)


class Index(Protocol):
    """Finds records. It can always be made anew from the store."""

    def add(self, records: Iterable[Record | Entry], upto: int) -> int:
        """Index (or index again) these records; afterwards it stands at the store's change number `upto`."""
        ...

    def stands_at(self) -> int:
        """The store's change number up to which everything is indexed."""
        ...

    def search(self, request: SearchRequest) -> SearchAnswer: ...

    def ids(self, request: SearchRequest) -> Iterator[str]:
        """The whole answer, in the order asked for, streaming."""
        ...

    def profiles(self, nct_ids: Sequence[str]) -> list[bytes]:
        """What related studies are compared by (`profile_text`), of those of the records that it holds."""
        ...

    def size(self) -> int: ...

    def close(self) -> None: ...
