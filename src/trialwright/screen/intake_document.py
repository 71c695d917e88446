"""One patient from a document, whatever its form: facts as JSON or CSV, a FHIR Bundle, NDJSON of resources."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from trialwright.evidence.patient import Patient
from trialwright.formats.fhir import Resource, has_more_pages, of_bundle, of_resource
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen.facts import patient_of
from trialwright.screen.facts_csv import patients_of_csv
from trialwright.screen.facts_text import parse, read_text, without_collection
from trialwright.screen.fhir_mapping import CodeBook
from trialwright.screen.intake import IntakeReport
from trialwright.screen.intake_bundle import patient_of_resources
from trialwright.study.definition import Study

_PAGED = ("paged",)
TABLES = (".csv", ".tsv")
LINES = (".ndjson", ".jsonl")


def read_patient(
    path: Path, study: Study, *, as_of: dt.date | None = None, today: dt.date | None = None
) -> tuple[Patient, IntakeReport]:
    """One patient from a facts file (JSON or CSV), a FHIR Bundle or NDJSON of their resources; `.gz` is unpacked.

    `as_of` is the day of screening of a Bundle, which has none of its own (else the last clinical day on file). In
    facts, days after both `today` and the patient's own days are refused. Raises UserError.
    """
    if path.is_dir():
        raise InputError(
            "This is a folder.", where=path.name, hint="A folder is a cohort: say where to write with --out."
        )
    kind = suffix(path)
    if kind == ".parquet":
        raise InputError("This is a table of a cohort.", where=path.name, hint="Say where to write with --out.")
    text = read_text(path)
    if kind in TABLES:
        return _only_patient(text, study, path.name, today)
    if kind in LINES:
        return _patient_of_lines(text, study, path.name, as_of, today)
    return patient_of_document(parse(text, path.name), study, where=path.name, as_of=as_of, today=today)


def suffix(path: Path) -> str:
    """The ending that tells the format, without `.gz`."""
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()


def patient_of_document(
    document: Any,
    study: Study,
    *,
    where: str,
    as_of: dt.date | None = None,
    today: dt.date | None = None,
    book: CodeBook | None = None,
) -> tuple[Patient, IntakeReport]:
    """A patient from parsed JSON: a facts document or a FHIR Bundle."""
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if kind == "Bundle":
        with without_collection():
            found = of_bundle(document)
        patient, report = patient_of_resources(found, study, book=book, as_of=as_of, today=today, where=where)
        return patient, replace(report, notes=(*report.notes, _PAGED)) if has_more_pages(document) else report
    if isinstance(kind, str):
        hint = "Give the Bundle of all that is known of the patient."
        raise InputError("This is a single FHIR resource.", where=where, hint=hint)
    patient = patient_of(document, study, where=where, today=today)
    return patient, facts_report(patient, len(document["facts"]))


def facts_report(patient: Patient, statements: int) -> IntakeReport:
    return IntakeReport("facts", statements, len(patient.facts))


def _only_patient(text: str, study: Study, where: str, today: dt.date | None) -> tuple[Patient, IntakeReport]:
    found = list(patients_of_csv(text, study, where=where, today=today))
    for _, patient in found:
        if isinstance(patient, UserError):
            raise patient
        if len(found) == 1:
            return patient, IntakeReport("csv", len(patient.facts), len(patient.facts))
    raise InputError(f"This table holds {len(found)} patients.", where=where, hint="Say where to write with --out.")


def _patient_of_lines(
    text: str, study: Study, where: str, as_of: dt.date | None, today: dt.date | None
) -> tuple[Patient, IntakeReport]:
    """One facts document on its line, or the resources of one patient."""
    lines = [(n, line) for n, line in enumerate(text.split("\n")) if line.strip()]
    documents = [parse(line, where, n) for n, line in lines]
    if len(documents) == 1 and not is_resource(documents[0]):
        return patient_of_document(documents[0], study, where=where, as_of=as_of, today=today)
    if not documents or not all(map(is_resource, documents)):
        raise InputError(f"This holds {len(documents)} patients.", where=where, hint="Say where to write with --out.")
    return patient_of_resources(_pointing(documents), study, as_of=as_of, today=today, where=where)


def is_resource(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("resourceType"), str)


def _pointing(documents: list[Any]) -> list[Resource]:
    """Resources of NDJSON as if they stood in one Bundle, so that references are followed in the same way."""
    found = []
    for document in documents:
        if document["resourceType"] == "Bundle":
            found.extend(of_bundle(document))
    rest = [{"resource": d} for d in documents if d["resourceType"] != "Bundle" and of_resource(d) is not None]
    return [*found, *of_bundle({"entry": rest})]
