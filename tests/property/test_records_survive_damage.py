"""A record with any part exchanged is read, or refused with a sentence: never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.formats.ctgov import parse_record, record_of
from trialwright.kernel.errors import UserError
from trialwright.record.begin import files_from_record
from trialwright.record.page import page_of
from trialwright.study.load import load_study

RECORD = record_of(load_study("nct07208058"), with_assumptions=True)
RECORD["resultsSection"] = {
    "participantFlowModule": {
        "groups": [{"id": "FG000", "title": "All"}],
        "periods": [
            {
                "title": "Study",
                "milestones": [{"type": "STARTED", "achievements": [{"groupId": "FG000", "numSubjects": "3"}]}],
            }
        ],
    },
    "adverseEventsModule": {
        "eventGroups": [{"id": "EG000", "title": "All", "deathsNumAffected": 0, "deathsNumAtRisk": 3}],
        "otherEvents": [{"term": "Fever", "stats": [{"groupId": "EG000", "numAffected": 1, "numAtRisk": 3}]}],
    },
}
Path = tuple[str | int, ...]


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*here, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*here, index))


def exchanged(path: Path, value: object) -> Any:
    if not path:
        return value
    record = copy.deepcopy(RECORD)
    part: Any = record
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return record


values = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.just([]) | st.just({}) | st.just([[1]])
)


@given(path=st.sampled_from(list(paths(RECORD))), value=values)
@settings(max_examples=200, deadline=None)
def test_an_exchanged_part_is_read_or_refused(path: Path, value: object) -> None:
    text = json.dumps(exchanged(path, value))
    try:
        record = parse_record(text, "x.json")
    except UserError as error:
        assert error.where.startswith("x.json")  # noqa: PT017
        return
    page = page_of(record)
    assert page.id == record.id
    assert record.data == json.loads(text)


@given(path=st.sampled_from(list(paths(RECORD["protocolSection"]))), value=values)
@settings(max_examples=15, deadline=None)
def test_a_study_begun_from_a_damaged_record_loads_or_is_refused(path: Path, value: object) -> None:
    try:
        files = files_from_record(parse_record(json.dumps(exchanged(("protocolSection", *path), value))))
    except UserError:
        return
    assert "study.yaml" in files


def test_a_record_cut_anywhere_is_refused() -> None:
    text = json.dumps(RECORD)
    for length in range(0, len(text) - 1, 997):
        try:
            parse_record(text[:length], "x.json")
        except UserError as error:
            assert error.where.startswith("x.json")  # noqa: PT017
        else:
            raise AssertionError(f"a record cut after {length} characters was taken")
