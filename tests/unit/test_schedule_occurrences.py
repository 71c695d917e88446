"""Visits that take place again, and visits beyond the plan: their ids, numbers and days, and what a definition may not
say of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.checks import problems
from trialwright.study.checks.doubts import doubts
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study
from trialwright.study.load import load_study, study_from_texts
from trialwright.study.schedule import BeyondPlan, ExtraVisit, Schedule, Visit, base_of

STUDY = load_study("nct07208058")
WHY = Source(kind="assumption", why="a test")
DIARY = Visit(
    id="diary", number=2, label=Text(en="Diary", zh="日记"), epoch="TREATMENT", offset=7, every=7, times=3, forms=(),
    source=WHY,
)  # fmt: skip
ENDLESS = DIARY.model_copy(update={"id": "endless", "number": 3.0, "times": None})
UNSCHEDULED = ExtraVisit(id="unscheduled", number=90, label=Text(en="Unscheduled", zh="计划外"), forms=(), source=WHY)
EARLY = ExtraVisit(
    id="early", number=91, label=Text(en="Early"), kind="early_termination", forms=(), epoch="TREATMENT", source=WHY
)
SCHEDULE = Schedule(epochs=(), visits=(DIARY, ENDLESS), extra=(UNSCHEDULED, EARLY), logs=())


@pytest.mark.parametrize(
    ("visit", "number", "label", "offset"),
    [
        ("diary", 2.0, "Diary", 7), ("diary.2", 2.01, "Diary 2", 14), ("diary.3", 2.02, "Diary 3", 21),
        ("endless.40", 3.39, "Diary 40", 280), ("unscheduled.1", 90.0, "Unscheduled 1", 0),
        ("unscheduled.12", 90.11, "Unscheduled 12", 0), ("early", 91.0, "Early", 0),
    ],
)  # fmt: skip
def test_an_id_names_one_time_of_a_visit(visit: str, number: float, label: str, offset: int) -> None:
    plan = SCHEDULE.plan(visit)
    assert plan is not None
    assert (plan.id, plan.number, plan.label.en, plan.offset) == (visit, number, label, offset)


@pytest.mark.parametrize(
    "visit",
    ["diary.1", "diary.4", "diary.0", "diary.02", "diary.x", "diary.", "endless.101", "unscheduled", "unscheduled.0",
     "unscheduled.101", "unscheduled.²", "early.1", "early.2", "other", "", ".1"],
)  # fmt: skip
def test_no_other_id_names_a_visit(visit: str) -> None:
    assert SCHEDULE.plan(visit) is None


def test_labels_of_occurrences_are_told_in_both_languages() -> None:
    second = SCHEDULE.plan("diary.2")
    third = SCHEDULE.plan("unscheduled.3")
    assert second
    assert third
    assert (second.label.to("zh"), third.label.to("zh")) == ("日记 2", "计划外 3")


def test_the_next_time_of_a_repeating_visit_ends_with_its_last() -> None:
    chain = ["diary"]
    while following := SCHEDULE.following(chain[-1]):
        chain.append(following.id)
    assert chain == ["diary", "diary.2", "diary.3"]
    assert SCHEDULE.following("unscheduled.1") is None


def test_the_plan_lists_each_time_and_the_last_day() -> None:
    assert [visit.id for visit in SCHEDULE.planned()] == ["diary", "diary.2", "diary.3", "endless"]
    assert SCHEDULE.days_on_study == 21


def test_visits_stand_in_the_order_of_the_definition_with_their_times_in_turn() -> None:
    names = ["unscheduled.10", "early", "endless", "diary.2", "unscheduled.2", "other", "diary"]
    found = ["diary", "diary.2", "endless", "unscheduled.2", "unscheduled.10", "early", "other"]
    assert sorted(names, key=SCHEDULE.position) == found
    assert base_of("unscheduled.12") == ("unscheduled", 12)
    assert base_of("week1") == ("week1", 1)


def test_a_visit_beyond_the_plan_has_no_day_to_be_early_or_late_for() -> None:
    import datetime as dt

    from trialwright.conduct.rules import windows

    plan = SCHEDULE.plan("unscheduled.1")
    assert isinstance(plan, BeyondPlan)
    day = dt.date(2026, 3, 2)
    assert windows.planned(plan, day, day) is None
    assert windows.timing(plan, day, day) == "unplanned"


Edit = Callable[[dict[str, Any]], None]


def edited(edit: Edit) -> Study:
    plain = STUDY.model_dump(mode="json", by_alias=True)
    edit(plain["schedule"])
    return Study.model_validate(plain)


def extra(schedule: dict[str, Any], **change: Any) -> None:
    schedule["extra"][1].update(change)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda s: extra(s, id="week1"), "The visit 'week1' is planned and beyond the plan."),
        (lambda s: extra(s, id="early_termination"), "The visit 'early_termination' is defined twice."),
        (lambda s: extra(s, forms=["nothing"]), "There is no form 'nothing'."),
        (lambda s: extra(s, forms=["adverse_events"]), "The form 'adverse_events' is a log and cannot"),
        (lambda s: extra(s, number=3), "The number 3 of the visit 'unscheduled' is taken by 'week2'"),
        (lambda s: extra(s, number=4.5), "The number 5 of the visit 'week4' is taken by 'unscheduled'"),
        (lambda s: s["visits"][1].update(every=7), "The visit 'week1' repeats and gives dose 1, which is given once."),
        (
            lambda s: s["visits"][0].update(every=1, times=100, number=1.5),
            "The number 2 of the visit 'week1' is taken by 'screening', whose times reach 2.49.",
        ),
    ],
)  # fmt: skip
def test_what_a_definition_may_not_say_of_such_visits(edit: Edit, sentence: str) -> None:
    assert any(problem.what.startswith(sentence) for problem in problems(edited(edit)))


def test_a_form_of_an_unscheduled_visit_alone_is_scheduled_all_the_same() -> None:
    def only_there(schedule: dict[str, Any]) -> None:
        for visit in schedule["visits"]:
            visit["forms"] = [form for form in visit["forms"] if form != "ada"]

    named = [doubt.what for doubt in doubts(edited(only_there))]
    assert not [what for what in named if "'ada'" in what and "belongs to no visit" in what]


def test_they_are_written_to_yaml_and_read_back() -> None:
    study = edited(lambda schedule: schedule["visits"][-1].update(every=28, times=6))
    again = study_from_texts(dump_study(study))
    assert again.schedule == study.schedule
    assert again.schedule.plan("follow_up.6") is not None
