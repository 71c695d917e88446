"""The whole pack: every section in order, its JSON and its PDF."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trialwright
from trialwright import __version__
from trialwright.kernel.errors import InputError
from trialwright.rehearse.validation.cases import Case, Section, skipped, total
from trialwright.rehearse.validation.trace import Traced, trace
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.rehearse.validation.bench import Bench

ORDER = (
    "installation", "operation", "roles", "states", "windows", "fields", "ranges", "required", "skips", "derived",
    "checks",
)  # fmt: skip
"""Sections of the pack; the tests of `operation` run last, for they end with a damaged copy and a restored one."""
LOCK = "requirements.lock"
FORMAT = "trialwright-validation/1"
Progress = Callable[[float, str], None]
Database = Callable[[Path | str], None]


@dataclass(frozen=True, slots=True)
class Pack:
    """`made`: the header, the one part that differs from run to run; `traced`: each part of the definition."""

    made: dict[str, str]
    study: dict[str, str]
    sections: tuple[Section, ...]
    traced: tuple[Traced, ...]

    @property
    def counts(self) -> dict[str, int]:
        return total(self.sections)

    @property
    def passed(self) -> bool:
        return self.counts["failed"] == 0

    def plain(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "made": self.made, "study": self.study, "counts": self.counts,
            "traceability": [each.plain() for each in self.traced],
            "sections": [section.plain() for section in self.sections],
        }  # fmt: skip

    def text(self) -> str:
        return json.dumps(self.plain(), ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """`at`: the time to write into the header; `address`: an empty PostgreSQL database to use, else SQLite."""

    at: dt.datetime
    lock: Path | None = None
    address: str = ""


def found_lock() -> Path | None:
    """The lock beside the sources that are at work; None where the package is installed without them."""
    root = Path(trialwright.__file__).resolve().parents[2]
    file = root / LOCK
    return file if file.is_file() and (root / "pyproject.toml").is_file() else None


def validate(study: Study, asked: Asked, *, database: Database, progress: Progress | None = None) -> Pack:
    """Run every test now. `database` makes Django ready on a database (`web.setup.setup`, which stands above).

    Raises InputError for a database that is not empty.
    """
    tell = progress or (lambda share, words: None)
    with tempfile.TemporaryDirectory() as folder:
        scratch: Path | str = asked.address or Path(folder) / "scratch.sqlite3"
        database(scratch)
        sections = _run(study, asked, (Path(folder), scratch, database), tell)
        header = _header(asked)
    return Pack(header, _identity(study), sections, trace(study, sections))


Part = tuple[str, str, str, Callable[[], Iterable[Case]]]
"""Id, phase and title of a section, and what makes its cases."""


def _run(study: Study, asked: Asked, place: tuple[Path, Path | str, Database], tell: Progress) -> tuple[Section, ...]:
    from trialwright.conduct import actions
    from trialwright.rehearse.validation.bench import Bench

    if actions.studies.studies():
        raise InputError("The database for the tests holds studies already.", hint="Name an empty one.")
    actions.forgo_durability()
    bench, found = Bench(study), {}
    parts = (*_of_study(bench, asked), *_of_system(bench, place))
    for n, (name, phase, title, run) in enumerate(parts):
        tell(n / len(parts), title)
        creep = partial(_creep, tell, title, n / len(parts), 1 / len(parts))
        found[name] = Section(name, phase, title, tuple(_counted(run(), creep)))
    tell(1.0, "Done")
    return tuple(found[name] for name in ORDER)


def _of_study(bench: Bench, asked: Asked) -> tuple[Part, ...]:
    from trialwright.rehearse.validation import forms, installation
    from trialwright.rehearse.validation.fields import fields

    return (
        ("installation", "IQ", "What is installed", partial(installation.cases, asked.lock)),
        ("windows", "PQ", "Visit windows", partial(forms.windows, bench)),
        ("fields", "PQ", "Fields", partial(fields, bench)),
        ("ranges", "PQ", "Ranges", partial(forms.ranges, bench)),
        ("required", "PQ", "Required fields", partial(forms.required, bench)),
        ("skips", "PQ", "Skip rules", partial(forms.skips, bench)),
        ("derived", "PQ", "Derived items", partial(forms.derived, bench)),
        ("checks", "PQ", "Edit checks", partial(forms.edit_checks, bench)),
    )


def _of_system(bench: Bench, place: tuple[Path, Path | str, Database]) -> tuple[Part, ...]:
    """What is tried on one form of the study, where it has such a form."""
    from trialwright.rehearse.validation import operation, powers, sheet

    folder, scratch, database = place
    form = sheet.choose(bench)

    def nothing(name: str) -> list[Case]:
        return [skipped(name, "Conduct does what it promises", "try it on a form", sheet.NONE)]

    def tried() -> Iterable[Case]:
        return operation.cases(operation.begin(bench, form, folder), database, scratch) if form else nothing("oq")

    def roles() -> Iterable[Case]:
        return powers.role_by_action(bench, form) if form else nothing("policy")

    def states() -> Iterable[Case]:
        return powers.state_by_action(bench, form) if form else nothing("state")

    return (
        ("roles", "OQ", "Every role, every action", roles),
        ("states", "OQ", "Every state, every action", states),
        ("operation", "OQ", "What conduct promises", tried),
    )


def _creep(tell: Progress, title: str, start: float, width: float, cases: int) -> None:
    """Nobody knows how many cases come: the bar comes ever nearer to the end of the part."""
    tell(start + width * (1 - 1 / (1 + cases / 100)), title)


def _counted(cases: Iterable[Case], tell: Callable[[int], None]) -> Iterator[Case]:
    for n, case in enumerate(cases, start=1):
        if n % 20 == 0:
            tell(n)
        yield case


def _identity(study: Study) -> dict[str, str]:
    from trialwright.conduct.actions.studies import definition_text
    from trialwright.conduct.rules.chain import sha256

    return {
        "study": study.id, "version": study.version, "registry_number": study.registration.identity.nct_id,
        "title": study.registration.identity.brief_title.en, "definition_sha256": sha256(definition_text(study)),
    }  # fmt: skip


def program_digest() -> str:
    """SHA-256 over the path and the content of each file of the program: a version's number alone names no text."""
    root, digest = Path(trialwright.__file__).resolve().parent, hashlib.sha256()
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{content}  {file.relative_to(root).as_posix()}\n".encode())
    return digest.hexdigest()


def _header(asked: Asked) -> dict[str, str]:
    from django.db import connection

    connection.ensure_connection()
    server = getattr(connection, "pg_version", None) or sqlite3.sqlite_version
    return {
        "at": asked.at.astimezone(dt.UTC).isoformat(timespec="seconds"), "trialwright": __version__,
        "program_sha256": program_digest(),
        "python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}",
        "database": f"{connection.vendor} {server}",
    }  # fmt: skip
