"""Conditions of other systems: taken over where every word is certain, else refused with the word that is not."""

from __future__ import annotations

import pytest

from trialwright.conduct.exchange.expression_parts import Uncertain, truth
from trialwright.conduct.exchange.expressions import negated, taken_over
from trialwright.logic import Scope, build
from trialwright.study.items import Item

CODES = [{"code": code, "label": code} for code in ("Female", "Male", "1", "2")]
KINDS: dict[str, dict[str, object]] = {
    "sex": {"type": "choice", "choices": CODES}, "race": {"type": "choices", "choices": CODES},
    "pregnant": {"type": "boolean"}, "weight": {"type": "quantity", "unit": "kg"}, "note": {"type": "text"},
    "height": {"type": "quantity", "unit": "m"}, "age": {"type": "integer"}, "born": {"type": "date"},
    "seen": {"type": "date"}, "score": {"type": "quantity", "unit": "1"},
    "pain": {"type": "choice", "choices": [{"code": code, "label": code} for code in "012"]},
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
        ("[pain] >= 1", 'pain in ("1", "2")'),
        ("[pain] > '1'", 'pain == "2"'),
        ("[age] > -5", "age > -5"),
        ("[born] >= '2000-01-31'", "born >= 2000-01-31"),
        ("isblankormissingcode([born])", "not (known(born))"),
        ("[pain] + 1", '(if pain == "0" then 0 else if pain == "1" then 1 else 2) + 1'),
        ("[pregnant] * 2", "(if pregnant then 1 else 0) * 2"),
        ("datediff([born], '2020-01-01', 'd', true)", "(2020-01-01 - born) / 1 d"),
        ('datediff([born],[seen],"y")', "abs((seen - born) / 1 d) / 365.2425"),
        ("sum([age], [score])", "if known(age) or known(score) then coalesce(age, 0) + coalesce(score, 0) else 0 / 0"),
        ("max([age], [score])", "max(coalesce(age, score), coalesce(score, age))"),
        ("rounddown([score], 1)", "if round(score, 1) > score then round(score, 1) - 0.1 else round(score, 1)"),
        ("if([age] = '' or [score] = '', '', [age] + [score])", "age + score"),
        ("if([sex] = '1', 10, '')", 'if sex == "1" then 10 else 0 / 0'),
        ("sqrt(abs([score]))", "sqrt(abs(score))"),
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
        ("datediff([born],'today','y') > 3", "changes from day to day"),
        ("contains([note], 'x')", "'contains' has no certain counterpart"),
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
        ("[pain] > 7", "no choice of 'pain'"),
        ("datediff([born], [age], 'd')", "'age' is no date"),
        ("sum([age] * 2, 3)", "of computations"),
        ("round([score], [age])", "no digit"),
        ("if([sex] = '1', 'F', 'M')", "'F' is no number"),
        ("-" * 3000 + "1", "nested too deeply"),
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


def test_an_item_of_another_event_is_taken_over_where_it_is_asked_at_no_other() -> None:
    def there(event: str, name: str) -> Item | None:
        return ITEMS[name] if event == "first" else None

    assert taken_over("[first][age] > 3", ITEMS.get, there=there).text == "age > 3"
    with pytest.raises(Uncertain, match="another event"):
        taken_over("[second][age] > 3", ITEMS.get, there=there)
