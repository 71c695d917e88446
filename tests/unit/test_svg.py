"""Charts say what they show, draw no number that is none, and are the same bytes for the same numbers."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable

import pytest
from lxml import etree

from trialwright.formats import svg
from trialwright.formats.svg.axes import log_limits, log_ticks, round_ticks, short
from trialwright.formats.svg.plot import stepped
from trialwright.kernel.errors import TrialwrightError

WORDS = svg.Words("Ferritin fell in 9 of 10 & stayed low", "Median 800 at day 0; 90 at day 56 (<100).")
DAYS = svg.Axis("Days from the first dose", "d")
POINTS = [(0.0, 800.0), (7.0, 300.0), (56.0, 90.0)]


def _plot() -> str:
    layers = [
        svg.Threads([POINTS, [(x, y * 2) for x, y in POINTS]], "One subject"),
        svg.Band([(x, y / 2, y * 2) for x, y in POINTS], "Range", step=True),
        svg.Line(POINTS, "Median", step=True),
        svg.Whiskers([(x, y / 2, y, y * 2) for x, y in POINTS], "Quartiles"),
        svg.Marks([(7.0, 300.0)], "Censored", shape="tick"),
        svg.Level(20, "Limit"),
    ]
    axes = (DAYS, svg.Axis("Ferritin", "µg/L", log=True))
    return svg.plot(WORDS, axes, layers, at_risk=svg.AtRisk([0, 56], [("All", [10, 9])]))


def _bars() -> str:
    rows = [
        svg.Bar("Infections and infestations of every kind and name", (20, 10), "9"),
        svg.Bar("Nothing", (0, 0), "0"),
    ]
    return svg.bars(WORDS, svg.Axis("Subjects", "%"), rows, legend=(("Mild", "wash"), ("Severe", "accent")))


def _intervals() -> str:
    rows = [svg.Interval("Sex"), svg.Interval("All", "21/39", 53.8, 37.2, 69.9, strong=True)]
    return svg.intervals(WORDS, svg.Axis("Responders", "%", low=0, high=100), rows, reference=(30, "Null"))


def _swimmer() -> str:
    lanes = [svg.Lane("01-001", [(0, 56, 0), (56, 84, 1)], [(0, 0), (28, 1)], "Death", ongoing=True)]
    kinds = [svg.Kind("Dose", "tick", "accent"), svg.Kind("Response", "triangle", "green")]
    return svg.swimmer(WORDS, DAYS, lanes, spans=[("Treated", "wash"), ("Followed", "grid")], events=kinds)


def _flow() -> str:
    steps = [svg.Step("Screened", 44, "", ("Not enrolled", 14), [("I04 HLH", 14)]), svg.Step("Enrolled", 30)]
    return svg.flow(WORDS, steps)


CHARTS = [_plot, _bars, _intervals, _swimmer, _flow]


@pytest.mark.parametrize("draw", CHARTS)
def test_a_screen_reader_hears_the_finding_and_the_numbers(draw: Callable[[], str]) -> None:
    root = etree.fromstring(draw().encode())
    space = {"s": "http://www.w3.org/2000/svg"}
    assert root.get("role") == "img"
    assert root.get("aria-label") == WORDS.title
    assert root.findtext("s:title", namespaces=space) == WORDS.title
    assert root.findtext("s:desc", namespaces=space) == WORDS.desc


@pytest.mark.parametrize("draw", CHARTS)
def test_same_numbers_same_bytes_and_no_nan(draw: Callable[[], str]) -> None:
    drawn = draw()
    assert drawn == draw()
    assert not re.search(r"nan|inf\b|None", drawn.split("</desc>")[1])


@pytest.mark.parametrize("draw", CHARTS)
def test_a_strict_content_policy_finds_nothing_to_refuse(draw: Callable[[], str]) -> None:
    drawn = draw()
    assert "<style" not in drawn
    assert "style=" not in drawn
    assert "<script" not in drawn
    assert "href" not in drawn


@pytest.mark.parametrize("draw", CHARTS)
def test_everything_lies_on_the_sheet(draw: Callable[[], str]) -> None:
    root = etree.fromstring(draw().encode())
    width, height = (float(v) for v in str(root.get("viewBox")).split()[2:])
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(str(text.get("x"))) <= width
        assert 0 <= float(str(text.get("y"))) <= height


def test_colours_follow_the_page_and_have_a_fallback() -> None:
    assert "var(--tw-accent, #1d6b73)" in _plot()


@pytest.mark.parametrize("draw", CHARTS)
def test_a_file_of_its_own_has_plain_colours_the_finding_and_the_word_virtual(draw: Callable[[], str]) -> None:
    alone = svg.standalone(draw(), heading="Figure 14.2.1", note="Virtual data")
    root = etree.fromstring(alone.encode())
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "var(" not in alone
    assert "Virtual data" in texts
    assert "Figure 14.2.1" in texts
    assert WORDS.title in " ".join(str(t) for t in texts)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_an_error_not_a_gap(value: float) -> None:
    with pytest.raises(TrialwrightError, match="finite"):
        svg.plot(WORDS, (DAYS, svg.Axis("y", low=0, high=1)), [svg.Line([(0, value), (1, value)])])


def test_a_logarithmic_axis_cannot_start_at_zero() -> None:
    with pytest.raises(TrialwrightError, match="logarithmic"):
        svg.plot(WORDS, (DAYS, svg.Axis("y", log=True, low=0)), [svg.Line(POINTS)])


def test_ticks_are_round_and_cover_the_data() -> None:
    assert round_ticks(0, 93) == [0, 20, 40, 60, 80, 100]
    assert log_limits(3, 40_000) == (2, 50_000)
    assert log_ticks(2, 50_000) == [10, 100, 1000, 10_000]
    assert log_ticks(50, 500) == [50, 100, 200, 500]
    assert [short(v) for v in (0, 0.05, 1000, 15300, 2.5)] == ["0", "0.05", "1000", "15\u2009300", "2.5"]


def test_a_step_holds_its_value_until_the_next() -> None:
    assert stepped([(0, 1), (2, 3)]) == [(0, 1), (2, 1), (2, 3)]


@pytest.mark.parametrize("years", [0.2, 1, 3, 12])
def test_dates_are_marked_on_firsts_of_months_and_never_crowd(years: float) -> None:
    first = dt.date(2025, 11, 21)
    axis = svg.date_axis("Date", first, first + dt.timedelta(days=round(365 * years)))
    assert 1 <= len(axis.ticks) <= 10
    assert all(dt.date.fromordinal(int(value)).day == 1 for value, _ in axis.ticks)
