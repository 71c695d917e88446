"""A backup: one file with everything that an installation holds, which tells itself whether it is whole.

A zip file (so that other programs open it) with a part for each table (`tables`), lines of JSON packed with zstandard,
the keys, and `manifest.json`: the SHA-256 of each part, and the length and head of each study's log. It is read in one
moment of the database, while people go on working, and restored into either kind of database.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard
from django.db import DatabaseError, connection, transaction

from trialwright import __version__
from trialwright.conduct.actions import tables
from trialwright.conduct.actions.keyring import KEY_FILE
from trialwright.conduct.store import models as db
from trialwright.conduct.store.streams import one_moment
from trialwright.kernel.errors import InputError, OutputExists

FORMAT = "trialwright-backup/1"
MANIFEST = "manifest.json"
KEYS = "keys/"
SECRET = "secret"  # noqa: S105  # a file's name
KEY_FILES = (KEY_FILE, SECRET)
"""What stands in a data folder beside the database and goes with it; a restoration puts nothing else there."""
_LEVEL = 3
_BLOCK = 1 << 20
Tell = Callable[[str, int], None]


def _quiet(_table: str, _rows: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was found whole. `keys`: name of a file in the data folder -> its content."""

    file: Path
    made: str
    vendor: str
    applied: Mapping[str, list[str]]
    parts: list[dict[str, Any]]
    studies: list[dict[str, Any]]
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> int:
        return sum(int(part["rows"]) for part in self.parts)


def write_archive(out: Path, keys: Mapping[str, Path], *, overwrite: bool = False, tell: Tell = _quiet) -> Archive:
    """Back up the database in use. The file appears whole or not at all, readable by its owner alone.

    `keys`: name -> file, of what stands beside the database and goes with it. Raises OutputExists, InputError.
    """
    if out.exists() and not overwrite:
        raise OutputExists(f"{out} exists already.", hint="Name another file, or say --overwrite.")
    part = out.with_name(f"{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as plain:
            with zipfile.ZipFile(plain, "w") as packed:
                _write(packed, keys, tell)
            plain.flush()
            os.fsync(plain.fileno())
        part.replace(out)
    except OSError as problem:
        raise InputError(f"{out} cannot be written ({problem.strerror}).", hint="Name another file.") from None
    finally:
        part.unlink(missing_ok=True)
    return read_archive(out)


def _write(packed: zipfile.ZipFile, keys: Mapping[str, Path], tell: Tell) -> None:
    with one_moment():
        applied = tables.applied()
        held = set(connection.introspection.table_names())
        parts = []
        for table, model in tables.models_at(applied).items():
            if table in held:
                name = f"tables/{table}.ndjson.zst"
                rows, digest = _write_part(packed, name, tables.lines_of(model))
                parts.append(
                    {
                        "name": name, "table": table, "columns": tables.columns_of(model), "rows": rows,
                        "sha256": digest,
                    }
                )  # fmt: skip
                tell(table, rows)
        studies = list(db.Trial.objects.order_by("study").values("study", "version", "sequence", "sealed", "head"))
    for name, file in keys.items():
        content = file.read_bytes()
        packed.writestr(f"{KEYS}{name}", content)
        parts.append({"name": f"{KEYS}{name}", "sha256": hashlib.sha256(content).hexdigest(), "rows": 0})
    manifest = {
        "format": FORMAT, "program": __version__, "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "vendor": connection.vendor, "applied": applied, "studies": studies, "parts": parts,
    }  # fmt: skip
    packed.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _write_part(packed: zipfile.ZipFile, name: str, lines: Iterator[bytes]) -> tuple[int, str]:
    """Rows, and the SHA-256 of the packed bytes."""
    count = 0
    with packed.open(name, "w", force_zip64=True) as plain:
        hashed: Any = _Hashed(plain)
        with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(hashed, closefd=False) as out:
            for line in lines:
                out.write(line + b"\n")
                count += 1
    return count, hashed.digest.hexdigest()


class _Hashed(io.RawIOBase):
    """Passes on what is written, and hashes it."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target = target
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self.target.write(data)


def read_archive(file: Path) -> Archive:
    """Check that a backup is whole: every part is the one that the manifest lists. Raises InputError."""
    try:
        with zipfile.ZipFile(file) as packed:
            manifest = json.loads(packed.read(MANIFEST))
            _check(file, packed, manifest)
            keys = {
                name.removeprefix(KEYS): packed.read(name)
                for name in packed.namelist()
                if name.startswith(KEYS) and "/" not in name.removeprefix(KEYS)
            }
        return Archive(
            file, manifest["made"], manifest["vendor"], manifest["applied"],
            [part for part in manifest["parts"] if "table" in part], manifest["studies"], keys,
        )  # fmt: skip
    except OSError as problem:
        raise InputError(f"{file} cannot be read ({problem.strerror or 'damaged'}).") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, EOFError, NotImplementedError):
        # the last is zipfile's word for a compression that it does not know: a file of another program
        raise InputError(
            f"{file} is not a backup of Trialwright, or was cut off.", hint="Take one that `conduct backup` wrote."
        ) from None


def _check(file: Path, packed: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    if manifest["format"] != FORMAT:
        raise InputError(f"{file} is a backup in the format {manifest['format']}; this program reads {FORMAT}.")
    listed = [str(part["name"]) for part in manifest["parts"]]
    odd = [name for name in listed if name.startswith(KEYS) and name.removeprefix(KEYS) not in KEY_FILES]
    if odd:
        raise InputError(f"{file} was altered: it holds {odd[0]}, which is no key.")
    if sorted([*listed, MANIFEST]) != sorted(packed.namelist()):
        raise InputError(f"{file} was altered: it does not hold the parts that its manifest lists.")
    for part in manifest["parts"]:
        try:
            with packed.open(part["name"]) as source:
                found = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads
        except zipfile.BadZipFile:
            found = ""
        if found != part["sha256"]:
            raise InputError(f"{file} was altered or damaged: its part {part['name']} is not the one listed.")


def load_archive(archive: Archive, *, replacing: bool = False, tell: Tell = _quiet) -> None:
    """Fill the database in use, which holds nothing yet unless `replacing`, and bring its tables up to date.

    With PostgreSQL inside a transaction of the caller's, so that nothing changes when something is wrong.
    Raises InputError for an archive that a newer program made, or whose rows do not fit.
    """
    tables.check_known(archive.applied, str(archive.file))
    known = tables.models_at(archive.applied)
    columns = {table: tables.columns_of(model) for table, model in known.items()}
    if any(columns.get(part["table"]) != part["columns"] for part in archive.parts):
        raise InputError(f"{archive.file} cannot be restored: its tables are not those of its steps.")
    if replacing:
        tables.drop_all()
    tables.migrate(archive.applied)
    try:
        with transaction.atomic() if connection.vendor == "sqlite" else nullcontext():
            tables.empty(known.values())
            _load_parts(archive, known, tell)
            tables.reset_sequences(known.values())
            if connection.vendor == "postgresql":
                connection.check_constraints()
    except (ValueError, TypeError, KeyError, DatabaseError, zstandard.ZstdError):
        raise InputError(f"{archive.file} cannot be restored: its rows do not fit its tables.") from None
    tables.migrate(None)


def _load_parts(archive: Archive, known: Mapping[str, tables.Model], tell: Tell) -> None:
    with zipfile.ZipFile(archive.file) as packed:
        for part in archive.parts:
            with packed.open(part["name"]) as plain:
                count = tables.load(known[part["table"]], _lines(plain))
            if count != part["rows"]:
                raise ValueError("another number of rows")
            tell(part["table"], count)


def _lines(plain: IO[bytes]) -> Iterator[bytes]:
    with zstandard.ZstdDecompressor().stream_reader(plain, read_size=_BLOCK, closefd=False) as unpacked:
        yield from io.BufferedReader(unpacked, _BLOCK)
