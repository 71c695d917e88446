"""Every index finds exactly what the plain evaluator finds, over real records: the set, the count, facets and pages."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from postgresql import emptied

from trialwright.formats.ctgov.model import model, values_at
from trialwright.record.query.errors import QueryError
from trialwright.record.query.nodes import And, Area, Distance, Missing, Node, Not, Or, Phrase, Range, Within, Words
from trialwright.record.query.parse import parse
from trialwright.record.query.plain import holds
from trialwright.record.query.reading import spans_of
from trialwright.record.query.resolve import resolve
from trialwright.record.query.values import NUMERIC
from trialwright.record.search.extract import FACET_FIELDS, SORTABLE
from trialwright.record.search.filters import wanted
from trialwright.record.search.postgres_index import PostgresIndex
from trialwright.record.search.request import FACETS, Filters, Index, SearchRequest
from trialwright.record.search.tantivy_index import TantivyIndex

WORDS = (
    *("cancer", "pain", "spinal", "stenosis", "randomized", "tumour", "leukaemia", "pediatric", "boston", "japan"),
    *("placebo", "phase", "2", "double-blind", "university", "of", "pharma", "COVID-19", "the", "sars", "safety"),
    *("diabetes", "insomnia", "disc", "herniation", "week", "12", "years", "drug", "PTSD", "egfr"),
)
TEXTS = [leaf.piece for leaf in model().fields.values() if leaf.type in ("text", "markup")]
ORDERED = [leaf.piece for leaf in model().fields.values() if leaf.type in NUMERIC]
FIXED = [leaf for leaf in model().fields.values() if leaf.enum]
COMMON = [
    "BriefTitle",
    "Condition",
    "Keyword",
    "InterventionName",
    "EligibilityCriteria",
    "LocationCity",
    "LeadSponsorName",
]
AREAS = [
    area.name for area in model().areas.values() if any(model().fields[piece].type == "text" for piece, _ in area.parts)
]
EXPANSIONS = st.sampled_from(["None", "Term", "Concept", "Relaxation", "Lossy"])
COVERAGES = st.sampled_from(["Contains", "Contains", "Contains", "StartsWith", "EndsWith", "FullMatch"])
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def texts() -> st.SearchStrategy[Node]:
    words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Words, words, expansion=EXPANSIONS, coverage=COVERAGES),
        st.builds(Phrase, words, expansion=EXPANSIONS, coverage=COVERAGES),
    )


def bounds(piece: str) -> st.SearchStrategy[Node]:
    kind = model().fields[piece].type
    years = st.integers(2005, 2027).map(str) | st.dates().map(str).filter(lambda day: day > "2000")
    numbers = st.integers(0, 500).map(str)
    ages = st.tuples(st.integers(0, 90), st.sampled_from(["years", "months", "days"])).map(
        lambda age: f"{age[0]} {age[1]}"
    )
    one = years if "date" in kind else ages if kind == "age" else numbers
    return st.builds(Range, one | st.just(""), one | st.just("")).map(lambda node: Area(piece, node))


LEAVES: st.SearchStrategy[Node] = st.one_of(
    texts(),
    st.builds(Area, st.sampled_from(AREAS), texts()),
    st.builds(Area, st.sampled_from(COMMON), texts()),
    st.builds(Area, st.sampled_from(TEXTS), texts()),
    st.sampled_from(ORDERED).flatmap(bounds),
    st.sampled_from(["StartDate", "MinimumAge", "MaximumAge", "EnrollmentCount"]).flatmap(bounds),
    st.sampled_from(list(model().fields)).map(lambda piece: Area(piece, Missing())),
    st.sampled_from(FIXED).flatmap(
        lambda field: st.sampled_from(sorted(model().labels(field))).map(
            lambda value: Area(field.piece, Words((value,)))
        )
    ),
)
PLACES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Area, st.sampled_from(["LocationCity", "LocationState", "LocationCountry", "LocationFacility"]), texts()),
    st.builds(Words, st.sampled_from([("boston",), ("japan",), ("united", "states"), ("tokyo",), ("university",)])),
    st.sampled_from(["RECRUITING", "COMPLETED"]).map(lambda value: Area("LocationStatus", Words((value,)))),
    st.just(Area("LocationState", Missing())),
    st.builds(Distance, st.floats(25, 50), st.floats(-125, 20), st.floats(0, 3000)).map(
        lambda node: Area("LocationGeoPoint", node)
    ),
)


def combined(leaves: st.SearchStrategy[Node], most: int) -> st.SearchStrategy[Node]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
            st.builds(Not, inner),
        ),
        max_leaves=most,
    )


QUERIES = combined(LEAVES | combined(PLACES, 3).map(lambda part: Within("Location", part)), 4)
FILTERS = st.builds(
    Filters,
    status=st.sampled_from([(), ("RECRUITING",), ("COMPLETED", "UNKNOWN")]),
    phase=st.sampled_from([(), (), ("PHASE2",), ("PHASE1", "NA")]),
    sex=st.sampled_from(["", "", "FEMALE", "MALE"]),
    age_years=st.none() | st.floats(0, 100),
    country=st.sampled_from(["", "", "", "United States", "japan"]),
    city=st.sampled_from(["", "", "", "Boston", "Tokyo"]),
    results=st.sampled_from([None, None, True, False]),
    healthy=st.sampled_from([None, None, True, False]),
    start=st.sampled_from([("", ""), ("2020-01-01", ""), ("", "2022-06-30")]),
)


@pytest.fixture(scope="module")
def records(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def embedded(records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TantivyIndex]:
    index = TantivyIndex(tmp_path_factory.mktemp("index"))
    index.add(records, 1)
    yield index
    index.close()


@pytest.fixture(scope="module")
def relational(records: list[dict[str, Any]], postgresql_url: str) -> Iterator[PostgresIndex]:
    index = PostgresIndex(emptied(postgresql_url))
    index.add(records[:120], 1)
    yield index
    index.close()


def number_of(record: dict[str, Any]) -> str:
    return str(record["protocolSection"]["identificationModule"]["nctId"])


def facets_of(records: list[dict[str, Any]]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counted from the JSON, each record once for each of its values."""
    counted = {}
    for name, piece in FACET_FIELDS.items():
        if name == "results":
            values = [{str(bool(r.get("hasResults") or r.get("resultsSection"))).lower()} for r in records]
        else:
            values = [set(values_at(record, model().field(piece))) for record in records]
        counts = Counter(value for each in values for value in each)
        counted[name] = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return counted


def agrees(index: Index, records: list[dict[str, Any]], request: SearchRequest, synonyms: Any) -> None:
    test = wanted(request, synonyms)
    matching = [record for record in records if holds(test, record)]
    answer = index.search(request)
    assert answer.total == len(matching)
    assert answer.facets == facets_of(matching)
    assert sorted(index.ids(request)) == sorted(map(number_of, matching))


@QUICK
@given(query=QUERIES, filters=FILTERS)
def test_the_embedded_index_agrees_with_the_plain_evaluator(
    embedded: TantivyIndex, records: list[dict[str, Any]], query: Node, filters: Filters
) -> None:
    assume(valid(query))
    agrees(embedded, records, SearchRequest(query, filters, facets=FACETS), embedded.synonyms)


@QUICK
@given(query=QUERIES)
def test_postgresql_agrees_with_the_plain_evaluator(
    relational: PostgresIndex, records: list[dict[str, Any]], query: Node
) -> None:
    assume(valid(query))
    agrees(relational, records[:120], SearchRequest(query, facets=FACETS), relational.synonyms)


def valid(query: Node) -> bool:
    """Whether the query can be asked at all: a range that ends before it begins cannot."""
    try:
        resolve(query)
    except QueryError:
        return False
    return True


@QUICK
@given(
    sort=st.sampled_from(["relevance", "updated", "start", "first_posted", "enrolment", "nct_id"]),
    descending=st.booleans(),
    size=st.integers(7, 60),
    text=st.sampled_from(["", "pain", "AREA[Phase]PHASE2", "spinal OR cancer"]),
)
@pytest.mark.parametrize("kind", ["embedded", "relational"])
def test_pages_together_are_the_whole_answer_in_order(
    request: pytest.FixtureRequest, kind: str, sort: Any, descending: bool, size: int, text: str
) -> None:
    index: Index = request.getfixturevalue(kind)
    asked = SearchRequest(parse(text), sort=sort, descending=descending, size=size)
    found: list[str] = []
    cursor = ""
    while True:
        answer = index.search(SearchRequest(parse(text), sort=sort, descending=descending, size=size, cursor=cursor))
        found += [hit.nct_id for hit in answer.hits]
        cursor = answer.next
        if not cursor:
            break
    assert len(found) == answer.total == len(set(found))
    assert found == list(index.ids(asked))


@QUICK
@given(
    fields=st.lists(st.tuples(st.sampled_from(SORTABLE), st.booleans()), min_size=1, max_size=2),
    size=st.integers(7, 60),
    text=st.sampled_from(["", "pain", "AREA[Phase]PHASE2"]),
)
@pytest.mark.parametrize(("kind", "most"), [("embedded", 1000), ("relational", 120)])
def test_an_answer_sorted_by_fields_is_whole_and_in_order(
    request: pytest.FixtureRequest,
    records: list[dict[str, Any]],
    kind: str,
    most: int,
    fields: list[tuple[str, bool]],
    size: int,
    text: str,
) -> None:
    """Field by field, those without a value last, equal ones by number; page by page and streaming."""
    index: Index = request.getfixturevalue(kind)
    asked = SearchRequest(parse(text), order=tuple(fields), size=size)

    def keys(record: dict[str, Any]) -> list[Any]:
        found = [(next(spans_of(record, piece), None), down) for piece, down in fields]
        return [(span is None, 0 if span is None else -span[0] if down else span[0]) for span, down in found]

    test = wanted(asked, index.synonyms)  # type: ignore[attr-defined]  # both indexes have them
    matching = [record for record in records[:most] if holds(test, record)]
    expected = [number_of(record) for record in sorted(matching, key=lambda r: (keys(r), number_of(r)))]
    assert list(index.ids(asked)) == expected
    found, cursor = [], ""
    while len(found) < len(expected):
        answer = index.search(replace(asked, cursor=cursor))
        found += [hit.nct_id for hit in answer.hits]
        cursor = answer.next
    assert found == expected
    assert cursor == ""


@given(text=st.text(max_size=60) | st.text(alphabet='AREA[]()"\\ NOTORANDRANGEMISSINGPhase2,', max_size=60))
def test_any_text_is_read_or_refused_at_a_place(text: str) -> None:
    try:
        parse(text)
    except QueryError as error:
        refused = error
    else:
        return
    assert 0 <= refused.position <= len(text)
    assert refused.pointed().endswith("^")
