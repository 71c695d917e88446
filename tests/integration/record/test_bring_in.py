"""Records brought into a data folder: the good ones kept, nothing half-written, and out again as they came."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov.many import Answer
from trialwright.kernel.errors import OutputExists, TrialwrightError
from trialwright.record import bring_in as module
from trialwright.record.bring_in import bring_in, records_in
from trialwright.record.export import FORMS, write_file
from trialwright.record.library import Library
from trialwright.record.store.sqlite import SqliteStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    found = SqliteStore(tmp_path / "data", write=True)
    yield found
    found.close()


def record(number: int, title: str = "A study", updated: str = "2026-01-01") -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": title},
            "statusModule": {"lastUpdatePostDateStruct": {"date": updated}},
        }
    }


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def test_real_records_come_out_as_they_went_in(store: SqliteStore, shared: Path, tmp_path: Path) -> None:
    source = shared / "record" / "ctgov_v2_dev.jsonl.gz"
    with gzip.open(source, "rt", encoding="utf-8") as text:
        before = {data["protocolSection"]["identificationModule"]["nctId"]: data for data in map(json.loads, text)}
    brought = bring_in(store, records_in([source]), seen=NOON)
    assert (brought.added, brought.bad, dict(brought.notes)) == (350, 0, {})
    for form in ("ndjson", "json"):
        out = tmp_path / f"out.{form}"
        write_file(FORMS[form](store.each()), out)
        again = out.read_text(encoding="utf-8")
        found = json.loads(again) if form == "json" else [json.loads(line) for line in again.splitlines()]
        assert {r["protocolSection"]["identificationModule"]["nctId"]: r for r in found} == before
    again = bring_in(store, records_in([tmp_path / "out.ndjson", tmp_path / "out.json"]), seen=NOON)
    assert (again.added, again.changed, again.same) == (0, 0, 700)


def test_bad_records_are_told_and_counted_and_the_others_kept(store: SqliteStore, tmp_path: Path) -> None:
    file = lines(tmp_path / "in.jsonl", record(1), {"a": 1}, record(2))
    told: list[str] = []
    brought = bring_in(store, records_in([file]), seen=NOON, tell=told.append)
    assert (brought.kept, brought.bad) == (2, 1)
    assert len(told) == 1
    assert told[0].startswith(f"{file}:2: This JSON is not a registry record")


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("later_first", [True, False])
def test_of_two_different_records_with_one_number_the_later_is_kept(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, later_first: bool
) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    old, new = record(1, "Old", "2025-05-05"), record(1, "New", "2026-02-02")
    file = lines(tmp_path / "in.jsonl", *((new, old, new) if later_first else (old, new, new)))
    told: list[str] = []
    brought = bring_in(store, records_in([file]), seen=NOON, tell=told.append)
    assert json.loads(store.get("NCT00000001") or b"") == new
    assert brought.twice == len(told) == 1
    assert f"{file}:2: NCT00000001 came before with other contents" in told[0]
    assert "this one is kept" in told[0] or later_first


def test_other_processes_read_the_same(shared: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([record(1), {"a": 1}, record(2)]) + "oops")
    files = [shared / "record" / "ctgov_v2_dev.jsonl.gz", bad, shared / "record" / "NCT07208058.txt"]
    alone, helped = list(records_in(files)), list(records_in(files, workers=2))
    assert len(alone) == 355
    assert list(map(_told, helped)) == list(map(_told, alone))


def _told(answer: Any) -> Any:
    return str(answer) if isinstance(answer, Exception) else answer


def test_a_folder_of_files_is_read_in_the_order_of_their_names(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "NCT0000").mkdir(parents=True)
    lines(folder / "NCT0000" / "b.json", record(2))
    lines(folder / "a.jsonl", record(1), record(3))
    (folder / "notes.md").write_text("mine")
    assert bring_in(store, records_in([folder]), seen=NOON).added == 3


def test_a_full_disk_keeps_the_batches_before_and_the_next_run_the_rest(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 10)
    file = lines(tmp_path / "in.jsonl", *(record(n, f"Title {n} " + "ab" * 500 * (n % 7)) for n in range(1, 101)))
    connection = store._connection()
    used = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {used + 60}")
    with pytest.raises(TrialwrightError, match="disk is full"):
        bring_in(store, records_in([file]), seen=NOON)
    kept = store.size()
    assert 0 < kept < 100
    assert kept % 10 == 0, "only whole batches"
    assert len(list(store.each())) == kept == store.last_change()
    connection.execute("PRAGMA max_page_count = 100000")
    again = bring_in(store, records_in([file]), seen=NOON)
    assert (again.added, again.same) == (100 - kept, kept)


def test_an_import_that_is_interrupted_keeps_whole_batches(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 10)
    file = lines(tmp_path / "in.jsonl", *(record(n) for n in range(1, 40)))

    def stopped() -> Iterator[Answer]:
        for count, answer in enumerate(records_in([file])):
            if count == 25:
                raise KeyboardInterrupt
            yield answer

    with pytest.raises(KeyboardInterrupt):
        bring_in(store, stopped(), seen=NOON)
    assert store.size() == 20
    assert bring_in(store, records_in([file]), seen=NOON).added == 19


def test_something_else_in_the_place_of_the_records_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").write_bytes(b"not a database, but something of value" * 100)
    with pytest.raises(TrialwrightError, match="damaged, or it is something else"):
        SqliteStore(tmp_path, write=True)
    other = tmp_path / "other"
    other.mkdir()
    with sqlite3.connect(other / "records.sqlite3") as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(TrialwrightError, match="does not hold records of this version"):
        SqliteStore(other, write=True)


def test_an_export_is_whole_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"

    def broken() -> Iterator[bytes]:
        yield b"{}"
        raise TrialwrightError("broken")

    with pytest.raises(TrialwrightError, match="broken"):
        write_file(broken(), out)
    assert list(tmp_path.iterdir()) == []
    assert write_file([b"a"], out) == 1
    with pytest.raises(OutputExists):
        write_file([b"b"], out)
    assert out.read_bytes() == b"a"


def test_the_index_catches_up_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trialwright.record.library.STEP", 10)
    library = Library.open(tmp_path / "data", write=True)
    file = lines(tmp_path / "in.jsonl", *(record(n) for n in range(1, 36)))
    bring_in(library.store, records_in([file]), seen=NOON)

    def stop(done: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.catch_up(stop)
    assert library.index.size() == 20
    assert library.catch_up() == 15
    assert library.index.size() == 35
    assert library.catch_up() == 0
    library.close()


def test_without_a_data_folder_the_library_holds_the_built_in_studies() -> None:
    from trialwright.record.query.parse import parse
    from trialwright.record.search.request import SearchRequest

    library = Library.open()
    found = library.get("nct07208058")
    assert found is not None
    assert found.id == "NCT07208058"
    assert library.get("NCT00000000") is None
    assert library.search(SearchRequest(parse("macrophage activation"))).total == 1
    library.close()
