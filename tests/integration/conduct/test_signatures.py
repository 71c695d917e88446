"""Electronic signatures: what can be signed, what makes a signature void, and that nobody can move it elsewhere."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import NotPermitted, Refused


@pytest.fixture
def subject(desk: Any) -> str:
    found: str = desk.screened()
    return found


@pytest.fixture
def ink(desk: Any) -> dict[str, Any]:
    return {"meaning": "approval", "factor": "password+totp", "by": desk.investigator, "at": desk.at}


def state(desk: Any, form: str = "vitals") -> tuple[str, list[str]]:
    from trialwright.conduct import worklists

    sheet = worklists.form_view(desk.study, "01-001", form, desk.monitor, visit="screening")
    return sheet.state, [signature.state for signature in sheet.signatures]


def test_a_signed_form_says_who_when_why_and_under_what(desk: Any, subject: str, ink: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    signed = actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    assert state(desk) == ("signed", ["valid"])
    (line,) = worklists.signatures(desk.study, subject, desk.monitor)
    assert (line.who, line.name, line.role, line.meaning, line.factor, line.at) == (
        "investigator", "Some investigator", "investigator", "approval", "password+totp", desk.at,
    )  # fmt: skip
    text = json.dumps(
        {
            "study": "tiny", "subject": subject, "visit": "screening", "form": "vitals", "definition": "1.0",
            "values": [["body", 1, "weight", "60", "kg", None, None, "", ""]],
        },
        sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    assert signed.sha256 == line.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("how", ["the value", "another field", "redaction"])
def test_any_change_makes_signatures_void(desk: Any, subject: str, ink: dict[str, Any], how: str) -> None:
    from trialwright.conduct import actions, worklists

    save: dict[str, Any] = {"visit": "screening", "reason": "misread", "by": desk.coordinator, "at": desk.at}
    actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    if how == "redaction":
        actions.redact_value(
            desk.study, subject, "vitals", "weight", visit="screening", reason="x", by=desk.data_manager, at=desk.at
        )
    else:
        actions.save_form(
            desk.study, subject, "vitals", [Entry("weight" if how == "the value" else "height", "61")], **save
        )
    assert state(desk) == ("complete", ["void"])
    again = actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    assert again.number == 2
    assert state(desk) == ("signed", ["void", "valid"])
    assert worklists.verify_audit(desk.study).verified


def test_a_save_that_changes_nothing_leaves_the_signature(desk: Any, subject: str, ink: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    save: dict[str, Any] = {"visit": "screening", "by": desk.coordinator, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "60")], **save)
    assert state(desk) == ("signed", ["valid"])


def test_what_is_not_complete_or_asked_about_is_not_signed(desk: Any, subject: str, ink: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    save: dict[str, Any] = {"visit": "screening", "by": desk.coordinator, "at": desk.at}
    actions.save_form(desk.study, subject, "person", [Entry("sex", "")], reason="wrong", **save)
    with pytest.raises(Refused, match="Form person at screening is not complete: it cannot be signed"):
        actions.sign(desk.study, subject, "person", visit="screening", **ink)
    ask: dict[str, Any] = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    actions.open_query(desk.study, subject, "vitals", "weight", "Is that so?", **ask)
    with pytest.raises(Refused, match="Form vitals at screening has a query that is not closed"):
        actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    with pytest.raises(Refused, match="Form lab of subject 01-001 has not been filled in"):
        actions.sign(desk.study, subject, "lab", visit="screening", **ink)


def test_only_an_investigator_who_proved_to_be_there_signs_and_only_once(
    desk: Any, subject: str, ink: dict[str, Any]
) -> None:
    from trialwright.conduct import actions

    with pytest.raises(NotPermitted, match="may not sign a form"):
        actions.sign(desk.study, subject, "vitals", visit="screening", **{**ink, "by": desk.coordinator})
    with pytest.raises(Refused, match="A signature needs a proof of who signs"):
        actions.sign(desk.study, subject, "vitals", visit="screening", **{**ink, "factor": ""})
    actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    with pytest.raises(Refused, match="is signed by Some investigator already"):
        actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    review = {**ink, "meaning": "review"}
    assert actions.sign(desk.study, subject, "vitals", visit="screening", **review).number == 2


def test_a_visit_is_signed_whole_or_not_at_all(desk: Any, subject: str, ink: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event, Signature

    save: dict[str, Any] = {"visit": "screening", "by": desk.coordinator, "at": desk.at}
    actions.save_form(desk.study, subject, "person", [Entry("sex", "")], reason="wrong", **save)
    with pytest.raises(Refused, match="Form person at screening is not complete"):
        actions.sign_all(desk.study, subject, visit="screening", **ink)
    assert not Signature.objects.exists()
    actions.save_form(desk.study, subject, "person", [Entry("sex", "female")], **save)
    count = Event.objects.count()
    signed = actions.sign_all(desk.study, subject, visit="screening", **ink)
    assert [one.form for one in signed] == ["person", "vitals"]
    assert Event.objects.count() == count + 1
    with pytest.raises(Refused, match="Nothing of subject 01-001 waits for a signature at screening"):
        actions.sign_all(desk.study, subject, visit="screening", **ink)
    log = [Entry("term", "Fever"), Entry("started", "2026-03-02")]
    actions.save_form(desk.study, subject, "events", log, by=desk.coordinator, at=desk.at)
    assert [one.form for one in actions.sign_all(desk.study, subject, **ink)] == ["events"]


def test_a_value_changed_behind_the_log_no_longer_fits_its_signature(
    desk: Any, database: Any, subject: str, ink: dict[str, Any]
) -> None:
    from trialwright.conduct import actions, worklists

    actions.sign(desk.study, subject, "vitals", visit="screening", **ink)
    database.edit("UPDATE conduct_value SET value = '66' WHERE item = 'weight'")
    problems = worklists.verify_audit(desk.study).problems
    assert any("The signature" in problem and "no longer fits" in problem for problem in problems)
