"""What a store of records promises. One conformance suite holds every implementation to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Record = Mapping[str, Any]
"""One study as API v2 JSON, parsed."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record on its way in: its number, its JSON as it was written, the same parsed, and where it came from."""

    nct_id: str
    text: bytes
    data: Record
    where: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a `put` did. `added`: new records; `changed`: a new version of a known one; `same`: nothing new."""

    added: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a record. `number` counts from 1; `seen` is when it came in (UTC); `updated` is the record's own
    last update (YYYY-MM-DD or "")."""

    number: int
    seen: datetime
    updated: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a record, without reading the whole of it."""

    nct_id: str
    title: str
    official_title: str
    acronym: str
    status: str
    study_type: str
    phases: tuple[str, ...]
    conditions: tuple[str, ...]
    interventions: tuple[str, ...]
    sponsor: str
    sponsor_class: str
    enrolment: int | None
    countries: tuple[str, ...]
    sites: int
    start: str
    completion: str
    updated: str
    has_results: bool


class Store(Protocol):
    """Records by NCT number. Every change gets the next `change` number, so that an index can catch up."""

    def put(self, records: Sequence[Incoming], seen: datetime) -> Kept:
        """Keep a batch in one transaction: all of it or nothing. A record equal to the one on file adds no version."""
        ...

    def get(self, nct_id: str) -> bytes | None:
        """The present JSON as it came in; None when there is no such record. Aliases (old numbers) lead to it."""
        ...

    def cards(self, nct_ids: Sequence[str]) -> list[Card]:
        """Cards in the order asked; unknown numbers are left out."""
        ...

    def versions(self, nct_id: str) -> list[Version]: ...

    def version(self, nct_id: str, number: int) -> bytes | None: ...

    def each(self, nct_ids: Iterable[str] | None = None) -> Iterator[bytes]:
        """Every present record (or those asked for, in their order), streaming; all in the order of their numbers."""
        ...

    def changes(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Present records whose last change number is above `after`, in that order, streaming."""
        ...

    def last_change(self) -> int: ...

    def size(self) -> int: ...

    def close(self) -> None: ...


class Locked(Protocol):
    """One writer at a time; a second one is told so in a sentence (kernel.errors)."""

    def writing(self) -> AbstractContextManager[None]: ...
