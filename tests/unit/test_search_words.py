"""How text becomes tokens, and which words stand for each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.record.query.words import LONGEST, canonical, joined, spellings, tokens
from trialwright.record.search.extract import Raw
from trialwright.record.search.synonyms import Gathered, long_form, names_of, written_table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Double-Blind", ["double", "blind"]),
        ("IL-1β", ["il", "1", "beta"]),
        ("Parkinson's and Sjögren’s", ["parkinsons", "and", "sjogrens"]),
        ("5 µg/m²", ["5", "ug", "m2"]),
        (r"age \> 18 & <b>bold</b>", ["age", "18", "b", "bold", "b"]),
        ("e\u0301tude é", ["etude", "e"]),
        ("straße ½ \x00 \ud800", ["strasse", "1", "2"]),
        ("临床 试验", ["临床", "试验"]),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text(max_size=300))
def test_tokens_of_tokens_are_the_same(text: str) -> None:
    assert joined(joined(text)) == joined(text)
    assert all(0 < len(token) <= LONGEST and token.isalnum() for token in tokens(text))


def test_a_word_without_end_is_cut() -> None:
    assert [len(token) for token in tokens("x" * 250)] == [100, 100, 50]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tumour", "tumors"),
        ("haemophagocytic", "hemophagocytic"),
        ("leukaemia", "leukemias"),
        ("anaemia", "anemia"),
        ("oedema", "edema"),
        ("paediatric", "pediatric"),
        ("randomised", "randomized"),
        ("ischaemic", "ischemic"),
        ("diarrhoea", "diarrhea"),
        ("study", "studies"),
        ("biopsy", "biopsies"),
    ],
)
def test_spellings_find_each_other(one: str, other: str) -> None:
    assert other in spellings(one)
    assert one in spellings(other)
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [("virus", "viru"), ("diagnosis", "diagnosi"), ("mas", "ma"), ("loss", "los")]
)
def test_what_only_looks_like_a_plural_is_none(one: str, other: str) -> None:
    assert other not in spellings(one)


@pytest.mark.parametrize(
    ("short", "before", "expected"),
    [
        ("HLH", "patients with hemophagocytic lymphohistiocytosis", "hemophagocytic lymphohistiocytosis"),
        ("MAS", "secondary macrophage activation syndrome", "macrophage activation syndrome"),
        ("PTSD", "Post-traumatic stress disorder", "post traumatic stress disorder"),
        ("USA", "a study in Basel", ""),
        ("ABC", "", ""),
    ],
)
def test_an_abbreviation_stands_for_the_words_before_it(short: str, before: str, expected: str) -> None:
    assert long_form(short, before) == expected


def gathered(*summaries: str) -> Gathered:
    names = Gathered()
    for summary in summaries:
        values: Raw = {"BriefSummary": {summary: None}}
        names.take(names_of({}, values))
    return names


def test_an_abbreviation_of_one_record_alone_is_not_believed() -> None:
    assert gathered("lumbar disc herniation (LDH)").table().of(("ldh",)) == ()
    twice = gathered("lumbar disc herniation (LDH)", "Lumbar Disc Herniation (LDH) in adults").table()
    assert ("lumbar", "disc", "herniation") in twice.of(("ldh",))
    assert twice.of(("lumbar", "disc", "herniation")) == (("ldh",),)


def test_an_abbreviation_with_two_meanings_has_none() -> None:
    texts = ["lumbar disc herniation (LDH)"] * 2 + ["lactate dehydrogenase (LDH)"] * 2
    assert gathered(*texts).table().of(("ldh",)) == ()


def test_an_abbreviation_that_is_a_word_is_not_looked_for() -> None:
    table = gathered("ambulatory infusion module (AIM)", "the ambulatory infusion module (AIM)").table()
    assert table.of(("ambulatory", "infusion", "module")) == ()
    assert table.of(("aim",))


def test_the_disease_of_the_built_in_study_is_known_by_all_its_names() -> None:
    table = written_table()
    assert ("hemophagocytic", "lymphohistiocytosis") in table.of(("hlh",))
    assert ("haemophagocytic", "lymphohistiocytosis") in table.of(("hlh",))
    assert ("hlh",) in table.of(("haemophagocytic", "lymphohistiocytosis"))
    assert ("macrophage", "activation", "syndrome") in table.of(("mas",))
    assert table.of(("macrophage", "activation", "syndrome")) == ()
