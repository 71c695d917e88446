"""Whatever the records: never itself, nothing twice, and the order in which they come does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from related_records import record

from trialwright.record.common_words import counted
from trialwright.record.match.match import rank
from trialwright.record.match.note import read_note
from trialwright.record.match.rank import FEATURES, Asked, features
from trialwright.record.match.trial import halves, trial_of
from trialwright.record.related.profile import profile_of
from trialwright.record.related.profile_text import profile_in, text_of
from trialwright.record.related.related import closest

CONDITIONS = ("Asthma", "Breast Cancer", "Macrophage Activation Syndrome", "Type 2 Diabetes")
DRUGS = ("Plonmarlimab", "TJM2", "Metformin 500 mg", "Placebo", "Anakinra")


@st.composite
def _records(draw: st.DrawFn) -> list[dict[str, Any]]:
    numbers = draw(st.lists(st.integers(1, 30), min_size=1, max_size=12))
    pick = lambda known: draw(st.lists(st.sampled_from(known), max_size=2))  # noqa: E731
    return [
        record(
            n,
            draw(st.sampled_from(("A study", "Another study", ""))),
            pick(CONDITIONS),
            pick(DRUGS),
            sponsor=draw(st.sampled_from(("One", "Two", ""))),
            criteria=draw(
                st.sampled_from(("", "Adults with asthma", "Inclusion Criteria:\n* x\nExclusion Criteria:\n* y"))
            ),
        )
        for n in numbers
    ]


def _numbers(rows: Sequence[Any]) -> list[str]:
    return [row.nct_id for row in rows]


@settings(max_examples=60, deadline=None)
@given(_records(), st.randoms(use_true_random=False), st.integers(1, 12))
def test_related_never_itself_nothing_twice_any_order(records: list[Any], shuffled: Any, count: int) -> None:
    asked, others = profile_of(records[0]), {r["protocolSection"]["identificationModule"]["nctId"]: r for r in records}
    profiles = [profile_of(each) for each in others.values()]
    found = closest(asked, profiles, count)
    assert asked.nct_id not in _numbers(found)
    assert len(set(_numbers(found))) == len(found) <= count
    shuffled.shuffle(profiles)
    assert closest(asked, profiles, count) == found


@settings(max_examples=60, deadline=None)
@given(_records())
def test_relatives_are_the_same_from_whole_records_and_from_what_an_index_keeps(records: list[Any]) -> None:
    asked, whole = profile_of(records[0]), [profile_of(each) for each in records[1:]]
    kept = [profile_in(text_of(each)) for each in whole]
    assert kept == [replace(each, criteria="") for each in whole]
    criteria = {each.nct_id: each.criteria for each in whole}
    unlike = {each.nct_id: each for each in whole}.values()  # one profile a number: an index holds no two
    brief = [profile_in(text_of(each)) for each in unlike]
    assert closest(asked, brief, 5, lambda _: criteria) == closest(asked, unlike, 5)


@settings(max_examples=60, deadline=None)
@given(_records(), st.randoms(use_true_random=False), st.sampled_from(("45M with asthma", "woman, type 2 diabetes")))
def test_matching_gives_one_order_whatever_comes_first(records: list[Any], shuffled: Any, text: str) -> None:
    asked = Asked.of(read_note(text), counted())
    known = list({r["protocolSection"]["identificationModule"]["nctId"]: r for r in records}.values())
    found = rank(asked, known, 5)
    shuffled.shuffle(known)
    assert rank(asked, known, 5) == found
    assert [row.score for row in found] == sorted((row.score for row in found), reverse=True)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_any_note_and_any_criteria_can_be_read(text: str) -> None:
    asked = Asked.of(read_note(text), counted())
    trial = trial_of(record(1, text, [text], criteria=text))
    assert features(asked, trial, counted()).keys() == set(FEATURES)
    inclusion, exclusion = halves(text)
    assert len(inclusion) + len(exclusion) <= len(text.lower()) + 2


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(CONDITIONS), st.sampled_from(("no", "denies", "without")))
def test_what_a_note_denies_is_never_said(condition: str, denial: str) -> None:
    note = read_note(f"A 30-year-old man with gout; {denial} {condition.lower()}.")
    assert note.denied
    assert not note.denied & note.terms.keys()
