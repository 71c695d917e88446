"""Backup and restore: everything comes back, on either kind of database, or nothing changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kept import VENDORS, Kept
from postgresql import dropped, emptied
from typer.testing import CliRunner

from trialwright.cli.conduct import app
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import InputError, IntegrityError, OutputExists


def run(*words: str) -> str:
    """What the command says. Its error is raised."""
    answer = CliRunner().invoke(app, list(words))
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.output


def contents() -> dict[str, list[bytes]]:
    """Every row of every table that is worth keeping, of the database in use."""
    from trialwright.conduct.actions import tables

    return {name: list(tables.lines_of(model)) for name, model in tables.models_at(tables.applied()).items()
            if name.startswith("conduct_")}  # fmt: skip


@pytest.fixture
def busy(desk: Any) -> Any:
    """A trial with some of everything: changes, a query, an attachment, an entry of the access log."""
    from trialwright.conduct import actions
    from trialwright.conduct.store import models as db

    subject = desk.enrolled()
    save: dict[str, Any] = {"visit": "screening", "by": desk.investigator, "at": desk.at}
    odd = Entry("weight", "160.50", low=30.1, high=150.5)
    actions.save_form(desk.study, subject, "vitals", [odd], reason="again", **save)
    actions.seal(desk.study)
    actions.note_access(desk.study, "audit", desk.auditor, detail="名字 'x' \\ \t \n")
    content = b"\x00\xff\n"
    digest = hashlib.sha256(content).hexdigest()
    db.Attachment.objects.create(trial_id=desk.study, sha256=digest, size=3, content=content, by="x", at=desk.at)
    return desk


def copy_of(made: Kept, folder: Path) -> Path:
    out = folder / "trial.backup"
    run("backup", made.place, "--data", str(made.folder), "--out", str(out))
    return out


def test_a_backup_comes_back_whole_on_the_other_kind_of_database(
    busy: Any, database: Kept, tmp_path: Path, postgresql_url: str
) -> None:
    target = next(vendor for vendor in VENDORS if vendor != database.vendor)
    before = contents()
    file = copy_of(database, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    data, address = tmp_path / "restored", emptied(postgresql_url) if target == "postgresql" else ""
    said = run("restore", str(file), "--data", str(data), *(["--database", address] if address else []))
    assert "tiny: verified" in said
    assert (data / "conduct.key").read_bytes() == database.key.read_bytes()
    assert not list(data.glob(".restoring*"))
    restored = Kept(target, address or str(data / "conduct.sqlite3"), data)
    restored.open()
    assert contents() == before
    assert "verified." in run("verify-audit", restored.place)
    restored.open()
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    assert actions.register_subject(busy.study, "01", by=busy.investigator, at=busy.at) == "01-002", "and work goes on"
    assert verify_audit(busy.study).verified
    if address:
        database.open()
        dropped(address)


def test_nothing_is_overwritten_unless_asked_for(busy: Any, database: Kept, tmp_path: Path) -> None:
    file = copy_of(database, tmp_path)
    with pytest.raises(OutputExists, match="exists already"):
        copy_of(database, tmp_path)
    onto = ["--database", database.place] if database.vendor == "postgresql" else []
    with pytest.raises(OutputExists):
        run("restore", str(file), "--data", str(database.folder), *onto)
    database.open()
    before = contents()
    database.edit("UPDATE conduct_value SET value = '99' WHERE item = 'weight'")
    run("restore", str(file), "--data", str(database.folder), *onto, "--overwrite")
    database.open()
    assert contents() == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_history_that_does_not_verify_is_restored_only_when_asked_to(
    busy: Any, database: Kept, tmp_path: Path
) -> None:
    database.edit("UPDATE conduct_value SET value = '99' WHERE item = 'weight'")
    file, data = tmp_path / "x.backup", tmp_path / "restored"
    run("backup", database.place, "--out", str(file), "--without-key")
    assert not [name for name in zipfile.ZipFile(file).namelist() if "key" in name]
    with pytest.raises(IntegrityError, match=r"nothing was restored\. The value 01-001 .* was edited"):
        run("restore", str(file), "--data", str(data))
    assert list(data.iterdir()) == []
    said = run("restore", str(file), "--data", str(data), "--unverified")
    assert "tiny: NOT verified" in said
    assert "The backup holds no key" in said


def altered(file: Path, change: str) -> None:
    """Spoil a backup."""
    if change == "cut":
        file.write_bytes(file.read_bytes()[:-300])
        return
    if change == "noise":
        with zipfile.ZipFile(file) as packed:
            start = packed.getinfo("tables/conduct_event.ndjson.zst").header_offset
        data = bytearray(file.read_bytes())
        data[start + 200] ^= 1
        file.write_bytes(data)
        return
    old = file.with_suffix(".old")
    shutil.move(file, old)
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = manifest_with(json.loads(content), change)
            if not (change == "a part gone" and "conduct_event" in name):
                target.writestr(name, content)
        if change == "another database as a key":
            target.writestr("keys/conduct.sqlite3", b"")
    old.unlink()


def manifest_with(manifest: dict[str, Any], change: str) -> bytes:
    part = next(part for part in manifest["parts"] if part.get("table") == "conduct_value")
    if change == "newer":
        manifest["applied"]["conduct"].append("0999_future")
    elif change == "another format":
        manifest["format"] = "trialwright-backup/9"
    elif change == "fewer rows":
        part["rows"] -= 1
    elif change == "other columns":
        part["columns"][-1] = "x"
    elif change == "another head":
        manifest["studies"][0]["head"] = "f" * 64
    elif change == "another database as a key":
        digest = hashlib.sha256(b"").hexdigest()
        manifest["parts"].append({"name": "keys/conduct.sqlite3", "sha256": digest, "rows": 0})
    elif change == "no manifest":
        return b"[]"
    return json.dumps(manifest).encode()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_spoilt_backup_is_one_sentence_and_changes_nothing(busy: Any, database: Kept, tmp_path: Path) -> None:
    whole = copy_of(database, tmp_path)
    says = {
        "cut": "is not a backup of Trialwright, or was cut off",
        "noise": "was altered or damaged: its part tables/conduct_event.ndjson.zst is not the one listed",
        "a part gone": "it does not hold the parts that its manifest lists",
        "newer": "made by a newer Trialwright: this one does not know the step conduct 0999_future",
        "another format": "in the format trialwright-backup/9",
        "other columns": "its tables are not those of its steps",
        "another head": "The backup remembers the head ffffffffffffffff",
        "another database as a key": "holds keys/conduct.sqlite3, which is no key",
        "no manifest": "is not a backup",
    }
    for change, sentence in says.items():
        spoilt, data = tmp_path / "spoilt.backup", tmp_path / "data"
        shutil.copy(whole, spoilt)
        altered(spoilt, change)
        with pytest.raises((InputError, IntegrityError), match=sentence) as told:
            run("restore", str(spoilt), "--data", str(data))
        assert "\n" not in str(told.value)
        assert list(data.iterdir()) == [], change
    with pytest.raises(InputError, match="cannot be read"):
        run("restore", str(tmp_path / "none"), "--data", str(tmp_path / "data"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_restore_that_fails_leaves_postgresql_as_it_was(busy: Any, database: Kept, tmp_path: Path) -> None:
    before = contents()
    file = copy_of(database, tmp_path)
    altered(file, "fewer rows")
    with pytest.raises(InputError, match="do not fit"):
        run("restore", str(file), "--data", str(tmp_path), "--database", database.place, "--overwrite")
    database.open()
    assert contents() == before
    assert "verified." in run("verify-audit", database.place)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_backup_that_cannot_be_written_leaves_nothing(busy: Any, database: Kept, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        run("backup", database.place, "--out", str(tmp_path / "no" / "x.backup"))
    (tmp_path / "x.backup").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        run("backup", database.place, "--out", str(tmp_path / "x.backup"), "--overwrite")
    assert not list(tmp_path.glob("*.part"))


def test_what_a_server_holds_is_not_overwritten(busy: Any, database: Kept, tmp_path: Path) -> None:
    """It would go on writing into a file that is gone, or find other tables under its hands."""
    file = copy_of(database, tmp_path)
    onto = ["--database", database.place] if database.vendor == "postgresql" else []
    words = ["restore", str(file), "--data", str(database.folder), *onto, "--overwrite"]
    database.open()
    before = contents()
    server = psycopg.connect(database.place) if onto else sqlite3.connect(database.place)
    with closing(server):
        server.execute("SELECT COUNT(*) FROM conduct_event").fetchone()
        server.commit()
        with pytest.raises(InputError, match=r"is in use.*Nothing was restored\."):
            run(*words)
        database.open()
        assert contents() == before
    database.settle()
    assert "tiny: verified" in run(*words)


def test_a_database_of_another_version_is_told_as_such(busy: Any, database: Kept, tmp_path: Path) -> None:
    """Neither as damaged, nor by a table that is missing."""
    from trialwright.web.setup import setup

    asking = (["verify-audit", database.place], ["key", database.place, "--data", str(database.folder)])
    database.run("INSERT INTO django_migrations (app, name, applied) VALUES ('conduct', '0999_x', CURRENT_TIMESTAMP)")
    for words in asking:
        with pytest.raises(InputError, match=r"made by a newer Trialwright.* does not know the step conduct 0999_x"):
            run(*words)
    with pytest.raises(InputError, match="made by a newer Trialwright"):
        setup(database.place)
    database.run("DELETE FROM django_migrations WHERE app = 'conduct' AND name IN ('0999_x', '0004_retold')")
    for words in asking:
        with pytest.raises(
            InputError, match="made by an earlier version of Trialwright: it lacks the step 0004_retold"
        ):
            run(*words)
    assert "rows of" in run(
        "backup", database.place, "--data", str(database.folder), "--out", str(tmp_path / "old.backup")
    )
    database.open()
