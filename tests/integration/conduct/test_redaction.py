"""Redaction reaches every place where the words stood, and the history holds all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kept import Kept

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused

NAME, OTHER = "Zhang San fell", "Li Si fell"


def event(desk: Any, subject: str, term: str, do: dict[str, Any]) -> int:
    """Type the term of an adverse event; the number of the event in the log."""
    from trialwright.conduct import actions
    from trialwright.conduct.store import models as db

    typed = [Entry("term", term), Entry("started", "2026-03-01")]
    actions.save_form(desk.study, subject, "events", typed, reason="It was another one.", **do)
    return int(db.Trial.objects.values_list("sequence", flat=True)[0])


def standing(words: str) -> list[str]:
    """Where the words stand in the database: tables and log."""
    from trialwright.conduct.store import models as db

    models = (*db.PROJECTIONS, db.Event, db.Draft)
    return [m.__name__ for m in models for row in m._default_manager.values() if words in str(row)]


def verified(desk: Any, folder: Path) -> bool:
    """Whether tables and log agree, and the exported log verifies."""
    from trialwright.conduct import actions
    from trialwright.conduct.verifier import check, chunks_of
    from trialwright.conduct.worklists import verify_audit, write_history

    file = folder / "history.ndjson"
    file.unlink(missing_ok=True)
    actions.seal(desk.study)
    write_history(desk.study, file)
    assert verify_audit(desk.study).problems == ()
    assert check(chunks_of(file)).problems == []
    return True


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_names_in_one_field_go_one_after_the_other(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tmp_path: Path, order: tuple[int, int]
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    brought = [event(desk, subject, term, do) for term in (NAME, OTHER, "A fall")]
    for n in order:
        found = actions.redact_value(
            desk.study, subject, "events", "term", sequence=brought[n], reason="A name.", **manage
        )
        assert found.elsewhere == ()
        assert verified(desk, tmp_path)
    assert standing(NAME) == standing(OTHER) == []
    assert standing("A fall")


def test_three_names_go_in_any_order_and_what_stays_can_be_read(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tmp_path: Path
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    terms = [NAME, OTHER, "Wang Wu fell", "A fall"]
    brought = [event(desk, subject, term, do) for term in terms]
    for n in (1, 0, 2):
        actions.redact_value(desk.study, subject, "events", "term", sequence=brought[n], reason="A name.", **manage)
        assert verified(desk, tmp_path)
    assert [bool(standing(term)) for term in terms] == [False, False, False, True]


def test_nobody_takes_out_what_a_redaction_tells(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], database: Kept
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    brought = event(desk, subject, NAME, do)
    found = actions.redact_value(desk.study, subject, "events", "term", sequence=brought, reason="A name.", **manage)
    tries = ["'{}'", "replace(content, 'redacts', 'redactz')"]
    for new in tries:
        with pytest.raises(Exception, match="append-only"):
            database.run(f"UPDATE conduct_event SET content = {new} WHERE sequence = {found.sequence}")


@pytest.mark.parametrize("what", ["end", "lock", "site lock", "version", "visit"])
def test_the_reason_of_an_event_goes_with_the_row_that_repeats_it(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tmp_path: Path, tiny: Any, what: str
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store import models as db
    from trialwright.study.definition import Study

    subject, study = desk.enrolled(), desk.study
    data = tiny.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    said = f" {NAME} "
    {
        "end": lambda: actions.end_participation(study, subject, said, **do),
        "lock": lambda: actions.freeze(study, Scope("", subject), reason=said, **manage),
        "site lock": lambda: actions.freeze(study, Scope("02"), reason=said, **manage),
        "version": lambda: actions.publish_version(study, Study.model_validate(data), note=said, **manage),
        "visit": lambda: actions.miss_visit(study, subject, "week1", said, **do),
    }[what]()
    sequence = int(db.Trial.objects.values_list("sequence", flat=True)[0])
    if what == "lock":
        actions.unlock(study, Scope("", subject), reason="Go on.", **manage)
    if what == "visit":
        actions.start_visit(study, subject, "week1", **do)
    found = actions.redact_reason(study, sequence, reason="A name.", **manage)
    assert found.elsewhere == ()
    assert standing(NAME) == []
    assert verified(desk, tmp_path)


def test_a_missed_visit_loses_its_reason_by_either_name(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tmp_path: Path
) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    actions.miss_visit(desk.study, subject, "week1", NAME, **do)
    actions.redact_words(desk.study, subject, "visit", ("week1",), reason="A name.", **manage)
    assert standing(NAME) == []
    assert verified(desk, tmp_path)


def test_what_a_query_says_at_a_locked_place_stays(desk: Any, manage: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    ask: dict[str, Any] = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    number = actions.open_query(desk.study, subject, "vitals", "weight", NAME, **ask)
    actions.close_query(desk.study, subject, number, by=desk.monitor, at=desk.at)
    actions.lock(desk.study, Scope("", subject, "screening", "vitals"), **manage)
    with pytest.raises(Refused, match="is locked by data_manager"):
        actions.redact_words(desk.study, subject, "query", (number,), reason="A name.", **manage)


def test_drafts_that_hold_the_words_go_and_others_stay(desk: Any, do: dict[str, Any], manage: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store import models as db

    subject = desk.screened()
    event(desk, subject, NAME, do)
    for who, text in ((desk.investigator, f"{NAME} badly"), (desk.coordinator, "A fall")):
        actions.keep_draft(desk.study, subject, "events", {"a": text}, version=1, by=who, at=desk.at)
    actions.redact_value(desk.study, subject, "events", "term", reason="A name.", **manage)
    assert list(db.Draft.objects.values_list("username", flat=True)) == ["coordinator"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_file_does_not_hold_what_was_corrected_first_and_redacted_later(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], database: Kept
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    brought = event(desk, subject, NAME, do)
    actions.keep_draft(desk.study, subject, "events", {"a": NAME}, version=1, **do)
    actions.keep_draft(desk.study, subject, "events", {}, version=1, **do)
    event(desk, subject, "A fall", do)
    actions.redact_value(desk.study, subject, "events", "term", sequence=brought, reason="A name.", **manage)
    files = [file for file in database.folder.iterdir() if file.name.startswith("conduct.sqlite3")]
    assert [file.name for file in files if NAME.encode() in file.read_bytes()] == []
