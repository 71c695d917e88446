"""What one more reading of an item that has some can do: docs/adr/0007-laws-of-unknown.md. On both evaluators."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from property.generated import BOTH, SCREENING, Answers
from spec.test_operators import SCOPE

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic import build
from trialwright.logic.values import Span

RANK = {Truth.FALSE: 0, Truth.UNKNOWN: 1, Truth.TRUE: 2}
QUICK = settings(max_examples=100, deadline=None)


def patient(facts: Sequence[Fact]) -> Patient:
    return Patient("P", SCREENING, None, None, tuple(facts))


def ask(answers: Answers, texts: Sequence[str], *crowd: Sequence[Fact]) -> list[list[object]]:
    return answers([build(text, SCOPE) for text in texts], [patient(facts) for facts in crowd])


# --- days in a row -------------------------------------------------------------------------------------------------
# A fortnight up to screening as a text, a letter a day: H high, L low, U a steroid whose equivalent nobody knows,
# and a point where nothing is on file.

IN_ROW = ["consecutive_days(3, prednisone_equivalent(steroid) >= 90 mg/d)"]
FORTNIGHTS = st.text("HHLU..", min_size=14, max_size=14)
PLACES = st.integers(0, 13)
DOSES = {"H": (90.0, "prednisone"), "L": (89.0, "prednisone"), "U": (90.0, "budesonide")}


def doses(fortnight: str) -> list[Fact]:
    found = []
    for n, letter in enumerate(fortnight):
        if letter != ".":
            value, agent = DOSES[letter]
            day = PartialDate.day(SCREENING - dt.timedelta(13 - n))
            found.append(Fact("steroid", value, "mg/d", when=day, agent=agent, route="oral"))
    return found


def in_row(answers: Answers, *fortnights: str) -> list[object]:
    return ask(answers, IN_ROW, *(doses(fortnight) for fortnight in fortnights))[0]


def put(fortnight: str, place: int, letter: str) -> str:
    return fortnight[:place] + letter + fortnight[place + 1 :]


@BOTH
@given(fortnight=FORTNIGHTS)
@QUICK
def test_days_in_a_row_are_true_false_or_open(answers: Answers, fortnight: str) -> None:
    """Three high days: true. A place for three beside a day that is or may be high, none of them low: open."""
    days = "." * 3 + fortnight  # days before the fortnight can be high; days after screening are to come
    runs = [set(days[n : n + 3]) for n in range(len(days) - 2)]
    could = any("L" not in run and run & {"H", "U"} for run in runs)
    expected = Truth.TRUE if {"H"} in runs else Truth.UNKNOWN if could or set(fortnight) == {"."} else Truth.FALSE
    assert in_row(answers, fortnight) == [expected]


@BOTH
@given(fortnight=FORTNIGHTS, place=PLACES)
@QUICK
def test_taking_a_day_away_never_turns_true_into_false_nor_makes_true(
    answers: Answers, fortnight: str, place: int
) -> None:
    before, after = in_row(answers, fortnight, put(fortnight, place, "."))
    assert before is not Truth.TRUE or after is not Truth.FALSE
    assert before is Truth.TRUE or after is not Truth.TRUE


@BOTH
@given(fortnight=FORTNIGHTS, place=PLACES, letter=st.sampled_from("HLU"))
@QUICK
def test_a_new_day_never_takes_a_truth_back(answers: Answers, fortnight: str, place: int, letter: str) -> None:
    before, after = in_row(answers, put(fortnight, place, "."), put(fortnight, place, letter))
    assert before is not Truth.TRUE or after is Truth.TRUE


@BOTH
@given(fortnight=FORTNIGHTS, place=PLACES)
@QUICK
def test_a_new_low_day_leaves_false_and_makes_nothing_true(answers: Answers, fortnight: str, place: int) -> None:
    before, after = in_row(answers, put(fortnight, place, "."), put(fortnight, place, "L"))
    assert before is not Truth.FALSE or after is Truth.FALSE
    assert before is Truth.TRUE or after is not Truth.TRUE


@BOTH
@given(fortnight=FORTNIGHTS, place=PLACES)
@QUICK
def test_a_new_high_day_is_all_that_can_open_what_was_false(answers: Answers, fortnight: str, place: int) -> None:
    """Of three places beside it that are not on file nobody had asked while no day was high."""
    low, high = in_row(answers, put(fortnight, place, "L"), put(fortnight, place, "H"))
    assert RANK[low] <= RANK[high]  # type: ignore[index]  # both are truths


# --- any, all, count, max, min ---------------------------------------------------------------------------------------

FERRITIN = st.builds(
    Fact,
    st.just("ferritin"),
    st.sampled_from([300.0, 499.0, 500.0, 501.0, 900.0]),
    st.sampled_from(["ug/L", "ng/mL"]),
    high=st.sampled_from([None, 200.0, 400.0]),
    when=st.one_of(st.none(), st.dates(dt.date(2026, 3, 1), SCREENING).map(PartialDate.day)),
)
SOME = st.lists(FERRITIN, min_size=1, max_size=5)
CONDITIONS = st.sampled_from(["ferritin >= 500 ug/L", "ferritin > 2 * uln(ferritin)", "ferritin < 501 ug/L"])


def ends(number: object) -> tuple[float, float]:
    assert isinstance(number, (float, Span))
    return (number.low, number.high) if isinstance(number, Span) else (number, number)


@BOTH
@given(some=SOME, new=FERRITIN, condition=CONDITIONS)
@QUICK
def test_one_more_reading_leads_any_up_and_all_down(
    answers: Answers, some: list[Fact], new: Fact, condition: str
) -> None:
    """So `any` once true stays true and `all` once false stays false, and only readings taken away change that."""
    for (before, after), up in zip(
        ask(answers, [f"any({condition})", f"all({condition})"], some, [*some, new]), (1, -1), strict=True
    ):
        assert up * RANK[before] <= up * RANK[after]  # type: ignore[index]  # both are truths


@BOTH
@given(some=SOME, new=FERRITIN, condition=CONDITIONS)
@QUICK
def test_one_more_reading_counts_at_most_once(answers: Answers, some: list[Fact], new: Fact, condition: str) -> None:
    before, after = ask(answers, [f"count({condition})"], some, [*some, new])[0]
    assert all(0 <= b - a <= 1 for a, b in zip(ends(before), ends(after), strict=True))


@BOTH
@given(some=SOME, new=FERRITIN)
@QUICK
def test_one_more_reading_never_lowers_the_highest_nor_raises_the_lowest(
    answers: Answers, some: list[Fact], new: Fact
) -> None:
    highest, lowest = ask(answers, ["max(ferritin)", "min(ferritin)"], some, [*some, new])
    assert ends(highest[0]) <= ends(highest[1])
    assert ends(lowest[0]) >= ends(lowest[1])


SAME = [
    ("any({c})", "not all(not ({c}))"),
    ("any({c})", "count({c}) >= 1"),
    ("all({c})", "count(not ({c})) < 1"),
    ("any(ferritin >= 500 ug/L)", "max(ferritin) >= 500 ug/L"),
    ("all(ferritin >= 500 ug/L)", "min(ferritin) >= 500 ug/L"),
]


@BOTH
@given(some=st.lists(FERRITIN, max_size=5), condition=CONDITIONS)
@QUICK
def test_operators_over_all_readings_agree_with_each_other(answers: Answers, some: list[Fact], condition: str) -> None:
    for pair in SAME:
        (one,), (other,) = ask(answers, [text.format(c=condition) for text in pair], some)
        assert one is other, pair


# --- windows ---------------------------------------------------------------------------------------------------------

SIGNS = st.lists(
    st.builds(
        Fact,
        st.sampled_from(["a", "b", "c"]),
        st.booleans(),
        when=st.one_of(st.none(), st.dates(dt.date(2026, 2, 25), SCREENING).map(PartialDate.day)),
    ),
    max_size=7,
)


@BOTH
@given(signs=SIGNS)
@QUICK
def test_concurrence_only_ever_opens_what_all_facts_make_true(answers: Answers, signs: list[Fact]) -> None:
    inner = "at_least(2, a, b, c)"
    texts = [inner, *(f"concurrent({inner}, {days} days)" for days in (2, 7, 400))]
    (free,), (two,), (seven,), (ever,) = ask(answers, texts, signs)
    assert ever is free
    assert {two, seven} <= ({Truth.TRUE, Truth.UNKNOWN} if free is Truth.TRUE else {free})
    assert two is not Truth.TRUE or seven is Truth.TRUE


@BOTH
@given(days=st.lists(st.dates(dt.date(2025, 12, 1), SCREENING), min_size=1, max_size=4), new=st.dates())
@QUICK
def test_one_more_event_never_takes_a_truth_back(answers: Answers, days: list[dt.date], new: dt.date) -> None:
    def events(of: Sequence[dt.date]) -> list[Fact]:
        return [Fact("vaccine", PartialDate.day(day)) for day in of]

    texts = ["within(vaccine, 30 days, before: screening)", "occurred(vaccine)"]
    for before, after in ask(answers, texts, events(days), events([*days, new])):
        assert before is not Truth.TRUE or after is Truth.TRUE
