"""The calculators' reference is printed from their cards; with TRIALWRIGHT_REGENERATE=1 this file writes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trialwright.kernel import units
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import Card, Input
from trialwright.science.clinic.ctcae import VERSIONS, rules
from trialwright.science.clinic.steroids import TABLES
from trialwright.science.clinic.substances import MOLAR_MASS
from trialwright.screen.calculators import answer_text, calculate, calculators, shown_input, shown_unit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "calculators.md"
HEAD = """# Calculators

Printed from the cards of `trialwright.science.clinic` by `tests/docs/test_calculator_reference.py`; do not edit.

```console
$ trialwright screen calculators
$ trialwright screen calc hscore ferritin=2500ug/L temperature=39.1Cel splenomegaly=yes
```

Numbers take a unit that converts into the one named (`ferritin=2500ug/L`, `ferritin=2500ng/mL`); questions are answered
`yes`, `no` or `unknown`. An input that is left out is unknown: where a calculator can, it answers with an interval or
says which inputs are still open, and never guesses.
"""


def test_the_reference_is_printed_from_the_cards() -> None:
    text = "\n".join(_page())
    if os.environ.get("TRIALWRIGHT_REGENERATE"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run this test once with TRIALWRIGHT_REGENERATE=1"


@pytest.mark.parametrize("card", calculators(), ids=lambda card: card.id)
def test_every_calculator_is_in_the_reference(card: Card) -> None:
    assert f"## `{card.id}`" in PAGE.read_text(encoding="utf-8")


def _page() -> Iterator[str]:
    yield HEAD
    yield from _table(("calculator", "answers"), ((f"[`{c.id}`](#{c.id})", c.label.en) for c in calculators()))
    for card in calculators():
        yield from _card(card)
    yield "## Tables\n\n### Glucocorticoids: mg equal to prednisone 5 mg\n"
    agents = TABLES["standard"]
    yield from _table(("agent", *TABLES), ((a, *(f"{t[a]:g}" for t in TABLES.values())) for a in agents))
    yield "### Molar masses, g/mol\n"
    yield from _table(("substance", "g/mol"), ((name, f"{mass:.7g}") for name, mass in MOLAR_MASS.items()))
    yield "### Laboratory grades\n"
    yield "uln, lln: the laboratory's own upper and lower limit of normal.\n"
    for version in VERSIONS:
        yield f"#### CTCAE version {version}\n"
        yield from _table(("term", "1", "2", "3", "4"), _grades(version))


def _card(card: Card) -> Iterator[str]:
    yield f"## `{card.id}`\n"
    yield f"**{card.label.en}** · {card.label.to('zh')}\n"
    yield from _table(("input", "meaning", "takes", "validated for"), (_input(card, i) for i in card.all_inputs))
    truth = "yes, no or not decided" if isinstance(card.example[1], Truth) else "a number"
    yield f"- Answers: {units.show(card.unit) or truth}"
    if card.note:
        yield f"- Limits: {card.note.en}"
    yield f"- Source: {card.source}\n"
    given = {name: shown_input(card, name, value) for name, value in card.example[0].items()}
    yield "```text"
    yield f"trialwright screen calc {card.id} {' '.join(f'{n}={v}' for n, v in given.items())}\n"
    yield answer_text(calculate(card.id, {n: v.strip('"') for n, v in given.items()}))
    yield "```\n"


def _input(card: Card, wanted: Input) -> tuple[str, ...]:
    takes = {"truth": "yes or no", "code": ", ".join(f"`{c}`" for c in wanted.codes) or "text"}
    number = "a number with its unit" if wanted.any_unit else shown_unit(wanted) or "a number"
    if len(wanted.codes) > 20:
        takes["code"] = "a term of the tables below"
    low, high = wanted.valid
    valid = "" if low is None and high is None else f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
    name = f"`{wanted.name}`" + (" (optional)" if wanted.optional else "")
    return name, wanted.label.en, takes.get(wanted.kind, number), valid


def _grades(version: str) -> Iterator[tuple[str, ...]]:
    for term, rule in rules(version).items():
        cells = ("; ".join(rule.words.get(g, ())).replace(" | ", " or ") for g in (1, 2, 3, 4))
        yield f"{term}{f' ({rule.worst_case})' if rule.worst_case else ''}", *cells


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
