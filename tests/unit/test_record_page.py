"""The record page shows what the record holds, in the registry's order, and results when they are posted."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from trialwright.formats.ctgov import StudyRecord, parse_record
from trialwright.record.begin import files_from_record, study_id
from trialwright.record.criteria import split_criteria
from trialwright.record.page import page_of, page_of_study
from trialwright.record.shapes import Bullets, Grid, Section
from trialwright.record.words import word
from trialwright.study.checks.doubts import doubts
from trialwright.study.load import load_study, study_from_texts


@pytest.fixture(scope="module")
def records(shared: Path) -> list[StudyRecord]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [parse_record(line) for line in lines]


def grids(section: Section) -> list[Grid]:
    own = [block for block in section.blocks if isinstance(block, Grid)]
    return own + [grid for part in section.parts for grid in grids(part)]


def test_the_page_of_the_built_in_study_has_its_sections_in_order() -> None:
    page = page_of_study(load_study("nct07208058"))
    assert [section.id for section in page.sections] == [
        "summary", "identity", "status", "conditions", "design", "arms", "eligibility", "sponsor", "contacts", "sites",
        "results",
    ]  # fmt: skip
    assert page.chips == ("Recruiting", "Phase 3", "Interventional", "Enrolment 30")
    assert not page.has_results


def test_criteria_stand_as_two_lists() -> None:
    section = page_of_study(load_study("nct07208058")).section("eligibility")
    assert section is not None
    assert [len(block.entries) for block in section.blocks if isinstance(block, Bullets)] == [5, 17]


def test_the_page_speaks_chinese() -> None:
    page = page_of_study(load_study("nct07208058"), "zh")
    assert page.chips[0] == "招募中"
    assert page.sections[0].title == "简介"


def test_every_real_record_makes_a_page_with_even_tables(records: list[StudyRecord]) -> None:
    for record in records:
        page = page_of(record)
        assert page.section("identity") is not None
        for section in page.sections:
            for grid in grids(section):
                assert all(len(row) == len(grid.columns) for row in grid.rows)
                assert len(grid.indents) in (0, len(grid.rows))


def test_results_stand_in_the_registrys_order(records: list[StudyRecord]) -> None:
    for record in records:
        results = page_of(record).section("results")
        assert results is not None
        if record.results is None:
            assert not results.parts
            continue
        shown = [part.id for part in results.parts if part.id != "limits"]
        assert shown == ["flow", "baseline", "measures", "events"]
        assert len(results.parts[2].parts) == len(record.results.outcomes)


def test_almost_all_real_criteria_split_into_their_lists(records: list[StudyRecord]) -> None:
    written = [split_criteria(r.eligibility.criteria) for r in records if r.eligibility.criteria]
    whole = [lists for lists in written if lists.inclusion and lists.exclusion]
    assert len(whole) >= 0.97 * len(written)


def test_sub_items_stay_with_their_criterion_and_escapes_are_taken_out() -> None:
    text = (
        "Inclusion Criteria:\n\n* Age \\>18\n* One of\n  * fever\n  * rash\n\n"
        "Key Exclusion Criteria:\n\n1. Cancer\n   of any kind"
    )
    lists = split_criteria(text)
    assert lists.inclusion == ("Age >18", "One of\nfever\nrash")
    assert lists.exclusion == ("Cancer of any kind",)


def test_a_word_that_is_not_known_is_made_readable() -> None:
    assert word("FAMILY_BASED") == "Family based"
    assert word("Moved to Another Town") == "Moved to Another Town"
    assert word("Lost to Follow-up", "zh") == "失访"


@pytest.mark.parametrize("start", range(0, 350, 70))
def test_a_study_can_be_begun_from_a_real_record(records: list[StudyRecord], start: int) -> None:
    for record in records[start : start + 70 : 24]:
        study = study_from_texts(files_from_record(record))
        assert study.registration.identity.nct_id == record.id
        assert len(study.registration.sites) == len(record.locations)
        assert len([e for e in study.endpoints.endpoints if e.source.from_registry]) == len(record.outcomes)


@pytest.mark.parametrize(
    ("folder", "expected"), [("My Study", "my_study"), ("2026-mas", "study_2026_mas"), ("研究", "study")]
)
def test_a_folder_name_makes_an_id(tmp_path: Path, folder: str, expected: str) -> None:
    assert study_id(tmp_path / folder) == expected


def test_a_begun_study_leaves_no_doubt_but_missing_sites(records: list[StudyRecord]) -> None:
    for record in records[:3]:
        study = study_from_texts(files_from_record(record))
        left = [doubt.what for doubt in doubts(study)]
        assert left == ([] if record.locations else ["The study has no site, so nobody can be enrolled."])


def test_a_study_can_be_begun_from_a_record_with_gaps() -> None:
    """An intervention without a name, a site without a place, no title, an upper age that is no limit."""
    record = StudyRecord.of(
        {
            "protocolSection": {
                "identificationModule": {"nctId": "NCT90000006", "briefTitle": None},
                "armsInterventionsModule": {"armGroups": [{"label": "A"}, {}], "interventions": [{}]},
                "eligibilityModule": {"minimumAge": "18 Years", "maximumAge": "N/A"},
                "contactsLocationsModule": {"locations": [{"geoPoint": {"lat": 1, "lon": 2}}]},
                "sponsorCollaboratorsModule": {"leadSponsor": {"name": "[Redacted]"}},
            }
        }
    )
    study = study_from_texts(files_from_record(record, "gaps"))
    assert [criterion.text.en for criterion in study.eligibility.criteria] == ["At least 18 years"]
    said = str(page_of(record))
    assert "18 years and older" in said
    assert "[Redacted] ()" not in said
