"""The snapshot's file: what is read is what was written; anything else is refused with the place."""

from __future__ import annotations

import json

import pytest
from snapshots import make_snapshot

from trialwright.evidence.snapshot_json import dump, load
from trialwright.kernel.errors import InputError
from trialwright.study.load import load_study


@pytest.fixture(scope="module")
def content() -> bytes:
    return dump(make_snapshot(load_study("nct07208058"), 7, 3))


def test_dump_and_load_are_inverse(content: bytes) -> None:
    assert dump(load(content)) == content
    assert load(content) == make_snapshot(load_study("nct07208058"), 7, 3)


def changed(content: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(content) | changes).encode()


def test_a_file_cut_short_is_refused_with_its_line(content: bytes) -> None:
    with pytest.raises(InputError, match=r"snap\.json:\d+: This is not JSON, or it is cut short"):
        load(content[: len(content) // 2], where="snap.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "other"}, "no snapshot"),
        ({"format_version": 99}, "Version 99"),
        ({"cut": "yesterday"}, "cut: A date is wanted here"),
        ({"virtual": "yes"}, "virtual: A true or false is wanted here"),
        ({"extra": 1}, "has no 'extra'"),
        ({"values": {}}, "values: A list"),
        ({"visits": [{"subject": "01-001"}]}, "visits, row 1: A VisitRow lacks 'visit'"),
        ({"visits": [3]}, "visits, row 1: A VisitRow is a JSON object"),
    ],
)
def test_somebody_elses_json_is_refused(content: bytes, changes: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load(changed(content, **changes))
    with pytest.raises(InputError, match="no snapshot"):
        load(b"[]")
