"""What a signature binds: an inspector works the hash out again with nothing but JSON and SHA-256."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from trialwright.conduct.rules.signing import Sheet, check_proof, content_hash, demand_signable, signed_text
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, UnknownName

SHEET = Sheet("tiny", "01-001", "week1", "vitals", "1.0")
WEIGHT = Entry("weight", "60", "kg", "body", 1, 40, 90.5, when="2026-03-02")
ABSENT = Entry("height", "", "", "body", 1, null_reason="not_done")


def test_the_hash_can_be_worked_out_by_hand() -> None:
    by_hand = json.dumps(
        {
            "definition": "1.0", "form": "vitals", "study": "tiny", "subject": "01-001",
            "values": [
                ["body", 1, "height", "", "", None, None, "not_done", ""],
                ["body", 1, "weight", "60", "kg", 40.0, 90.5, "", "2026-03-02"],
            ],
            "visit": "week1",
        },
        sort_keys=True, separators=(",", ":"), ensure_ascii=False,
    )  # fmt: skip
    assert signed_text(SHEET, [WEIGHT, ABSENT]) == by_hand
    assert content_hash(SHEET, [WEIGHT, ABSENT]) == hashlib.sha256(by_hand.encode()).hexdigest()


def test_the_order_in_which_values_are_read_does_not_matter() -> None:
    assert content_hash(SHEET, [WEIGHT, ABSENT]) == content_hash(SHEET, [ABSENT, WEIGHT])


def test_every_part_of_a_value_and_of_its_place_counts() -> None:
    changes = {
        "value": "61", "unit": "g", "group": "other", "row": 2, "low": 41.0, "high": None, "null_reason": "unknown",
        "when": "", "item": "mass",
    }  # fmt: skip
    hashes = {content_hash(SHEET, [WEIGHT])}
    hashes |= {content_hash(SHEET, [replace(WEIGHT, **{name: value})]) for name, value in changes.items()}
    places = ("study", "subject", "visit", "form", "definition")
    hashes |= {content_hash(replace(SHEET, **{name: "other"}), [WEIGHT]) for name in places}
    hashes.add(content_hash(SHEET, []))
    assert len(hashes) == 1 + len(changes) + len(places) + 1


def test_only_what_is_complete_and_without_queries_can_be_signed() -> None:
    demand_signable("Form vitals", "complete", 0)
    demand_signable("Form vitals", "signed", 0)
    with pytest.raises(Refused, match="Form vitals is not complete: it cannot be signed"):
        demand_signable("Form vitals", "in_progress", 0)
    with pytest.raises(Refused, match="Form vitals has 2 queries that are not closed"):
        demand_signable("Form vitals", "complete", 2)


def test_a_signature_has_a_meaning_and_a_proof() -> None:
    check_proof("approval", "passkey")
    with pytest.raises(UnknownName, match="approval"):
        check_proof("like", "passkey")
    with pytest.raises(Refused, match="A signature needs a proof of who signs"):
        check_proof("approval", " ")
