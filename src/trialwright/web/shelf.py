"""The studies that this server shows, and the results that were posted for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from trialwright.kernel.errors import InputError, UnknownName
from trialwright.report.section import VIRTUAL
from trialwright.study.definition import Study
from trialwright.study.load import built_in_studies, load_study


@cache
def studies() -> dict[str, Study]:
    """Every study by its id: the built-in ones, then the folders that the settings name."""
    folders: list[Path] = settings.TRIALWRIGHT_STUDIES
    found = [*map(load_study, built_in_studies()), *map(load_study, folders)]
    return {study.id: study for study in found}


def find(name: str) -> Study | None:
    """The study with this id or registry number, in any case; None where no definition is known."""
    key = name.lower()
    return next((s for s in studies().values() if key in (s.id, s.registration.identity.nct_id.lower())), None)


def study(name: str) -> Study:
    """The study with this id or registry number, in any case. Raises UnknownName."""
    found = find(name)
    if found is None:
        raise UnknownName("study", name, [s.registration.identity.nct_id for s in studies().values()])
    return found


@dataclass(frozen=True, slots=True)
class Posted:
    """A results section of the registry, without the words that mark a rehearsal; `virtual` says those were there."""

    section: Mapping[str, Any]
    virtual: bool


def results(wanted: Study) -> Posted | None:
    """The results posted for a study; None while there are none.

    The setting names one record, or a folder with `results.json` or `NCT.../results.json`.
    """
    if not settings.TRIALWRIGHT_RESULTS:
        return None
    place, nct = Path(settings.TRIALWRIGHT_RESULTS), wanted.registration.identity.nct_id
    files = (place / "results.json", place / nct / "results.json") if place.is_dir() else (place,)
    found = next((file for file in files if file.is_file()), None)
    return _read(found, found.stat().st_mtime_ns).get(nct) if found else None


@cache
def _read(file: Path, _changed: int) -> dict[str, Posted]:
    """The results in a record file, by the NCT number that they are for."""
    text = file.read_text(encoding="utf-8")
    try:
        record = json.loads(text.replace(VIRTUAL, ""))
    except ValueError as error:
        raise InputError(f"The record with results cannot be read: {error}.", where=file.name) from None
    if not isinstance(record, dict):
        raise InputError("The record with results is not a JSON object.", where=file.name)
    section = record.get("resultsSection")
    nct = record.get("protocolSection", {}).get("identificationModule", {}).get("nctId", "")
    return {nct: Posted(section, VIRTUAL in text)} if isinstance(section, dict) else {}
