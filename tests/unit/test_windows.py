"""Windows, ages and ratios to limits: worked examples from the published definitions, through the language itself."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate, add_months
from trialwright.kernel.errors import InputError
from trialwright.kernel.truth import Truth, all_of, any_of, at_least
from trialwright.logic import Scope, build, evaluate
from trialwright.study.items import Item


def item(name: str, kind: str, unit: str = "") -> Item:
    return Item.model_validate({"id": name, "label": name, "type": kind, "unit": unit, "source": "registry"})


SCOPE = Scope({i.id: i for i in (item("event", "event"), item("birth", "date"), item("lab", "quantity", "umol/L"))})


@pytest.fixture(scope="session")
def worked(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "clinic" / "worked_examples.json").read_text(encoding="utf-8"))
    return found


def ask(text: str, screening: str, fact: Fact) -> object:
    return evaluate(build(text, SCOPE), Patient("P", dt.date.fromisoformat(screening), facts=(fact,)))


def test_windows_are_calendar_windows_closed_at_both_ends(worked: dict[str, Any]) -> None:
    for case in worked["windows"]:
        fact = Fact("event", PartialDate.parse(case["event"]))
        found = ask(f"within(event, {case['window']}, before: screening)", case["anchor"], fact)
        assert found is Truth.of(case["within_inclusive"]), case["id"]
        count, unit = case["window"].split()
        anchor = dt.date.fromisoformat(case["anchor"])
        lower = add_months(anchor, -int(count)) if unit == "months" else anchor - dt.timedelta(int(count))
        assert lower.isoformat() == case["lower_bound"], case["id"]


def test_ages_are_completed_years(worked: dict[str, Any]) -> None:
    for case in worked["age"]:
        fact = Fact("birth", PartialDate.parse(case["birth"]))
        assert ask("age(birth)", case["date"], fact) == case["age_years"], case["id"]
        in_range = ask("age(birth) >= 16 years and age(birth) < 81 years", case["date"], fact)
        assert in_range is Truth.of(case["in_16_80"])


def test_limits_are_strict_to_the_last_digit(worked: dict[str, Any]) -> None:
    for case in worked["uln"]:
        fact = Fact("lab", float(case["value"]), "umol/L", None, float(case["uln"]))
        assert ask("lab > 1.5 * uln(lab)", "2026-03-15", fact) is Truth.of(case["gt_1_5"]), case["id"]


@pytest.mark.parametrize("text", ["", "2026-13", "2026-02-30", "26-03-15", "2026-3-5", "2026-03-15-01", "today"])
def test_what_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a date"):
        PartialDate.parse(text)


@pytest.mark.parametrize("text", ["2026", "2026-03", "2026-02", "2026-03-15"])
def test_a_partial_date_is_printed_as_it_was_written(text: str) -> None:
    assert str(PartialDate.parse(text)) == text


def test_a_truth_is_not_a_python_bool() -> None:
    with pytest.raises(TypeError, match="three values"):
        bool(Truth.TRUE)


def test_counting_over_unknowns() -> None:
    t, f, u = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
    assert [at_least(2, x) for x in ([t, t, u], [t, u, f], [t, f, f], [u, u, u])] == [t, u, f, u]
    assert [all_of([t, u]), all_of([f, u]), all_of([])] == [u, f, t]
    assert [any_of([t, u]), any_of([f, u]), any_of([])] == [t, u, f]
