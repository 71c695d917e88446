"""What a field of a record says to a test: its words, its values letter by letter, its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trialwright.formats.ctgov.model import Field, model, values_at
from trialwright.record.query import places, values
from trialwright.record.query.values import Span

Record = Mapping[str, Any]

WITH_RESULTS = "WithResults"
"""true or false: whether results are posted, also where the record leaves its flag out."""
OLDEST_AGE = "OldestAge"
"""The age at which the record's upper bound is passed."""


def words_of(record: Record, piece: str) -> Iterator[str]:
    """The text of each value; of an enum its label."""
    field = model().field(piece)
    labels = model().labels(field)
    for value in values_at(record, field):
        text = plain_text(value)
        if text:
            yield labels.get(text, text)


def values_of(record: Record, piece: str) -> Iterator[str]:
    if piece == WITH_RESULTS:
        yield with_results(record)
        return
    for value in values_at(record, model().field(piece)):
        yield plain_text(value)


def spans_of(record: Record, piece: str) -> Iterator[Span]:
    """The numbers of each value that can be read as one."""
    field, read = numbers(piece)
    for value in values_at(record, field):
        found = read(plain_text(value))
        if found is not None:
            yield found


def present(record: Record, piece: str) -> bool:
    return any(True for _ in values_at(record, model().field(piece)))


def numbers(piece: str) -> tuple[Field, Callable[[str], Span | None]]:
    """The field behind a numeric name, and how its text becomes numbers."""
    if piece == OLDEST_AGE:
        return model().field("MaximumAge"), _oldest
    field = model().field(piece)
    return field, lambda text: values.span(field.type, text)


def with_results(record: Record) -> str:
    return "true" if record.get("hasResults") is True or record.get("resultsSection") else "false"


def plain_text(value: Any) -> str:
    """A JSON value as text, a place as `lat,lon`; other objects and lists, which no field should hold, as nothing."""
    if isinstance(value, dict):
        return places.written(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _oldest(text: str) -> Span | None:
    found = values.last_minute(text)
    return None if found is None else (found, found)
