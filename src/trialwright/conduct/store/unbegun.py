"""Visits that took place and of which a form was not begun, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

_SELECT = """
    SELECT s.site, s.subject, w.visit, w.actual, COUNT(f.id), COUNT(*) OVER ()
    FROM conduct_visit w
    JOIN conduct_subject s ON s.id = w.subject_id
    LEFT JOIN conduct_form f ON f.subject_id = w.subject_id AND f.visit = w.visit
    WHERE s.trial_id = %s AND w.state = 'done' AND s.site IN ({sites})
    GROUP BY s.site, s.subject, w.id, w.visit, w.actual
    HAVING COUNT(f.id) < CASE {planned} ELSE 0 END
    ORDER BY w.actual, s.subject, w.visit LIMIT {limit}"""


def unbegun(
    trial: str, sites: Sequence[str], planned: Mapping[str, int], limit: int
) -> tuple[int, list[tuple[str, str, str, int]]]:
    """How many visits there are, and (site, subject, visit, forms begun) of the first, the oldest before others.

    `planned`: visit, without the number of its occurrence, -> how many forms it has.
    """
    if not planned or not sites:
        return 0, []
    cases, values = [], [trial, *sites]
    for visit, forms in planned.items():
        cases.append(f"WHEN w.visit = %s OR substr(w.visit, 1, {len(visit) + 1}) = %s THEN {int(forms)}")
        values += [visit, f"{visit}."]
    statement = _SELECT.format(sites=", ".join(["%s"] * len(sites)), planned=" ".join(cases), limit=int(limit))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    return (rows[0][5] if rows else 0), [(site, subject, visit, n) for site, subject, visit, _, n, _ in rows]
