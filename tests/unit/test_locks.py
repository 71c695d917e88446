"""Freezing and locking, by values alone: what a lock covers, which one counts, what it says."""

from __future__ import annotations

import datetime as dt

import pytest

from trialwright.conduct.rules.locks import PASSES, Held, Scope, covering, demand_open, refusing
from trialwright.conduct.rules.policy import ACTIONS
from trialwright.conduct.rules.policy_table import held_up
from trialwright.conduct.rules.states import LOCK
from trialwright.kernel.errors import Refused

STUDY, SITE, SUBJECT = Scope(), Scope("01"), Scope("01", "01-001")
VISIT, FORM = Scope("01", "01-001", "week1"), Scope("01", "01-001", "week1", "vitals")
FIELD = Scope("01", "01-001", "week1", "vitals", "body", 1, "weight")
CHAIN = (STUDY, SITE, SUBJECT, VISIT, FORM, FIELD)


def test_a_place_lies_in_every_wider_one_and_in_no_narrower_one() -> None:
    for n, wide in enumerate(CHAIN):
        assert [wide.covers(place) for place in CHAIN] == [k >= n for k in range(len(CHAIN))]


def test_a_place_elsewhere_is_not_covered() -> None:
    for elsewhere in (Scope("02"), Scope("01", "01-002"), Scope("01", "01-001", "week2"), Scope(form="lab")):
        assert not elsewhere.covers(FIELD)
        assert not elsewhere.meets(FIELD)
    assert Scope(form="vitals").covers(FIELD)
    assert FIELD.meets(Scope(visit="week1"))


def test_locked_counts_before_frozen_and_the_narrowest_before_wider_ones() -> None:
    frozen = [Held(place, "frozen") for place in CHAIN]
    found = covering(frozen, FIELD)
    assert found is not None
    assert found.scope == FIELD
    locked = covering([*frozen, Held(SITE, "locked")], FIELD)
    assert locked is not None
    assert (locked.state, locked.scope) == ("locked", SITE)
    assert covering([Held(SUBJECT, "open")], FIELD) is None


def test_the_sentence_says_what_who_when_why_and_who_can_help() -> None:
    held = Held(FORM, "frozen", "cleaned", "mona", dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    with pytest.raises(
        Refused,
        match=r"^Form vitals at week1 of subject 01-001 is frozen by mona since 2026-03-02: cleaned\. A data manager "
        "can unlock it",
    ):
        demand_open([held], FIELD, "save_form")


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (STUDY, "the study"),
        (SITE, "site 01"),
        (SUBJECT, "subject 01-001"),
        (VISIT, "visit week1 of subject 01-001"),
        (Scope("01", "01-001", "", "events"), "form events of subject 01-001"),
        (FIELD, "field weight (row 1) of form vitals at week1 of subject 01-001"),
        (Scope("01", "01-001", "week1", "vitals", "body"), "group body of form vitals at week1 of subject 01-001"),
    ],
)
def test_a_place_has_words(scope: Scope, words: str) -> None:
    assert str(scope) == words


def test_frozen_data_may_be_asked_about_verified_and_signed_but_not_changed() -> None:
    frozen = [Held(SUBJECT, "frozen")]
    for action in ("open_query", "answer_query", "close_query", "reopen_query", "cancel_query", "verify_value", "sign"):
        assert refusing(frozen, FORM, action) is None
    for action in ("save_form", "start_visit", "miss_visit", "enrol", "end_participation", "migrate_form"):
        assert refusing(frozen, FORM, action)


def test_locked_data_let_nothing_pass_but_unlocking() -> None:
    locked = [Held(SUBJECT, "locked")]
    passed = {action for action in ACTIONS if held_up(action) and not refusing(locked, FORM, action)}
    assert passed == set()
    assert not refusing(locked, FORM, "unlock")


def test_an_action_that_nobody_has_thought_of_is_refused() -> None:
    assert refusing([Held(SITE, "frozen")], FORM, "something_new")
    assert set(PASSES) <= set(ACTIONS)


def test_the_states_of_a_lock_go_one_way_and_come_back_with_unlock() -> None:
    assert LOCK.after("open", "freeze") == "frozen"
    assert LOCK.after("frozen", "lock") == "locked"
    assert LOCK.after("frozen", "unlock") == LOCK.after("locked", "unlock") == "open"
    with pytest.raises(Refused, match="is locked: cannot freeze it"):
        LOCK.after("locked", "freeze")
