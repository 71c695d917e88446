"""Visits that no plan foresees, that of early termination, and visits that take place again and again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="session")
def tiny(tiny: Study) -> Study:
    """With an unscheduled visit, one of early termination, and a call every 7 days, three times in all."""
    data = tiny.model_dump(mode="json", by_alias=True)
    last = data["schedule"]["visits"][-1]
    call = {**last, "id": "call", "number": 5, "label": {"en": "Call", "zh": "电话"}, "dose": None, "offset": 21}
    call |= {"every": 7, "times": 3, "forms": ["vitals"], "window": {"before": 2, "after": 2}}
    data["schedule"]["visits"].append(call)
    plain = {"label": {"en": "Extra", "zh": "额外"}, "forms": ["vitals", "lab"], "source": last["source"]}
    data["schedule"]["extra"] = [
        {**plain, "id": "unscheduled", "number": 90},
        {**plain, "id": "early", "number": 80, "kind": "early_termination", "epoch": "TREATMENT"},
    ]
    return Study.model_validate(data)


def visits(study: str, subject: str) -> dict[str, tuple[str, dt.date | None]]:
    from trialwright.conduct.store.models import Visit

    rows = Visit.objects.filter(subject__trial=study, subject__subject=subject)
    return {row.visit: (row.state, row.planned) for row in rows}


# --- Unscheduled -------------------------------------------------------------------------------------------------


def test_an_unscheduled_visit_takes_place_as_often_as_there_is_a_reason(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.enrolled()
    names = [actions.add_visit(desk.study, subject, "unscheduled", **do) for _ in range(2)]
    assert names == ["unscheduled.1", "unscheduled.2"]
    assert actions.start_visit(desk.study, subject, "unscheduled.3", on=desk.at.date() - DAY, **do) == "unplanned"
    saved = actions.save_form(
        desk.study, subject, "vitals", [Entry("weight", "61")], visit="unscheduled.2", **do
    )  # fmt: skip
    assert saved.state == "complete"
    view = worklists.form_view(desk.study, subject, "vitals", desk.investigator, visit="unscheduled.2")
    assert view.visit_label is not None
    assert view.visit_label.to("zh") == "额外 2"
    assert worklists.verify_audit(desk.study).problems == ()


def test_it_takes_the_next_number_and_needs_consent(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = actions.register_subject(desk.study, "01", **do)
    with pytest.raises(Refused, match="No consent"):
        actions.add_visit(desk.study, subject, "unscheduled", **do)
    actions.record_consent(desk.study, subject, **do)
    with pytest.raises(Refused, match=r"unscheduled\.2 of subject 01-001 cannot come before unscheduled\.1"):
        actions.start_visit(desk.study, subject, "unscheduled.2", **do)
    for wrong in ("unscheduled", "unscheduled.0", "unscheduled.101", "week1.2", "nothing"):
        with pytest.raises(UnknownName, match="There is no visit"):
            actions.start_visit(desk.study, subject, wrong, **do)
    assert actions.add_visit(desk.study, subject, "unscheduled", **do) == "unscheduled.1"
    with pytest.raises(UnknownName, match="no visit beyond the plan 'week1'"):
        actions.add_visit(desk.study, subject, "week1", **do)


def test_it_stands_in_matrix_casebook_and_snapshot_after_the_planned_ones(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.extract import snapshot

    subject, other = desk.enrolled(), desk.enrolled()
    for _ in range(2):
        name = actions.add_visit(desk.study, subject, "unscheduled", **do)
        actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], visit=name, **do)
    grid = worklists.subjects_matrix(desk.study, desk.investigator, today=desk.at.date())
    planned = ["screening", "week1", "week2", "week3", "call"]
    assert [visit for visit, _ in grid.visits] == planned
    beyond = {row.subject: [(cell.visit, cell.state) for cell in row.extra] for row in grid.rows}
    assert beyond == {subject: [("unscheduled.1", "done"), ("unscheduled.2", "done")], other: []}
    book = worklists.casebook(desk.study, subject, desk.investigator, today=desk.at.date())
    assert [line.visit for line in book.visits] == [*planned, "unscheduled.1", "unscheduled.2"]
    assert [name for name, _ in book.beyond] == ["unscheduled", "early"]
    kept = [row.visit for row in snapshot(desk.study).values if row.subject == subject and row.item == "weight"]
    assert kept == ["screening", "unscheduled.1", "unscheduled.2"]


# --- Early termination -------------------------------------------------------------------------------------------


def test_leaving_early_proposes_the_last_visit_which_takes_place_once(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.enrolled()
    assert actions.end_participation(desk.study, subject, "withdrew", **do) == "discontinued"
    assert visits(desk.study, subject)["early"] == ("planned", desk.at.date())
    book = worklists.casebook(desk.study, subject, desk.investigator, today=desk.at.date() + 3 * DAY)
    assert {line.visit: line.state for line in book.visits if line.state} == {"screening": "done", "early": "due"}
    assert book.next_visit is not None
    assert book.next_visit.visit == "early"
    later: dict[str, Any] = {"by": desk.investigator, "at": desk.at + 3 * DAY}
    assert actions.start_visit(desk.study, subject, "early", **later) == "unplanned"
    actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "80")], visit="early", **later)
    with pytest.raises(Refused, match="Visit early is done"):
        actions.start_visit(desk.study, subject, "early", **later)
    with pytest.raises(Refused, match="discontinued: cannot start or miss a visit"):
        actions.add_visit(desk.study, subject, "unscheduled", **later)


def test_it_may_come_before_the_end_is_recorded_or_be_missed(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    first, second, third = desk.enrolled(), desk.enrolled(), desk.screened()
    assert actions.add_visit(desk.study, first, "early", **do) == "early"
    actions.end_participation(desk.study, first, "withdrew", **do)
    assert visits(desk.study, first)["early"][0] == "done"
    actions.end_participation(desk.study, second, "lost", **do)
    actions.miss_visit(desk.study, second, "early", "Could not be reached.", **do)
    assert visits(desk.study, second)["early"][0] == "missed"
    actions.end_participation(desk.study, third, "not_eligible", **do)
    assert "early" not in visits(desk.study, third), "a screen failure is seen no more"


def test_completers_have_no_early_termination(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    assert actions.end_participation(desk.study, subject, "completed", **do) == "completed"
    assert "early" not in visits(desk.study, subject)
    with pytest.raises(Refused, match="completed: cannot start or miss the last visit"):
        actions.add_visit(desk.study, subject, "early", **do)


# --- Repeating ---------------------------------------------------------------------------------------------------


def treated(desk: Any, do: dict[str, Any]) -> tuple[str, dt.date]:
    from trialwright.conduct import actions

    subject = desk.enrolled()
    actions.start_visit(desk.study, subject, "week1", **do)
    return subject, desk.at.date()


def test_each_time_plans_the_next_one_until_the_last(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject, first = treated(desk, do)
    assert "call.2" not in visits(desk.study, subject)
    with pytest.raises(Refused, match=r"call\.2 is not open for subject .*: the one before it comes first"):
        actions.start_visit(desk.study, subject, "call.2", by=desk.investigator, at=desk.at + 28 * DAY)
    timings = []
    for name, day in (("call", 21), ("call.2", 31), ("call.3", 34)):
        at = desk.at + day * DAY
        timings.append(actions.start_visit(desk.study, subject, name, by=desk.investigator, at=at))
    assert timings == ["in_window", "late", "in_window"]
    found = visits(desk.study, subject)
    assert [found[name][1] for name in ("call", "call.2", "call.3")] == [first + n * DAY for n in (21, 28, 35)]
    assert "call.4" not in found
    with pytest.raises(UnknownName, match=r"There is no visit 'call\.4'"):
        actions.start_visit(desk.study, subject, "call.4", by=desk.investigator, at=desk.at + 42 * DAY)


def test_a_missed_time_plans_the_next_one_too_and_the_end_ends_them(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject, first = treated(desk, do)
    later: dict[str, Any] = {"by": desk.investigator, "at": desk.at + 24 * DAY}
    actions.miss_visit(desk.study, subject, "call", "No answer.", **later)
    assert visits(desk.study, subject)["call.2"] == ("planned", first + 28 * DAY)
    actions.end_participation(desk.study, subject, "withdrew", **later)
    book = worklists.casebook(desk.study, subject, desk.investigator, today=first + 30 * DAY)
    assert {line.visit: line.state for line in book.visits}["call.2"] == ""
    with pytest.raises(Refused, match="cannot start or miss a visit"):
        actions.start_visit(desk.study, subject, "call.2", **later)
    assert "call.3" not in visits(desk.study, subject)


def test_two_times_of_one_visit_are_on_days_of_their_own_in_turn(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject, first = treated(desk, do)
    later: dict[str, Any] = {"by": desk.investigator, "at": desk.at + 24 * DAY}
    actions.start_visit(desk.study, subject, "call", on=first + 21 * DAY, **later)
    with pytest.raises(Refused, match=rf"call\.2 cannot be dated {first + 21 * DAY}: call was on .* Give a day after"):
        actions.start_visit(desk.study, subject, "call.2", on=first + 21 * DAY, **later)
    actions.start_visit(desk.study, subject, "call.2", on=first + 23 * DAY, **later)
    assert actions.add_visit(desk.study, subject, "unscheduled", on=first + 23 * DAY, **later) == "unscheduled.1"


def test_the_first_dose_gives_every_time_its_day_and_the_page_tells_what_is_due(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions, worklists

    subject, first = treated(desk, do)
    actions.start_visit(desk.study, subject, "call", by=desk.investigator, at=desk.at + 21 * DAY)
    states = []
    for day in (25, 26, 30, 31):
        grid = worklists.subjects_matrix(desk.study, desk.investigator, today=first + day * DAY)
        (row,) = grid.rows
        states.append({cell.visit: cell.state for cell in row.cells}["call.2"])
    assert states == ["planned", "due", "due", "overdue"]


# --- Out again ---------------------------------------------------------------------------------------------------


def test_analysis_gets_numbers_by_the_definition_and_flags_what_was_not_planned(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.analyse.sdtm.context import Context
    from trialwright.analyse.sdtm.subjects import visits as sv
    from trialwright.conduct import actions
    from trialwright.conduct.extract import snapshot

    subject, _ = treated(desk, do)
    actions.add_visit(desk.study, subject, "unscheduled", **do)
    later: dict[str, Any] = {"by": desk.investigator, "at": desk.at + 30 * DAY}
    for name in ("call", "call.2"):
        actions.start_visit(
            desk.study, subject, name, on=desk.at.date() + (21 if name == "call" else 28) * DAY, **later
        )
    actions.add_visit(desk.study, subject, "early", **later)
    rows = {row["VISITNUM"]: row for row in sv(Context(actions.definition(desk.study), snapshot(desk.study)))}
    said = {n: (r["VISIT"], r.get("VISITDY"), r["SVPRESP"], r["SVUPDES"]) for n, r in rows.items()}
    assert said[5.0] == ("CALL", 22, "Y", "")
    assert said[5.01] == ("CALL 2", 29, "Y", "")
    assert said[90.0] == ("UNSCHEDULED 90", None, "", "EXTRA 1")
    assert said[80.0] == ("EXTRA", None, "", "EXTRA")


@pytest.mark.parametrize("second", [False, True])
def test_odm_carries_each_time_of_a_visit_and_brings_it_back(desk: Any, do: dict[str, Any], second: bool) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.exchange.odm_data_out import subjects
    from trialwright.conduct.exchange.odm_out import Definer
    from trialwright.conduct.exchange.values import of_snapshot
    from trialwright.conduct.extract import snapshot

    subject = desk.enrolled()
    for weight in ("61", "62"):
        name = actions.add_visit(desk.study, subject, "unscheduled", **do)
        actions.save_form(desk.study, subject, "vitals", [Entry("weight", weight)], visit=name, **do)
    study = actions.definition(desk.study)
    (tree,) = subjects(Definer(study, second=second), of_snapshot(snapshot(desk.study)))
    assert [event.repeat for event in tree.events if event.oid == "E.unscheduled"] == ["1", "2"]
