"""The laws of unknown for each operator, over its specifications: docs/adr/0007-laws-of-unknown.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property.generated import BOTH, DAYS, SCREENING, Answers
from spec.test_operators import ITEMS, SCOPE, TYPED, patient

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic import build

SPEAK_OF_THE_FILE = ("known(", "coalesce(", "bmi")
"""`known` asks for the file itself; `coalesce` and a derived item fall back on something else where it is silent."""
POOL: dict[str, list[Fact]] = {}
for given_facts, _ in (case for spec in TYPED["specs"] for case in spec["patients"]):
    for one in patient(given_facts).facts:
        POOL.setdefault(one.item, []).append(one)
LAWFUL = sorted(
    {s["expression"] for s in TYPED["specs"] if not any(word in s["expression"] for word in SPEAK_OF_THE_FILE)}
)
NEAR = st.one_of(st.none(), DAYS.map(PartialDate.day))


@st.composite
def those_of(draw: st.DrawFn, items: tuple[str, ...]) -> Patient:
    """Of each item none, one or several of the facts that stand in the specifications, on any days."""
    found = []
    for name in items:
        for fact in draw(st.lists(st.sampled_from(POOL[name]), max_size=3)):
            moved = draw(st.booleans())
            found += [replace(fact, when=draw(NEAR)) if moved else fact]
    dose = draw(st.one_of(st.none(), st.just(SCREENING)))
    return Patient("P", SCREENING, None, dose, tuple(found))


def open_(answer: Any) -> bool:
    return answer is None or answer is Truth.UNKNOWN


@BOTH
@pytest.mark.parametrize("text", LAWFUL)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_taking_away_all_of_an_item_leads_only_towards_unknown(
    answers: Answers, text: str, data: st.DataObject
) -> None:
    expr = build(text, SCOPE)
    more = data.draw(those_of(expr.items))
    fewer = [replace(more, facts=tuple(f for f in more.facts if f.item != name)) for name in expr.items]
    (whole, *rest) = answers([expr], [more, *fewer])[0]
    assert all(open_(less) or less == whole for less in rest), (whole, rest)


def test_all_items_of_the_specifications_have_facts() -> None:
    assert set(POOL) >= set(ITEMS) - {"note"}
