"""The audit is verified against the tables: whatever is changed behind its back is found and named."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from kept import Kept
from typer.testing import CliRunner

from trialwright.conduct.rules.values import Entry

EDITS = {
    "a value edited": (
        "UPDATE conduct_value SET value = '99' WHERE item = 'weight'",
        "The value 01-001 screening vitals body 1 weight was edited: value is '99', by the log it is '60'.",
    ),
    "a value deleted": (
        "DELETE FROM conduct_value WHERE item = 'weight'",
        "The value 01-001 screening vitals body 1 weight was deleted: the log has it, the table has not.",
    ),
    "a value inserted": (
        ('INSERT INTO conduct_value (form_id, "group", row, item, value, unit, null_reason, "when", signed_by)'
        " SELECT form_id, \"group\", row, 'height', '170', 'cm', '', '', '' FROM conduct_value WHERE item = 'weight'"),
        "The value 01-001 screening vitals body 1 height was inserted: the table has it, the log has not.",
    ),
    "a state edited": (
        "UPDATE conduct_subject SET state = 'completed'",
        "The subject 01-001 was edited: state is 'completed', by the log it is 'enrolled'.",
    ),
    "a signature forged": (
        "UPDATE conduct_value SET signed_by = 'coordinator' WHERE item = 'unfit'",
        ("The value 01-001 screening person who 1 unfit was edited: signed_by is 'coordinator',"
        " by the log it is 'investigator'."),
    ),
    "a place taken back": (
        "UPDATE conduct_trial SET enrolled = 0",
        "The study tiny was edited: enrolled is 0, by the log it is 1.",
    ),
    "a role given": (
        "UPDATE conduct_member SET role = 'investigator' WHERE role = 'sponsor'",
        "The member sponsor investigator was inserted: the table has it, the log has not.",
    ),
    "the definition edited": (
        "UPDATE conduct_version SET definition = replace(definition, '400', '900')",
        "The definition of version 1.0 was edited: its hash does not fit.",
    ),
    "an event edited": (
        "UPDATE conduct_event SET who = 'somebody' WHERE action = 'enrol'",
        "(enrol) was edited: its hash does not fit.",
    ),
    "an event deleted": ("DELETE FROM conduct_event WHERE sequence = 12", "Event 12 is missing: event 13 follows 11."),
    "the last event deleted": (
        "DELETE FROM conduct_event WHERE action = 'enrol'",
        "The log ends at event 14; 15 events were written.",
    ),
    "two events swapped": (
        ("UPDATE conduct_event SET sequence = CASE sequence WHEN 12 THEN 1013 WHEN 13 THEN 1012 ELSE sequence END;"
        "UPDATE conduct_event SET sequence = sequence % 1000"),
        "Event 12 does not follow on the event before it.",
    ),
    "the log emptied": (
        "DELETE FROM conduct_event",
        "The subject 01-001 was inserted: the table has it, the log has not.",
    ),
    "the log emptied and its length with it": (
        "DELETE FROM conduct_event; UPDATE conduct_trial SET sequence = 0, head = ''",
        "The log is empty, but the tables hold rows.",
    ),
    "the length forgotten": (
        "UPDATE conduct_trial SET sequence = 14",
        "The log ends at event 15; 14 events were written.",
    ),
    "the head forgotten": (
        "UPDATE conduct_trial SET head = 'x'",
        "The last event (15) is not the one that was written.",
    ),
    "an event copied": (
        ("INSERT INTO conduct_event (sequence, at, local, zone, who, role, action, site, subject, visit, form, reason,"
        " content, version, previous, hash, trial_id) SELECT 16, at, local, zone, who, role, action, site, subject,"
        " visit, form, reason, content, version, previous, hash, trial_id FROM conduct_event WHERE sequence = 15"),
        "Event 16 (enrol) was edited: its hash does not fit.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
def test_whatever_is_changed_behind_its_back_is_found(desk: Any, database: Kept, kind: str) -> None:
    from trialwright.conduct.worklists import verify_audit

    desk.enrolled()
    assert verify_audit(desk.study).problems == ()
    script, says = EDITS[kind]
    database.edit(script)
    problems = verify_audit(desk.study).problems
    assert any(says in problem for problem in problems), problems


def test_an_event_edited_with_its_hash_breaks_the_chain(desk: Any, database: Kept) -> None:
    from trialwright.conduct.rules.chain import event_hash
    from trialwright.conduct.store.models import Event
    from trialwright.conduct.worklists import verify_audit
    from trialwright.conduct.worklists.history import COLUMNS

    desk.enrolled()
    event = Event.objects.get(sequence=12)
    columns = {name: getattr(event, name) for name in COLUMNS} | {"study": desk.study, "who": "somebody"}
    database.edit(f"UPDATE conduct_event SET who = 'somebody', hash = '{event_hash(columns)}' WHERE sequence = 12")
    assert verify_audit(desk.study).problems == ("Event 13 does not follow on the event before it.",)


def forge(study: str, database: Kept) -> None:
    """Edit one event and make the whole chain and its head anew, as somebody with the program's source could."""
    from trialwright.conduct.rules.chain import event_hash
    from trialwright.conduct.store.models import Event
    from trialwright.conduct.worklists.history import COLUMNS

    script, last = "", ""
    for event in Event.objects.order_by("sequence"):
        fields = {name: getattr(event, name) for name in COLUMNS} | {"study": study, "previous": last}
        if event.sequence == 12:
            fields["who"] = "somebody"
        before, last = last, event_hash(fields)
        script += (
            f"UPDATE conduct_event SET who = '{fields['who']}', previous = '{before}', hash = '{last}'"
            f" WHERE sequence = {event.sequence};"
        )
    database.edit(f"{script} UPDATE conduct_trial SET head = '{last}'")


def run_json(study: str, database: Kept) -> None:
    """What a rehearsal writes beside its database."""
    from trialwright.conduct.worklists import verify_audit

    found = verify_audit(study)
    audit = {"events": found.events, "head": found.head}
    (database.folder / "run.json").write_text(json.dumps({"study": study, "audit": audit}))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_chain_forged_as_a_whole_is_found_by_the_head_remembered_beside_it(desk: Any, database: Kept) -> None:
    from trialwright.cli.conduct import app

    desk.enrolled()
    run_json(desk.study, database)
    run = CliRunner().invoke
    good = run(app, ["verify-audit", str(database.folder)])
    assert (good.exit_code, "Compared with the event count, the head" in good.output) == (0, True)
    assert run(app, ["verify-audit", str(database.folder)]).exit_code == 0, "verifying leaves the file as it was"
    database.open()
    forge(desk.study, database)
    bad = run(app, ["verify-audit", str(database.folder)])
    assert (bad.exit_code, "run.json remembers the head" in bad.output) == (1, True)
    (database.folder / "run.json").unlink()
    alone = run(app, ["verify-audit", str(database.folder)])
    assert (alone.exit_code, "No outside anchor" in alone.output) == (0, True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_is_not_the_one_listed_is_found(desk: Any, database: Kept) -> None:
    from trialwright.cli.conduct import app

    run_json(desk.study, database)
    file = database.folder / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "files": {database.file.name: "0" * 64}}))
    answer = CliRunner().invoke(app, ["verify-audit", str(database.folder)])
    assert (answer.exit_code, "is not the file that run.json lists" in answer.output) == (1, True)


def test_a_log_without_its_guards_or_its_study_does_not_verify(desk: Any, database: Kept) -> None:
    from trialwright.conduct.worklists import verify_all, verify_audit

    on = " ON conduct_event" if database.vendor == "postgresql" else ""
    database.run(f"DROP TRIGGER event_no_delete{on}")
    says = "The trigger event_no_delete, which keeps the log append-only, is missing or was changed."
    assert verify_audit(desk.study).problems == (says,)
    database.edit("DELETE FROM conduct_trial")
    (found,) = verify_all()
    assert "was deleted: its row is missing" in found.problems[0]


def test_a_history_with_changes_removals_and_queries_verifies(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened(weight="160")
    save: dict[str, Any] = {"visit": "screening", "reason": "x", "by": desk.investigator, "at": desk.at}
    for typed in ("60.0", "", "70"):
        limits = {"low": 30, "high": 150.5} if typed else {}
        actions.save_form(desk.study, subject, "vitals", [Entry("weight", typed, **limits)], **save)
    found = verify_audit(desk.study)
    assert found.verified
    assert found.events == 17


@pytest.mark.parametrize("at_once", [1, 40])
def test_a_few_subjects_at_a_time_find_what_all_at_once_find(
    desk: Any, database: Kept, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Also where an event was moved to another subject than the one whose rows it changed."""
    from trialwright.conduct.worklists import replaying, verify_audit

    desk.enrolled()
    second = desk.screened()
    moved = f"UPDATE conduct_event SET subject = '{second}' WHERE action = 'save_form' AND subject = '01-001'"
    database.edit(f"{EDITS['a value edited'][0]}; DELETE FROM conduct_event WHERE action = 'enrol'; {moved}")
    whole = verify_audit(desk.study).problems
    monkeypatch.setattr(replaying, "AT_ONCE", at_once)
    assert verify_audit(desk.study).problems == whole
    edited = [f"The value {subject} screening vitals body 1 weight was edited" for subject in ("01-001", second)]
    assert [says for says in edited if any(problem.startswith(says) for problem in whole)] == edited
    assert any(problem.startswith("The subject 01-001 was edited: state is 'enrolled'") for problem in whole)
    assert not any("height" in problem or "deleted: the log" in problem for problem in whole)


def test_a_log_that_contradicts_itself_is_named_at_its_first_event(desk: Any, database: Kept) -> None:
    from trialwright.conduct.worklists import verify_audit

    desk.enrolled()
    desk.screened()
    database.edit("DELETE FROM conduct_event WHERE action = 'register_subject'")
    found = [problem for problem in verify_audit(desk.study).problems if "contradicts itself" in problem]
    assert len(found) == 1
    assert "01-001 is changed before it was made" in found[0]


def test_the_command_answers_with_words_json_and_exit_codes(desk: Any, database: Kept, tmp_path: Path) -> None:
    from trialwright.cli.conduct import app

    desk.enrolled()
    run = CliRunner().invoke
    good = run(app, ["verify-audit", str(database)])
    assert (good.exit_code, "verified. 15 events" in good.output) == (0, True)
    database.edit(EDITS["a value edited"][0])
    bad = run(app, ["verify-audit", str(database), "--json"])
    assert bad.exit_code == 1
    assert json.loads(bad.output)[0]["problems"] == [EDITS["a value edited"][1]]
    assert "NOT verified. 1 problems" in run(app, ["verify-audit", str(database)]).output


@pytest.mark.parametrize(("content", "says"), [(None, "There is no database at"), ("not one", "is not a database")])
def test_a_wrong_path_is_named(tmp_path: Path, content: str | None, says: str) -> None:
    from trialwright.cli.opening import database_at
    from trialwright.kernel.errors import InputError

    path = tmp_path / "x.sqlite3"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=says):
        database_at(path)


def test_a_database_of_something_else_is_named(database: Kept, tmp_path: Path) -> None:
    from trialwright.cli.conduct import app
    from trialwright.kernel.errors import InputError

    other = tmp_path / "other.sqlite3"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE x (y)")
    file.close()
    answer = CliRunner().invoke(app, ["verify-audit", str(other)])
    assert isinstance(answer.exception, InputError)
    assert "is not a database of Trialwright" in str(answer.exception)
