"""What every index does besides finding: updates, cursors, many readers, interruptions. One suite for both."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgresql import emptied
from records import record_of

from trialwright.kernel.errors import InputError, Refused, UserError
from trialwright.record.query.parse import parse
from trialwright.record.related.profile_text import profile_in
from trialwright.record.search.postgres_index import PostgresIndex
from trialwright.record.search.request import FACETS, Filters, Index, SearchRequest
from trialwright.record.search.tantivy_index import TantivyIndex

Opener = Callable[[], Index]


@pytest.fixture(params=["embedded", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same empty index again and again."""
    opened: list[Index] = []
    url = emptied(request.getfixturevalue("postgresql_url")) if request.param == "postgresql" else ""

    def open_it() -> Index:
        opened.append(PostgresIndex(url) if url else TantivyIndex(tmp_path / "index"))
        return opened[-1]

    yield open_it
    for index in opened:
        index.close()


@pytest.fixture(scope="module")
def records(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz") as lines:
        return [json.loads(line) for line in lines][:80]


def study(number: int, **pieces: Any) -> dict[str, Any]:
    return record_of({"NCTId": f"NCT{number:08d}", "BriefTitle": "A Study of Caffeine", **pieces})


def found(index: Index, query: str, **filters: Any) -> list[str]:
    return sorted(index.ids(SearchRequest(parse(query), Filters(**filters))))


def test_a_record_that_comes_again_replaces_the_former_one(opener: Opener) -> None:
    index = opener()
    index.add([study(1, Condition=["Sleep"]), study(2)], 2)
    index.add([study(1, Condition=["Pain"])], 3)
    assert (index.size(), index.stands_at()) == (2, 3)
    assert found(index, "sleep") == []
    assert found(index, "pain") == ["NCT00000001"]
    index.add([study(2, Condition=["Pain"]), study(2, Condition=["Sleep"])], 5)
    assert found(index, "pain") == ["NCT00000001"]
    assert index.size() == 2


def test_an_index_is_there_again_after_it_was_closed(opener: Opener) -> None:
    index = opener()
    assert (index.size(), index.stands_at()) == (0, 0)
    index.add([study(1)], 7)
    index.close()
    again = opener()
    assert (again.size(), again.stands_at()) == (1, 7)
    assert found(again, "caffeine") == ["NCT00000001"]


def test_a_reader_sees_what_another_one_wrote(opener: Opener) -> None:
    reader, writer = opener(), opener()
    assert found(reader, "caffeine") == []
    writer.add([study(1)], 1)
    writer.close()
    assert found(reader, "caffeine") == ["NCT00000001"]


def test_an_interrupted_import_leaves_the_last_good_state(opener: Opener) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield study(2)
        raise KeyboardInterrupt

    index = opener()
    index.add([study(1)], 1)
    assert index.size() == 1
    with pytest.raises(KeyboardInterrupt):
        index.add(broken(), 2)
    assert (index.size(), index.stands_at()) == (1, 1)
    index.add([study(2)], 2)
    assert (index.size(), index.stands_at()) == (2, 2)


def test_only_one_writes_an_embedded_index(tmp_path: Path) -> None:
    one, other = TantivyIndex(tmp_path), TantivyIndex(tmp_path)
    one.add([study(1)], 1)
    with pytest.raises(Refused, match="Another process is writing"):
        other.add([study(2)], 2)
    one.close()
    other.add([study(2)], 2)
    assert other.size() == 2
    other.close()


def test_a_cursor_of_another_search_is_refused(opener: Opener) -> None:
    index = opener()
    index.add([study(number) for number in range(1, 8)], 7)
    first = SearchRequest(parse("caffeine"), size=3)
    cursor = index.search(first).next
    assert len(index.search(replace(first, cursor=cursor)).hits) == 3
    for other in (
        SearchRequest(parse("study"), cursor=cursor),
        SearchRequest(parse("caffeine"), Filters(sex="FEMALE"), cursor=cursor),
        SearchRequest(parse("caffeine"), sort="updated", cursor=cursor),
    ):
        with pytest.raises(InputError, match="belongs to another search"):
            index.search(other)
    for nonsense in ("nonsense", "é", "WzEsMl0", "e30"):
        with pytest.raises(InputError, match="cursor"):
            index.search(replace(first, cursor=nonsense))


def test_what_relatives_are_compared_by_is_kept_and_goes_with_the_record(opener: Opener) -> None:
    index = opener()
    index.add([study(1, Condition=["Sleep"]), study(2)], 2)
    index.add([study(1, Condition=["Pain"])], 3)
    found = [profile_in(text) for text in index.profiles(["NCT00000002", "NCT00000001", "NCT00000009"])]
    assert [profile.nct_id for profile in found] == ["NCT00000001", "NCT00000002"]
    assert list(found[0].conditions.values()) == ["Pain"]
    assert index.profiles([]) == []


def test_the_order_asked_for_with_ties_by_number(opener: Opener) -> None:
    index = opener()
    dates = {1: "2020-05", 2: "2021-01-01", 3: "2020-05-01", 4: ""}
    index.add([study(number, **({"StartDate": date} if date else {})) for number, date in dates.items()], 4)
    newest = [hit.nct_id[-1] for hit in index.search(SearchRequest(sort="start")).hits]
    oldest = [hit.nct_id[-1] for hit in index.search(SearchRequest(sort="start", descending=False)).hits]
    assert newest == ["2", "3", "1", "4"]
    assert oldest == ["1", "3", "2", "4"], "a study without a day comes last in both directions"


def test_studies_without_a_number_come_last_in_both_directions_on_every_page(opener: Opener) -> None:
    index = opener()
    counts = {1: 30, 2: None, 3: 0, 4: 5, 5: None}
    index.add([study(n, **({} if count is None else {"EnrollmentCount": count})) for n, count in counts.items()], 5)
    for descending, order in ((False, ["3", "4", "1", "2", "5"]), (True, ["1", "4", "3", "5", "2"])):
        request = SearchRequest(sort="enrolment", descending=descending, size=2)
        pages = [first := index.search(request)]
        while pages[-1].next:
            pages.append(index.search(replace(request, cursor=pages[-1].next)))
        assert first.total == 5
        assert [hit.nct_id[-1] for page in pages for hit in page.hits] == order
        assert [number[-1] for number in index.ids(request)] == order


def test_a_title_says_more_than_a_word_somewhere(opener: Opener) -> None:
    index = opener()
    filler = {f"PrimaryOutcome{part}": ["sleep diary and other things"] for part in ("Measure", "Description")}
    index.add(
        [
            study(1, **filler),
            record_of({"NCTId": "NCT00000002", "BriefTitle": "Sleep", "Condition": ["Sleep"]}),
            study(3),
        ],
        3,
    )
    answer = index.search(SearchRequest(parse("sleep")))
    assert [hit.nct_id for hit in answer.hits] == ["NCT00000002", "NCT00000001"]
    assert answer.hits[0].score > answer.hits[1].score > 0
    assert answer.hits[0].matched == ("sleep",)


def test_a_hit_says_by_which_word_it_was_found(opener: Opener) -> None:
    index = opener()
    index.add([study(1, Keyword=["haemophagocytic lymphohistiocytosis"]), study(2, Keyword=["HLH"])], 2)
    hits = {hit.nct_id: hit.matched for hit in index.search(SearchRequest(parse("HLH"))).hits}
    assert hits == {"NCT00000001": ("haemophagocytic lymphohistiocytosis",), "NCT00000002": ("hlh",)}


def test_a_hundred_readers_get_the_same_answers(opener: Opener, records: list[dict[str, Any]]) -> None:
    index = opener()
    index.add(records, len(records))
    asked = [
        SearchRequest(parse(text), facets=FACETS) for text in ("pain", "cancer OR spinal", "AREA[Phase]PHASE2", "")
    ]
    alone = [index.search(request) for request in asked]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(index.search, asked * 25))
    assert answers == alone * 25


def test_an_index_of_another_form_is_made_anew(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.add([study(1)], 1)
    index.close()
    (tmp_path / "stands.json").write_text('{"form": 0, "upto": 1}')
    assert (TantivyIndex(tmp_path).size(), TantivyIndex(tmp_path).stands_at()) == (0, 0)


def test_a_database_that_does_not_answer_is_told_in_a_sentence() -> None:
    with pytest.raises(UserError, match="does not answer"):
        PostgresIndex("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")


def test_records_of_wrong_types_are_found_by_what_is_right_in_them(opener: Opener) -> None:
    odd = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000009", "briefTitle": {"no": "text"}, "acronym": ["LIST"]},
            "designModule": {"phases": "PHASE2", "enrollmentInfo": {"count": "many"}},
            "eligibilityModule": {"minimumAge": "young", "sex": "EVERYBODY"},
            "statusModule": {"startDateStruct": {"date": "soon"}, "overallStatus": 5},
            "contactsLocationsModule": {"locations": [None, "here", {"city": 7}]},
            "conditionsModule": {"conditions": ["<b>Sleep</b>\x00", None, 3]},
        }
    }
    index = opener()
    index.add([odd], 1)
    assert found(index, "AREA[Condition]sleep") == ["NCT00000009"]
    assert found(index, "AREA[LocationCity]7") == ["NCT00000009"]
    assert found(index, "", age_years=5.0, sex="MALE") == ["NCT00000009"]
    assert found(index, "AREA[StartDate]RANGE[MIN, MAX]") == []
    assert index.search(SearchRequest(facets=FACETS)).total == 1


def test_a_bulk_import_into_postgresql_ends_with_the_same_indexes_and_answers(postgresql_url: str) -> None:
    index = PostgresIndex(emptied(postgresql_url))
    with psycopg.connect(postgresql_url) as database:
        made = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'search%' ORDER BY 1"
        before = database.execute(made).fetchall()
    with index.bulk():
        index.add([study(1), study(2, Condition=["Sleep"])], 2)
    with psycopg.connect(postgresql_url) as database:
        assert database.execute(made).fetchall() == before
    assert found(index, "sleep") == ["NCT00000002"]
    index.close()


def test_a_search_need_not_tell_its_words(opener: Opener) -> None:
    index = opener()
    index.add([study(1)], 1)
    (hit,) = index.search(SearchRequest(parse("caffeine"), explained=False)).hits
    assert (hit.nct_id, hit.matched) == ("NCT00000001", ())
