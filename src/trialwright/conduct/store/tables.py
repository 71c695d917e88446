"""All tables of a study's current state, by natural key: what a replay of the log must equal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import DateField

from trialwright.conduct.rules.chain import Key, Tables, plain
from trialwright.conduct.store.models import PROJECTIONS, Projection
from trialwright.conduct.store.rows import Rows, rows

OF_SUBJECTS = {model.TABLE: model for model in PROJECTIONS if model.KEY[1:] and model.KEY[1].endswith("subject")}
"""Tables whose rows belong to a subject each: its id is the second part of their keys."""
FETCHED = 2000
"""Rows that are fetched at once."""
OF_THE_STUDY = {model.TABLE: model for model in PROJECTIONS if model.TABLE not in OF_SUBJECTS}


def current(study_id: str) -> Tables:
    """table -> natural key -> content, read from the tables as they stand; tables without rows are left out."""
    tables: Tables = {}
    for model in PROJECTIONS:
        content = {key: dict(zip(model.CONTENT, row, strict=True)) for key, row in stored(model, study_id)}
        if content:
            tables[model.TABLE] = content
    return tables


def stored(
    model: type[Projection], study_id: str, subjects: Collection[str] | None = None
) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    """(natural key, content as JSON holds it) of every row, or of those that belong to the `subjects`."""
    reader = _reader(connection.vendor, model)
    places = "" if subjects is None else f" AND {reader.subject} IN ({', '.join(['%s'] * len(subjects))})"
    width = len(model.KEY)
    with connection.chunked_cursor() as cursor:
        cursor.execute(reader.statement + places, [study_id, *(subjects or ())])
        while some := cursor.fetchmany(FETCHED):
            for row in some:
                yield row[:width], row[width:] if reader.steps is None else reader.converted(row[width:])


@dataclass(frozen=True, slots=True)
class _Reader:
    """How one table is read: making the statement anew with the ORM takes longer than reading what one subject has."""

    statement: str
    subject: str
    """The column of the subject's id, where there is one."""
    steps: tuple[Callable[[Any], Any] | None, ...] | None
    """What makes of each column of the content what JSON holds; None where all are that."""

    def converted(self, content: Sequence[Any]) -> tuple[Any, ...]:
        assert self.steps is not None
        return tuple(v if step is None else step(v) for v, step in zip(content, self.steps, strict=True))


@cache
def _reader(_vendor: str, model: type[Projection]) -> _Reader:
    found = model._default_manager.filter(**{model.KEY[0]: ""}).values_list(*model.KEY, *model.CONTENT)
    compiled = found.query.get_compiler(DEFAULT_DB_ALIAS)
    statement, _ = compiled.as_sql()
    columns = [compiled.compile(column)[0] for column, _, _ in compiled.select]
    steps = tuple(map(partial(_step, rows(model)), map(model._meta.get_field, model.CONTENT)))
    return _Reader(statement, columns[1] if model.TABLE in OF_SUBJECTS else "", steps if any(steps) else None)


def _step(read: Rows[Any], field: Any) -> Callable[[Any], Any] | None:
    convert = read.converter(field)
    if convert is None:
        return plain if isinstance(field, DateField) else None
    return lambda value: plain(convert(value))
