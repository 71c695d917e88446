"""Conditions of other systems: taken over where every word is certain, else refused with the word that is not."""

from __future__ import annotations

import pytest

from trialwright.conduct.exchange.expressions import Uncertain, negated, taken_over, truth
from trialwright.logic import Scope, build
from trialwright.study.items import Item

CODES = [{"code": code, "label": code} for code in ("Female", "Male", "1", "2")]
KINDS: dict[str, dict[str, object]] = {
    "sex": {"type": "choice", "choices": CODES}, "race": {"type": "choices", "choices": CODES},
    "pregnant": {"type": "boolean"}, "weight": {"type": "quantity", "unit": "kg"}, "note": {"type": "text"},
    "height": {"type": "quantity", "unit": "m"}, "age": {"type": "integer"}, "born": {"type": "date"},
}  # fmt: skip
ITEMS = {
    name: Item.model_validate({"id": name, "label": name, "source": "registry", **kind}) for name, kind in KINDS.items()
}
THERE = {**ITEMS, "G-1.sex": ITEMS["sex"]}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('!(sex == "Female")', 'not (sex == "Female")'),
        ("[sex] = '1'", 'sex == "1"'),
        ("[race(2)] = '1' and [age] >= 18", 'includes(race, "2") and age >= 18'),
        ("[race(2)] <> '1'", 'not (includes(race, "2"))'),
        ("[pregnant] = '0' or [weight] > 40", "not (pregnant) or weight > 40 kg"),
        ("40 < weight && weight <= 160.5", "weight > 40 kg and weight <= 160.5 kg"),
        ('(pregnant == "1" || age > 3) && note != "x"', '(pregnant or age > 3) and note != "x"'),
        ("[note] <> ''", "known(note)"),
        ("weight / height ^ 2", "weight / (height * height)"),
        ("round([weight]/([height]^(2)),1)", "round(weight / (height * height), 1)"),
        ('G-1.sex == "Male"', 'sex == "Male"'),
    ],
)
def test_what_is_certain_is_said_in_our_language(theirs: str, ours: str) -> None:
    made = taken_over(theirs, THERE.get, tuple(THERE))
    assert made.text == ours
    build(made.text, Scope(ITEMS))


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ("[visit_1][age] > 3", "another event"),
        ("datediff([born],'today','y') > 3", "'datediff' has no certain counterpart"),
        ("[unheard] = '1'", "'unheard' is no item"),
        ("[sex] = '9'", "'9' is no choice of 'sex'"),
        ("[sex] > '1'", "have no order"),
        ("[age] = 'x'", "'x' is no number"),
        ("[race(9)] = '1'", "no box of a checkbox"),
        ("sex + 1", "'sex' is no number"),
        ("1 = 1", "two constants"),
        ("(age > 1", "not closed"),
        ("age > 1)", "out of place"),
        ("age ^ 4", "the power 4"),
        ("age @ 4", "not understood"),
        ("", "ends too early"),
        ("(" * 100 + "age", "nested too deeply"),
    ],
)
def test_what_is_not_certain_is_not_guessed(theirs: str, why: str) -> None:
    with pytest.raises(Uncertain, match=why):
        truth(taken_over(theirs, ITEMS.get))


def test_a_condition_not_to_ask_becomes_one_to_ask() -> None:
    assert negated(taken_over('!(sex == "Female")', ITEMS.get)) == 'sex == "Female"'
    assert negated(taken_over('sex == "Female"', ITEMS.get)) == 'not sex == "Female"'
    assert negated(taken_over("!(pregnant) && age > 3", ITEMS.get)) == "not (not (pregnant) and age > 3)"
