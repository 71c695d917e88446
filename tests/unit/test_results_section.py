"""The results section speaks the registry's language, and its checker holds against real records."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trialwright.evidence.results import (
    AdverseEvents,
    EventStat,
    Flow,
    Measure,
    Outcome,
    Results,
    Stat,
    TestResult,
)
from trialwright.report import check_results_section, record_with_results, results_section
from trialwright.report.section import text
from trialwright.science.stats.binomial import proportion
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
RESULTS = Results(
    study="nct07208058",
    version="1.0",
    virtual=True,
    flow=Flow(44, (("I04 HLH", 14),), 30, (("Dosed", 30),), 27, (("Death", 1), ("Withdrawal by Subject", 2))),
    baseline_n=30,
    baseline=(
        Measure("Age, Continuous", "years", "MEAN", "STANDARD_DEVIATION", (Stat("", 44.25, spread=13.5, n=30),)),
        Measure(
            "Sex: Female, Male", "Participants", "COUNT_OF_PARTICIPANTS", "", (Stat("Female", 21), Stat("Male", 9))
        ),
    ),
    outcomes=(
        Outcome(
            "complete_response", "primary", "Complete response", "All parts met.", "Day 56", "FAS (N = 30)", 30,
            "COUNT_OF_PARTICIPANTS", "", "Participants", (Stat("", 17, n=30),),
            (TestResult("Exact binomial test", "Rate (%)", 56.7, 95, 37.4, 74.5, 0.00003, 1, 0.3, "One-sided"),),
        ),
        Outcome(
            "ferritin", "exploratory", "Ferritin", "Percent change.", "Day 84", "FAS (N = 30)", 30,
            "MEDIAN", "INTER_QUARTILE_RANGE", "percent change",
            (Stat("", -62.5, low=-80.0, high=-10.25, n=28, group="Week 2"), Stat("", None, group="Week 4", n=0)),
        ),
    ),
    events=AdverseEvents(
        "To day 84", 30, 1, 2, 5,
        (
            EventStat("Pneumonia", "Infections and infestations", True, 2, 2, 30),
            EventStat("Headache", "Nervous system disorders", False, 5, 8, 30),
        ),
    ),
    displays=(),
)  # fmt: skip


def _enums(shared: Path) -> dict[str, set[str]]:
    """The registry's enumerations, from the description of its fields."""
    text = (shared / "record" / "ctgov_v2_fields.md").read_text(encoding="utf-8")
    found = re.findall(r"^- \*\*(\w+)\*\*: (.+)$", text, flags=re.MULTILINE)
    return {name: set(values.split(", ")) for name, values in found}


def _real(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [record for record in map(json.loads, lines) if record.get("resultsSection")]


def _keys(part: Any, path: str = "") -> set[str]:
    if isinstance(part, list):
        return set().union(*(_keys(p, path) for p in part)) if part else set()
    if not isinstance(part, dict):
        return set()
    return {f"{path}.{key}" for key in part} | set().union(*(_keys(v, f"{path}.{k}") for k, v in part.items()))


def test_every_count_adds_up() -> None:
    assert check_results_section(results_section(RESULTS, STUDY)) == []


def test_values_are_enum_values_of_the_registry(shared: Path) -> None:
    enums, section = _enums(shared), results_section(RESULTS, STUDY)
    for measure in section["baselineCharacteristicsModule"]["measures"]:
        assert measure["paramType"] in enums["MeasureParam"]
        assert measure.get("dispersionType", "NA") in enums["MeasureDispersionType"]
    for outcome in section["outcomeMeasuresModule"]["outcomeMeasures"]:
        assert outcome["type"] in enums["OutcomeMeasureType"]
        assert outcome["paramType"] in enums["MeasureParam"]
        assert outcome["reportingStatus"] in enums["ReportingStatus"]
        for analysis in outcome.get("analyses", ()):
            assert analysis["ciNumSides"] in enums["ConfidenceIntervalNumSides"]
            assert analysis["nonInferiorityType"] in enums["NonInferiorityType"]
    for kind in ("seriousEvents", "otherEvents"):
        for event in section["adverseEventsModule"][kind]:
            assert event["assessmentType"] in enums["EventAssessment"]


def test_every_key_is_one_that_real_records_or_the_schema_have(shared: Path) -> None:
    known = set().union(*(_keys(record["resultsSection"]) for record in _real(shared)))
    fields = set(re.findall(r"`(\w+)`", (shared / "record" / "ctgov_v2_fields.md").read_text(encoding="utf-8")))
    ours = _keys(results_section(RESULTS, STUDY))
    assert {key for key in ours - known if key.rsplit(".", 1)[1] not in fields} == set()


def test_values_of_measurements_are_texts_and_counts_of_events_are_numbers() -> None:
    section = results_section(RESULTS, STUDY)
    outcomes = section["outcomeMeasuresModule"]["outcomeMeasures"]
    stats = [m for o in outcomes for c in o["classes"] for k in c["categories"] for m in k["measurements"]]
    assert all(isinstance(value, str) for stat in stats for value in stat.values())
    assert isinstance(section["adverseEventsModule"]["eventGroups"][0]["seriousNumAffected"], int)


def test_a_missing_value_says_why() -> None:
    last = results_section(RESULTS, STUDY)["outcomeMeasuresModule"]["outcomeMeasures"][1]["classes"][1]
    assert last["denoms"][0]["counts"][0]["value"] == "0"
    assert last["categories"][0]["measurements"][0] == {
        "groupId": "OG000",
        "value": "NA",
        "comment": "Not estimable from these data.",
    }


def test_a_limit_that_was_not_reached_is_said_and_not_left_out() -> None:
    time = replace(RESULTS.outcomes[1], stats=(Stat("", 36.0, low=22.0, high=None, n=30),))
    section = results_section(replace(RESULTS, outcomes=(RESULTS.outcomes[0], time)), STUDY)
    posted = section["outcomeMeasuresModule"]["outcomeMeasures"][1]["classes"][0]["categories"][0]["measurements"][0]
    assert (posted["value"], posted["lowerLimit"], posted["upperLimit"]) == ("36", "22", "NA")
    assert "not reached" in posted["comment"]


def test_virtual_data_say_so_in_every_module() -> None:
    section = results_section(RESULTS, STUDY)
    for name, module in section.items():
        assert "VIRTUAL DATA" in json.dumps(module), name


def test_the_record_has_its_results_and_plans_what_it_measures() -> None:
    record = record_with_results(STUDY, RESULTS)
    assert record["hasResults"] is True
    planned = {o["measure"] for o in record["protocolSection"]["outcomesModule"]["primaryOutcomes"]}
    assert planned == {STUDY.endpoints.primary().title.en}


def test_the_record_of_a_rehearsal_that_ended_says_so_and_is_marked() -> None:
    protocol = record_with_results(STUDY, RESULTS, ended=dt.date(2027, 7, 16))["protocolSection"]
    assert protocol["statusModule"]["overallStatus"] == "COMPLETED"
    assert protocol["statusModule"]["completionDateStruct"] == {"date": "2027-07-16", "type": "ACTUAL"}
    assert protocol["designModule"]["enrollmentInfo"] == {"count": 30, "type": "ACTUAL"}
    assert protocol["descriptionModule"]["briefSummary"].startswith("VIRTUAL DATA")
    running = record_with_results(STUDY, RESULTS)["protocolSection"]
    assert running["statusModule"]["overallStatus"] == STUDY.registration.status.overall


def test_no_agreement_with_investigators_is_invented() -> None:
    assert "certainAgreement" not in results_section(RESULTS, STUDY)["moreInfoModule"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NA"),
        (0, "0"),
        (17, "17"),
        (53.846, "53.85"),
        (15300.2, "15300"),
        (-0.01234, "-0.01234"),
        (0.0, "0"),
        (36.0, "36"),
    ],
)
def test_numbers_are_written_with_four_digits(value: float | None, written: str) -> None:
    assert text(value) == written


@pytest.mark.parametrize(("x", "n", "low", "high"), [(21, 39, 37.2, 69.9), (12, 12, 73.5, 100.0), (13, 14, 66.1, 99.8)])
def test_exact_intervals_are_the_published_ones(x: int, n: int, low: float, high: float) -> None:
    found = proportion(x, n)
    assert found.low is not None
    assert found.high is not None
    assert (round(100 * found.low, 1), round(100 * found.high, 1)) == (low, high)


def test_real_records_close_but_for_four_unexplained_baselines(shared: Path) -> None:
    """Some posted records analyse others at baseline than started, without saying why; all else adds up."""
    found = {
        record["protocolSection"]["identificationModule"]["nctId"]: check_results_section(record["resultsSection"])
        for record in _real(shared)
    }
    assert len(found) == 20
    sentences = [s for broken in found.values() for s in broken]
    assert len(sentences) == 4
    assert all("without an explanation" in s for s in sentences)


def _damage(section: dict[str, Any], kind: str) -> None:
    outcome = section["outcomeMeasuresModule"]["outcomeMeasures"][0]
    events = section["adverseEventsModule"]
    if kind == "reason":
        section["participantFlowModule"]["periods"][0]["dropWithdraws"][0]["reasons"][0]["numSubjects"] = "7"
    elif kind == "sex":
        section["baselineCharacteristicsModule"]["measures"][1]["classes"][0]["categories"].pop()
    elif kind == "count":
        outcome["classes"][0]["categories"][0]["measurements"][0]["value"] = "31"
    elif kind == "interval":
        outcome["analyses"][0]["ciLowerLimit"] = "60"
    elif kind == "p":
        outcome["analyses"][0]["pValue"] = "1.2"
    elif kind == "group":
        outcome["analyses"][0]["groupIds"] = ["OG009"]
    elif kind == "at risk":
        events["otherEvents"][0]["stats"][0]["numAffected"] = 31
    else:
        events["eventGroups"][0]["seriousNumAffected"] = 9


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("reason", "reasons add up to"),
        ("sex", "categories add up to"),
        ("count", "31 participants counted of 30"),
        ("interval", "below its lower limit"),
        ("p", "not between 0 and 1"),
        ("group", "group that is not there"),
        ("at risk", "31 affected of 30"),
        ("total", "9 affected by any serious event"),
    ],
)
def test_each_kind_of_damage_is_told_in_a_sentence(kind: str, word: str) -> None:
    section = deepcopy(results_section(RESULTS, STUDY))
    _damage(section, kind)
    assert any(word in sentence for sentence in check_results_section(section))
