"""Writes all that follows from a snapshot into one folder, and moves that folder into place whole or not at all."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialwright import __version__
from trialwright.kernel.errors import InputError, OutputExists
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.analyse import Analysis
    from trialwright.evidence.results import Results
    from trialwright.evidence.snapshot import Snapshot

DATABASE = "conduct.sqlite3"
KEY = ".key"
RUN = "run.json"
PARTS = ("numpy", "scipy", "polars", "pydantic", "django", "pyreadstat", "lxml", "rtflite")
"""Libraries whose version could change a result."""
FIXED_DAY = "2000-01-01 00:00:00"
"""Stands for the day of installation in the database, which tells nothing about the trial."""


def check_free(out: Path, *, overwrite: bool) -> None:
    """Raise OutputExists, or InputError where there is no place for a folder."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file.", hint="Name a folder that does not exist yet.")
    if out.is_dir() and any(out.iterdir()):
        if not overwrite:
            raise OutputExists(f"{out} is not empty.", hint="Name another folder, or say --overwrite.")
        if not (out / RUN).is_file():
            raise OutputExists(
                f"{out} does not hold a rehearsal.", hint="Only a rehearsal is overwritten; name another folder."
            )


@contextmanager
def staged(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its place when the block ends well; else nothing remains."""
    check_free(out, overwrite=overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(
            f"{out} cannot be written ({error.strerror}).", hint="Name another folder with --out."
        ) from None
    try:
        made = temporary / "new"
        made.mkdir()
        yield made
        _put(made, out, temporary / "old")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put(made: Path, out: Path, aside: Path) -> None:
    """Move `made` to `out`; what was there comes back if that fails."""
    if out.exists():
        out.rename(aside)
    try:
        made.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise


def analyse_and_write(folder: Path, study: Study, snapshot: Snapshot) -> Results:
    """Snapshot, data sets, Define-XML, displays, results and report."""
    from trialwright.analyse import analyse
    from trialwright.evidence import snapshot_json

    analysis = analyse(study, snapshot)
    (folder / "snapshot.json").write_bytes(snapshot_json.dump(snapshot))
    _write_datasets(folder, study, snapshot, analysis)
    _write_report(folder, study, snapshot, analysis)
    return analysis.results


def _write_datasets(folder: Path, study: Study, snapshot: Snapshot, analysis: Analysis) -> None:
    from trialwright.formats import dataset_json, define_xml, xpt

    for name, datasets in (("sdtm", analysis.sdtm), ("adam", analysis.adam)):
        (folder / name).mkdir()
        for dataset in datasets.values():
            stem = folder / name / dataset.name.lower()
            stem.with_suffix(".xpt").write_bytes(xpt.write(dataset, created=snapshot.cut))
            stem.with_suffix(".json").write_bytes(dataset_json.write(dataset, study, created=snapshot.cut))
    everything = [*analysis.sdtm.values(), *analysis.adam.values()]
    (folder / "define.xml").write_bytes(define_xml.write(everything, study, created=snapshot.cut))


def _write_report(folder: Path, study: Study, snapshot: Snapshot, analysis: Analysis) -> None:
    """Tables, figures, results and the report, which links to everything written before it."""
    from trialwright import report

    beside = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    for path, content in report.files(study, analysis.results, snapshot, beside=[*beside, DATABASE, RUN]):
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)


def write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def copy_database(source: Path, target: Path) -> None:
    """A compact copy of the database without what depends on the day: the same trial gives the same bytes."""
    with closing(sqlite3.connect(source)) as database:
        database.execute("UPDATE django_migrations SET applied = ?", (FIXED_DAY,))
        database.commit()
        database.execute("VACUUM INTO ?", (str(target),))


def copy_key(source: Path, target: Path) -> None:
    """The key that signs the history of a database lies beside it, and goes with it."""
    key = source.with_suffix(KEY)
    if key.is_file():
        shutil.copy(key, target.with_suffix(KEY))
    else:
        target.with_suffix(KEY).unlink(missing_ok=True)


def write_run(folder: Path, study: Study, seed: int, facts: Mapping[str, Any]) -> None:
    """`run.json`: what was run with what, and the SHA-256 of every file. No clock, no path, no machine name."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    content = {
        "study": study.id,
        "definition": study.version,
        "seed": seed,
        "virtual": True,
        "versions": {
            "trialwright": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{part: version(part) for part in PARTS},
        },
        **facts,
        "files": {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }
    write_json(folder / RUN, content)
