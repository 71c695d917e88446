"""The embedded index: tantivy in a folder. One writer, any number of readers; it can always be made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query, Searcher

from trialwright.record.query.leaves import Leaf, OneElement
from trialwright.record.query.nodes import Node
from trialwright.record.search import cursor
from trialwright.record.search.asked import HIGHEST, columns_of, most_first, order_of, stretches, words_asked
from trialwright.record.search.compile_tantivy import Compiler, either
from trialwright.record.search.entry import Entry
from trialwright.record.search.filters import wanted
from trialwright.record.search.leaner import leaner
from trialwright.record.search.request import Filters, Hit, SearchAnswer, SearchRequest
from trialwright.record.search.synonyms import SynonymTable
from trialwright.record.search.tantivy_schema import ELEMENTS, GROUPS, STUDIES, apart, opened, schemas
from trialwright.record.search.tantivy_writer import Files, Writer
from trialwright.record.store.base import Record

_MOST_FACETS = 100_000
_COUNTED = 500
_MOST_WORDS_SHOWN = 24
_EACH = "who"
"""A group of facets of which every record has exactly one value: its counts add up to the total."""
_PAGE = 10_000


Counted = tuple[int, Mapping[str, tuple[tuple[str, int], ...]]]
"""How many records an answer has, and its facets."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One state of the index, for one answer."""

    studies: Searcher
    elements: Searcher
    stamp: tuple[int, int]
    synonyms: SynonymTable
    counted: dict[tuple[Node, Filters, tuple[str, ...]], Counted] = field(default_factory=dict)
    """What was counted already: the next pages of an answer have the same."""


class TantivyIndex:
    """See `Index`. `folder` is made when it is missing."""

    def __init__(self, folder: Path) -> None:
        self._files = Files(folder)
        self._files.prepare()
        self._indexes = {name: opened(folder / name, schema) for name, schema in schemas().items()}
        self._writer = Writer(self._files, self._indexes)
        self._now: _Snapshot | None = None

    def add(self, records: Iterable[Record | Entry], upto: int) -> int:
        """See `Index.add`; returns how many records came. This object finds them at once, another process after the
        next commit: every few thousand records and at `close`.

        Raises Refused while another process writes, TrialwrightError when the disk refuses.
        """
        return self._writer.add(records, upto)

    def stands_at(self) -> int:
        """See `Index`."""
        return self._writer.upto()

    def profiles(self, nct_ids: Sequence[str]) -> list[bytes]:
        """See `Index`."""
        numbers = [int(each[3:]) for each in nct_ids]
        studies = self._snapshot().studies
        query = Query.term_set_query(schemas()[STUDIES], "number", numbers) if numbers else Query.empty_query()
        order, most = tantivy.Order.Asc, max(1, len(numbers))
        found = studies.search(query, limit=most, count=False, order_by_field="number", order=order).hits
        return [bytes(studies.doc(address).get_first("profile") or b"") for _, address in found]

    @property
    def synonyms(self) -> SynonymTable:
        """The other names that a search knows now."""
        return self._snapshot().synonyms

    def size(self) -> int:
        """See `Index`."""
        return self._snapshot().studies.num_docs

    def close(self) -> None:
        """Commit what is left and let go of the files."""
        self._writer.close()
        self._now = None

    def search(self, request: SearchRequest) -> SearchAnswer:
        """See `Index`. Counting and ranking go on beside each other: each walks through all that matches.

        Raises QueryError and InputError.
        """
        now = self._snapshot()
        test = wanted(request, now.synonyms)
        compiler, lean = self._compiler(now), leaner(test)
        with ThreadPoolExecutor(1) as beside:
            counting = beside.submit(self._counted, now, request, lean)
            by_relevance = not request.order and request.sort == "relevance" and any(words_asked(test))
            if request.order:
                places, following = _by_fields(now.studies, compiler.query(lean), request)
            elif by_relevance:
                places, following = _by_relevance(now.studies, compiler.ranked(lean), request)
            else:
                places, following = _by_key(now.studies, compiler.query(lean), request)
            total, facets = counting.result()
        numbers = [int(n or 0) for n in now.studies.fast_field_values("number", [address for _, address in places])]
        shown = self._matched(now, compiler, test, numbers) if request.explained else {}
        hits = tuple(
            Hit(_nct_id(number), score if by_relevance else 0.0, shown.get(number, ()))
            for (score, _), number in zip(places, numbers, strict=True)
        )
        return SearchAnswer(total if request.counted else len(hits), hits, following, facets)

    def ids(self, request: SearchRequest) -> Iterator[str]:
        """See `Index`: one state of the index, however long the reader takes."""
        now = self._snapshot()
        test = leaner(wanted(request, now.synonyms))
        compiler = self._compiler(now)
        if request.order:
            numbers = (number for number, _ in _ordered(now.studies, compiler.query(test), request))
            yield from map(_nct_id, numbers)
            return
        if request.sort == "relevance" and any(words_asked(test)):
            total = _count(now.studies, compiler.query(test))
            found = now.studies.search(compiler.ranked(test), limit=max(1, total), count=False).hits
            for start in range(0, len(found), _PAGE):
                addresses = [address for _, address in found[start : start + _PAGE]]
                yield from map(_nct_id, now.studies.fast_field_values("number", addresses))
            return
        query, after = compiler.query(test), None
        while True:
            found = _page_by_key(now.studies, query, request, after, _PAGE)
            yield from map(_nct_id, now.studies.fast_field_values("number", [address for _, address in found]))
            if len(found) < _PAGE:
                return
            after = found[-1][0]

    def _compiler(self, now: _Snapshot) -> Compiler:
        return Compiler(schemas()[STUDIES], now.studies, lambda leaf: _joined(now, leaf))

    def _counted(self, now: _Snapshot, request: SearchRequest, lean: Leaf) -> Counted:
        """The total, and the facets that are asked for."""
        if not request.facets:
            return _count(now.studies, self._compiler(now).query(lean)) if request.counted else 0, {}
        key = (request.query, request.filters, request.facets)
        found = now.counted.get(key)
        if found is None:
            found = _counts(now.studies, self._compiler(now).query(lean), request.facets)
            if len(now.counted) >= _COUNTED:
                now.counted.clear()
            now.counted[key] = found
        return found

    def _matched(
        self, now: _Snapshot, compiler: Compiler, test: Leaf, numbers: list[int]
    ) -> dict[int, tuple[str, ...]]:
        """Which of the words asked for stand in each of these records."""
        found: dict[int, list[str]] = {}
        if not numbers:
            return {}
        here = either(Query.term_query(schemas()[STUDIES], "number", number, "basic") for number in numbers)
        asked = [(leaf, words) for leaf in words_asked(test) for words in leaf.alternatives]
        for leaf, words in asked[:_MOST_WORDS_SHOWN]:
            alone = compiler.query(type(leaf)(leaf.area, leaf.fields, (words,), leaf.coverage))
            query = Query.boolean_query([(Occur.Must, alone), (Occur.Must, here)])
            for number, _ in now.studies.search(query, limit=len(numbers), count=False, order_by_field="number").hits:
                found.setdefault(number, []).append(" ".join(words))
        return {number: tuple(dict.fromkeys(words)) for number, words in found.items()}

    def _snapshot(self) -> _Snapshot:
        """The latest state, with everything that this object has added."""
        self._writer.commit()
        stamp = self._files.stamp()
        now = self._now
        if now is None or now.stamp != stamp:
            for index in self._indexes.values():
                index.reload()
            studies, elements = (self._indexes[name].searcher() for name in (STUDIES, ELEMENTS))
            now = self._now = _Snapshot(studies, elements, stamp, self._files.names().table())
        return now


def _counts(searcher: Searcher, query: Query, names: tuple[str, ...]) -> Counted:
    groups = [group for group, members in GROUPS.items() if set(members) & set(names) or group == _EACH]
    asked = {group: {"terms": {"field": f"f_{group}", "size": _MOST_FACETS}} for group in groups}
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    total = 0
    for group, found in searcher.aggregate(query, asked).items():
        for bucket in found["buckets"]:
            total += bucket["doc_count"] if group == _EACH else 0
            for name, value in apart(group, bucket["key"]):
                if name in counts:
                    counts[name][value] += bucket["doc_count"]
    return total, {name: most_first(each.items()) for name, each in counts.items()}


def _count(searcher: Searcher, query: Query) -> int:
    found: Any = searcher.search(query, limit=1, count=True)
    return int(found.count)


def _by_relevance(searcher: Searcher, query: Query, request: SearchRequest) -> tuple[list[Any], str]:
    offset = cursor.decode(request) or 0
    places: list[Any] = searcher.search(query, limit=request.size + 1, offset=offset, count=False).hits
    more = len(places) > request.size
    return places[: request.size], cursor.encode(request, offset + request.size) if more and request.size else ""


def _by_fields(searcher: Searcher, query: Query, request: SearchRequest) -> tuple[list[Any], str]:
    start = cursor.decode(request) or 0
    places = _ordered(searcher, query, request)
    end = start + request.size
    return places[start:end], cursor.encode(request, end) if end < len(places) and request.size else ""


def _ordered(searcher: Searcher, query: Query, request: SearchRequest) -> list[Any]:
    """All that matches as (number, address), sorted field by field; those without a value last."""
    total = _count(searcher, query)
    ascending = tantivy.Order.Asc
    hits = searcher.search(query, limit=max(1, total), count=False, order_by_field="number", order=ascending).hits
    places, found = list(range(len(hits))), [address for _, address in hits]
    for column, descending in reversed(columns_of(request)):
        values = searcher.fast_field_values(column, found)
        sign = -1 if descending else 1
        keys = [(value is None, sign * int(value or 0)) for value in values]
        places = sorted(places, key=keys.__getitem__)
    return [hits[place] for place in places]


def _by_key(searcher: Searcher, query: Query, request: SearchRequest) -> tuple[list[Any], str]:
    places = _page_by_key(searcher, query, request, cursor.decode(request), request.size + 1)
    more = len(places) > request.size
    places = places[: request.size]
    return places, cursor.encode(request, places[-1][0]) if more and places else ""


def _page_by_key(searcher: Searcher, query: Query, request: SearchRequest, after: int | None, size: int) -> list[Any]:
    """The records after a sort key, in the order asked for."""
    sort, descending = order_of(request)
    field = "number" if sort == "nct_id" else f"s_{sort}"
    order = tantivy.Order.Desc if descending else tantivy.Order.Asc
    found: list[Any] = []
    for low, high in stretches(request, after):
        inside = query
        if (low, high) != (0, HIGHEST):
            rest = Query.range_query(schemas()[STUDIES], field, FieldType.Unsigned, low, high)
            inside = Query.boolean_query([(Occur.Must, query), (Occur.Must, rest)])
        limit = size - len(found)
        found += searcher.search(inside, limit=limit, count=False, order_by_field=field, order=order).hits
        if len(found) == size:
            break
    return found


def _joined(now: _Snapshot, leaf: OneElement) -> list[int]:
    """Studies with an element that passes."""
    compiler = Compiler(schemas()[ELEMENTS], now.elements, lambda inner: [])
    query = compiler.query(leaf.part)
    total = _count(now.elements, query)
    hits = now.elements.search(query, limit=max(1, total), count=False, order_by_field="number").hits
    return list(dict.fromkeys(number for number, _ in hits))


def _nct_id(number: Any) -> str:
    return f"NCT{int(number or 0):08d}"
