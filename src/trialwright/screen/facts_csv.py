"""Facts as CSV: a row for each fact, of one patient or of several, with the columns of a facts file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import InputError, UserError, nearest
from trialwright.screen.facts import FACT_KEYS, MOST, head_of, one_fact, whole_patient
from trialwright.screen.values import number_of, short
from trialwright.study.definition import Study

COLUMNS = ("subject", "screening", "enrolment", "first_dose", *FACT_KEYS, "time")
_HEAD = ("subject", "screening", "enrolment", "first_dose")
Row = tuple[int, dict[str, str]]


def patients_of_csv(
    text: str, study: Study, *, where: str = "facts.csv", today: dt.date | None = None
) -> Iterator[tuple[str, Patient | UserError]]:
    """(subject, patient or what is wrong with them) in the order of the file. Raises InputError for the file itself."""
    found: dict[str, list[Row]] = {}
    for number, row in _rows(text, where):
        found.setdefault(row.get("subject", ""), []).append((number, row))
    if not found:
        raise InputError("There are no facts below the names of the columns.", where=where)
    for subject, rows in found.items():
        try:
            yield subject, _patient(rows, study, where, today)
        except UserError as error:
            yield subject, error


def separator(header: str, where: str) -> str:
    """Comma, semicolon or tab, as the line of column names has it. Raises InputError."""
    counts = {sign: header.count(sign) for sign in (",", ";", "\t")}
    sign = max(counts, key=lambda s: counts[s])
    if not counts[sign]:
        hint = f"The first line names the columns, with commas: {','.join(COLUMNS[:9])}."
        raise InputError("This is not a table of facts.", where=where, hint=hint)
    return sign


def check_columns(names: list[str], where: str) -> None:
    """Refuse unknown, repeated and lacking columns. Raises InputError."""
    for name in names:
        if name not in COLUMNS:
            raise InputError(f"There is no column {short(name)}.", where=where, hint=nearest(name[:60], COLUMNS))
        if names.count(name) > 1:
            raise InputError(f"The column '{name}' stands twice.", where=where)
    lost = next((name for name in ("screening", "item", "value") if name not in names), None)
    if lost is not None:
        raise InputError(f"The column '{lost}' is missing.", where=where, hint=f"Columns: {', '.join(COLUMNS)}.")


def _rows(text: str, where: str) -> Iterator[Row]:
    """(line, cells by column); cells are without blanks at their ends."""
    if not text.strip():
        raise InputError("The file is empty.", where=where)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text.split("\n", 1)[0], where), strict=True)
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip() for cell in cells]
                check_columns(names, f"{where}:{reader.line_num}")
                continue
            if len(cells) != len(names):
                what = f"The row has {len(cells)} cells and the table {len(names)} columns."
                raise InputError(what, where=f"{where}:{reader.line_num}", hint="Put texts with separators in quotes.")
            yield reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise InputError(f"This is not CSV: {error}.", where=f"{where}:{reader.line_num}") from None


def _patient(rows: list[Row], study: Study, where: str, today: dt.date | None) -> Patient:
    first = {key: rows[0][1].get(key) or None for key in _HEAD}
    head = head_of({**first, "facts": []}, f"{where}:{rows[0][0]}")
    if len(rows) > MOST:
        raise InputError(f"These are more than {MOST} facts.", where=where, hint="Give the facts of one patient.")
    facts = []
    for line, row in rows:
        place = f"{where}:{line}"
        odd = next((key for key in _HEAD if (row.get(key) or None) != first[key]), None)
        if odd is not None:
            raise InputError(f"'{odd}' is not the same on all rows of a patient.", where=place)
        facts.append(one_fact(_raw(row, place), study, place))
    return whole_patient(head, facts, study, where=f"{where}:{rows[0][0]}", today=today)


def _raw(row: dict[str, str], where: str) -> dict[str, Any]:
    """The row as a fact of a facts file: empty cells are not given, limits are numbers, a time goes with its day."""
    raw: dict[str, Any] = {key: row[key] for key in FACT_KEYS if row.get(key)}
    raw.setdefault("item", "")
    raw.setdefault("value", None)
    if not raw["item"]:
        raise InputError("The row names no item.", where=where)
    for key in ("low", "high"):
        if key in raw:
            limit = number_of(raw[key])
            if limit is None:
                hint = "Write a point for the decimals." if "," in raw[key] else ""
                raise InputError(f"The limit '{key}' is not a number.", where=f"{where} ({raw['item']})", hint=hint)
            raw[key] = limit
    if row.get("time") and raw.get("when"):
        raw["when"] = f"{raw['when']}T{row['time']}"
    return raw
