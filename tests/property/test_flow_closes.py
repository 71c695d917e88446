"""Participant flow and event counts close, or are refused; whatever closes makes a results section that closes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.analyse.displays import disposition, safety
from trialwright.evidence.results import AdverseEvents, EventStat, Flow, Measure, Outcome, Results, Stat, TestResult
from trialwright.kernel.errors import TrialwrightError
from trialwright.report import check_results_section, results_section
from trialwright.science.stats.binomial import exact_test, proportion
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
counts = st.integers(0, 40)
named = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=4), st.integers(1, 9)), max_size=5, unique_by=lambda t: t[0]
)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    failures, reasons, completed = draw(named), draw(named), draw(st.integers(1, 40))
    started = completed + sum(n for _, n in reasons)
    screened = started + sum(n for _, n in failures)
    dosed = draw(st.integers(0, started))
    return Flow(screened, tuple(failures), started, (("Dosed", dosed),), completed, tuple(reasons))


@st.composite
def events(draw: st.DrawFn, at_risk: int) -> AdverseEvents:
    """Built from subjects up, so that the sums are those of real people."""
    subject = st.integers(0, at_risk - 1)
    happened = draw(st.lists(st.tuples(subject, st.sampled_from("ABC"), st.booleans()), max_size=30))
    stats = []
    for term, serious in sorted({(t, s) for _, t, s in happened}):
        same = [who for who, t, s in happened if (t, s) == (term, serious)]
        stats.append(EventStat(term, "Some class", serious, len(set(same)), len(same), at_risk))
    affected = {serious: len({who for who, _, s in happened if s is serious}) for serious in (True, False)}
    deaths = draw(st.integers(0, at_risk))
    return AdverseEvents("To day 84", at_risk, deaths, affected[True], affected[False], tuple(stats))


@st.composite
def results(draw: st.DrawFn) -> Results:
    flow = draw(flows())
    n = flow.started
    women = draw(st.integers(0, n))
    sex = Measure(
        "Sex: Female, Male",
        "Participants",
        "COUNT_OF_PARTICIPANTS",
        "",
        (Stat("Female", women), Stat("Male", n - women)),
    )
    low = draw(st.floats(0, 50))
    age = Measure("Age", "years", "MEDIAN", "INTER_QUARTILE_RANGE", (Stat("", low + 1, low=low, high=low + 2, n=n),))
    found = proportion(draw(st.integers(0, n)), n)
    assert found.estimate is not None
    assert found.low is not None
    assert found.high is not None
    p = exact_test(found.x, n, 0.3).p_value
    test = TestResult("Exact", "Rate (%)", 100 * found.estimate, 95, 100 * found.low, 100 * found.high, p, 1, 0.3)
    outcome = Outcome(
        "e",
        "primary",
        "T",
        "d",
        "Day 56",
        "FAS",
        n,
        "COUNT_OF_PARTICIPANTS",
        "",
        "Participants",
        (Stat("", found.x),),
        (test,),
    )
    return Results("s", "1", True, flow, n, (sex, age), (outcome,), draw(events(n)), ())


@given(flows())
def test_a_flow_that_closes_is_taken(flow: Flow) -> None:
    disposition.check(flow)


@given(flows(), st.sampled_from(["screened", "started", "completed"]), st.integers(1, 5))
def test_a_flow_that_does_not_close_is_refused(flow: Flow, part: str, more: int) -> None:
    with pytest.raises(TrialwrightError, match="flow"):
        disposition.check(dataclasses.replace(flow, **{part: getattr(flow, part) + more}))


@given(st.integers(1, 30).flatmap(events), st.integers(1, 5))
def test_more_affected_than_at_risk_is_refused(found: AdverseEvents, more: int) -> None:
    safety.check(found)
    with pytest.raises(TrialwrightError, match="at risk"):
        safety.check(dataclasses.replace(found, deaths=found.at_risk + more))


@given(results())
def test_results_that_close_make_a_section_that_closes(found: Results) -> None:
    assert check_results_section(results_section(found, STUDY)) == []


@given(results(), st.integers(1, 3))
def test_the_checker_sees_a_participant_too_many(found: Results, more: int) -> None:
    section = results_section(found, STUDY)
    (period,) = section["participantFlowModule"]["periods"]
    done = next(m for m in period["milestones"] if m["type"] == "COMPLETED")["achievements"][0]
    done["numSubjects"] = str(int(done["numSubjects"]) + more)
    assert any("started" in sentence for sentence in check_results_section(section))
