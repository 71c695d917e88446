"""IQ: what is installed. Packages against the lock and against their own lists of files, database, triggers."""

from __future__ import annotations

import base64
import hashlib
import platform
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from trialwright.conduct.worklists.verify import broken_triggers
from trialwright.rehearse.validation.cases import Case, judged, skipped

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
_GENERATED = (".pyc", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json")


WHOLE = "none differs"
NOT_HERE = "it is not installed here: the lock names it for other systems too"


def cases(lock: Path | None) -> Iterator[Case]:
    version = platform.python_version()
    yield judged("iq.python", "Python 3.11 or later", "its version", _least(version, (3, 11)), version)
    yield from _database()
    if lock is None:
        yield skipped("iq.packages", "Packages are those of the lock", "compare", "no lock file: name it with --lock")
        return
    for name, versions in sorted(_pins(lock).items()):
        yield from _package(name, versions)


def _least(version: str, wanted: tuple[int, int]) -> str:
    """The version itself where it is not too old."""
    major, minor, _ = platform.python_version_tuple()
    return version if (int(major), int(minor)) >= wanted else f"{wanted[0]}.{wanted[1]} or later"


def _database() -> Iterator[Case]:
    kinds, vendor = ("sqlite", "postgresql"), connection.vendor
    wanted = vendor if vendor in kinds else " or ".join(kinds)
    yield judged("iq.database", "SQLite or PostgreSQL holds the data", "ask for its kind", wanted, vendor)
    plan = MigrationExecutor(connection).migration_plan(
        [key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "conduct"]
    )
    count = len(list(apps.get_app_config("conduct").get_models()))
    yield judged("iq.tables", f"All {count} tables of conduct are up to date", "steps that are missing", 0, len(plan))
    broken = ", ".join(broken_triggers()) or WHOLE
    yield judged("iq.triggers", "The triggers that keep the log append-only are there", "compare each", WHOLE, broken)


def _pins(lock: Path) -> dict[str, list[str]]:
    """Package -> its versions: a lock for several versions of Python has one for each."""
    pins: dict[str, list[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if match := _PIN.match(line):
            pins.setdefault(match[1], []).append(match[2])
    return pins


def _package(name: str, versions: list[str]) -> Iterator[Case]:
    wanted = " or ".join(versions)
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        yield skipped(f"iq.package.{name}", f"{name} {wanted}", "its version", NOT_HERE)
        return
    want = installed.version if installed.version in versions else wanted
    yield judged(f"iq.package.{name}", f"{name} {wanted} of the lock", "its version", want, installed.version)
    wrong, checked = _altered(installed)
    test, found = f"SHA-256 of {checked} files", ", ".join(wrong[:5]) or WHOLE
    yield judged(f"iq.files.{name}", f"{name}: files as they were packed", test, WHOLE, found)


def _altered(installed: Distribution) -> tuple[list[str], int]:
    """Files whose hash is not the one that the package lists, or that are missing; and how many are listed."""
    wrong, checked = [], 0
    for entry in installed.files or []:
        if entry.hash is None or entry.hash.mode != "sha256" or str(entry).endswith(_GENERATED):
            continue
        checked += 1
        try:
            with Path(str(entry.locate())).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            digest = b""
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != entry.hash.value:
            wrong.append(str(entry))
    return wrong, checked
