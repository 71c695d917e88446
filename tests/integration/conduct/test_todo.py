"""What waits for each role, and the queries with their age: counted and found where they belong, in few statements."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.policy import ROLES, Person, Role
from trialwright.conduct.rules.values import Entry
from trialwright.conduct.worklists.queries import QueryFilter
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study

TODAY = dt.date(2026, 3, 12)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def tiny(tiny: Study) -> Study:
    """The weight is critical, the term of an event says whether it is serious."""
    data = tiny.model_dump(mode="json", by_alias=True)
    for form in data["forms"]:
        for group in form["groups"]:
            for field in group["fields"]:
                field["critical"] = field["item"] == "weight"
            if form["id"] == "events":
                group["fields"].append({"item": "grave"})
    grave = {"id": "grave", "label": "Serious", "type": "boolean", "source": data["items"][0]["source"]}
    data["items"].append({**grave, "sdtm": {"domain": "AE", "variable": "AESER"}})
    return Study.model_validate(data)


@pytest.fixture
def busy(desk: Any) -> Any:
    """One subject treated, with queries and an event; one screened; one discontinued, clean."""
    from trialwright.conduct import actions

    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    treated, _, gone = desk.enrolled("01"), desk.screened("02"), desk.enrolled("01")
    actions.start_visit(desk.study, treated, "week1", **do)
    wrong = [Entry("weight", "61"), Entry("systolic", "80"), Entry("diastolic", "120")]
    actions.save_form(desk.study, treated, "vitals", wrong, visit="week1", by=desk.coordinator, at=desk.at)
    event = [Entry("term", "Fever"), Entry("started", "2026-03-02"), Entry("grave", "true")]
    actions.save_form(desk.study, treated, "events", event, **do)
    asking: dict[str, Any] = {"visit": "screening", "by": desk.monitor}
    first = actions.open_query(desk.study, treated, "person", "sex", "Sure?", at=desk.at + DAY, **asking)
    actions.answer_query(desk.study, treated, first, "Yes.", by=desk.coordinator, at=desk.at + 3 * DAY)
    actions.end_participation(desk.study, gone, "moved", **do)
    actions.verify(desk.study, gone, "vitals", visit="screening", by=desk.monitor, at=desk.at)
    desk.people |= {
        role: actions.add_person(desk.study, role, f"Some {role}", role, at=desk.at)
        for role in ("safety", "administrator", "statistician")
    }
    return desk


def lists(desk: Any, role: str, today: dt.date = TODAY) -> dict[str, list[tuple[str, str, str]]]:
    from trialwright.conduct import worklists

    found = worklists.todo(desk.study, desk.people[role], today)
    assert all(section.total == len(section.lines) for section in found.sections)
    return {s.kind: [(line.subject, line.visit, line.form) for line in s.lines] for s in found.sections}


def test_a_coordinator_sees_visits_questions_and_what_is_not_filled_in(busy: Any) -> None:
    from trialwright.conduct import actions

    actions.save_form(
        busy.study, "02-001", "person", [Entry("sex", "")], visit="screening", reason="x", by=busy.coordinator,
        at=busy.at,
    )  # fmt: skip
    found = lists(busy, "coordinator")
    assert found["overdue"] == [("01-001", "week2", "")]
    assert found["due"] == []
    assert lists(busy, "coordinator", dt.date(2026, 3, 9))["due"] == [("01-001", "week2", "")]
    assert found["to_answer"] == [("01-001", "week1", "vitals")]
    assert found["incomplete"] == [("02-001", "screening", "person")]
    assert [(subject, visit) for subject, visit, _ in found["to_begin"]] == [
        ("01-001", "screening"), ("01-001", "week1"), ("01-002", "screening"), ("02-001", "screening"),
    ]  # fmt: skip


def test_an_investigator_sees_what_to_sign_and_to_decide(busy: Any) -> None:
    from trialwright.conduct import actions

    ink: dict[str, Any] = {"meaning": "approval", "factor": "passkey", "by": busy.investigator, "at": busy.at}
    actions.sign(busy.study, "01-002", "vitals", visit="screening", **ink)
    found = lists(busy, "investigator")
    assert found["to_sign"] == [
        ("01-001", "screening", "vitals"), ("01-001", "", "events"), ("01-002", "screening", "person"),
        ("02-001", "screening", "person"), ("02-001", "screening", "vitals"),
    ]  # fmt: skip
    assert found["to_decide"] == [("02-001", "", "")]
    save: dict[str, Any] = {"visit": "screening", "reason": "x", "at": busy.at}
    actions.save_form(busy.study, "02-001", "person", [Entry("unfit", "yes")], by=busy.coordinator, **save)
    assert lists(busy, "investigator")["unsigned"] == [("02-001", "screening", "person")]


def test_a_monitor_sees_what_to_verify_what_changed_and_what_was_answered(busy: Any) -> None:
    from trialwright.conduct import actions

    found = lists(busy, "monitor")
    assert found["to_verify"] == [
        ("01-001", "screening", "vitals"), ("01-001", "week1", "vitals"), ("02-001", "screening", "vitals"),
    ]  # fmt: skip
    assert found["to_close"] == [("01-001", "screening", "person")]
    assert found["changed"] == []
    save: dict[str, Any] = {"visit": "screening", "reason": "x", "by": busy.coordinator, "at": busy.at}
    actions.save_form(busy.study, "01-002", "vitals", [Entry("weight", "63")], **save)
    assert lists(busy, "monitor")["changed"] == [("01-002", "screening", "vitals")]


def whole(desk: Any, subject: str) -> None:
    """Fill in the forms of screening that nobody has begun."""
    from trialwright.conduct import actions

    by: dict[str, Any] = {"visit": "screening", "by": desk.coordinator, "at": desk.at}
    pill = [Entry("pill_day", "2026-03-01"), Entry("pill", "prednisone"), Entry("pill_dose", "5")]
    actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "70")], **by)
    actions.save_form(desk.study, subject, "pills", pill, **by)


def test_a_data_manager_sees_what_is_clean_and_what_is_old(busy: Any) -> None:
    from trialwright.conduct import actions

    assert lists(busy, "data_manager")["to_freeze"] == [], "forms of screening lack"
    whole(busy, "01-002")
    assert lists(busy, "data_manager")["to_freeze"] == [("01-002", "", "")]
    actions.freeze(busy.study, Scope(subject="01-002"), by=busy.data_manager, at=busy.at)
    found = lists(busy, "data_manager")
    assert (found["to_freeze"], found["to_lock"]) == ([], [("01-002", "", "")])
    assert found["long_open"] == []
    assert lists(busy, "data_manager", TODAY + 30 * DAY)["long_open"] == [
        ("01-001", "week1", "vitals"), ("01-001", "screening", "person"),
    ]  # fmt: skip


def test_who_lacks_a_form_of_a_visit_that_took_place_is_not_to_be_frozen(desk: Any) -> None:
    from trialwright.conduct import actions

    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    for _ in range(2):
        subject = desk.enrolled("01")
        whole(desk, subject)
        actions.verify(desk.study, subject, "vitals", visit="screening", by=desk.monitor, at=desk.at)
    actions.start_visit(desk.study, subject, "week1", **do)
    for each in ("01-001", subject):
        actions.end_participation(desk.study, each, "moved", **do)
    assert lists(desk, "data_manager")["to_freeze"] == [("01-001", "", "")]
    assert lists(desk, "coordinator")["to_begin"] == [("01-002", "week1", "")]


def test_a_month_begins_where_the_study_is(desk: Any) -> None:
    """Asked at one o'clock in Shanghai, which is five in the afternoon of the day before by UTC."""
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import oversight
    from trialwright.conduct.worklists.masks import NOTHING
    from trialwright.conduct.worklists.waiting import Sight

    subject, at = desk.screened("01"), dt.datetime(2026, 3, 2, 17, 0, tzinfo=dt.UTC)
    actions.open_query(desk.study, subject, "person", "sex", "Sure?", visit="screening", by=desk.monitor, at=at)
    asked = dt.date(2026, 3, 3)
    for days, found in ((30, []), (31, [31])):
        there = Sight(
            actions.studies.trial(desk.study), desk.monitor, ("01",), asked + days * DAY, 50, NOTHING, "Asia/Shanghai"
        )
        assert [line.days for line in oversight.long_open(there).lines] == found


def test_the_day_of_a_casebook_is_that_of_its_site(desk: Any) -> None:
    from trialwright.conduct import actions, worklists

    subject, at = desk.enrolled("01"), dt.datetime(2026, 3, 2, 17, 0, tzinfo=dt.UTC)
    actions.start_visit(desk.study, subject, "week1", by=desk.investigator, at=desk.at)
    actions.open_query(desk.study, subject, "person", "sex", "Sure?", visit="screening", by=desk.monitor, at=at)
    assert worklists.casebook(desk.study, subject, desk.monitor).study_day == 2


def test_nothing_is_to_sign_where_a_query_is_live(desk: Any) -> None:
    from trialwright.conduct import actions, worklists

    asked, clean = desk.screened("01"), desk.screened("02")
    for form, item in (("person", "sex"), ("vitals", "weight")):
        actions.open_query(desk.study, asked, form, item, "Sure?", visit="screening", by=desk.monitor, at=desk.at)
    rows = worklists.subjects_matrix(desk.study, desk.investigator, open="to_sign").rows
    assert [row.subject for row in rows] == [clean]
    assert {subject for subject, *_ in lists(desk, "investigator")["to_sign"]} == {clean}


def test_amendments_wait_for_the_administrator_and_then_for_the_data_manager(busy: Any, tiny: Study) -> None:
    from trialwright.conduct import actions, worklists

    data = tiny.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    actions.publish_version(busy.study, Study.model_validate(data), note="more", by=busy.data_manager, at=busy.at)
    found = worklists.todo(busy.study, busy.administrator, TODAY).section("to_approve")
    assert found is not None
    assert [(line.site, line.text) for line in found.lines] == [("01", "2.0"), ("02", "2.0")]
    assert lists(busy, "data_manager")["to_migrate"] == []
    actions.approve_version(busy.study, "02", "2.0", by=busy.administrator, at=busy.at)
    assert lists(busy, "data_manager")["to_migrate"] == [
        ("02-001", "screening", "person"), ("02-001", "screening", "vitals"),
    ]  # fmt: skip


def test_the_safety_physician_sees_serious_events(busy: Any) -> None:
    assert lists(busy, "safety")["serious"] == [("01-001", "", "events")]


def test_drafts_are_ones_own(busy: Any) -> None:
    from trialwright.conduct import actions

    actions.keep_draft(
        busy.study, "01-001", "lab", {"v": "1"}, visit="week1", version=0, by=busy.coordinator, at=busy.at
    )
    assert lists(busy, "coordinator")["drafts"] == [("01-001", "week1", "lab")]
    assert lists(busy, "investigator").get("drafts") is None


def test_a_role_at_one_site_has_the_lists_of_that_site(busy: Any) -> None:
    from trialwright.conduct import worklists

    here = Person("x", "X", (Role("coordinator", "02"), Role("auditor")))
    found = worklists.todo(busy.study, here, TODAY)
    assert {line.site for section in found.sections for line in section.lines} == {"02"}


def test_a_desk_takes_few_statements(busy: Any) -> None:
    from trialwright.conduct import worklists

    for role in ROLES:
        by = Person("x", "X", (Role(role),))
        worklists.todo(busy.study, by, TODAY)
        with CaptureQueriesContext(connection) as seen:
            found = worklists.todo(busy.study, by, TODAY)
        assert len(seen) <= 1 + 2 * len(found.sections), [query["sql"][:90] for query in seen.captured_queries]


def test_a_long_list_is_counted_and_shown_in_part(busy: Any) -> None:
    from trialwright.conduct import worklists

    found = worklists.todo(busy.study, busy.monitor, TODAY, limit=2).section("to_verify")
    assert found is not None
    assert (found.total, len(found.lines)) == (3, 2)


def test_who_has_no_role_has_no_desk(busy: Any) -> None:
    from trialwright.conduct import worklists

    with pytest.raises(Refused, match="Nobody has no role in study tiny"):
        worklists.todo(busy.study, Person("nobody", "Nobody"))


# --- Queries and their age ----------------------------------------------------------------------------------------


def numbers(desk: Any, wanted: QueryFilter, **more: Any) -> list[int]:
    from trialwright.conduct import worklists

    now = desk.at + 10 * DAY
    return [line.number for line in worklists.queries(desk.study, desk.monitor, wanted, now=now, **more).lines]


def test_queries_know_how_long_they_have_waited_and_for_whom(busy: Any) -> None:
    from trialwright.conduct import actions, worklists

    now = busy.at + 10 * DAY
    by_check, asked = worklists.queries(busy.study, busy.monitor, now=now).lines
    assert (by_check.opened_by, by_check.days, by_check.waiting, by_check.waits_for) == ("", 10, 10, "site")
    assert (asked.opened_by, asked.days, asked.waiting, asked.waits_for) == ("monitor", 9, 7, "monitor")
    actions.close_query(busy.study, asked.subject, asked.number, by=busy.monitor, at=busy.at + 5 * DAY)
    closed = worklists.queries(busy.study, busy.monitor, QueryFilter(state="closed"), now=now).lines[0]
    assert (closed.days, closed.waiting, closed.waits_for) == (4, 0, "")


FILTERS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({"waits_for": "site"}, [1]), ({"waits_for": "monitor"}, [2]), ({"raised": "check"}, [1]),
    ({"raised": "person"}, [2]), ({"item": "sex"}, [2]), ({"form": "vitals"}, [1]), ({"over_days": 9}, [1]),
    ({"over_days": 8}, [1, 2]), ({"state": "live"}, [1, 2]), ({"site": "02"}, []), ({"visit": "week1"}, [1]),
)  # fmt: skip


def test_queries_are_filtered(busy: Any) -> None:
    for wanted, found in FILTERS:
        assert numbers(busy, QueryFilter(**wanted)) == found, wanted


def test_queries_are_sorted_either_way(busy: Any) -> None:
    everything = QueryFilter()
    assert numbers(busy, everything, sort="waiting") == [1, 2]
    assert numbers(busy, everything, sort="waiting", descending=True) == [2, 1]
    assert numbers(busy, everything, sort="item") == [2, 1]
    assert numbers(busy, everything, sort="form") == [2, 1]
    with pytest.raises(UnknownName, match="order of queries"):
        numbers(busy, everything, sort="mood")


def test_live_queries_are_counted_by_age(busy: Any) -> None:
    from trialwright.conduct import worklists

    found = worklists.query_ages(busy.study, busy.monitor, now=busy.at + 8 * DAY)
    assert [(b.first, b.last, b.site, b.monitor) for b in found] == [
        (0, 7, 0, 1), (8, 14, 1, 0), (15, 30, 0, 0), (31, None, 0, 0),
    ]  # fmt: skip
    assert sum(b.site + b.monitor for b in worklists.dashboard(busy.study, busy.monitor).ages) == 2
