"""Whatever JSON comes: it is kept and comes out again, or it is refused with a sentence; it is never half kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.many import Found, read_many
from trialwright.formats.ctgov.model import Branch, Field, model
from trialwright.kernel.errors import InputError
from trialwright.record.bring_in import bring_in
from trialwright.record.export import FORMS
from trialwright.record.history import DERIVED, differences
from trialwright.record.store.cards import card_of
from trialwright.record.store.sqlite import SqliteStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _value(kind: str) -> st.SearchStrategy[Any]:
    if kind == "boolean":
        return st.booleans()
    if kind in ("integer", "number"):
        return st.integers(0, 10_000)
    return TEXT if kind != "geo point" else st.just({"lat": 1.5, "lon": -2.0})


def _branch(branch: Branch) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={child.keys[-1]: _child(child) for child in branch.children})


def _child(child: Branch | Field) -> st.SearchStrategy[Any]:
    if isinstance(child, Branch):
        inner = st.deferred(lambda: _branch(child))
        return st.lists(inner, max_size=2) if child.repeated else inner
    return st.lists(_value(child.type), max_size=2) if child.lists[-1] else _value(child.type)


def _few(branch: Branch) -> st.SearchStrategy[dict[str, Any]]:
    """A record with some of the sections' modules."""
    modules = [child for child in branch.children if isinstance(child, Branch)]
    return st.fixed_dictionaries({}, optional={child.keys[-1]: _branch(child) for child in modules[:6]})


PROTOCOL = next(c for c in model().root.children if isinstance(c, Branch) and c.keys == ("protocolSection",))


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(_few(PROTOCOL))
    protocol.setdefault("identificationModule", {})["nctId"] = f"NCT{draw(st.integers(1, 5)):08}"
    protocol["identificationModule"].pop("nctIdAliases", None)
    extra = draw(
        st.dictionaries(TEXT.filter(lambda key: key not in ("protocolSection", "derivedSection")), ANY, max_size=2)
    )
    return {
        **{key: v for key, v in extra.items() if key not in ("hasResults", "resultsSection")},
        "protocolSection": protocol,
    }


@QUIET
@given(st.lists(records(), max_size=6))
def test_export_equals_import(tmp_path_factory: Any, many: list[dict[str, Any]]) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    file = folder / "in.json"
    file.write_text(json.dumps(many, ensure_ascii=False), encoding="utf-8")
    store = SqliteStore(folder / "data", write=True)
    brought = bring_in(store, read_many(file), seen=NOON)
    lines = b"".join(FORMS["ndjson"](store.each())).decode().split("\n")
    store.close()
    out = [json.loads(line) for line in lines if line]
    assert brought.bad == 0
    assert all(record in many for record in out)
    assert {_number(record) for record in out} == {_number(record) for record in many}


def _number(record: Mapping[str, Any]) -> str:
    return str(record["protocolSection"]["identificationModule"]["nctId"])


@QUIET
@given(
    ANY,
    st.sampled_from(
        ["protocolSection", "statusModule", "identificationModule", "designModule", "armsInterventionsModule"]
    ),
    ANY,
)
def test_any_json_is_kept_or_refused(tmp_path: Path, whole: Any, key: str, inner: Any) -> None:
    module = {"identificationModule": {"nctId": "NCT00000001"}}
    built = {"protocolSection": inner if key == "protocolSection" else {**module, key: inner}}
    if isinstance(built["protocolSection"], dict) and key == "identificationModule" and isinstance(inner, dict):
        built["protocolSection"][key] = {"nctId": "NCT00000001", **inner}
    for data in (whole, built):
        file = tmp_path / "in.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        for answer in read_many(file):
            if isinstance(answer, Found):
                assert answer.data == data
                StudyRecord.of(answer.data)
                card_of(answer.data)
            else:
                assert isinstance(answer, InputError)
                assert str(answer)


@QUIET
@given(records(), records())
def test_there_is_a_difference_exactly_when_two_records_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert differences(old, old) == ()
    assert (differences(old, new) == ()) == (json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))
    assert all(change.path not in DERIVED for change in differences(old, new))


@QUIET
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "in"
    file.write_bytes(content)
    for answer in read_many(file):
        assert isinstance(answer, Found | InputError)
