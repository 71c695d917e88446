"""A whole cohort from a table of facts: the verdicts of one patient at a time, a funnel, and what was left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from trialwright.kernel.errors import InputError
from trialwright.screen import verdict
from trialwright.screen.cohort import CohortResult, screen_cohort
from trialwright.screen.cohort_batch import SCHEMA
from trialwright.screen.cohort_patients import patients_of
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
DAY = dt.date(2026, 3, 15)


def table(*rows: tuple[str, str, Any, dict[str, Any]]) -> pl.DataFrame:
    """Rows of (subject, item, value, other columns)."""
    full = [{"subject": s, "screening": DAY, "item": item, "value": value} | more for s, item, value, more in rows]
    return pl.DataFrame(full, dict(SCHEMA))


FACTS = table(
    ("A", "birth_date", "1990-05-01", {}),
    ("A", "sex", "female", {}),
    ("A", "creatinine", "1.2", {"unit": "mg/dL", "high": 0.9, "when": "2026-03-14"}),
    ("A", "bun", "14", {"unit": "mg/dL", "high": 20.0}),
    ("A", "malignancy", "none", {}),
    ("A", "judged_uncontrolled_infection", "true", {"signed_by": "Dr A"}),
    ("B", "birth_date", "2010", {}),
    ("B", "ferritin", "6.0", {"unit": "mg/L", "when": "2026-03-14"}),
    ("B", "ferritin", "100", {"unit": "ug/L", "when": "2026-03-14"}),
    ("B", "judged_uncontrolled_infection", "true", {}),
    ("B", "alcohol_abuse", "current", {}),
    ("C", "birth_date", None, {"reason": "not asked"}),
    ("C", "steroid_dose", "60", {"unit": "mg/d", "agent": "methylprednisolone", "route": "iv", "when": "2026-03-10"}),
    ("C", "steroid_dose", "60", {"unit": "mg/d", "agent": "methylprednisolone", "route": "iv", "when": "2026-03-11"}),
    ("C", "steroid_dose", "60", {"unit": "mg/d", "agent": "methylprednisolone", "route": "iv", "when": "2026-03-12"}),
    ("C", "weight", "49", {}),
    ("C", "steroid_outcome", "no_response", {}),
)


def states(result: CohortResult) -> list[dict[str, str]]:
    return result.verdicts.cast(pl.String).to_dicts()


def one_by_one(facts: pl.DataFrame) -> list[dict[str, str]]:
    found = [verdict(STUDY, patient) for patient in patients_of(STUDY, facts)]
    return [{"subject": v.subject, "verdict": v.state} | {c.id: c.state for c in v.criteria} for v in found]


def test_a_cohort_gets_the_verdicts_that_its_patients_get_alone() -> None:
    result = screen_cohort(STUDY, FACTS)
    assert states(result) == one_by_one(FACTS)
    assert result.totals == {"eligible": 0, "undetermined": 1, "not_eligible": 2}
    assert result.left_out.is_empty()


def test_the_order_of_rows_changes_nothing() -> None:
    mixed = FACTS.sample(fraction=1, shuffle=True, seed=5)
    assert states(screen_cohort(STUDY, mixed)) == states(screen_cohort(STUDY, FACTS))


def test_a_stream_may_cut_a_patient_anywhere() -> None:
    for size in (1, 2, 5):
        assert states(screen_cohort(STUDY, FACTS.iter_slices(size))) == states(screen_cohort(STUDY, FACTS))


def test_a_stream_whose_subjects_come_twice_is_refused() -> None:
    with pytest.raises(InputError, match="several places"):
        screen_cohort(STUDY, [FACTS.head(3), FACTS.slice(6, 3), FACTS.slice(3, 3)])


def test_the_funnel_counts_each_criterion_alone_and_in_turn() -> None:
    funnel = {row["criterion"]: row for row in screen_cohort(STUDY, FACTS).funnel.to_dicts()}
    assert funnel["I01"]["unknown"] == 2  # a birth year of 2010 may be 15 or 16; the other's is not known
    assert (funnel["E07"]["alone"], funnel["E07"]["in_turn"], funnel["E07"]["left"]) == (1, 1, 2)
    assert (funnel["E16"]["alone"], funnel["E16"]["left"]) == (1, 1)
    assert funnel["E08"]["undetermined"] == 1


def test_missing_items_are_counted_for_undetermined_patients() -> None:
    missing = dict(screen_cohort(STUDY, FACTS).missing.iter_rows())
    assert missing["birth_date"] == 1
    assert "weight" not in missing


def test_one_item_under_several_names_goes_to_its_patients() -> None:
    facts = table(
        ("A", "sex", "male", {}),
        ("A", "bun", "90", {"unit": "mg/dL", "high": 20.0}),
        ("B", "urea", "5", {"unit": "mmol/L", "high": 7.0}),
        ("C", "bun", "14", {"unit": "mg/dL", "high": 20.0}),
        ("D", "urea", "40", {"unit": "mmol/L", "high": 7.0}),
    )
    assert states(screen_cohort(STUDY, facts)) == one_by_one(facts)


def test_values_of_one_moment_that_differ_are_not_known_and_those_in_two_units_agree() -> None:
    facts = table(
        *((s, "ferritin", "600", {"unit": "ug/L", "when": "2026-03-14"}) for s in "ABC"),
        ("A", "creatinine", "100", {"unit": "umol/L", "high": 60.0, "when": "2026-03-14"}),
        ("A", "creatinine", "50", {"unit": "umol/L", "high": 60.0, "when": "2026-03-14"}),
        ("B", "fibrinogen", "1.1", {"unit": "g/L", "when": "2026-03-14"}),
        ("B", "fibrinogen", "110", {"unit": "mg/dL", "when": "2026-03-14"}),
        ("C", "platelets", "50", {"unit": "10*9/L", "when": "2026-03-14"}),
        ("C", "platelets", "250", {"unit": "10*9/L", "when": "2026-03-13"}),
    ).sort("subject", maintain_order=True)
    found = states(screen_cohort(STUDY, facts))
    assert found == one_by_one(facts)
    assert [row["E08"] for row in found] == ["unknown"] * 3


BAD = [
    ("weight", "heavy", {}, "values that the item cannot have"),
    ("weight", "600", {"unit": "kg"}, "impossible values"),
    ("creatinine", "80", {"unit": "Cel"}, "units that the item cannot have"),
    ("creatinine", "80", {"low": 90.0, "high": 40.0}, "limits of normal the wrong way round"),
    ("weight", "60", {"when": "2026-02-30"}, "days that are no dates"),
    ("weight", "60", {"when": "2026-04-01"}, "days in the future"),
    ("live_vaccine", "2026-04-01", {}, "days in the future"),
    ("splenomegaly", "maybe", {}, "values that the item cannot have"),
    ("sex", "woman", {}, "values that the item cannot have"),
]


@pytest.mark.parametrize(("item", "value", "more", "why"), BAD)
def test_what_cannot_be_right_is_left_out_and_counted(item: str, value: str, more: dict[str, Any], why: str) -> None:
    bad = pl.concat([FACTS, table(("D", item, value, more), ("D", "sex", "male", {}))])
    result = screen_cohort(STUDY, bad)
    assert [row for row in result.left_out.iter_rows() if row[0] == item] == [(item, why, 1)]
    assert states(result) == one_by_one(bad)


def test_an_item_of_another_study_is_counted() -> None:
    result = screen_cohort(STUDY, table(("A", "shoe_size", "43", {}), ("A", "sex", "male", {})))
    assert list(result.left_out.iter_rows()) == [("", "items that the study does not know", 1)]


def test_a_table_without_its_columns_is_refused() -> None:
    with pytest.raises(InputError, match="no column 'item'"):
        screen_cohort(STUDY, FACTS.drop("item"))
    with pytest.raises(InputError, match="unknown column 'units'"):
        screen_cohort(STUDY, FACTS.rename({"unit": "units"}))


def test_an_empty_table_is_an_empty_cohort() -> None:
    result = screen_cohort(STUDY, FACTS.head(0))
    assert result.verdicts.is_empty()
    assert result.totals == {"eligible": 0, "undetermined": 0, "not_eligible": 0}
