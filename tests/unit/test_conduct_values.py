"""What people type: what is taken, in which form it is kept, and what is refused with which sentence."""

from __future__ import annotations

import pytest

from trialwright.conduct.rules import values
from trialwright.conduct.rules.checks import Settled, settle
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import Text
from trialwright.study.items import Item


def item(kind: str) -> Item:
    unit = {"unit": "kg"} if kind == "quantity" else {}
    return Item.model_validate(
        {"id": "thing", "label": Text(en="Thing"), "type": kind, "source": {"assumption": "a test"}, **unit}
    )


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("quantity", " 37.50 ", "37.50"),
        ("quantity", "３７．５", "37.5"),
        ("integer", "－１２", "-12"),
        ("date", "２０２６-03-15", "2026-03-15"),
        ("time", "０９：３０", "09:30"),
        ("datetime", "2026-03-15 09:30", "2026-03-15T09:30"),
        ("datetime", "2026-03-15T09:30:15+08:00", "2026-03-15T09:30:15+08:00"),
        ("event", "NONE", "none"),
        ("text", "３７", "３７"),
    ],
)
def test_values_are_kept_in_one_form(kind: str, typed: str, kept: str) -> None:
    assert values.canonical(item(kind), typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("quantity", "٣٧"),
        ("quantity", "10²"),
        ("date", "2026-03-15Tgarbage"),
        ("date", "2026-+3-15"),
        ("date", "2026- 3-15"),
        ("date", "2_26-03-15"),
        ("date", "2026-03-15T09:30"),
        ("time", "09:３٠"),
        ("datetime", "20260315T0930"),
        ("datetime", "2026-W11-1T10:00"),
        ("datetime", "2026-03-15T25:00"),
    ],
)
def test_what_other_programs_could_not_read_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(InputError, match="is not a "):
        values.canonical(item(kind), typed)


@pytest.mark.parametrize("when", ["", "2026", "2026-03", "2026-03-15", "2026-03-15T09:30", "2026-03-15T09:30:00Z"])
def test_a_moment_is_a_day_or_a_time_of_it(when: str) -> None:
    assert values.check_when(when) == when


@pytest.mark.parametrize("when", ["soon", "2026-03-15Tsoon", "2026-02-30", "2026-03-15T25:00", "2026-+3"])
def test_what_is_no_moment_is_refused(when: str) -> None:
    with pytest.raises(InputError, match="is not a date"):
        values.check_when(when)


def test_a_query_is_raised_kept_reopened_or_raised_again() -> None:
    keys = {state: ("range", ("g", 1, state)) for state in ("new", "open", "answered", "closed", "cancelled")}
    known = {key: state for state, key in keys.items() if state != "new"}
    found = dict.fromkeys(keys.values(), "unusual")
    stays = (keys["answered"], keys["open"])
    assert settle(known, found, lambda key: False) == Settled((), stays, (keys["new"],), ())
    changed = settle(known, found, lambda key: True)
    assert (changed.raises, changed.reopens) == ((keys["cancelled"], keys["new"]), (keys["closed"],))
