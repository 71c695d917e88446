"""What pages are made from: right, restricted to what the person may see, and with few queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused


@pytest.fixture
def busy(desk: Any) -> Any:
    """Two subjects enrolled, one failed, one dosed with a corrected weight and an open query."""
    from trialwright.conduct import actions

    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    dosed, _ = desk.enrolled("01"), desk.enrolled("02")
    failed = desk.screened("01", weight="38")
    actions.decide_eligibility(desk.study, failed, **do)
    actions.end_participation(desk.study, failed, "not_eligible", **do)
    actions.start_visit(desk.study, dosed, "week1", **do)
    actions.plan_dose(desk.study, dosed, 1, **do)
    typed = [Entry("weight", "61"), Entry("systolic", "80"), Entry("diastolic", "120")]
    actions.save_form(desk.study, dosed, "vitals", typed, visit="week1", **do)
    actions.save_form(desk.study, dosed, "vitals", [Entry("weight", "62")], visit="week1", reason="misread", **do)
    actions.save_form(desk.study, dosed, "events", [Entry("term", "Fever"), Entry("started", "2026-03-02")], **do)
    return desk


def test_the_dashboard_counts_what_happened(busy: Any) -> None:
    from trialwright.conduct import worklists

    found = worklists.dashboard(busy.study, busy.monitor)
    assert (found.planned, found.enrolled, found.virtual) == (3, 2, True)
    assert found.flow == {"enrolled": 2, "screen_failed": 1}
    assert found.failures == (("I02", 1),)
    assert found.enrolled_on == (dt.date(2026, 3, 2),) * 2
    assert [(s.site, s.screened, s.failed, s.enrolled, s.open_queries) for s in found.sites] == [
        ("01", 2, 1, 1, 1), ("02", 1, 0, 1, 0),
    ]  # fmt: skip


def test_the_matrix_says_what_is_done_due_and_overdue(busy: Any) -> None:
    from trialwright.conduct import worklists

    found = worklists.subjects_matrix(busy.study, busy.monitor, today=dt.date(2026, 3, 12))
    rows = {row.subject: row for row in found.rows}
    assert list(rows) == ["01-001", "01-002", "02-001"]
    assert [cell.state for cell in rows["01-001"].cells] == ["done", "done", "overdue", "planned"]
    assert [cell.state for cell in rows["02-001"].cells] == ["done", "planned", "planned", "planned"]
    assert [cell.state for cell in rows["01-002"].cells] == ["done", "", "", ""]
    week1 = rows["01-001"].cells[1]
    assert [(form.form, form.state, form.queries) for form in week1.forms] == [
        ("vitals", "complete", 1), ("lab", "empty", 0), ("infusion", "empty", 0),
    ]  # fmt: skip
    assert [row.subject for row in worklists.subjects_matrix(busy.study, busy.monitor, site="02").rows] == ["02-001"]


def test_a_screen_failure_stands_at_its_first_excluding_criterion(busy: Any) -> None:
    """As in the disposition table: who fails two criteria is one failure, at the one that comes first."""
    from trialwright.conduct import actions, worklists

    do: dict[str, Any] = {"by": busy.investigator, "at": busy.at}
    failed = busy.screened("01", weight="38", unfit="yes")
    actions.decide_eligibility(busy.study, failed, **do)
    actions.end_participation(busy.study, failed, "not_eligible", **do)
    book = worklists.casebook(busy.study, failed, busy.coordinator)
    assert [(c.criterion, c.decides) for c in book.criteria] == [("I01", True), ("I02", False), ("E01", False)]
    assert worklists.dashboard(busy.study, busy.monitor).failures == (("I02", 2),)


def test_the_casebook_tells_the_subjects_story(busy: Any) -> None:
    from trialwright.conduct import worklists

    found = worklists.casebook(busy.study, "01-001", busy.coordinator, today=dt.date(2026, 3, 9))
    assert (found.state, found.study_day, found.verdict, found.open_queries) == ("enrolled", 8, "eligible", 1)
    assert [(fact.item, fact.value, fact.unit) for fact in found.facts] == [("weight", "62", "kg")]
    assert [(dose.dose, dose.state, dose.amount) for dose in found.doses] == [(1, "give", 600.0)]
    assert [(event.term, event.start) for event in found.events] == [("Fever", "2026-03-02")]
    assert found.next_visit is not None
    assert (found.next_visit.visit, found.next_visit.state, found.next_dose) == ("week2", "due", 2)
    assert (found.next_visit.first, found.next_visit.last) == (dt.date(2026, 3, 8), dt.date(2026, 3, 11))
    assert [(line.criterion, line.state) for line in found.criteria] == [
        ("I01", "met"),
        ("I02", "met"),
        ("E01", "not_met"),
    ]


def test_a_form_shows_values_hints_queries_and_history(busy: Any) -> None:
    from trialwright.conduct import worklists

    view = worklists.form_view(busy.study, "01-001", "vitals", busy.coordinator, visit="week1")
    fields = {field.item: field for field in view.groups[0].rows[0].fields}
    weight, systolic = fields["weight"], fields["systolic"]
    assert (view.version, view.state, view.why_read_only) == (2, "complete", "")
    assert (weight.value, weight.unit, weight.units, weight.hint, weight.changes) == (
        "62",
        "kg",
        ("kg", "g"),
        "30 – 150 kg",
        1,
    )
    assert (systolic.asked, weight.asked, fields["bmi"].derived) == (True, False, True)
    story = worklists.field_history(busy.study, busy.coordinator, "01-001", "vitals", weight.place, visit="week1")
    assert [(step.old.get("value"), step.new["value"], step.reason) for step in story] == [
        (None, "61", ""),
        ("61", "62", "misread"),
    ]


def test_a_form_with_rows_offers_the_next_one(busy: Any) -> None:
    from trialwright.conduct import worklists

    (group,) = worklists.form_view(busy.study, "01-001", "events", busy.coordinator).groups
    assert [(row.number, row.new) for row in group.rows] == [(1, False), (2, True)]


def test_a_form_says_why_it_cannot_be_filled_in(busy: Any) -> None:
    from trialwright.conduct import worklists

    assert "may not save a form" in worklists.form_view(busy.study, "01-001", "events", busy.monitor).why_read_only
    later = worklists.form_view(busy.study, "01-001", "vitals", busy.coordinator, visit="week3")
    assert later.why_read_only == "Visit week3 is planned: cannot save its forms. This is possible while done."


def test_the_audit_trail_is_filtered_and_paged(busy: Any) -> None:
    from trialwright.conduct import worklists
    from trialwright.conduct.worklists import AuditFilter

    found = worklists.audit_trail(busy.study, busy.auditor, AuditFilter(subject="01-001", item="weight"))
    assert [line.reason for line in found.lines] == ["misread", "", ""]
    newest = found.lines[0].changes
    assert [(c.what, c.column, c.old, c.new) for c in newest] == [
        ("value week1 vitals body 1 weight", "value", "61", "62")
    ]
    pages = [worklists.audit_trail(busy.study, busy.auditor, page=n, size=10) for n in (1, 2, 99)]
    assert [len(page.lines) for page in pages[:2]] == [10, 10]
    assert pages[2].page == pages[2].pages == -(-pages[0].total // 10)


def test_who_may_not_read_the_trail_is_told(busy: Any) -> None:
    from trialwright.conduct import worklists

    with pytest.raises(Refused, match=r"Some sponsor \(sponsor reader\) may not read the audit trail"):
        worklists.audit_trail(busy.study, busy.sponsor)


@pytest.mark.parametrize(
    ("page", "bound"),
    [("dashboard", 8), ("subjects_matrix", 7), ("casebook", 11), ("form_view", 13), ("audit_trail", 4), ("queries", 5)],
)
def test_a_page_takes_few_queries_however_many_subjects(busy: Any, page: str, bound: int) -> None:
    from trialwright.conduct import worklists

    arguments: dict[str, list[Any]] = {
        "casebook": ["01-001", busy.coordinator], "form_view": ["01-001", "events", busy.coordinator],
    }  # fmt: skip
    with CaptureQueriesContext(connection) as seen:
        getattr(worklists, page)(busy.study, *arguments.get(page, [busy.coordinator]))
    assert len(seen) <= bound, [query["sql"][:90] for query in seen.captured_queries]


def test_a_snapshot_is_in_the_definitions_order_and_repeats_itself(busy: Any) -> None:
    from trialwright.conduct.extract import snapshot

    first, second = snapshot(busy.study), snapshot(busy.study)
    assert first == second
    assert (first.study, first.version, first.virtual, len(first.audit_head)) == ("tiny", "1.0", True, 64)
    rows = [(r.subject, r.visit, r.form, r.item) for r in first.values if r.subject == "01-001"]
    assert rows == [
        ("01-001", "screening", "person", "birth_date"), ("01-001", "screening", "person", "sex"),
        ("01-001", "screening", "person", "unfit"), ("01-001", "screening", "vitals", "weight"),
        ("01-001", "week1", "vitals", "weight"), ("01-001", "week1", "vitals", "systolic"),
        ("01-001", "week1", "vitals", "diastolic"), ("01-001", "", "events", "term"),
        ("01-001", "", "events", "started"),
    ]  # fmt: skip


def test_a_snapshot_at_a_cut_knows_nothing_of_later_days(busy: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot

    before = snapshot(busy.study)
    later = busy.at + dt.timedelta(days=3)
    actions.end_participation(busy.study, "01-001", "withdrawal", by=busy.investigator, at=later)
    assert snapshot(busy.study).subjects[0].state == "discontinued"
    assert snapshot(busy.study, busy.at) == before
