"""The examples of search.yaml: every one by the plain evaluator, the embedded index and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from postgresql import emptied
from records import record_of

from trialwright.kernel.errors import InputError
from trialwright.record.query.errors import QueryError
from trialwright.record.query.parse import parse
from trialwright.record.query.plain import holds
from trialwright.record.search.filters import wanted
from trialwright.record.search.postgres_index import PostgresIndex
from trialwright.record.search.request import Filters, Index, SearchRequest
from trialwright.record.search.synonyms import written_table
from trialwright.record.search.tantivy_index import TantivyIndex

TYPED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "search.yaml").read_text(encoding="utf-8"))
RECORDS = [record_of(pieces) for pieces in TYPED["records"]]
EXAMPLES = [
    pytest.param(
        example.get("query", ""),
        example.get("filters", {}),
        {f"NCT{number:08d}" for number in example["finds"]},
        id=f"{topic['title']}-{place}",
    )
    for topic in TYPED["topics"]
    for place, example in enumerate(topic["examples"], 1)
]


def asked(query: str, filters: dict[str, Any]) -> SearchRequest:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in filters.items()}
    return SearchRequest(parse(query), Filters(**values))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    index = TantivyIndex(tmp_path_factory.mktemp("index"))
    index.add(RECORDS, 1)
    yield index
    index.close()


@pytest.fixture(scope="module")
def relational(postgresql_url: str) -> Iterator[Index]:
    index = PostgresIndex(emptied(postgresql_url))
    index.add(RECORDS, 1)
    yield index
    index.close()


@pytest.mark.parametrize(("query", "filters", "finds"), EXAMPLES)
def test_plain(query: str, filters: dict[str, Any], finds: set[str]) -> None:
    test = wanted(asked(query, filters), written_table())
    found = {r["protocolSection"]["identificationModule"]["nctId"] for r in RECORDS if holds(test, r)}
    assert found == finds


@pytest.mark.parametrize(("query", "filters", "finds"), EXAMPLES)
def test_embedded(embedded: Index, query: str, filters: dict[str, Any], finds: set[str]) -> None:
    check(embedded, asked(query, filters), finds)


@pytest.mark.parametrize(("query", "filters", "finds"), EXAMPLES)
def test_postgresql(relational: Index, query: str, filters: dict[str, Any], finds: set[str]) -> None:
    check(relational, asked(query, filters), finds)


def check(index: Index, request: SearchRequest, finds: set[str]) -> None:
    answer = index.search(request)
    assert answer.total == len(finds)
    assert {hit.nct_id for hit in answer.hits} == finds
    assert sorted(index.ids(request)) == sorted(finds)


@pytest.mark.parametrize("spec", TYPED["errors"], ids=lambda spec: spec["query"])
def test_error_points_at_the_character(spec: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as refused:
        parse(spec["query"])
    assert spec["says"] in str(refused.value)
    assert refused.value.position + 1 == spec["at"]
    assert refused.value.pointed().splitlines()[1].index("^") + 1 == spec["at"]


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"sex": "ALL"}, "FEMALE or MALE"),
        ({"phase": ["PHASE7"]}, "Did you mean"),
        ({"start": ["yesterday", ""]}, "is no date"),
        ({"age_years": -1}, "is no age"),
        ({"condition": "(HLH"}, "not closed"),
        ({"country": "?"}, "no letter or digit"),
    ],
)
def test_filter_is_refused_with_a_sentence(filters: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        wanted(asked("", filters), written_table())
