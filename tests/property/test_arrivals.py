"""Laws of virtual patients: the seed decides everything, sites recruit while open, asking twice changes nothing."""

from __future__ import annotations

import datetime as dt
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.simulate.happenings import Period
from trialwright.simulate.patient import Given, VirtualPatient, arrivals
from trialwright.simulate.recruitment import opening_date, openings
from trialwright.study.load import load_study

seeds = st.integers(min_value=0, max_value=2**32 - 1)


STUDY = load_study("nct07208058")


def first(seed: int, count: int) -> list[VirtualPatient]:
    return list(itertools.islice(arrivals(STUDY, seed), count))


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_the_same_seed_brings_the_same_patients_and_another_seed_others(seed: int) -> None:
    once, again, other = first(seed, 6), first(seed, 6), first(seed + 1, 6)
    assert [p.screening() for p in once] == [p.screening() for p in again]
    assert [p.arrival for p in once] == [p.arrival for p in again]
    assert [p.screening() for p in once] != [p.screening() for p in other]


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_patients_come_in_order_and_only_to_open_sites(seed: int) -> None:
    opens = {o.site: opening_date(STUDY, o) for o in openings(STUDY)}
    found = first(seed, 60)
    assert [p.number for p in found] == list(range(1, 61))
    assert all(a.arrival <= b.arrival for a, b in itertools.pairwise(found))
    assert all(p.arrival.date() >= opens[p.site] for p in found)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, number=st.integers(1, 500))
def test_what_is_seen_does_not_depend_on_what_was_asked_before(seed: int, number: int) -> None:
    start = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    visits = [v for v in STUDY.schedule.visits if v.anchor == "first_dose"]
    asked = [(visit, form) for visit in visits for form in visit.forms]
    doses = [Given(start + dt.timedelta(days=v.offset, hours=2), 500.0, 60, 60.0) for v in visits if v.dose]

    def see(order: list[int]) -> dict[int, object]:
        patient = VirtualPatient(STUDY, seed, number, "01", start)
        return {
            i: patient.observe(asked[i][0], asked[i][1], start + dt.timedelta(days=asked[i][0].offset), doses)
            for i in order
        }

    forward = see(list(range(len(asked))))
    assert forward == see(list(reversed(range(len(asked)))))


@settings(max_examples=25, deadline=None)
@given(seed=seeds, number=st.integers(1, 500), days=st.integers(0, 84))
def test_nothing_is_logged_after_the_last_day(seed: int, number: int, days: int) -> None:
    start = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    patient = VirtualPatient(STUDY, seed, number, "01", start)
    last = patient.exit.day if patient.exit else days
    period = Period(start.date(), start.date() + dt.timedelta(days=last), {1: 0, 2: 7}, over=True)
    events = STUDY.endpoints.event_forms
    for form in STUDY.schedule.logs:
        for seen in patient.log_rows(form, period):
            if seen.item in (events.start, events.end):
                assert dt.date.fromisoformat(seen.value) <= period.last


@settings(max_examples=25, deadline=None)
@given(seed=seeds, number=st.integers(1, 500))
def test_every_answer_is_one_that_the_form_takes(seed: int, number: int) -> None:
    patient = VirtualPatient(STUDY, seed, number, "01", dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
    for seen in patient.screening():
        item = STUDY.item_by_id[seen.item]
        assert seen.item in STUDY.form_by_id[seen.form].item_ids()
        assert item.derive is None
        if item.type == "choice" and seen.value:
            assert item.choice(seen.value)
        if item.type == "quantity" and seen.value and seen.unit == item.unit and item.hard:
            assert (item.hard.low or 0) <= float(seen.value) <= (item.hard.high or float("inf"))
        assert bool(seen.value) != bool(seen.null_reason)
