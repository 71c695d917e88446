"""`trialwright conduct backup | restore`: everything that an installation holds, in one file, and out of it again."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.opening import DATABASE, Data, Where, opened
from trialwright.kernel.errors import InputError, IntegrityError, OutputExists

if TYPE_CHECKING:
    from trialwright.conduct.actions.archive import Archive

OVERWRITE = "Replace what is there."


def backup(
    out: Annotated[Path, typer.Option(help="File to write.")],
    database: Where = None,
    data: Data = None,
    without_key: Annotated[
        bool, typer.Option("--without-key", help="Leave out the keys; keep them safe by other means.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help=OVERWRITE)] = False,
) -> None:
    """Write a backup of all studies, accounts and keys, in one moment, while people go on working.

    Example: trialwright conduct backup data --out trial.backup
    """
    with opened(database, data, earlier=True) as itself:
        from trialwright.conduct import actions
        from trialwright.conduct.actions import archive

        if itself:
            actions.seal_all()
        keys = {} if without_key else _keys()
        made = archive.write_archive(out, keys, overwrite=overwrite)
    typer.echo(f"{out}: {made.rows} rows of {len(made.parts)} tables, {out.stat().st_size} bytes.")
    for study in made.studies:
        typer.echo(f"{study['study']}: {study['sequence']} events. Head {study['head']}.")
    typer.echo("Note the heads elsewhere: `restore` shows them again.")
    if made.keys:
        typer.echo("The file holds the private key that signs the history: keep it where nobody else reads it.")


def restore(
    file: Annotated[Path, typer.Argument(help="The file that `trialwright conduct backup` wrote.")],
    data: Annotated[Path, typer.Option(help="Data folder, for the SQLite database or for the keys. New or empty.")],
    database: Annotated[str, typer.Option(help="A postgresql:// address to restore into. Default: SQLite.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help=f"{OVERWRITE} Stop the server first.")] = False,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Restore a history that does not verify, too.")
    ] = False,
) -> None:
    """Restore a backup, on SQLite or PostgreSQL, whichever it came from. The history is verified before it counts.

    Example: trialwright conduct restore trial.backup --data data
    """
    from trialwright.web.databases import is_address, without_password

    if database and not is_address(database):
        raise InputError(
            "--database takes an address that begins with postgresql://.", hint="For SQLite name a folder with --data."
        )
    place = _place(data)
    with tempfile.TemporaryDirectory(dir=place, prefix=".restoring-") as work:
        restoring = _Restoring(file, place, Path(work), overwrite=overwrite, unverified=unverified)
        found = restoring.into_postgresql(database) if database else restoring.into_file()
    typer.echo(
        f"Restored {found.rows} rows, as they stood at {found.made}, into {without_password(database or place)}."
    )
    for study in found.studies:
        verified = "NOT verified" if study["study"] in restoring.damaged else "verified"
        typer.echo(f"{study['study']}: {verified}. {study['sequence']} events. Head {study['head']}.")
    if "conduct.key" not in found.keys and not (place / "conduct.key").exists():
        typer.echo(f"The backup holds no key. Put conduct.key into {place} before the server starts, if you have it.")


class _Restoring:
    """One restoration. `damaged`: studies whose history does not verify."""

    def __init__(self, file: Path, data: Path, work: Path, *, overwrite: bool, unverified: bool) -> None:
        self.file, self.data, self.work = file, data, work
        self.overwrite, self.unverified = overwrite, unverified
        self.damaged: set[str] = set()

    def into_file(self) -> Archive:
        """Into a new file, which then takes its place in the data folder."""
        from trialwright.web.setup import setup

        target = self.data / DATABASE
        if target.exists() and not self.overwrite:
            raise OutputExists(f"{target} exists already.", hint="Name another folder, or say --overwrite.")
        new = self.work / DATABASE
        setup(new, migrate=False)
        _settle(target)  # now, before the long work, and again when it is done
        with _closed_after():
            from django.db import connection

            found = self._load()
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _settle(target)
        self._put_keys(found.keys)
        for left in (f"{target}-wal", f"{target}-shm"):
            Path(left).unlink(missing_ok=True)
        new.replace(target)
        _to_disk(self.data)
        return found

    def into_postgresql(self, address: str) -> Archive:
        """In one transaction: either all of it is there afterwards, or nothing has changed."""
        from trialwright.web.databases import without_password
        from trialwright.web.setup import setup

        setup(address, migrate=False)
        with _closed_after():
            from django.db import transaction

            from trialwright.conduct.actions.tables import anybody_here

            if anybody_here() and not self.overwrite:
                raise OutputExists(
                    f"{without_password(address)} holds a study already.", hint="Name another, or say --overwrite."
                )
            _check_alone(without_password(address))
            with transaction.atomic():
                found = self._load(replacing=True)
                self._put_keys(found.keys)
        return found

    def _load(self, *, replacing: bool = False) -> Archive:
        from trialwright.conduct.actions import archive

        found = archive.read_archive(self.file)
        archive.load_archive(found, replacing=replacing)
        self._verify(found)
        return found

    def _verify(self, found: Archive) -> None:
        """Raises IntegrityError when a history does not verify, or is not the one that the backup lists."""
        from trialwright.conduct.worklists.verify import Anchor, verify_all

        heads = {s["study"]: Anchor(s["sequence"], s["head"], "The backup") for s in found.studies}
        for each in verify_all(heads):
            if each.verified:
                continue
            if not self.unverified:
                raise IntegrityError(
                    f"The history of {each.study} in {self.file} does not verify; nothing was restored. "
                    f"{each.problems[0]}",
                    hint="Take another backup, or say --unverified.",
                )
            self.damaged.add(each.study)

    def _put_keys(self, keys: Mapping[str, bytes]) -> None:
        """Each into a file for its owner alone; another key that lies there is put aside."""
        for name, content in keys.items():
            file, new = self.data / name, self.work / name
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(content)
            if file.exists() and file.read_bytes() != content:
                file.replace(_aside(file))
            new.replace(file)


def _keys() -> dict[str, Path]:
    """Name in the data folder -> file, of the keys of the database in use."""
    from trialwright.conduct.actions.archive import KEY_FILES
    from trialwright.conduct.actions.keyring import KEY_FILE, key_file

    key = key_file()
    known = {name: key if name == KEY_FILE else key.with_name(name) for name in KEY_FILES} if key else {}
    return {name: file for name, file in known.items() if file.is_file()}


def _place(data: Path) -> Path:
    folder = data.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"{data} cannot be the data folder ({problem.strerror}).") from None
    return folder


def _aside(file: Path) -> Path:
    numbers = (file.with_name(f"{file.name}.before-{n}") for n in range(1, 1000))
    return next(place for place in numbers if not place.exists())


@contextmanager
def _closed_after() -> Iterator[None]:
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()


def _settle(target: Path) -> None:
    """The file that is to be replaced takes its write-ahead log in, which would spoil the new one.

    Raises InputError while another program holds it: that one would go on writing into a file that is gone.
    """
    if not target.exists():
        return
    try:
        with closing(sqlite3.connect(target, timeout=2)) as old:
            old.execute("PRAGMA journal_mode = DELETE")  # which only somebody who is alone with the file can do
    except sqlite3.DatabaseError as problem:  # whatever else is wrong with it, it is to be replaced
        if problem.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise _in_use(target) from None


def _check_alone(address: str) -> None:
    """Raises InputError while others are connected to the PostgreSQL database in use."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        if cursor.fetchone() != (0,):
            raise _in_use(address)


_OTHERS = """
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


def _in_use(place: Path | str) -> InputError:
    return InputError(
        f"{place} is in use: a server or another program has it open. Nothing was restored.",
        hint="Stop it, and restore then.",
    )


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
