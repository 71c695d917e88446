"""Cohorts as streams of data frames. Patients are read one by one; tables of facts pass through as they are."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen.cohort_batch import SCHEMA
from trialwright.screen.facts_csv import patients_of_csv
from trialwright.screen.facts_text import parse, read_text
from trialwright.screen.fhir_mapping import CodeBook
from trialwright.screen.intake import IntakeReport, Said, ranked
from trialwright.screen.intake_document import LINES, TABLES, patient_of_document, suffix
from trialwright.screen.sources_bulk import Bulk, is_bulk, lines_of
from trialwright.screen.sources_table import table_frames
from trialwright.study.definition import Study

ROWS = 100_000
"""Facts of a data frame; a patient's are never split."""

_FILES = (".json", *LINES, *TABLES, ".parquet")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A patient who could not be read. `where`: the file, and the line where there is one."""

    subject: str
    where: str
    sentence: str


Found = tuple[str, str, Patient | UserError]
"""(subject or "", where, the patient or why not)."""


class Batches(Iterator[pl.DataFrame]):
    """Data frames of facts, one after the other. What could not be read is in `rejected` as far as the stream has come.

    `patients`: how many were read (not known of tables, which pass through). `report`: what FHIR said, summed up.
    """

    def __init__(self, path: Path, study: Study, *, as_of: dt.date | None = None, today: dt.date | None = None) -> None:
        if not path.exists():
            raise InputError("There is no such file or folder.", where=path.name)
        self.rejected: list[Rejected] = []
        self.patients = 0
        self._study, self._as_of, self._today = study, as_of, today
        self._unmapped: Counter[str] = Counter()
        self._left_out: Counter[Said] = Counter()
        self._seen: dict[str, str] = {}
        self._resources = self._used = 0
        self._book = CodeBook(study)
        self._frames = self._all(path)

    def __next__(self) -> pl.DataFrame:
        return next(self._frames)

    @property
    def report(self) -> IntakeReport:
        """Of all patients read so far."""
        unmapped, left_out = ranked(self._unmapped), ranked(self._left_out)
        return IntakeReport(
            "fhir" if unmapped or left_out else "facts", self._resources, self._used, unmapped, left_out
        )

    def _all(self, path: Path) -> Iterator[pl.DataFrame]:
        files = _files(path)
        if files and all(is_bulk(f) for f in files if suffix(f) in LINES) and all(suffix(f) in LINES for f in files):
            yield from self._framed(self._bulk(files))
            return
        tables = [f for f in files if suffix(f) == ".parquet" or (suffix(f) in TABLES and len(files) == 1)]
        for table in tables:
            for frame in table_frames(table, self._as_of, self._reject):
                self._resources += frame.height
                yield frame
        yield from self._framed(found for f in files if f not in tables for found in self._patients(f))

    def _bulk(self, files: list[Path]) -> Iterator[Found]:
        bulk = Bulk(self._study, self._book, self._as_of, self._today)
        for subject, where, found in bulk.patients(files):
            if isinstance(found, UserError):
                yield subject, where, found
            else:
                self._count(found[1])
                yield subject, where, found[0]
        self._unmapped.update(bulk.unmapped)
        self._resources += bulk.others

    def _patients(self, path: Path) -> Iterator[Found]:
        """The patients of one file of a folder, or of a file of lines."""
        try:
            if suffix(path) in TABLES:
                text = read_text(path)
                yield from (
                    (s, path.name, p) for s, p in patients_of_csv(text, self._study, where=path.name, today=self._today)
                )
            elif suffix(path) in LINES:
                yield from self._lines(path)
            else:
                yield "", path.name, self._document(parse(read_text(path), path.name), path.name)
        except UserError as error:
            yield "", path.name, error

    def _lines(self, path: Path) -> Iterator[Found]:
        if is_bulk(path):
            yield from self._bulk([path])
            return
        for number, line in lines_of(path):
            where = f"{path.name}:{number}"
            try:
                if isinstance(line, UserError):
                    raise line
                document = parse(line, path.name, number - 1)
                yield _name(document), where, self._document(document, where)
            except UserError as error:
                yield "", where, error

    def _document(self, document: Any, where: str) -> Patient:
        patient, report = patient_of_document(
            document, self._study, where=where, as_of=self._as_of, today=self._today, book=self._book
        )
        self._count(report)
        return patient

    def _count(self, report: IntakeReport) -> None:
        self._unmapped.update(dict(report.unmapped))
        self._left_out.update(dict(report.left_out))
        self._left_out[("impossible_values",)] += len(report.refused)
        self._left_out += Counter()  # drops zeros
        self._resources += report.resources
        self._used += report.used

    def _reject(self, subject: str, where: str, sentence: str) -> None:
        self.rejected.append(Rejected(subject, where, sentence))

    def _framed(self, stream: Iterator[Found]) -> Iterator[pl.DataFrame]:
        rows: list[tuple[Any, ...]] = []
        for subject, where, found in stream:
            if isinstance(found, UserError):
                self._reject(subject, where, str(found))
                continue
            name = found.subject or where
            if name in self._seen:
                self._reject(name, where, f"{where}: The subject was read before, from {self._seen[name]}.")
                continue
            self._seen[name] = where
            self.patients += 1
            rows.extend(rows_of(found, name, self._as_of))
            if len(rows) >= ROWS:
                yield _frame(rows)
                rows = []
        if rows:
            yield _frame(rows)


def _name(document: Any) -> str:
    name = document.get("subject") if isinstance(document, dict) else ""
    return name[:200] if isinstance(name, str) else ""


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(f for f in path.iterdir() if f.is_file() and suffix(f) in _FILES and not f.name.startswith("."))
    if not found:
        raise InputError("The folder holds no patients.", where=path.name, hint=f"They are {', '.join(_FILES)} files.")
    return found


def rows_of(patient: Patient, subject: str, as_of: dt.date | None = None) -> Iterator[tuple[Any, ...]]:
    """A patient's facts as rows of `cohort.SCHEMA`; one without any has a row of nothing, so as to be counted."""
    head = (subject, patient.screening, patient.enrolment, patient.first_dose)
    facts = [f for f in patient.facts if as_of is None or f.when is None or f.when.first <= as_of]
    if not facts:
        yield (*head, *[None] * (len(SCHEMA) - 4))
    for fact in facts:
        yield (*head, fact.item, text_of_value(fact), fact.unit or None, fact.low, fact.high,
               str(fact.when) if fact.when else None, fact.time or None, fact.agent or None, fact.route or None,
               fact.signed_by or None, fact.reason or None)  # fmt: skip


def text_of_value(fact: Fact) -> str | None:
    """The value as a facts file would write it; None where it is not known."""
    value = fact.value
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
