"""A study is ranked by what the note says, and what speaks for it and against it is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from related_records import record

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.record.common_words import counted
from trialwright.record.match.facts import note_of
from trialwright.record.match.match import Matched, rank
from trialwright.record.match.note import read_note
from trialwright.record.match.rank import FEATURES, Asked, age_misfit, learned, sex_misfit
from trialwright.record.match.trial import halves, trial_of
from trialwright.study.load import load_study


def ranked(note: str, *records: dict[str, Any]) -> list[Matched]:
    return rank(Asked.of(read_note(note), counted()), records, 10)


def test_the_condition_comes_before_what_is_only_mentioned() -> None:
    lupus = record(1, "Treatment of lupus", ["Systemic Lupus Erythematosus"])
    pressure = record(2, "Treatment of blood pressure", ["Hypertension"])
    found = ranked("A woman was diagnosed with SLE. Past medical history: hypertension.", pressure, lupus)
    assert [row.nct_id for row in found] == ["NCT00000001", "NCT00000002"]
    assert str(found[0].reasons[0].words).startswith("condition: Systemic Lupus Erythematosus")


def test_an_exclusion_that_the_note_speaks_of_lowers_a_study_and_is_told() -> None:
    criteria = "Inclusion Criteria:\n\n* Asthma\n\nExclusion Criteria:\n\n* {}"
    bad = record(1, "Asthma study", ["Asthma"], criteria=criteria.format("Pulmonary fibrosis"))
    good = record(2, "Asthma study", ["Asthma"], criteria=criteria.format("Glaucoma"))
    found = ranked("45M with asthma and pulmonary fibrosis", bad, good)
    assert [row.nct_id for row in found] == ["NCT00000002", "NCT00000001"]
    assert "look at an exclusion: pulmonary, fibrosis" in [str(r.words) for r in found[1].reasons]


def test_a_condition_that_the_note_denies_speaks_against() -> None:
    found = ranked("Man with asthma, no sarcoidosis", record(1, "Sarcoidosis", ["Sarcoidosis", "Asthma"]))
    assert "the note denies: sarcoidosis" in [str(r.words) for r in found[0].reasons]


def test_the_disease_that_matched_is_told_however_late_the_note_says_it() -> None:
    note = "58-year-old man. Denies breast cancer. Mother had type 2 diabetes. He has asthma."
    found = ranked(note, record(1, "A study", ["Asthma"], ages=("18 Years", "")))
    assert [str(r.words) for r in found[0].reasons] == ["condition: Asthma (the note: asthma)", "age fits ≥ 18"]


def test_a_study_that_only_fits_in_age_and_sex_is_not_listed() -> None:
    ages = ("18 Years", "75 Years")
    asthma, other = record(1, "A", ["Asthma"], ages=ages), record(2, "Lungs", ["Transplant"], ages=ages)
    assert [row.nct_id for row in ranked("58-year-old man with a lung mass and asthma", asthma, other)] == [
        "NCT00000001"
    ]


def test_a_title_that_the_note_speaks_of_is_told() -> None:
    found = ranked("58-year-old man with sarcoidosis", record(1, "Sarcoidosis", ["Healthy"]))
    assert str(found[0].reasons[0].words) == "title or keywords speak of: sarcoidosis"


@pytest.mark.parametrize(
    ("ages", "age", "misfit"),
    [
        (("18 Years", "75 Years"), 17.9, True),
        (("18 Years", "75 Years"), 18, False),
        (("18 Years", "75 Years"), 75.9, False),
        (("18 Years", "75 Years"), 76, True),
        (("", "17 Years"), 0.1, False),
        (("18 Years", ""), 99, False),
        (("18 Years", ""), None, False),
        (("6 Months", "2 Years"), 0.4, True),
    ],
)
def test_age_limits_are_inclusive_and_a_missing_one_is_none(
    ages: tuple[str, str], age: float | None, misfit: bool
) -> None:
    assert age_misfit(age, trial_of(record(1, "A", ages=ages))) is misfit


def test_all_takes_everyone_and_an_unknown_sex_is_no_misfit() -> None:
    trial = trial_of(record(1, "A", sex="FEMALE"))
    assert (sex_misfit("FEMALE", trial), sex_misfit("", trial), sex_misfit("MALE", trial)) == (False, False, True)
    assert not sex_misfit("MALE", trial_of(record(1, "A", sex="ALL")))


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria:\n\n* wanted\n\nExclusion Criteria:\n\n* unwanted",
        "Key Inclusion Criteria:\n- wanted\nKey Exclusion:\n- unwanted",
        "wanted. Exclusion criteria: unwanted",
        "EXCLUSION CRITERIA:\nunwanted\nINCLUSION CRITERIA:\nwanted",
    ],
)
def test_the_halves_of_criteria(text: str) -> None:
    inclusion, exclusion = halves(text)
    assert ("wanted" in inclusion.replace("unwanted", ""), "unwanted" in inclusion) == (True, False)
    assert "unwanted" in exclusion


def test_without_headings_all_is_inclusion() -> None:
    assert halves("Adults with asthma") == ("Adults with asthma", "")


def test_the_learned_table_has_the_signs_that_its_features_mean() -> None:
    weights = learned()
    assert set(weights) == set(FEATURES)
    assert all(weights[name] < 0 for name in ("age", "sex", "exclusion", "denied"))
    assert all(weights[name] > 0 for name in ("names", "condition", "inclusion", "best_line"))


def test_a_facts_file_is_read_by_what_the_definition_says_of_its_items() -> None:
    study = load_study("nct07208058")
    facts = (
        Fact("birth_date", PartialDate.parse("1968-03-02")),
        Fact("sex", "female"),
        Fact("underlying_disease", "still"),
        Fact("unknown_item", True),
    )
    note = note_of(Patient("P-1", dt.date(2026, 3, 15), facts=facts), study)
    assert (note.age, note.sex) == (58, "FEMALE")
    assert "still" in note.terms
