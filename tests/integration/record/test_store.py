"""What a store of records promises: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from postgresql import emptied, postgresql_url  # noqa: F401  # a fixture

from trialwright.kernel.errors import InputError, Refused
from trialwright.record.store.base import Incoming, Kept
from trialwright.record.store.opening import WritableStore, open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Opener = Callable[..., WritableStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one and the same place as often as wanted."""
    place = str(tmp_path) if request.param == "sqlite" else emptied(request.getfixturevalue("postgresql_url"))
    stores: list[WritableStore] = []

    def open_again(write: bool = True) -> WritableStore:
        stores.append(open_store(place, write=write))
        return stores[-1]

    yield open_again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener) -> WritableStore:
    return opened()


def record(number: int, title: str = "A study", updated: str = "2026-01-01", **more: Any) -> Incoming:
    identity = {"nctId": f"NCT{number:08}", "briefTitle": title, **more}
    status = {"overallStatus": "RECRUITING", "lastUpdatePostDateStruct": {"date": updated}}
    data = {"protocolSection": {"identificationModule": identity, "statusModule": status}, "hasResults": False}
    return Incoming(identity["nctId"], json.dumps(data, indent=1).encode(), data, "here")


def test_what_is_put_is_got_byte_for_byte(store: WritableStore) -> None:
    odd = b'{"protocolSection": {"identificationModule": {"nctId": "NCT00000007"}}, "new": [1.0, 1e2, "\\u00e9", null]}'
    assert store.put([Incoming("NCT00000007", odd, json.loads(odd), "here")], NOON) == Kept(added=1)
    assert store.get("NCT00000007") == odd
    assert store.get(" nct00000007 ") == odd
    assert store.get("NCT00000008") is None


def test_an_equal_record_adds_no_version_and_a_changed_one_does(store: WritableStore) -> None:
    first, second = record(1), record(1, "Another title", "2026-02-01")
    respaced = Incoming(first.nct_id, json.dumps(first.data).encode(), dict(reversed(first.data.items())), "here")
    assert store.put([first], NOON) == Kept(added=1)
    assert store.put([respaced], NOON) == Kept(same=1)
    assert store.put([second], NOON + timedelta(days=1)) == Kept(changed=1)
    assert [(v.number, v.seen, v.updated) for v in store.versions("NCT00000001")] == [
        (1, NOON, "2026-01-01"),
        (2, NOON + timedelta(days=1), "2026-02-01"),
    ]
    assert store.version("NCT00000001", 1) == first.text
    assert store.get("NCT00000001") == store.version("NCT00000001", 2) == second.text
    assert store.version("NCT00000001", 3) is None


def test_an_older_record_joins_the_history_and_does_not_become_the_present(store: WritableStore) -> None:
    new, old = record(1, "New", "2026-02-01"), record(1, "Old", "2025-01-01")
    store.put([new], NOON)
    assert store.put([old], NOON) == Kept(changed=1)
    assert store.put([old], NOON) == Kept(same=1)
    assert store.get("NCT00000001") == new.text
    assert [version.updated for version in store.versions("NCT00000001")] == ["2026-02-01", "2025-01-01"]
    assert [text for _, text in store.changes(0)] == [new.text]


def test_the_day_of_the_registrys_data_alone_makes_no_version(store: WritableStore) -> None:
    def written(day: str) -> Incoming:
        data = {**record(1).data, "derivedSection": {"miscInfoModule": {"versionHolder": day}}}
        return Incoming("NCT00000001", json.dumps(data).encode(), data, "here")

    store.put([written("2026-01-01")], NOON)
    assert store.put([written("2026-01-02")], NOON) == Kept(same=1)
    assert store.get("NCT00000001") == written("2026-01-02").text
    assert len(store.versions("NCT00000001")) == 1


def test_old_numbers_lead_to_the_record(store: WritableStore) -> None:
    store.put([record(1, nctIdAliases=["NCT00000009"])], NOON)
    assert store.get("nct00000009") == store.get("NCT00000001")
    assert len(store.versions("NCT00000009")) == 1
    assert list(store.each(["NCT00000009", "NCT00000001", "NCT00000404"])) == [store.get("NCT00000001")] * 2


def test_records_stream_in_the_order_of_their_numbers_or_as_asked(store: WritableStore) -> None:
    many = [record(number) for number in (*range(450, 0, -1),)]
    store.put(many, NOON)
    numbers = [json.loads(text)["protocolSection"]["identificationModule"]["nctId"] for text in store.each()]
    assert numbers == [f"NCT{number:08}" for number in range(1, 451)]
    asked = [f"NCT{number:08}" for number in (3, 440, 3, 1)]
    assert [json.loads(t)["protocolSection"]["identificationModule"]["nctId"] for t in store.each(asked)] == asked
    assert store.size() == 450


def test_an_index_catches_up_from_the_changes(store: WritableStore) -> None:
    assert store.last_change() == 0
    store.put([record(1), record(2)], NOON)
    stood = store.last_change()
    store.put([record(1, "Changed", "2026-02-01"), record(3)], NOON)
    changed = list(store.changes(stood))
    assert [text for _, text in changed] == [store.get("NCT00000001"), store.get("NCT00000003")]
    assert changed[-1][0] == store.last_change()
    assert next(text for _, text in store.changes(0)) == store.get("NCT00000002")
    assert list(store.changes(store.last_change())) == []


def test_cards_show_a_record_without_its_text(store: WritableStore, shared: Path) -> None:
    import gzip

    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz") as lines:
        texts = [line for line, _ in zip(lines, range(300), strict=False)]
    datas = [json.loads(text) for text in texts]
    ids = [data["protocolSection"]["identificationModule"]["nctId"] for data in datas]
    rows = [Incoming(*each, "here") for each in zip(ids, texts, datas, strict=True)]
    assert store.put(rows, NOON) == Kept(added=len(rows))
    cards = store.cards([ids[7], "NCT00000000", ids[2].lower()])
    assert [card.nct_id for card in cards] == [ids[7], ids[2]]
    design = datas[7]["protocolSection"]["designModule"]
    assert cards[0].phases == tuple(design.get("phases", ()))
    assert cards[0].enrolment == design["enrollmentInfo"]["count"]
    assert sum(card.has_results for card in store.cards(ids)) == sum("resultsSection" in data for data in datas)
    assert list(store.each(ids)) == texts, "compressed with a trained dictionary, and read again"


def test_a_batch_with_a_record_of_a_wrong_type_leaves_nothing(store: WritableStore) -> None:
    wrong = Incoming("NCT00000002", b"{}", {"protocolSection": {"identificationModule": {"briefTitle": []}}}, "here")
    with pytest.raises(InputError, match="briefTitle should be text"):
        store.put([record(1), wrong], NOON)
    assert (store.size(), store.last_change()) == (0, 0)


def test_a_second_writer_is_told_and_a_reader_is_not_kept_waiting(opened: Opener) -> None:
    first, second = opened(), opened()
    first.put([record(1)], NOON)
    with first.writing():
        with pytest.raises(Refused, match="Another program is writing"):
            second.put([record(2)], NOON)
        assert second.size() == 1
        first.put([record(3)], NOON)
    second.put([record(2)], NOON)
    assert opened(write=False).size() == 3


def test_one_that_is_opened_to_read_changes_nothing(opened: Opener) -> None:
    opened().put([record(1)], NOON)
    with pytest.raises(Refused, match="for reading only"):
        opened(write=False).put([record(2)], NOON)


def test_a_place_without_records_is_not_opened_to_read(opened: Opener) -> None:
    with pytest.raises(InputError, match="No records are kept"):
        opened(write=False)


def test_a_memo_is_remembered(opened: Opener) -> None:
    assert opened().recall("sync") == ""
    opened().remember("sync", "at page 3")
    opened().remember("sync", "at page 4")
    assert opened().recall("sync") == "at page 4"


def test_text_that_no_database_likes_is_kept(store: WritableStore) -> None:
    odd = record(1, "A\0study <script> \U0001f9ea '; DROP TABLE record")
    store.put([odd], NOON)
    assert store.get("NCT00000001") == odd.text
    assert store.cards(["NCT00000001"])[0].title.startswith("A\ufffdstudy <script> \U0001f9ea")
