"""The history proves itself: sealed, signed, exported; a redaction leaves the proofs whole."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from histories import SECRET, exported, key_of, told
from kept import Kept
from typer.testing import CliRunner

from trialwright.conduct import verifier
from trialwright.conduct.rules.seal import Limits
from trialwright.conduct.rules.values import Entry
from trialwright.conduct.verifier import Frontier, PublicKey, check
from trialwright.kernel.errors import IntegrityError, Refused

# --- Sealing -----------------------------------------------------------------------------------------------------


def test_events_are_sealed_by_number_or_by_time() -> None:
    limits = Limits(events=3, wait=dt.timedelta(seconds=5))
    cases = {(0, 9): False, (1, 0): False, (1, 4): False, (1, 5): True, (3, 0): True, (2, None): False, (3, None): True}
    for (events, seconds), expected in cases.items():
        waited = None if seconds is None else dt.timedelta(seconds=seconds)
        assert limits.reached(events, waited) is expected, (events, seconds)


def test_a_deed_seals_what_has_waited_too_long(database: Kept, tiny: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Checkpoint as Row

    start = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
    actions.open_study(tiny, at=start)
    for second in (1, 2, 5, 6, 9, 11):
        at = start + dt.timedelta(seconds=second)
        actions.add_person(tiny.id, f"p{second}", "Somebody", "monitor", at=at)
    sealed = list(Row.objects.order_by("number").values_list("number", "size", "at__second"))
    assert sealed == [(1, 4, 5), (2, 7, 11)]
    assert not actions.seal(tiny.id), "nothing is left to be sealed"
    assert actions.seal_all() == 0


def test_sealing_goes_on_from_where_it_stopped_and_verifies(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Checkpoint as Row
    from trialwright.conduct.store.models import Event
    from trialwright.conduct.worklists import verify_audit

    for _ in range(3):
        desk.enrolled()
        assert actions.seal(desk.study)
    hashes = [bytes.fromhex(text) for text in Event.objects.order_by("sequence").values_list("hash", flat=True)]
    for row in Row.objects.all():
        tree = Frontier()
        for leaf in hashes[: row.size]:
            tree.append(leaf)
        assert tree.root().hex() == row.root
    assert verify_audit(desk.study).verified


def test_a_log_that_was_cut_is_not_sealed_and_goes_on(desk: Any, database: Kept) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    desk.enrolled()
    actions.seal(desk.study)
    database.edit("DELETE FROM conduct_event WHERE sequence > 10; UPDATE conduct_trial SET sequence = 10")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conduct_trial SET sealed = 0")
    with pytest.raises(IntegrityError, match="has 15 events; 10 were written"):
        actions.seal(desk.study)
    problems = verify_audit(desk.study).problems
    assert any("Checkpoint 1 seals 15 events and stands after 10" in problem for problem in problems), problems


def test_the_key_lies_beside_the_database_for_its_owner_alone(desk: Any, database: Kept) -> None:
    from trialwright.conduct.actions.keyring import signing_key

    file = database.key
    assert (file.stat().st_mode & 0o777, file.read_text().strip()) == (0o600, str(signing_key()))
    assert PublicKey.read(str(signing_key().public)) == signing_key().public


def test_a_key_that_was_spoilt_is_named(database: Kept, tiny: Any) -> None:
    from trialwright.conduct import actions

    database.key.write_text("PRIVATE+KEY+trialwright+00000000+AAAA")
    with pytest.raises(IntegrityError, match=r"conduct.key is not the key"):
        actions.open_study(tiny)


def test_a_rehearsals_key_follows_from_its_seed(
    database: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct.actions import keyring

    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        monkeypatch.setenv("TRIALWRIGHT_KEY", str(tmp_path / f"{name}.key"))
        keyring.use_rehearsal_key("tiny", seed)
        made.append(keyring.signing_key())
    assert made[0] == made[1] != made[2]
    assert made[0].salts("tiny", 3, 2) == made[1].salts("tiny", 3, 2)
    assert "rehearsal" in made[0].public.name


# --- Triggers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conduct_event SET who = 'x'", "DELETE FROM conduct_event",
        "UPDATE conduct_event SET content = '{}'", "UPDATE conduct_event SET reason = '[redacted]'",
        "UPDATE conduct_event SET content = replace(content, 'weight', '[redacted]')",
        "UPDATE conduct_checkpoint SET size = 1", "DELETE FROM conduct_checkpoint",
        "UPDATE conduct_access SET who = 'x'", "DELETE FROM conduct_access",
    ],
)  # fmt: skip
def test_the_history_refuses_to_be_changed(desk: Any, statement: str) -> None:
    from trialwright.conduct import actions

    desk.enrolled()
    actions.seal(desk.study)
    actions.note_access(desk.study, "audit", desk.auditor)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_after_a_redaction_nothing_else_may_be_changed(desk: Any) -> None:
    from trialwright.conduct import actions

    subject = told(desk)
    actions.redact_value(desk.study, subject, "vitals", "weight", **SECRET, by=desk.data_manager, at=desk.at)
    for statement in (
        "UPDATE conduct_event SET content = replace(content, '60', '62')",
        "UPDATE conduct_event SET content = content, who = 'x' WHERE content LIKE '%redacted%'",
        "UPDATE conduct_event SET reason = '[redacted]' WHERE reason <> ''",
    ):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


# --- Redaction ---------------------------------------------------------------------------------------------------


def test_a_value_typed_by_mistake_leaves_a_tombstone_and_whole_proofs(
    desk: Any, database: Kept, tmp_path: Path
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Value
    from trialwright.conduct.worklists import verify_audit

    subject = told(desk, weight="73.75")
    before = exported(desk, tmp_path)
    done = actions.redact_value(
        desk.study, subject, "vitals", "weight", sequence=14, **SECRET, by=desk.data_manager, at=desk.at
    )
    assert "73.75" not in Value.objects.get(item="weight").value
    assert verify_audit(desk.study).problems == ()
    after = exported(desk, tmp_path)
    report = check([after])
    assert report.problems == []
    assert (b'"73.75"' in before, b'"73.75"' in after) == (True, False)
    assert len(done.events) == 2, "the save that brought the value, and the one that took it away"
    note = json.loads([line for line in before.splitlines() if line.startswith(b'{"checkpoint"')][-1])["checkpoint"]
    known, _ = verifier.read_note(note)
    assert check([after], [key_of(before)], [known]).problems == [], "an older checkpoint vouches for it still"


def test_the_value_that_stands_now_is_emptied(desk: Any, database: Kept) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Form, Value
    from trialwright.conduct.worklists import verify_audit

    subject = told(desk)
    seen = Form.objects.get(form="vitals").version
    actions.redact_value(desk.study, subject, "vitals", "weight", **SECRET, by=desk.data_manager, at=desk.at)
    held = Value.objects.get(item="weight")
    assert (held.value, held.null_reason) == ("", "redacted")
    assert Form.objects.get(form="vitals").version == seen + 1, "whoever has the form open is told"
    assert verify_audit(desk.study).problems == ()
    actions.save_form(
        desk.study, subject, "vitals", [Entry("weight", "62")], visit="screening", reason="asked again",
        by=desk.investigator, at=desk.at,
    )  # fmt: skip
    assert verify_audit(desk.study).problems == ()


def test_words_of_a_query_and_a_reason_are_redacted_too(desk: Any, database: Kept, tmp_path: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event, Query
    from trialwright.conduct.worklists import audit_trail, verify_audit

    subject = told(desk)
    number = Query.objects.latest("number").number
    do: dict[str, Any] = {"reason": "typed by mistake", "by": desk.data_manager, "at": desk.at}
    first = actions.redact_words(desk.study, subject, "query", (number,), **do)
    assert first.elsewhere == ()
    sequence = Event.objects.get(reason__contains="Muster").sequence
    actions.redact_reason(desk.study, sequence, **do)
    if database.vendor == "sqlite":
        assert b"Muster" not in b"".join(file.read_bytes() for file in database.folder.glob("conduct.sqlite3*"))
    assert verify_audit(desk.study).problems == ()
    assert check([exported(desk, tmp_path)]).problems == []
    lines = audit_trail(desk.study, desk.auditor).lines
    assert any(change.new == "[redacted]" for line in lines for change in line.changes)
    assert any(line.reason == "[redacted]" for line in lines)
    with pytest.raises(Refused, match="no reason that could be redacted"):
        actions.redact_reason(desk.study, sequence, **do)


def test_a_second_redaction_of_the_same_event_leaves_the_first(desk: Any, tmp_path: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    subject = told(desk, weight="73.75")
    do: dict[str, Any] = {**SECRET, "by": desk.data_manager, "at": desk.at}
    actions.redact_value(desk.study, subject, "vitals", "weight", sequence=14, **do)
    actions.redact_value(desk.study, subject, "vitals", "weight", **do)
    actions.redact_reason(desk.study, 15, reason="typed by mistake", by=desk.data_manager, at=desk.at)
    assert verify_audit(desk.study).problems == ()
    assert check([exported(desk, tmp_path)]).problems == []


def test_who_may_not_redact_and_what_cannot_be(desk: Any) -> None:
    from trialwright.conduct import actions

    subject = told(desk)
    where: dict[str, Any] = {"visit": "screening", "at": desk.at}
    with pytest.raises(Refused, match="may not redact"):
        actions.redact_value(desk.study, subject, "vitals", "weight", reason="x", by=desk.investigator, **where)
    with pytest.raises(Refused, match="needs a reason"):
        actions.redact_value(desk.study, subject, "vitals", "weight", reason=" ", by=desk.data_manager, **where)
    with pytest.raises(Refused, match="brought nothing into this field"):
        actions.redact_value(
            desk.study, subject, "vitals", "weight", sequence=3, reason="x", by=desk.data_manager, **where
        )
    actions.redact_value(desk.study, subject, "vitals", "weight", reason="x", by=desk.data_manager, **where)
    with pytest.raises(Refused, match="nothing in this field"):
        actions.redact_value(desk.study, subject, "vitals", "weight", reason="x", by=desk.data_manager, **where)


# --- The commands ------------------------------------------------------------------------------------------------


def test_an_export_is_verified_by_the_one_file_alone(desk: Any, database: Kept, tmp_path: Path) -> None:
    from trialwright.cli.conduct import app

    told(desk)
    out = tmp_path / "history.ndjson.gz"
    made = CliRunner().invoke(app, ["history", desk.study, "--database", str(database), "--out", str(out)])
    assert made.exit_code == 0, made.output
    file = tmp_path / "elsewhere" / "check.py"
    file.parent.mkdir()
    file.write_bytes(Path(verifier.__file__).read_bytes())
    shown = CliRunner().invoke(app, ["key", str(database)])
    key = shown.output.splitlines()[0].rpartition(" ")[2]
    (tmp_path / "kept").write_text(made.output.partition("\n\n")[2].rstrip("\n") + "\n", encoding="utf-8")
    alone = [sys.executable, "-I", str(file), str(out), "--key", key, "--checkpoint", str(tmp_path / "kept")]
    good = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (good.returncode, "verified. Every event is the one" in good.stdout) == (0, True), good.stderr + good.stdout
    out.write_bytes(gzip.compress(gzip.decompress(out.read_bytes()).replace(b'"61"', b'"62"')))
    bad = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "Event 15 (save_form) was edited: what it changed is not what was logged." in bad.stdout


def test_the_command_says_what_is_wrong_with_a_file(
    desk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / "export"
    for content, code, says in (
        (b"", 2, "not the exported history of a study"),
        (b'{"format":"something"}\n', 2, "not the exported history of a study"),
        (b'{"format":"trialwright-history/9","keys":[],"study":"x"}\n', 2, "in the format trialwright-history/1"),
        (gzip.compress(exported(desk, tmp_path))[:900], 1, "cut off"),
    ):
        export.write_bytes(content)
        assert verifier.main([str(export)]) == code
        out = capsys.readouterr()
        assert says in out.out + out.err
    assert verifier.main([str(tmp_path / "none")]) == 2
    assert verifier.main([str(export), "--key", "nonsense"]) == 2
    assert verifier.main([str(export), "--checkpoint", str(export)]) == 2
    assert "Traceback" not in capsys.readouterr().err


# --- Who read what -----------------------------------------------------------------------------------------------


def test_reading_is_logged_beside_the_history(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions.ledger import Place
    from trialwright.conduct.store.models import Access, Event

    subject, events = desk.screened(), Event.objects.count
    before = events()
    actions.note_access(desk.study, "casebook", desk.monitor, Place("01", subject), detail="a=1")
    row = Access.objects.get()
    assert (row.who, row.roles, row.what, row.subject, row.detail) == ("monitor", "monitor", "casebook", subject, "a=1")
    assert events() == before
