"""The pure rules of conduct: states, permissions, typed values, windows, doses, and the log's arithmetic."""

from __future__ import annotations

import datetime as dt

import pytest

from trialwright.conduct.rules import chain, dosing, policy, states, values, windows
from trialwright.conduct.rules.dosing import Moment, Weighed
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES, Person, Role
from trialwright.kernel.errors import InputError, Refused, UnknownName
from trialwright.kernel.texts import Text
from trialwright.study.dosing import DoseRule, Dosing, Rounding
from trialwright.study.items import Item
from trialwright.study.schedule import Visit

ASSUMED = {"assumption": "a test"}


# --- States ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", states.MACHINES, ids=lambda m: m.thing)
def test_every_action_in_every_state_has_an_answer(machine: states.Machine) -> None:
    """A table is total: each pair leads to a known state or is refused with a sentence that says when it would work."""
    for state in machine.table:
        for action in machine.actions:
            if machine.allowed(state, action):
                assert machine.after(state, action) in machine.table
            else:
                with pytest.raises(Refused, match=rf"{machine.thing} .* is {states.words(state)}: cannot .* possible"):
                    machine.after(state, action, "X")


@pytest.mark.parametrize("machine", states.MACHINES, ids=lambda m: m.thing)
def test_every_state_can_be_reached_and_every_action_is_possible_somewhere(machine: states.Machine) -> None:
    reached = {machine.start} | {after for row in machine.table.values() for after in row.values()}
    assert reached == set(machine.table)
    assert {action for row in machine.table.values() for action in row} == set(machine.actions)


def test_after_the_end_data_may_be_completed_but_nothing_is_done_to_the_subject() -> None:
    for state in ("screen_failed", "completed", "discontinued"):
        left_early = {"closing_visit"} if state == "discontinued" else set()
        assert set(states.SUBJECT.table[state]) == {"capture"} | left_early


# --- Permissions -------------------------------------------------------------------------------------------------


def test_the_policy_speaks_only_of_known_roles_and_actions() -> None:
    assert set(ALLOWED) == set(ROLES)
    assert set().union(*ALLOWED.values()) == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_without_a_role_may_do_anything(action: str) -> None:
    with pytest.raises(Refused, match=r"Nemo \(no role\) may not .*This takes: "):
        policy.demand(Person("nemo", "Nemo"), action, "01")


@pytest.mark.parametrize("role", ["monitor", "data_manager", "statistician", "sponsor", "auditor", "administrator"])
@pytest.mark.parametrize("action", ["save_form", "enrol", "record_consent", "plan_dose"])
def test_only_the_site_writes_data(role: str, action: str) -> None:
    assert Person("p", "P", (Role(role),)).role_for(action, "01") is None


def test_a_role_at_one_site_does_not_reach_another() -> None:
    person = Person("p", "Dr Wu", (Role("investigator", "01"),))
    assert policy.demand(person, "enrol", "01") == "investigator"
    with pytest.raises(Refused, match="Dr Wu may enrol a subject only at site 01, not at 02"):
        policy.demand(person, "enrol", "02")


def test_a_role_that_does_not_exist_is_named_with_its_neighbour() -> None:
    with pytest.raises(UnknownName, match="Did you mean investigator"):
        policy.check_role("investigater")


# --- Values ------------------------------------------------------------------------------------------------------


def item(kind: str = "quantity", **more: object) -> Item:
    unit = {"unit": "kg", "units": ("g",)} if kind == "quantity" else {}
    return Item.model_validate({"id": "x", "label": "Thing", "type": kind, "source": ASSUMED, **unit, **more})


SEX = item("choice", choices=[{"code": "female", "label": "Female"}, {"code": "male", "label": "Male"}])


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("quantity", " 60.50 ", "60.50"),
        ("integer", "3", "3"),
        ("text", " a word ", "a word"),
        ("boolean", "Yes", "true"),
        ("judgement", "no", "false"),
        ("date", "2026-03-15", "2026-03-15"),
        ("time", "09:30", "09:30"),
        ("time", "23:59:59", "23:59:59"),
        ("file", "scan.png;" + "0f" * 32, "scan.png;" + "0f" * 32),
        ("datetime", "2026-03-15T09:30+08:00", "2026-03-15T09:30+08:00"),
        ("event", "None", "none"),
        ("event", "2025-11-02", "2025-11-02"),
    ],
)
def test_what_is_kept_is_what_was_typed(kind: str, typed: str, kept: str) -> None:
    assert values.canonical(item(kind), typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed", "says"),
    [
        ("quantity", "37,5", "decimal point, not a comma"),
        ("quantity", "abc", "'abc' is not a number"),
        ("quantity", "nan", "'nan' is not a number"),
        ("quantity", "1e999", "'1e999' is too large a number"),
        ("integer", "2.5", "not a whole number"),
        ("boolean", "maybe", "neither yes nor no"),
        ("date", "2026-02-30", "is not a date"),
        ("date", "15.3.2026", "Write 2026-03-15"),
        ("datetime", "2026-03-15", "not a date with time"),
        ("event", "never", "is not a date"),
        ("date", "2026-03", "not a whole date"),
        ("time", "9:30", "Write 09:30"),
        ("time", "24:00", "'24:00' is not a time"),
        ("text", "two\nlines", "several lines"),
        ("text", "a\x00b", "cannot be printed"),
        ("file", "scan.png", "is not a file"),
        ("file", "../x;" + "0f" * 32, "is not a file"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_would_be_right(kind: str, typed: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        values.canonical(item(kind), typed)


SEVERAL = item("choices", choices=[{"code": code, "label": code} for code in ("fever", "rash", "2")])


def test_several_choices_are_kept_in_the_definitions_order_each_once() -> None:
    assert values.canonical(SEVERAL, " 2; fever;2 ") == "fever;2"
    with pytest.raises(InputError, match=r"'cough' is not one of the choices. Choose from: fever, rash, 2"):
        values.canonical(SEVERAL, "fever;cough")


def test_a_partial_date_and_a_long_text_are_taken_where_the_definition_says_so() -> None:
    assert [values.canonical(item("date", partial=True), day) for day in ("2026", "2026-03")] == ["2026", "2026-03"]
    assert values.canonical(item("text", lines=4), "two\nlines") == "two\nlines"


@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        ("choices", {}, "lists no choices"),
        ("choices", {"choices": [{"code": "a;b", "label": "x"}]}, "stands between several codes"),
        ("integer", {"lines": 2}, "is no text"),
        ("time", {"partial": True}, "is no date"),
    ],
)
def test_an_item_that_contradicts_itself_is_refused(kind: str, more: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        item(kind, **more)


def test_the_ends_of_a_range_may_lie_outside_it() -> None:
    height = item(hard={"low": 1, "high": 3, "open_low": True, "open_high": True})
    values.check_hard(height, "1.01", "kg")
    for text in ("1", "3"):
        with pytest.raises(InputError, match="expected above 1 and below 3 kg"):
            values.check_hard(height, text, "kg")


def test_a_choice_lists_what_can_be_chosen() -> None:
    with pytest.raises(InputError, match="Choose from: female, male"):
        values.canonical(SEX, "f")


def test_limits_are_compared_in_the_items_own_unit() -> None:
    weight = item(hard={"low": 1, "high": 400}, soft={"low": 30, "high": 150})
    values.check_hard(weight, "70000", "g")
    assert values.soft_message(weight, "70000", "g") == ""
    assert values.soft_message(weight, "20000", "g").startswith("Thing 20000 g is unusual: expected 30 to 150 kg")
    with pytest.raises(InputError, match=r"600 kg is impossible: expected 1 to 400 kg. Was 60 meant"):
        values.check_hard(weight, "600", "kg")


def test_a_unit_that_is_not_offered_is_refused() -> None:
    assert values.check_unit(item(), "") == "kg"
    with pytest.raises(InputError, match=r"'cm' is not a unit of Thing. Choose from: kg, g"):
        values.check_unit(item(), "cm")


def test_below_the_limit_of_quantification_is_an_answer_without_a_number() -> None:
    assay = item(lloq=0.1)
    assert values.canonical(assay, "<0.1") == "<0.1"
    assert values.parse(assay, "<0.1") is None
    with pytest.raises(InputError, match="not a number"):
        values.parse(item(), "<0.1")


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [(24.221, 1, "24.2"), (0.1 + 0.2, None, "0.3"), (1e-6, None, "0.000001"), (5, None, "5")],
)
def test_computed_numbers_read_like_typed_ones(number: float, decimals: int | None, text: str) -> None:
    assert values.number_text(number, decimals) == text


# --- Windows -----------------------------------------------------------------------------------------------------

WEEK2 = Visit.model_validate(
    {
        "id": "week2", "number": 2, "label": "Week 2", "epoch": "TREATMENT", "offset": 7,
        "window": {"before": 1, "after": 2}, "forms": [], "source": ASSUMED,
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "where"), [(7, "early"), (8, "in_window"), (9, "in_window"), (11, "in_window"), (12, "late")]
)
def test_a_window_is_closed_at_both_ends(day: int, where: str) -> None:
    first_dose = dt.date(2026, 3, 2)
    target = windows.planned(WEEK2, dt.date(2026, 2, 20), first_dose)
    assert target == dt.date(2026, 3, 9)
    assert windows.timing(WEEK2, target, dt.date(2026, 3, day)) == where


def test_before_the_first_dose_its_visits_have_no_day() -> None:
    assert windows.planned(WEEK2, dt.date(2026, 2, 20), None) is None
    assert windows.timing(WEEK2, None, dt.date(2026, 3, 9)) == "unplanned"


# --- Doses -------------------------------------------------------------------------------------------------------


def regimen(use: str = "change", step: float = 10, mode: str = "nearest") -> Dosing:
    return Dosing.model_validate(
        {
            "arm": "a", "intervention": "d", "treatment": "D", "interval_days": 7, "min_interval_days": 5,
            "steps": [
                {"first": 1, "last": 3, "per_kg": 10, "source": ASSUMED},
                {"first": 4, "last": 8, "per_kg": 6, "source": ASSUMED},
            ],
            "weight": {"item": "weight", "use": use, "change_percent": 10, "source": ASSUMED},
            "rounding": {"step": step, "mode": mode, "source": ASSUMED},
            "infusion": {"minutes": 60, "source": ASSUMED}, "dose_item": "given",
        }
    )  # fmt: skip


def rule(action: str = "delay", max_delay_days: int | None = None) -> DoseRule:
    return DoseRule(
        id="kidney", action=action, logic="x", message=Text(en="Creatinine is too high."),
        max_delay_days=max_delay_days, source=ASSUMED,
    )  # fmt: skip


DAY = dt.date(2026, 3, 2)
BASELINE = Weighed(61.2, DAY)


def after(days: int, kg: float) -> Weighed:
    return Weighed(kg, DAY + dt.timedelta(days=days))


def test_a_dose_is_weight_times_step_rounded_and_says_so() -> None:
    plan = dosing.plan(regimen(), 1, [BASELINE], Moment(DAY))
    assert (plan.decision, plan.amount, plan.unit, plan.weight) == ("give", 610.0, "mg", 61.2)
    assert "10 mg/kg × 61.2 kg = 612 mg." in plan.explanation
    assert "610 mg" in plan.explanation


def test_the_step_changes_with_the_dose() -> None:
    assert dosing.plan(regimen(step=1), 4, [BASELINE], Moment(DAY)).amount == 367.0


@pytest.mark.parametrize(
    ("use", "now", "used"),
    [
        ("baseline", 80.0, 61.2),
        ("current", 80.0, 80.0),
        ("change", 67.31, 61.2),
        ("change", 67.32, 67.32),
        ("change", 55.08, 55.08),
    ],
)
def test_which_weight_is_used_follows_the_rule(use: str, now: float, used: float) -> None:
    assert dosing.dosing_weight(regimen(use), [after(-4, 90.0), BASELINE, after(7, now)], DAY)[0] == used


@pytest.mark.parametrize(
    ("mode", "amount", "step", "expected"),
    [
        ("nearest", 605, 10, 610),
        ("nearest", 604.99, 10, 600),
        ("up", 601, 10, 610),
        ("down", 609, 10, 600),
        ("nearest", 0.25, 0.1, 0.3),
    ],
)
def test_rounding_is_exact_and_halves_go_up(mode: str, amount: float, step: float, expected: float) -> None:
    assert dosing.rounded(amount, Rounding(step=step, mode=mode, source=ASSUMED)) == pytest.approx(expected, abs=1e-12)


def test_a_rule_delays_until_its_limit_and_then_stops() -> None:
    planned = DAY + dt.timedelta(days=7)
    for late, decision in ((0, "delay"), (7, "delay"), (8, "stop")):
        moment = Moment(planned + dt.timedelta(days=late), planned, DAY)
        plan = dosing.plan(regimen(), 2, [BASELINE], moment, [rule(max_delay_days=7)])
        assert (plan.decision, plan.amount, plan.rules) == (decision, None, ("kidney",))
        assert "Creatinine is too high." in plan.explanation


def test_rules_are_not_asked_before_the_first_dose() -> None:
    assert dosing.plan(regimen(), 1, [BASELINE], Moment(DAY), [rule("stop")]).decision == "give"


def test_a_dose_too_soon_after_the_last_one_waits() -> None:
    plan = dosing.plan(regimen(), 2, [BASELINE], Moment(DAY + dt.timedelta(days=4), None, DAY))
    assert (plan.decision, plan.not_before) == ("delay", DAY + dt.timedelta(days=5))


def test_the_baseline_is_the_last_weight_by_the_day_of_the_first_dose() -> None:
    weights = [after(-4, 90.0), BASELINE]
    assert dosing.plan(regimen("baseline"), 1, weights, Moment(DAY)).weight == 61.2
    later = Moment(DAY + dt.timedelta(days=7), None, DAY, DAY)
    assert dosing.plan(regimen("baseline"), 2, [*weights, after(3, 50.0)], later).weight == 61.2


def test_the_earliest_day_is_said_only_while_it_lies_ahead() -> None:
    for days, says in ((4, True), (6, False)):
        plan = dosing.plan(regimen(), 2, [BASELINE], Moment(DAY + dt.timedelta(days=days), None, DAY), [rule()])
        assert ("The earliest day" in plan.explanation, plan.not_before is not None) == (says, says)


def test_no_dose_without_a_weight_and_none_beyond_the_regimen() -> None:
    with pytest.raises(Refused, match="no weight is recorded"):
        dosing.plan(regimen(), 1, [], Moment(DAY))
    with pytest.raises(Refused, match="There is no dose 9; the regimen has 8"):
        dosing.plan(regimen(), 9, [BASELINE], Moment(DAY))


# --- The log's arithmetic ------------------------------------------------------------------------------------------

MADE = {"rows": {"value": [[["s", "weight"], None, {"value": "60", "unit": "kg"}]]}}
CHANGED = {"rows": {"value": [[["s", "weight"], {"value": "60"}, {"value": "61"}]]}}
REMOVED = {"rows": {"value": [[["s", "weight"], {"value": "61", "unit": "kg"}, None]]}}


def test_a_replay_folds_changes_in_order() -> None:
    assert chain.replay([MADE, CHANGED])["value"] == {("s", "weight"): {"value": "61", "unit": "kg"}}
    assert chain.replay([MADE, CHANGED, REMOVED])["value"] == {}


@pytest.mark.parametrize("log", [[CHANGED], [MADE, MADE], [MADE, REMOVED], [REMOVED]])
def test_a_log_that_contradicts_itself_is_found(log: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="weight"):
        chain.replay(log)


def test_a_hash_hangs_on_every_column_and_not_on_their_order() -> None:
    event = {"sequence": 1, "at": dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "who": "x", "previous": "", "reason": ""}
    event["content"] = '{"rows":{"value":[[["s","weight"],null,{"value":"60"},"salt"]]},"salt":"another"}'
    assert chain.event_hash(event) == chain.event_hash(dict(reversed(event.items())))
    others = [{**event, name: "other"} for name in event if name != "content"]
    others.append({**event, "content": event["content"].replace("60", "61")})
    assert len({chain.event_hash(other) for other in [event, *others]}) == 7


def test_a_moment_is_one_text_in_every_zone() -> None:
    moment = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert chain.moment(moment) == chain.moment(moment.astimezone(dt.UTC)) == "2026-03-02T01:00:00.000000+00:00"
