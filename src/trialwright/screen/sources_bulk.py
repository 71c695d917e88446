"""FHIR Bulk Data: NDJSON files of resources, one kind to a file, joined to patients by their references."""

from __future__ import annotations

import datetime as dt
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from trialwright.evidence.patient import Patient
from trialwright.formats.fhir import Resource, coded, of_resource, patient_id
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen.facts_text import LARGEST, decoded, open_binary, parse, unreadable
from trialwright.screen.fhir_mapping import CodeBook
from trialwright.screen.intake import IntakeReport
from trialwright.screen.intake_bundle import code_shown, patient_of_resources, speaks_of_an_item
from trialwright.screen.values import first_day
from trialwright.study.definition import Study

Read = tuple[Patient, IntakeReport]


@dataclass(slots=True)
class _Person:
    """What is kept of one patient: the statements with an item of the study, and the last clinical day of any."""

    resources: list[Resource] = field(default_factory=list)
    last: dt.date | None = None


def is_bulk(path: Path) -> bool:
    """Whether a file of lines holds resources: its first line is one."""
    for _, line in lines_of(path):
        return isinstance(line, str) and '"resourceType"' in line
    return False


def lines_of(path: Path) -> Iterator[tuple[int, str | UserError]]:
    """(line number, its text or what is wrong with it); empty lines are passed over. Never more than one at hand."""
    try:
        with open_binary(path) as file:
            number = 0
            while raw := file.readline(LARGEST + 1):
                number += 1
                if len(raw) > LARGEST:
                    while raw and not raw.endswith(b"\n"):
                        raw = file.readline(LARGEST)
                    yield (
                        number,
                        InputError(f"The line is longer than {LARGEST // 2**20} MiB.", where=f"{path.name}:{number}"),
                    )
                elif raw.strip():
                    yield number, _decoded(raw, f"{path.name}:{number}")
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None


def _decoded(raw: bytes, where: str) -> str | UserError:
    try:
        return decoded(raw, where)
    except UserError as error:
        return error


class Bulk:
    """Resources of several files joined to patients. Statements without an item are counted and not kept.

    `unmapped`: code -> how often; `others`: how many statements these are. Both grow while patients are read.
    """

    def __init__(self, study: Study, book: CodeBook, as_of: dt.date | None, today: dt.date | None) -> None:
        self._study, self._book, self._as_of, self._today = study, book, as_of, today
        self._people: dict[str, _Person] = {}
        self._medicines: dict[str, Resource] = {}
        self.unmapped: Counter[str] = Counter()
        self.others = 0

    def patients(self, files: list[Path]) -> Iterator[tuple[str, str, Read | UserError]]:
        """(patient id, where, patient or why not). Lines that cannot be read come first, without an id."""
        for file in sorted(files, key=lambda f: (not f.name.startswith("Medication."), f.name)):
            for number, line in lines_of(file):
                try:
                    if isinstance(line, UserError):
                        raise line
                    self._file(of_resource(parse(line, file.name, number - 1)))
                except UserError as error:
                    yield "", f"{file.name}:{number}", error
        for subject, person in self._people.items():
            yield subject, subject, self._patient(subject, person)

    def _file(self, found: Resource | None) -> None:
        """Put a resource with its patient."""
        if found is None:
            return
        if found.kind == "Medication":
            self._medicines[found.id] = found
            return
        found = coded(found, self._medicines)
        subject = found.id if found.kind == "Patient" else patient_id(found.subject)
        if subject:
            person = self._people.setdefault(subject, _Person())
            self._date(person, found)
            if found.kind == "Patient" or speaks_of_an_item(found, self._book):
                person.resources.append(replace(found, subject="" if found.kind == "Patient" else subject))
            else:
                self.unmapped[code_shown(found)] += 1
                self.others += 1

    def _date(self, person: _Person, found: Resource) -> None:
        day = first_day(found.start) if found.kind != "Patient" else None
        if day is not None and (self._today is None or day <= self._today):
            person.last = max(day, person.last or day)

    def _patient(self, subject: str, person: _Person) -> Read | UserError:
        if not any(r.kind == "Patient" for r in person.resources):
            return InputError("There is no Patient of this id.", where=subject)
        as_of = self._as_of or person.last
        try:
            return patient_of_resources(
                person.resources, self._study, book=self._book, as_of=as_of, today=self._today, where=subject
            )
        except UserError as error:
            return error
