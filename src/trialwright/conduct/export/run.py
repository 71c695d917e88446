"""Makes exports: each format is a kind of job (`actions.jobs`), which importing this adds, and can be had at once.

Django must be set up before this is imported (`trialwright.web.setup.setup`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from trialwright.conduct.actions.jobs import KINDS, Tell
from trialwright.conduct.export import blank, casebook, dictionary, odm, odm_history
from trialwright.conduct.export.reading import scope
from trialwright.conduct.export.told import Told
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store.streams import one_moment
from trialwright.kernel.errors import InputError, UnknownName

FORMATS = ("csv", "parquet", "odm1.3", "odm2.0", "casebook")
"""What a study can be exported as; also the kinds of jobs."""
SHAPES = dictionary.SHAPES
OPTIONS = ("subject", "shape", "lang", "bom", "blank", "history")
_VERSIONS = {"odm1.3": "1.3.2", "odm2.0": "2.0"}
_ENDINGS = {"csv": "csv.zip", "parquet": "parquet.zip", "odm1.3": "odm13.xml", "odm2.0": "odm20.xml"}
STEP = 500
"""Values between two words on how far it is."""


def export(kind: str, study_id: str, asked: Mapping[str, str], by: Person, file: Path, tell: Tell) -> None:
    """Write the file. `asked`: the options, all of them texts.

    subject: one subject only. shape: both, wide, long (tables). lang: en, zh (labels, casebook). bom: "yes" for Excel.
    blank: "yes" for the empty casebook with its annotations. history: "yes" for an ODM file of every change of every
    value (FileType Transactional) in place of the data as they stand. Raises UnknownName, Refused, InputError, NoFont.
    """
    _check(kind, asked)
    shape = asked.get("shape") or "both"
    told = Told(asked.get("lang") or "en", typed=kind == "parquet")
    with one_moment():
        mine = scope(study_id, by, asked.get("subject", ""))
        tell(0, mine.total)
        count = _Counter(tell, mine.total, passes=2 if kind in ("csv", "parquet") and shape == "both" else 1)
        try:
            if kind in _VERSIONS:
                write = odm_history.write_history if asked.get("history") else odm.write_odm
                write(file, mine, count, version=_VERSIONS[kind])
            elif kind == "casebook" and asked.get("blank"):
                file.write_bytes(blank.pdf(mine.study, told))
            elif kind == "casebook":
                casebook.write_casebooks(file, mine, told, count)
            else:
                dictionary.write_tables(file, mine, told, count, shape=shape, bom=bool(asked.get("bom")))
        except OSError as error:
            raise InputError(f"The export cannot be written: {error.strerror}.") from None
    tell(count.whole, count.whole)


class _Counter:
    """Counts values; where tables of both shapes are made, all are gone over twice (`passes`)."""

    def __init__(self, tell: Tell, whole: int, *, passes: int) -> None:
        self._tell, self.whole, self._passes = tell, whole, passes
        self._done = self._said = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._done - self._said >= STEP:
            self._said = self._done
            self._tell(min(self._done // self._passes, self.whole), self.whole)


def _check(kind: str, asked: Mapping[str, str]) -> None:
    if kind not in FORMATS:
        raise UnknownName("format", kind, FORMATS)
    for option in asked:
        if option not in OPTIONS:
            raise UnknownName("option of an export", option, OPTIONS)
    if asked.get("history") and kind not in _VERSIONS:
        raise InputError(f"The format {kind} has no history of the values.", hint="Take odm1.3 or odm2.0.")
    shape = asked.get("shape") or "both"
    if shape not in SHAPES:
        raise UnknownName("shape of tables", shape, SHAPES)


def file_name(kind: str, study_id: str, asked: Mapping[str, str]) -> str:
    """What the file is called. Raises UnknownName for another format."""
    _check(kind, {})
    subject = asked.get("subject", "")
    base = "-".join(part for part in (study_id, subject) if part)
    if kind != "casebook":
        return f"{base}{'-history' if kind in _VERSIONS and asked.get('history') else ''}.{_ENDINGS[kind]}"
    if asked.get("blank"):
        return f"{study_id}-blank-casebook.pdf"
    return f"{base}-casebook.pdf" if subject else f"{study_id}-casebooks.zip"


def _job(kind: str, study_id: str, asked: Mapping[str, str], by: Person, folder: Path, tell: Tell) -> Path:
    file = folder / file_name(kind, study_id, asked)
    export(kind, study_id, asked, by, file, tell)
    return file


def register() -> None:
    """Add the formats to the kinds of jobs."""
    for kind in FORMATS:
        KINDS[kind] = partial(_job, kind)


register()
