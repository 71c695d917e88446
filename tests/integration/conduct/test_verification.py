"""Source data verification: marks on values, which go when the value changes, and the counts that follow."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import NotPermitted, Refused
from trialwright.study.definition import Study

WEIGHT, HEIGHT, BMI = ("body", 1, "weight"), ("body", 1, "height"), ("body", 1, "bmi")


@pytest.fixture(scope="module")
def tiny(tiny: Study) -> Study:
    """With the weight marked as critical."""
    data = tiny.model_dump(mode="json", by_alias=True)
    for form in data["forms"]:
        for group in form["groups"]:
            for field in group["fields"]:
                field["critical"] = field["item"] == "weight"
    return Study.model_validate(data)


@pytest.fixture
def subject(desk: Any) -> str:
    from trialwright.conduct import actions

    subject: str = desk.screened()
    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("height", "170")], visit="screening", **do)
    return subject


@pytest.fixture
def look(desk: Any) -> dict[str, Any]:
    return {"visit": "screening", "by": desk.monitor, "at": desk.at}


def progress(desk: Any) -> list[tuple[int, int, int]]:
    from trialwright.conduct import worklists

    lines = worklists.verification(desk.study, desk.monitor, level="form", waiting=False)
    return [(line.to_verify, line.verified, line.lost) for line in lines if line.form == "vitals"]


def test_a_value_stands_verified_until_it_changes(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    assert progress(desk) == [(1, 0, 0)]
    done = actions.verify(desk.study, subject, "vitals", [WEIGHT, HEIGHT], **look)
    assert (done.changed, done.verified, done.to_verify) == (2, 2, 0)
    sheet = worklists.form_view(desk.study, subject, "vitals", desk.coordinator, visit="screening")
    fields = {f.item: f.verified_by for g in sheet.groups for row in g.rows for f in row.fields}
    assert (fields["weight"], fields["height"], fields["bmi"]) == ("monitor", "monitor", "")
    save: dict[str, Any] = {"visit": "screening", "reason": "misread", "by": desk.coordinator, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], **save)
    assert progress(desk) == [(1, 1, 1)]
    assert actions.verify(desk.study, subject, "vitals", [WEIGHT], **look).to_verify == 0
    assert progress(desk) == [(0, 2, 0)]
    assert worklists.verify_audit(desk.study).verified


def test_the_mark_goes_in_the_same_event_as_the_change(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event

    actions.verify(desk.study, subject, "vitals", None, **look)
    save: dict[str, Any] = {"visit": "screening", "reason": "misread", "by": desk.coordinator, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], **save)
    last = Event.objects.filter(trial=desk.study).order_by("-sequence")[0]
    assert last.action == "save_form"
    assert '"verified":[[["tiny","01-001","screening","vitals","body",1,"weight"],' in last.content


def test_only_what_has_a_source_and_is_there_can_be_verified(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match="Field bmi cannot be verified: it is computed"):
        actions.verify(desk.study, subject, "vitals", [BMI], **look)
    with pytest.raises(Refused, match="Field systolic cannot be verified: it holds no value"):
        actions.verify(desk.study, subject, "vitals", [("body", 1, "systolic")], **look)
    assert actions.verify(desk.study, subject, "vitals", **look).verified == 2
    with pytest.raises(Refused, match="Form lab of subject 01-001 has not been filled in"):
        actions.verify(desk.study, subject, "lab", **look)
    with pytest.raises(NotPermitted, match="may not verify a value"):
        actions.verify(desk.study, subject, "vitals", **{**look, "by": desk.data_manager})


def test_a_mark_is_taken_back_with_a_reason(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    actions.verify(desk.study, subject, "vitals", [WEIGHT], **look)
    with pytest.raises(Refused, match="Taking back a verification needs a reason"):
        actions.unverify(desk.study, subject, "vitals", [WEIGHT], reason="", **look)
    assert actions.unverify(desk.study, subject, "vitals", [WEIGHT], reason="wrong source", **look).to_verify == 1
    with pytest.raises(Refused, match="Field weight is not verified"):
        actions.unverify(desk.study, subject, "vitals", [WEIGHT], reason="wrong source", **look)


def test_verifying_again_writes_nothing(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event

    actions.verify(desk.study, subject, "vitals", **look)
    count = Event.objects.count()
    assert actions.verify(desk.study, subject, "vitals", **look).changed == 0
    assert Event.objects.count() == count


def test_a_redacted_value_loses_its_mark(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    actions.verify(desk.study, subject, "vitals", **look)
    redact: dict[str, Any] = {"visit": "screening", "reason": "a name", "by": desk.data_manager, "at": desk.at}
    actions.redact_value(desk.study, subject, "vitals", "weight", **redact)
    assert progress(desk) == [(1, 1, 1)]
    assert worklists.verify_audit(desk.study).verified


def test_a_form_without_marks_costs_a_save_nothing(desk: Any, subject: str, look: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    save: dict[str, Any] = {"visit": "screening", "reason": "misread", "by": desk.coordinator, "at": desk.at}

    def statements(weight: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            actions.save_form(desk.study, subject, "vitals", [Entry("weight", weight)], **save)
        return len(seen)

    plain = statements("61")
    actions.verify(desk.study, subject, "vitals", [HEIGHT], **look)
    assert statements("62") == plain + 1
