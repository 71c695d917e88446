"""Plain reads of much at once, a few subjects at a time, so that an export of any size needs little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, connection

Rows = list[tuple[Any, ...]]

_FORMS = """
    SELECT id, subject_id, visit, form, state, definition, version, verified
    FROM conduct_form WHERE subject_id IN ({subjects}){form}"""
_VALUES = """
    SELECT v.form_id, v."group", v.row, v.item, v.value, v.unit, v.low, v.high, v.null_reason, v."when", v.signed_by
    FROM conduct_form f JOIN conduct_value v ON v.form_id = f.id WHERE f.subject_id IN ({subjects}){form}"""
_VERIFIED = """
    SELECT v.form_id, v."group", v.row, v.item, v.by, v.at
    FROM conduct_form f JOIN conduct_verified v ON v.form_id = f.id WHERE f.subject_id IN ({subjects}){form}"""


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read inside stands as it was at the first read, and nobody who writes has to wait.

    Nothing may be written inside, and no other transaction begun.
    """
    if connection.in_atomic_block:
        yield
        return
    kind = "" if connection.vendor == "sqlite" else " ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{kind}")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def forms_of(subjects: Sequence[int], form: str = "") -> Rows:
    """(key, subject's key, visit, form, state, definition, version, verified) of the subjects' forms, or of one."""
    return _read(_FORMS, subjects, form, "")


def values_of(subjects: Sequence[int], form: str = "") -> Rows:
    """(form's key, group, row, item, value, unit, low, high, null_reason, when, signed_by) of the subjects' values."""
    return _read(_VALUES, subjects, form, "f.")


def verified_of(subjects: Sequence[int], form: str = "") -> Rows:
    """(form's key, group, row, item, by, at) of every value that stands verified."""
    return _read(_VERIFIED, subjects, form, "f.")


def count_values(study: str, sites: Sequence[str], subject: str = "") -> int:
    """How many values there are at the sites, or of one subject."""
    places = ", ".join(["%s"] * len(sites))
    statement = f"""
        SELECT COUNT(*) FROM conduct_subject s JOIN conduct_form f ON f.subject_id = s.id
        JOIN conduct_value v ON v.form_id = f.id WHERE s.trial_id = %s AND s.site IN ({places})"""  # noqa: S608  # ours
    given = [study, *sites]
    if subject:
        statement, given = f"{statement} AND s.subject = %s", [*given, subject]
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return int(cursor.fetchone()[0])


def _read(statement: str, subjects: Sequence[int], form: str, table: str) -> Rows:
    if not subjects:
        return []
    where = f" AND {table}form = %s" if form else ""
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(subjects=", ".join(["%s"] * len(subjects)), form=where),
            [*subjects, *([form] if form else [])],
        )
        found: Rows = cursor.fetchall()
        return found
