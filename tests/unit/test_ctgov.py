"""Registry records are read whole, written back unchanged, and the definition says what the registry says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov import StudyRecord, parse_record, read_record, record_of, to_json
from trialwright.kernel.errors import InputError
from trialwright.study.load import load_study

MINIMAL: dict[str, Any] = {
    "protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A study"}}
}


@pytest.fixture(scope="module")
def posted(shared: Path) -> StudyRecord:
    """The record as the portal's page shows it."""
    return read_record(shared / "record" / "NCT07208058.txt")


@pytest.fixture(scope="module")
def written() -> StudyRecord:
    """The record that our definition makes."""
    return StudyRecord.of(record_of(load_study("nct07208058")))


def test_the_definition_says_what_the_registry_says(posted: StudyRecord, written: StudyRecord) -> None:
    same = (
        lambda r: (r.identification.nct_id, r.identification.org_study_id, r.title, r.identification.official_title),
        lambda r: (r.dates.status, r.dates.start.date, r.dates.completion.date, r.dates.updated.date),
        lambda r: (r.design.study_type, r.design.phases, r.design.enrolment, r.design.allocation),
        lambda r: (r.design.intervention_model, r.design.primary_purpose, r.design.masking),
        lambda r: [(arm.label, arm.kind, arm.interventions) for arm in r.arms],
        lambda r: [(i.name, i.kind, i.arms) for i in r.interventions],
        lambda r: (r.eligibility.minimum_age, r.eligibility.maximum_age, r.eligibility.sex),
        lambda r: r.eligibility.healthy_volunteers,
        lambda r: (r.sponsor, r.collaborators, r.responsible, r.conditions, r.countries),
        lambda r: r.central_contacts,
        lambda r: r.locations,
        lambda r: r.results,
    )
    for facts in same:
        assert facts(written) == facts(posted)


def test_the_page_gives_all_fifteen_sites_with_their_contacts(posted: StudyRecord) -> None:
    assert len(posted.locations) == 15
    assert all(len(place.contacts) == 1 for place in posted.locations)
    last = posted.locations[-1]
    assert (last.city, last.state, last.country, last.contacts[0].name) == ("Hangzhou", "Zhejiang", "China", "De Zhou")
    assert sum(place.status == "RECRUITING" for place in posted.locations) == 2
    assert posted.central_contacts[0].phone == "86 13540060494"


def test_doses_of_the_page_are_those_of_the_definition(posted: StudyRecord) -> None:
    steps = load_study("nct07208058").dosing.steps
    assert [(s.per_kg, s.last - s.first + 1) for s in steps] == [(10, 3), (6, 5)]
    for text in (posted.arms[0].description, load_study("nct07208058").registration.arms[0].description.en):
        assert "10 mg/kg" in text
        assert "6 mg/kg" in text


def test_the_page_and_the_definition_have_as_many_criteria(posted: StudyRecord, written: StudyRecord) -> None:
    for record in (posted, written):
        lines = record.eligibility.criteria.splitlines()
        cut = next(n for n, line in enumerate(lines) if line.startswith("Exclusion"))
        assert [sum(line.startswith("* ") for line in part) for part in (lines[:cut], lines[cut:])] == [5, 17]


def test_no_sentence_of_the_registry_is_copied(posted: StudyRecord, written: StudyRecord) -> None:
    ours = {line.strip("* ").rstrip(".") for line in written.eligibility.criteria.splitlines() if line.startswith("* ")}
    theirs = {
        line.strip("* ").rstrip(".") for line in posted.eligibility.criteria.splitlines() if line.startswith("* ")
    }
    assert not ours & theirs
    assert posted.brief_summary != written.brief_summary


def test_every_real_record_is_read_and_written_back_unchanged(shared: Path) -> None:
    count = results = 0
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record = parse_record(line)
            assert record.id.startswith("NCT")
            assert record.title
            assert json.loads(to_json(record.data)) == json.loads(line)
            count += 1
            results += record.results is not None
    assert (count, results) == (350, 20)


def test_posted_results_are_read_with_their_numbers(shared: Path) -> None:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [parse_record(line) for line in lines if '"resultsSection"' in line]
    for record in records:
        assert record.results is not None
        kinds = {row.kind for period in record.results.flow.periods for row in period.milestones}
        assert {"STARTED", "COMPLETED"} <= kinds
        assert record.results.baseline.measures
        for event in (*record.results.events.serious, *record.results.events.other):
            assert all((c.affected or 0) <= (c.at_risk or 0) for c in event.counts if c.at_risk is not None)


def test_planned_outcomes_that_are_ours_stay_out_of_the_record_unless_asked_for() -> None:
    study = load_study("nct07208058")
    assert "outcomesModule" not in record_of(study)["protocolSection"]
    asked = record_of(study, with_assumptions=True)["protocolSection"]["outcomesModule"]
    assert len(asked["primaryOutcomes"]) == 1


def test_the_record_can_be_written_in_chinese() -> None:
    record = StudyRecord.of(record_of(load_study("nct07208058"), lang="zh"))
    assert record.locations[1].facility == "中国医学科学院北京协和医院"


def test_a_search_answer_with_one_record_is_that_record() -> None:
    assert parse_record(json.dumps({"studies": [MINIMAL], "totalCount": 1})).id == "NCT00000001"


def with_module(name: str, content: object) -> str:
    protocol = {**MINIMAL["protocolSection"], name: content}
    return json.dumps({"protocolSection": protocol})


WRONG = {
    "empty": ("", "The file is empty"),
    "not JSON": ("hello there", "This is not JSON, nor a registry page"),
    "broken JSON": ('{"protocolSection": {,}}', "This is not JSON"),
    "cut in a text": (json.dumps(MINIMAL)[:-12], "ends in the middle"),
    "cut between parts": (json.dumps(MINIMAL)[:-2], "ends in the middle"),
    "two records": (json.dumps(MINIMAL) + "\n" + json.dumps(MINIMAL), "Another value follows the record"),
    "a list": (json.dumps([MINIMAL, MINIMAL]), "This is a list of 2, not one record"),
    "a search answer": (json.dumps({"studies": [MINIMAL, MINIMAL]}), "a search answer with 2 records"),
    "somebody else's JSON": (
        '{"resourceType": "Patient", "id": "x"}',
        "it has no protocolSection. It has resourceType, id.",
    ),
    "no number": ('{"protocolSection": {"identificationModule": {}}}', "nctId is missing"),
    "a part of a wrong type": (
        with_module("conditionsModule", {"conditions": "x"}),
        "protocolSection.conditionsModule.conditions should be a list and is text",
    ),
    "text where a number stands": (
        with_module("designModule", {"enrollmentInfo": {"count": "many"}}),
        "enrollmentInfo.count should be a whole number",
    ),
    "not a number": ('{"protocolSection": NaN}', "'NaN' is not a JSON number"),
    "a deep nest": ("[" * 100_000, "nested too deep"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_record_is_answered_with_a_sentence(kind: str) -> None:
    text, answer = WRONG[kind]
    with pytest.raises(InputError) as caught:
        parse_record(text, "x.json")
    assert answer in str(caught.value)
    assert caught.value.where.startswith("x.json")
    assert caught.value.exit_code == 2


def test_a_page_that_was_cut_short_says_where_it_ends(shared: Path) -> None:
    text = (shared / "record" / "NCT07208058.txt").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="The page ends after 'Locations'"):
        parse_record(text[: text.index("Huashan")], "page.txt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: There is no such file"):
        read_record(tmp_path / "nothing.json")
