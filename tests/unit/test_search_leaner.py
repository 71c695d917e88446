"""A test without what another part says already finds the same records."""

from __future__ import annotations

import pytest

from trialwright.record.query.leaves import Every, Leaf, No, Sequences, Some, some
from trialwright.record.search.leaner import leaner

FIELDS = ("BriefTitle", "Condition")


def asked(*names: str, fields: tuple[str, ...] = FIELDS) -> Sequences:
    return Sequences("BasicSearch", fields, tuple(tuple(name.split()) for name in names))


def others(*names: str, fields: tuple[str, ...] = FIELDS) -> Sequences:
    return Sequences("BasicSearch", fields, tuple(tuple(name.split()) for name in names), weight=0.6)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (some(asked("diabetes"), others("diabetes mellitus")), asked("diabetes")),
        (some(asked("hlh"), others("a b", "c a b", "a b")), some(asked("hlh"), others("a b", "a b"))),
        (
            some(Every((asked("spinal", "spinals"), asked("stenosis"))), others("stenosis spinal", "sps")),
            some(Every((asked("spinal", "spinals"), asked("stenosis"))), others("sps")),
        ),
        (No(some(asked("x"), others("x y"))), No(asked("x"))),
    ],
)
def test_a_synonym_that_another_name_implies_is_left_out(test: Leaf, expected: Leaf) -> None:
    assert leaner(test) == expected


@pytest.mark.parametrize(
    "test",
    [
        some(asked("cancer"), asked("lung cancer")),
        some(asked("diabetes", fields=("Condition",)), others("diabetes mellitus")),
        some(Every((asked("spinal"), asked("stenosis"))), others("spinal narrowing")),
        Some((others("a"), others("b a c", fields=("Condition", "BriefTitle", "Keyword")))),
    ],
)
def test_words_that_were_asked_and_synonyms_that_add_records_stay(test: Leaf) -> None:
    assert leaner(test) == test


def test_of_two_synonyms_that_imply_each_other_one_stays() -> None:
    assert leaner(Some((others("a"), others("a")))) == others("a")
