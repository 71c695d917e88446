"""All that is captured of a subject in one statement: a save of a form asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection

_SELECT = """
    SELECT f.form, v."group", v.row, v.item, v.value, f.visit, v.unit, v.low, v.high, v.null_reason, v."when",
           v.signed_by, w.actual
    FROM conduct_form f
    JOIN conduct_value v ON v.form_id = f.id
    LEFT JOIN conduct_visit w ON w.subject_id = f.subject_id AND w.visit = f.visit
    WHERE f.subject_id = %s"""
_ORDER = ' ORDER BY f.visit, f.form, v."group", v.row, v.item'


def captured(subject: int, items: Collection[str] | None, besides: int | None) -> Iterator[tuple[Any, ...]]:
    """(form, group, row, item, value, visit, unit, low, high, null_reason, when, signed_by, day of the visit) of each
    value of the subject with that key; of `items` only if given, and not of the form with the key `besides`.
    """
    statement = _SELECT
    values: list[int | str] = [subject, *sorted(items or ())]
    if items is not None:
        statement += f" AND v.item IN ({', '.join(['%s'] * len(items))})"
    if besides is not None:
        statement += " AND f.id <> %s"
        values.append(besides)
    with connection.cursor() as cursor:
        cursor.execute(statement + _ORDER, values)
        for *columns, day in cursor.fetchall():
            yield *columns, dt.date.fromisoformat(day) if isinstance(day, str) else day
