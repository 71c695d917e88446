"""Writing to a study: what is refused, what is asked, and what is kept."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, connections

from trialwright.conduct.rules.capture import FormErrors, ReasonNeeded, StaleForm
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, UnknownName


def vitals(**typed: str) -> list[Entry]:
    return [Entry(item, value) for item, value in typed.items()]


def events(study: str) -> list[Any]:
    from trialwright.conduct.store.models import Event

    return list(Event.objects.filter(trial=study).order_by("sequence"))


def values(study: str, subject: str) -> dict[str, str]:
    from trialwright.conduct.extract import snapshot

    return {row.item: row.value for row in snapshot(study).values if row.subject == subject}


# --- The log -----------------------------------------------------------------------------------------------------


def test_each_write_leaves_one_event_of_who_when_and_what(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    before = len(events(desk.study))
    subject = desk.enrolled()
    actions.start_visit(desk.study, subject, "week1", **do)
    actions.plan_dose(desk.study, subject, 1, **do)
    new = events(desk.study)[before:]
    assert [event.action for event in new] == [
        "register_subject", "record_consent", "start_visit", "save_form", "save_form", "enrol", "start_visit",
        "plan_dose",
    ]  # fmt: skip
    last = new[-1]
    assert (last.who, last.role, last.site, last.subject) == ("investigator", "investigator", "01", subject)
    assert (last.local, last.zone, last.version) == ("2026-03-02T09:00:00+08:00", "Asia/Shanghai", "1.0")
    assert "10 mg/kg × 60 kg = 600 mg" in last.content
    assert [event.previous for event in new[1:]] == [event.hash for event in new[:-1]]


def test_a_refused_action_leaves_nothing_behind(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(unfit="yes")
    count = len(events(desk.study))
    with pytest.raises(Refused, match=f"Subject {subject} cannot be enrolled: not eligible by E01"):
        actions.enrol(desk.study, subject, **do)
    assert len(events(desk.study)) == count
    from trialwright.conduct.store.models import Criterion

    assert not Criterion.objects.filter(subject__subject=subject).exists()


def test_the_log_refuses_to_be_edited(desk: Any) -> None:
    from django.db import DatabaseError

    for statement in ("UPDATE conduct_event SET who = 'x'", "DELETE FROM conduct_event"):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


# --- The subject's way -------------------------------------------------------------------------------------------


def test_subjects_are_numbered_within_their_site(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    names = [actions.register_subject(desk.study, site, **do) for site in ("01", "02", "01")]
    assert names == ["01-001", "02-001", "01-002"]


def test_nothing_is_captured_before_consent(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = actions.register_subject(desk.study, "01", **do)
    actions.start_visit(desk.study, subject, "screening", **do)
    with pytest.raises(Refused, match=r"No consent of subject 01-001 is recorded\. Record it first"):
        actions.save_form(desk.study, subject, "vitals", vitals(weight="60"), visit="screening", **do)


def test_a_missing_answer_leaves_eligibility_open_and_enrolment_closed(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(birth_date="")
    verdict = actions.decide_eligibility(desk.study, subject, **do)
    assert verdict.state == "undetermined"
    with pytest.raises(Refused, match=r"undetermined \(I01 unknown\)"):
        actions.enrol(desk.study, subject, **do)


def test_a_judgement_counts_only_from_an_investigator(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(unfit="")
    unfit = [Entry("unfit", "no")]
    actions.save_form(desk.study, subject, "person", unfit, visit="screening", by=desk.coordinator, at=desk.at)
    assert actions.decide_eligibility(desk.study, subject, **do).state == "undetermined"
    actions.save_form(desk.study, subject, "person", unfit, visit="screening", **do)
    assert actions.decide_eligibility(desk.study, subject, **do).state == "eligible"


def test_the_verdict_of_each_criterion_is_kept(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot

    subject = desk.screened(weight="38")
    assert actions.decide_eligibility(desk.study, subject, **do).state == "not_eligible"
    assert actions.end_participation(desk.study, subject, "not_eligible", **do) == "screen_failed"
    kept = snapshot(desk.study)
    assert [(row.criterion, row.state) for row in kept.criteria] == [
        ("I01", "met"),
        ("I02", "not_met"),
        ("E01", "not_met"),
    ]
    assert (kept.subjects[0].state, kept.subjects[0].end_reason) == ("screen_failed", "not_eligible")


def test_enrolment_stops_at_the_planned_number(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    waiting = [desk.screened() for _ in range(4)]
    for subject in waiting[:3]:
        actions.enrol(desk.study, subject, **do)
    with pytest.raises(Refused, match="Enrolment is complete: all 3 places are taken"):
        actions.enrol(desk.study, waiting[3], **do)


def test_two_sites_that_want_the_last_place_at_once_do_not_both_get_it(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot

    waiting = [desk.screened(site) for site in ("01", "02") for _ in range(4)]
    gate, refused = threading.Barrier(len(waiting)), []

    def enrol(subject: str) -> None:
        gate.wait()
        try:
            actions.enrol(desk.study, subject, **do)
        except Refused as refusal:
            refused.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enrol, args=[subject]) for subject in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row.state == "enrolled" for row in snapshot(desk.study).subjects) == 3
    assert refused == ["Enrolment is complete: all 3 places are taken."] * 5
    from trialwright.conduct.worklists import verify_audit

    assert verify_audit(desk.study).verified


def test_the_first_dose_fixes_the_days_of_the_visits(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot

    subject = desk.enrolled()
    actions.start_visit(desk.study, subject, "week1", **do)
    planned = {row.visit: row.planned for row in snapshot(desk.study).visits}
    assert planned["week3"] == dt.date(2026, 3, 16)
    later = {"by": desk.investigator, "at": desk.at + dt.timedelta(days=10)}
    assert actions.start_visit(desk.study, subject, "week2", **later) == "late"
    actions.miss_visit(desk.study, subject, "week3", "holiday", **later)
    with pytest.raises(Refused, match="Visit week3 is missed: cannot save its forms"):
        actions.save_form(desk.study, subject, "vitals", vitals(weight="60"), visit="week3", **later)


def test_a_dose_follows_the_captured_weight_and_the_rules(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    actions.start_visit(desk.study, subject, "week1", **do)
    assert actions.plan_dose(desk.study, subject, 1, **do).amount == 600
    later = {"by": desk.investigator, "at": desk.at + dt.timedelta(days=7)}
    actions.start_visit(desk.study, subject, "week2", **later)
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "70000", "g")], visit="week2", **later)
    assert actions.plan_dose(desk.study, subject, 2, **later).amount == 700
    blood = [Entry("creatinine", "4", "mg/dL")]
    actions.save_form(desk.study, subject, "lab", blood, visit="week2", **later)
    plan = actions.plan_dose(desk.study, subject, 2, **later)
    assert (plan.decision, plan.rules, plan.amount) == ("delay", ("kidney",), None)


def test_after_the_end_nothing_starts(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    assert actions.end_participation(desk.study, subject, "withdrawal", **do) == "discontinued"
    with pytest.raises(Refused, match="Subject 01-001 is discontinued: cannot start or miss a visit"):
        actions.start_visit(desk.study, subject, "week1", **do)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (("register_subject", "03"), "There is no site '03'"),
        (("record_consent", "01-009"), "There is no subject '01-009'"),
        (("start_visit", "01-001", "week11"), "Did you mean week1"),
        (("save_form", "01-001", "vitels", []), "Did you mean vitals"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest_one(desk: Any, do: dict[str, Any], what: Any, says: str) -> None:
    from trialwright.conduct import actions

    desk.screened()
    name, *arguments = what
    with pytest.raises(UnknownName, match=says):
        getattr(actions, name)(desk.study, *arguments, **do)


def test_a_time_without_a_zone_is_refused(desk: Any) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match="has no time zone"):
        actions.register_subject(desk.study, "01", by=desk.investigator, at=dt.datetime(2026, 3, 2))


def test_a_study_is_opened_once(desk: Any, tiny: Any) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match="Study tiny is open already"):
        actions.open_study(tiny)


def test_the_definition_comes_back_out_of_the_database(desk: Any, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import studies

    monkeypatch.setattr(studies, "_DEFINITIONS", {})
    assert actions.definition("tiny") == tiny


# --- Permissions -------------------------------------------------------------------------------------------------


def test_a_monitor_may_not_type_data(desk: Any) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    with pytest.raises(Refused, match=r"Some monitor \(monitor\) may not save a form\. This takes: investigator"):
        actions.save_form(desk.study, subject, "vitals", [], visit="screening", by=desk.monitor, at=desk.at)


def test_a_person_of_another_site_may_not_touch_or_see_the_subject(desk: Any) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.screened("01")
    stranger = actions.add_person(desk.study, "wu", "Dr Wu", "investigator", site="02", at=desk.at)
    with pytest.raises(UnknownName, match="There is no subject '01-001'"):
        actions.enrol(desk.study, subject, by=stranger, at=desk.at)
    with pytest.raises(UnknownName, match="There is no subject '01-001'"):
        worklists.casebook(desk.study, subject, stranger)
    assert worklists.subjects_matrix(desk.study, stranger).rows == ()


def test_a_person_without_a_role_is_nobody(desk: Any) -> None:
    from trialwright.conduct import actions

    actions.remove_person(desk.study, "monitor", reason="left", at=desk.at)
    with pytest.raises(Refused, match="monitor has no role in study tiny"):
        actions.person(desk.study, "monitor")


# --- Forms -------------------------------------------------------------------------------------------------------


def test_every_wrong_field_gets_its_sentence_and_nothing_is_saved(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(weight="")
    wrong = [Entry("weight", "700"), Entry("height", "tall"), Entry("bmi", "22"), Entry("systolic", "120", "kg")]
    with pytest.raises(FormErrors) as error:
        actions.save_form(desk.study, subject, "vitals", [*wrong, Entry("diastolic", "80")], visit="screening", **do)
    sentences = {item: text for (_, _, item), text in error.value.fields.items()}
    assert sentences["weight"] == "700 kg is impossible: expected 1 to 400 kg. Was 70 meant?"
    assert sentences["height"].startswith("'tall' is not a number.")
    assert sentences["bmi"] == "This field is computed; it cannot be typed."
    assert "'kg' is not a unit of Systolic pressure" in sentences["systolic"]
    assert "diastolic" not in values(desk.study, subject)


def test_derived_items_follow_what_they_hang_on(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    save = {"visit": "screening", **do}
    actions.save_form(desk.study, subject, "vitals", vitals(height="170"), **save)
    assert values(desk.study, subject)["bmi"] == "20.8"
    actions.save_form(desk.study, subject, "vitals", vitals(weight="70"), reason="misread", **save)
    assert values(desk.study, subject)["bmi"] == "24.2"
    actions.save_form(desk.study, subject, "vitals", vitals(height=""), reason="wrong patient", **save)
    assert "bmi" not in values(desk.study, subject)


def test_a_change_needs_a_reason_and_the_reason_is_kept(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    with pytest.raises(ReasonNeeded, match="changing a saved value needs a reason"):
        actions.save_form(desk.study, subject, "vitals", vitals(weight="61"), visit="screening", **do)
    assert values(desk.study, subject)["weight"] == "60"
    actions.save_form(desk.study, subject, "vitals", vitals(weight="61"), visit="screening", reason="misread", **do)
    assert events(desk.study)[-1].reason == "misread"


def test_saving_the_same_again_changes_nothing(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    count = len(events(desk.study))
    again = actions.save_form(desk.study, subject, "vitals", vitals(weight="60"), visit="screening", **do)
    assert (again.changed, again.version, len(events(desk.study))) == (0, 1, count)


def test_the_second_of_two_people_is_told(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    save = {"visit": "screening", "version": 1, **do}
    assert actions.save_form(desk.study, subject, "vitals", vitals(height="170"), **save).version == 2
    with pytest.raises(StaleForm, match="saved by somebody else") as error:
        actions.save_form(desk.study, subject, "vitals", vitals(height="171"), reason="x", **save)
    assert error.value.version == 2


def test_other_forms_follow_what_they_hang_on_but_not_what_comes_later(desk: Any, do: dict[str, Any]) -> None:
    """A corrected weight changes the dose per kg of its own visit and later ones, and clears the query on the dose."""
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot
    from trialwright.conduct.worklists import verify_audit

    def per_kg() -> dict[str, str]:
        return {row.visit: row.value for row in snapshot(desk.study).values if row.item == "per_kg"}

    subject = desk.enrolled()
    week1: dict[str, Any] = {"visit": "week1", **do}
    actions.start_visit(desk.study, subject, "week1", **do)
    actions.save_form(desk.study, subject, "vitals", vitals(weight="50"), **week1)
    assert len(actions.save_form(desk.study, subject, "infusion", vitals(given="600"), **week1).opened) == 1
    assert per_kg() == {"week1": "12.0"}
    corrected = actions.save_form(desk.study, subject, "vitals", vitals(weight="60"), reason="misread", **week1)
    assert (corrected.closed, per_kg()) == ((1,), {"week1": "10.0"})
    later: dict[str, Any] = {"by": desk.investigator, "at": desk.at + dt.timedelta(days=7)}
    actions.start_visit(desk.study, subject, "week2", **later)
    actions.save_form(desk.study, subject, "vitals", vitals(weight="75"), visit="week2", **later)
    actions.save_form(desk.study, subject, "infusion", vitals(given="600"), visit="week2", **later)
    assert per_kg() == {"week1": "10.0", "week2": "8.0"}
    assert verify_audit(desk.study).verified


def test_a_form_is_complete_once_its_required_fields_are(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(weight="")
    save = {"visit": "screening", **do}
    first = actions.save_form(desk.study, subject, "vitals", vitals(height="170"), **save)
    assert (first.state, first.missing) == ("in_progress", ("weight",))
    absent = actions.save_form(desk.study, subject, "vitals", [Entry("weight", "", null_reason="not_done")], **save)
    assert (absent.state, absent.missing) == ("complete", ())


def test_a_form_stands_where_the_schedule_puts_it(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    with pytest.raises(
        Refused, match=r"Form infusion is not filled in at screening. It belongs to: week1, week2, week3"
    ):
        actions.save_form(desk.study, subject, "infusion", [], visit="screening", **do)
    with pytest.raises(Refused, match="Form events is a running log"):
        actions.save_form(desk.study, subject, "events", [], visit="screening", **do)


def test_rows_carry_agent_and_day_to_their_values(desk: Any, do: dict[str, Any], tiny: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions.evidence import captured_of, days_of
    from trialwright.conduct.rules.facts import patient
    from trialwright.conduct.store.models import Subject

    subject = desk.screened()
    typed = [
        Entry("pill_day", "2026-02-20"), Entry("pill", "prednisone"), Entry("pill_dose", "60"),
        Entry("pill_day", "2026-02-21", row=2), Entry("pill", "prednisone", row=2), Entry("pill_dose", "80", row=2),
    ]  # fmt: skip
    actions.save_form(desk.study, subject, "pills", typed, visit="screening", **do)
    row = Subject.objects.get(subject=subject)
    facts = patient(tiny, days_of(row), captured_of(row)).of("pill_dose")
    assert [(fact.value, fact.agent, str(fact.when)) for fact in facts] == [
        (60.0, "prednisone", "2026-02-20"), (80.0, "prednisone", "2026-02-21"),
    ]  # fmt: skip


# --- Queries -----------------------------------------------------------------------------------------------------


def live(study: str, by: Any) -> list[str]:
    from trialwright.conduct import worklists
    from trialwright.conduct.worklists import QueryFilter

    return [query.text for query in worklists.queries(study, by, QueryFilter(state="live")).lines]


def test_a_check_asks_and_falls_silent_once_it_passes(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    save = {"visit": "screening", **do}
    wrong = vitals(systolic="80", diastolic="120")
    assert len(actions.save_form(desk.study, subject, "vitals", wrong, **save).opened) == 1
    assert live(desk.study, desk.monitor) == ["The systolic pressure is not above the diastolic one."]
    right = actions.save_form(desk.study, subject, "vitals", vitals(systolic="130"), reason="swapped", **save)
    assert right.closed == (1,)
    assert live(desk.study, desk.monitor) == []


def test_an_unusual_value_is_kept_and_asked_about(desk: Any, do: dict[str, Any]) -> None:
    subject = desk.screened(weight="160")
    assert values(desk.study, subject)["weight"] == "160"
    assert live(desk.study, desk.monitor) == [
        "Weight 160 kg is unusual: expected 30 to 150 kg. Please confirm or correct."
    ]


def test_an_answer_to_a_question_that_is_not_asked_is_kept_and_asked_about(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(sex="male")
    actions.save_form(desk.study, subject, "person", [Entry("pregnant", "no")], visit="screening", **do)
    assert values(desk.study, subject)["pregnant"] == "false"
    assert live(desk.study, desk.monitor) == ["Pregnant is answered, but it is not asked here."]


def test_a_check_looks_at_each_row_by_itself(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.screened()
    typed = [
        Entry("term", "Fever"), Entry("started", "2026-03-01"), Entry("stopped", "2026-03-02"),
        Entry("term", "Rash", row=2), Entry("started", "2026-03-01", row=2), Entry("stopped", "2026-02-01", row=2),
    ]  # fmt: skip
    actions.save_form(desk.study, subject, "events", typed, **do)
    asked = worklists.queries(desk.study, desk.monitor).lines
    assert [(query.item, query.row, query.check_id) for query in asked] == [("stopped", 2, "event_order")]


def test_a_query_that_was_looked_at_is_not_asked_again_until_its_value_changes(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(weight="160")
    actions.answer_query(desk.study, subject, 1, "It is so.", by=desk.coordinator, at=desk.at)
    actions.close_query(desk.study, subject, 1, by=desk.monitor, at=desk.at)
    save = {"visit": "screening", **do}
    assert actions.save_form(desk.study, subject, "vitals", vitals(height="190"), **save).opened == ()
    assert actions.save_form(desk.study, subject, "vitals", vitals(weight="170"), reason="again", **save).opened == (1,)


def test_a_persons_query_keeps_its_thread(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.screened()
    ask = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    number = actions.open_query(desk.study, subject, "vitals", "weight", "Which scale?", **ask)
    actions.answer_query(desk.study, subject, number, "The one in room 2.", by=desk.coordinator, at=desk.at)
    actions.reopen_query(desk.study, subject, number, "Is it calibrated?", by=desk.monitor, at=desk.at)
    with pytest.raises(Refused, match=r"Some coordinator .* may not close a query"):
        actions.close_query(desk.study, subject, number, by=desk.coordinator, at=desk.at)
    actions.close_query(desk.study, subject, number, by=desk.monitor, at=desk.at)
    (query,) = worklists.queries(desk.study, desk.monitor).lines
    assert query.state == "closed"
    assert [(m.who, m.text) for m in query.thread] == [
        ("coordinator", "The one in room 2."), ("monitor", "Is it calibrated?"),
    ]  # fmt: skip
    with pytest.raises(Refused, match=r"Query .* is closed: cannot answer it"):
        actions.answer_query(desk.study, subject, number, "Yes", by=desk.coordinator, at=desk.at)
