"""Posted results as plain values: the same for the page and the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.part import Part
from trialwright.formats.ctgov.results import PostedResults, read_results
from trialwright.record.events import EventOrder, events_grid
from trialwright.record.page import followed, page_of
from trialwright.record.rest import rest
from trialwright.record.results import flow_section, outcome_sections, result_sections
from trialwright.record.shapes import Facts, Flow, Grid, Intervals
from trialwright.record.sites import Wanted, sites


@pytest.fixture(scope="module")
def records(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def results(**modules: Any) -> PostedResults:
    return read_results(Part(modules))


def test_a_measurement_with_limits_is_drawn_on_one_axis_with_the_others() -> None:
    measure = {
        "title": "Response",
        "unitOfMeasure": "percentage of participants",
        "groups": [{"id": "OG000", "title": "A"}, {"id": "OG001", "title": "B"}],
        "classes": [
            {
                "categories": [
                    {
                        "measurements": [
                            {"groupId": "OG000", "value": "56.7", "lowerLimit": "37.4", "upperLimit": "74.5"},
                            {"groupId": "OG001", "value": "NA", "lowerLimit": "1", "upperLimit": "2"},
                        ]
                    }
                ]
            }
        ],
        "analyses": [
            {"paramType": "Hazard Ratio (HR)", "paramValue": "0.5", "ciLowerLimit": "0.3", "ciUpperLimit": "0.9",
             "ciPctValue": "95", "pValue": "<0.001", "groupIds": ["OG000", "OG001"]}
        ],
    }  # fmt: skip
    (section,) = outcome_sections(results(outcomeMeasuresModule={"outcomeMeasures": [measure]}).outcomes, "en")
    drawn = [block for block in section.blocks if isinstance(block, Intervals)]
    (response,), (ratio,) = (block.entries for block in drawn)
    assert (response.label, response.value, response.start, response.stop) == ("A", 56.7, 0.0, 100.0)
    assert ratio.null == 1.0
    assert ratio.start <= 0.3 < 1.0 < ratio.stop, "the value of no difference is on the axis"
    told = dict(next(b for b in section.blocks if isinstance(b, Facts) and b.entries[0][0] == "Compared").entries)
    assert told["Compared"] == "A · B"
    assert told["Estimate"] == "0.5 (95\u202f%: 0.3 to 0.9)"
    assert told["p-value"] == "<0.001"


def test_participants_of_one_group_are_drawn_as_steps() -> None:
    period = {
        "title": "Overall Study",
        "milestones": [
            {"type": "STARTED", "achievements": [{"groupId": "FG000", "numSubjects": "30"}]},
            {"type": "COMPLETED", "achievements": [{"groupId": "FG000", "numSubjects": "26"}]},
            {"type": "NOT COMPLETED", "achievements": [{"groupId": "FG000", "numSubjects": "4"}]},
        ],
        "dropWithdraws": [{"type": "Death", "reasons": [{"groupId": "FG000", "numSubjects": "4"}]}],
    }
    flow = {"groups": [{"id": "FG000", "title": "All"}], "periods": [period]}
    section = flow_section(results(participantFlowModule=flow), "en")
    (steps,) = [block for block in section.blocks if isinstance(block, Flow)]
    assert steps.steps == (("30", "Started"), ("26", "Completed"))
    assert steps.left == (("4", "not completed"), ("4", "Death"))
    (table,) = [block for block in section.blocks if isinstance(block, Grid)]
    assert [mark for _, _, mark in table.lines] == ["total", "", "", ""]


def events() -> PostedResults:
    def term(name: str, system: str, *affected: int) -> dict[str, Any]:
        stats = [{"groupId": f"EG00{n}", "numAffected": count, "numAtRisk": 10} for n, count in enumerate(affected)]
        return {"term": name, "organSystem": system, "stats": stats}

    groups = [{"id": "EG000", "title": "A"}, {"id": "EG001", "title": "B"}]
    terms = [term("Cough", "Lung", 1, 4), term("Anaemia", "Blood", 3, 0), term("Asthma", "Lung", 2, 0)]
    return results(adverseEventsModule={"eventGroups": groups, "otherEvents": terms})


@pytest.mark.parametrize(
    ("order", "first_cells"),
    [
        (EventOrder(), ["Blood", "Anaemia", "Lung", "Cough", "Asthma"]),
        (EventOrder(sort="term"), ["Anaemia · Blood", "Asthma · Lung", "Cough · Lung"]),
        (EventOrder(sort="affected"), ["Cough · Lung", "Anaemia · Blood", "Asthma · Lung"]),
        (EventOrder(sort="EG000"), ["Anaemia · Blood", "Asthma · Lung", "Cough · Lung"]),
        (EventOrder(wanted="lung"), ["Lung", "Cough", "Asthma"]),
        (EventOrder(wanted="nothing"), []),
        (EventOrder(sort="no such order"), ["Anaemia · Blood", "Asthma · Lung", "Cough · Lung"]),
    ],
)
def test_adverse_events_are_searched_and_sorted(order: EventOrder, first_cells: list[str]) -> None:
    assert [row[0] for row in events_grid(events().events, "other", order, "en").rows] == first_cells


def test_a_share_is_told_with_its_counts() -> None:
    grid = events_grid(events().events, "other", EventOrder(wanted="cough"), "en")
    assert grid.rows[1] == ("Cough", "1 / 10 (10.0\u202f%)", "4 / 10 (40.0\u202f%)")


def test_every_real_result_is_told_whole(records: list[dict[str, Any]]) -> None:
    for data in records:
        record = StudyRecord.of(data)
        if record.results is None:
            continue
        for lang in ("en", "zh"):
            parts = {section.id: section for section in result_sections(record.results, lang)}
            assert len(parts["measures"].parts) == len(record.results.outcomes)
            shown = [row[0] for b in parts["events"].blocks if isinstance(b, Grid) for row in b.rows]
            assert len(shown) >= len(record.results.events.serious) + len(record.results.events.other)


def test_what_no_section_shows_is_listed_with_its_path(records: list[dict[str, Any]]) -> None:
    data = records[0] | {"futureSection": {"list": [{"a": 1}, {"a": [True, None]}], "text": "<b>"}}
    data["protocolSection"] = data["protocolSection"] | {"odd": "x"}
    listed = dict(rest(data))
    assert listed["futureSection.list.a"] == "1; true"
    assert listed["futureSection.text"] == "<b>"
    assert listed["protocolSection.odd"] == "x"
    assert "protocolSection.identificationModule.briefTitle" not in listed


def test_a_field_is_listed_as_it_is_and_not_twice(records: list[dict[str, Any]]) -> None:
    for data in records[:40]:
        listed = dict(rest(data))
        page = page_of(StudyRecord.of(data))
        assert (page.section("rest") is not None) == bool(listed)
        assert all(path.count(".") >= 1 for path in listed)


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://example.org/a?b=c", True),
        ("HTTP://example.org", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ('https://x" onclick=y', False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_are_followed(url: str, leads: bool) -> None:
    assert bool(followed(url)) is leads


def test_sites_are_counted_by_country_and_paged(records: list[dict[str, Any]]) -> None:
    record = max((StudyRecord.of(data) for data in records), key=lambda r: len(r.locations))
    whole = sites(record, Wanted())
    assert whole.total == whole.found == len(record.locations) == sum(n for _, n, _ in whole.countries)
    assert len(whole.shown) == 50
    seen = [place for page in range(1, whole.pages + 1) for place in sites(record, Wanted(page=page)).shown]
    assert sorted(map(repr, seen)) == sorted(map(repr, record.locations))
    country, count, _ = whole.countries[-1]
    assert sites(record, Wanted(country=country)).found == count
