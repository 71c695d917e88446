"""Freezing and locking real data: what is refused, what goes on, and what the sentence says."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import NotPermitted, Refused, TrialwrightError


@pytest.fixture
def over(desk: Any) -> dict[str, Any]:
    return {"by": desk.data_manager, "at": desk.at}


def events(desk: Any) -> int:
    from trialwright.conduct.store.models import Event

    return Event.objects.filter(trial=desk.study).count()


VITALS = {"visit": "screening", "form": "vitals"}


@pytest.mark.parametrize(
    "scope",
    [
        Scope(), Scope("01"), Scope(subject="01-001"), Scope(subject="01-001", visit="screening"),
        Scope(subject="01-001", **VITALS), Scope(subject="01-001", **VITALS, group="body", row=1, item="weight"),
    ],
    ids=["study", "site", "subject", "visit", "form", "field"],
)  # fmt: skip
def test_a_frozen_place_refuses_the_site_and_opens_again_with_a_reason(
    desk: Any, do: dict[str, Any], over: dict[str, Any], scope: Scope
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    actions.freeze(desk.study, scope, reason="cleaned", by=desk.monitor if scope.subject else desk.data_manager)
    before = events(desk)
    change: dict[str, Any] = {"visit": "screening", "reason": "misread", **do}
    with pytest.raises(Refused, match=r"is frozen by .* since .*: cleaned\. A data manager can unlock it"):
        actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], **change)
    assert events(desk) == before
    with pytest.raises(Refused, match="Unlocking needs a reason"):
        actions.unlock(desk.study, scope, reason=" ", **over)
    actions.unlock(desk.study, scope, reason="a slip was found", **over)
    assert actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], **change).changed == 1


def test_beside_a_frozen_field_the_form_goes_on(desk: Any, do: dict[str, Any], over: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    actions.freeze(desk.study, Scope(subject=subject, **VITALS, item="weight"), **over)
    assert actions.save_form(desk.study, subject, "vitals", [Entry("systolic", "120")], visit="screening", **do).changed
    with pytest.raises(Refused, match="Field weight of form vitals at screening of subject 01-001 is frozen"):
        actions.save_form(
            desk.study, subject, "vitals", [Entry("weight", "61"), Entry("systolic", "121")], visit="screening",
            reason="x", **do,
        )  # fmt: skip


@pytest.mark.parametrize("deed", ["start_visit", "miss_visit", "end_participation", "plan_dose", "record_consent"])
def test_nothing_is_done_to_a_frozen_subject(desk: Any, do: dict[str, Any], over: dict[str, Any], deed: str) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    actions.freeze(desk.study, Scope(subject=subject), **over)
    more = {"start_visit": ["week1"], "miss_visit": ["week1"], "end_participation": ["moved"], "plan_dose": [1]}
    with pytest.raises(Refused, match="Subject 01-001 is frozen"):
        getattr(actions, deed)(desk.study, subject, *more.get(deed, ()), **do)


def test_a_locked_site_takes_no_subject_and_enrols_none(desk: Any, do: dict[str, Any], over: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    actions.lock(desk.study, Scope("01"), **over)
    for deed in (
        lambda: actions.register_subject(desk.study, "01", **do),
        lambda: actions.enrol(desk.study, subject, **do),
    ):
        with pytest.raises(Refused, match="Site 01 is locked"):
            deed()
    assert actions.register_subject(desk.study, "02", **do) == "02-001"


def test_queries_go_on_where_data_are_frozen_and_end_where_they_are_locked(
    desk: Any, do: dict[str, Any], over: dict[str, Any]
) -> None:
    from trialwright.conduct import actions

    subject, scope = desk.screened(), Scope(subject="01-001", **VITALS)
    actions.freeze(desk.study, scope, **over)
    ask: dict[str, Any] = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    number = actions.open_query(desk.study, subject, "vitals", "weight", "Is that so?", **ask)
    actions.answer_query(desk.study, subject, number, "It is.", **do)
    with pytest.raises(Refused, match="Form vitals at screening of subject 01-001 cannot be locked: 1 query is not"):
        actions.lock(desk.study, scope, **over)
    actions.close_query(desk.study, subject, number, by=desk.monitor, at=desk.at)
    actions.lock(desk.study, scope, **over)
    with pytest.raises(Refused, match="is locked by data_manager"):
        actions.open_query(desk.study, subject, "vitals", "weight", "Still?", **ask)
    with pytest.raises(Refused, match="is locked by data_manager"):
        actions.reopen_query(desk.study, subject, number, "Still?", by=desk.monitor, at=desk.at)


def test_a_change_that_would_reach_into_a_frozen_form_is_refused_whole(
    desk: Any, do: dict[str, Any], over: dict[str, Any]
) -> None:
    """The amount for each kilogram stands on the infusion's form and is computed from the weight on another one."""
    from trialwright.conduct import actions

    subject = desk.enrolled()
    actions.start_visit(desk.study, subject, "week1", **do)
    week1: dict[str, Any] = {"visit": "week1", **do}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "60")], **week1)
    actions.save_form(desk.study, subject, "infusion", [Entry("given", "600")], **week1)
    actions.freeze(desk.study, Scope(subject=subject, visit="week1", form="infusion"), **over)
    before = events(desk)
    with pytest.raises(Refused, match="Form infusion at week1 of subject 01-001 is frozen"):
        actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], reason="misread", **week1)
    assert events(desk) == before


def test_what_is_held_from_above_is_not_unlocked_below(desk: Any, over: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    actions.freeze(desk.study, Scope(subject=subject), **over)
    with pytest.raises(Refused, match=r"Form vitals .* is not frozen by itself\. Unlock subject 01-001"):
        actions.unlock(desk.study, Scope(subject=subject, **VITALS), reason="x", **over)


def test_who_may_not_is_told_so(desk: Any) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    with pytest.raises(NotPermitted, match="may not freeze data"):
        actions.freeze(desk.study, Scope(subject=subject), by=desk.coordinator)
    with pytest.raises(NotPermitted, match="may not lock data"):
        actions.lock(desk.study, Scope(subject=subject), by=desk.monitor)


def test_a_lock_names_a_place_that_is_there(desk: Any, over: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    for wrong in (
        Scope("99"), Scope(subject="99-001"), Scope(subject=subject, visit="never"), Scope(form="none"),
        Scope(form="vitals", item="none"), Scope(subject=subject, item="weight"), Scope("02", subject),
    ):  # fmt: skip
        with pytest.raises(TrialwrightError):
            actions.freeze(desk.study, wrong, **over)
    from trialwright.conduct.store.models import Lock

    assert not Lock.objects.exists()


def test_redaction_waits_until_the_data_are_unlocked(desk: Any, over: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject, scope = desk.screened(), Scope(subject="01-001", **VITALS)
    actions.lock(desk.study, scope, **over)
    redact: dict[str, Any] = {"visit": "screening", "reason": "typed by mistake", **over}
    with pytest.raises(Refused, match="is locked"):
        actions.redact_value(desk.study, subject, "vitals", "weight", **redact)
    actions.unlock(desk.study, scope, reason="to redact", **over)
    assert actions.redact_value(desk.study, subject, "vitals", "weight", **redact).events


def test_locks_are_history_and_cost_nothing_while_there_are_none(
    desk: Any, do: dict[str, Any], over: dict[str, Any]
) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.screened()

    def statements(weight: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            actions.save_form(
                desk.study, subject, "vitals", [Entry("weight", weight)], visit="screening", reason="x", **do
            )
        return len(seen)

    free = statements("61")
    held = actions.freeze(desk.study, Scope(subject=subject, visit="screening", form="person"), **over)
    assert statements("62") == free + 1
    assert worklists.locks(desk.study, desk.monitor) == (held,)
    sheet = worklists.form_view(desk.study, subject, "person", desk.coordinator, visit="screening")
    assert sheet.lock == held
    assert "is frozen" in sheet.why_read_only
    assert {field.closed for g in sheet.groups for row in g.rows for field in row.fields} == {"frozen"}
    actions.unlock(desk.study, held.scope, reason="done", **over)
    assert worklists.locks(desk.study, desk.monitor) == ()
    assert statements("63") == free
    assert worklists.verify_audit(desk.study).verified
