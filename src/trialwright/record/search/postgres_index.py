"""The same index in PostgreSQL: its inverted index over our tokens, columns for what is counted and sorted."""

# ruff: noqa: S608  # names of tables and columns are our own, and every value is a parameter

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import TrialwrightError, UserError
from trialwright.record.query import reading
from trialwright.record.query.leaves import Leaf
from trialwright.record.query.words import EDGE
from trialwright.record.search import cursor
from trialwright.record.search.asked import columns_of, most_first, order_of, stretches, words_asked
from trialwright.record.search.compile_postgres import AREAS, Compiler, Condition, tsquery
from trialwright.record.search.entry import Entry, entry
from trialwright.record.search.extract import (
    BASIC,
    COLUMNS,
    FACET_FIELDS,
    SORT_FIELDS,
    VALUED,
    Raw,
    keys,
    said,
)
from trialwright.record.search.filters import wanted
from trialwright.record.search.request import Hit, SearchAnswer, SearchRequest
from trialwright.record.search.synonyms import Gathered, SynonymTable
from trialwright.record.store.base import Record

FORM = 4
"""Counts up when what an index holds changes; an index of another form is made anew."""
_COLUMNS = tuple(f"{name}_{end}" for name in (*COLUMNS, reading.OLDEST_AGE) for end in ("first", "last"))
_VECTORS = ("basic", *AREAS, "words")
_BATCH = 500
_PAGE = 5_000
_LOCK = 7_208_058
"""The number of the lock that a writer holds."""


class PostgresIndex:
    """See `Index`. `url`: postgresql://...; its tables begin with `search_` and are made when they are missing."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()
        self._opened: list[psycopg.Connection[Any]] = []
        self._known: tuple[int, SynonymTable] | None = None
        with self._connection.transaction(), self._connection.cursor() as rows:
            rows.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            rows.execute("SELECT to_regclass('search_state')")
            if rows.fetchone() == (None,) or self._rows("SELECT form FROM search_state") != [(FORM,)]:
                for statement in _tables():
                    rows.execute(statement)

    @property
    def _connection(self) -> psycopg.Connection[Any]:
        """One for each thread."""
        found: psycopg.Connection[Any] | None = getattr(self._own, "connection", None)
        if found is None or found.closed:
            found = self._own.connection = self._connect()
            self._opened.append(found)
        return found

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(self._url, autocommit=True)
        except psycopg.OperationalError as error:
            raise UserError(
                f"The database does not answer: {str(error).strip()}", hint="Is the address right?"
            ) from None

    def add(self, records: Iterable[Record | Entry], upto: int) -> int:
        """See `Index.add`: one transaction. Returns how many records came. Raises TrialwrightError."""
        count = 0
        try:
            with self._connection.transaction(), self._connection.cursor() as rows:
                rows.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                names = self._names()
                for batch in _batches(map(entry, records)):
                    self._put(rows, batch, names)
                    count += len(batch)
                rows.execute("UPDATE search_state SET upto = %s, names = %s", (upto, json.dumps(names.counts())))
        except psycopg.OperationalError as error:
            raise TrialwrightError(
                f"The index cannot be written: {str(error).strip()}", hint="Is the disk full?"
            ) from None
        return count

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """For a first, large import: the inverted indexes are made at its end, all at once, which is much quicker."""
        made = (
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = ANY(%s) AND position('USING gin' IN indexdef) > 0"
        )
        indexes = self._rows(made, (["search_study", "search_element"],))
        for name, _ in indexes:
            self._connection.execute(f'DROP INDEX "{name}"'.encode())
        try:
            yield
        finally:
            for _, definition in indexes:
                self._connection.execute(definition.encode())

    def analyse(self) -> None:
        """Let the server look at what it holds, so that it plans well; worth it after a large import."""
        self._connection.execute("VACUUM ANALYZE search_study")
        self._connection.execute("VACUUM ANALYZE search_element")

    def stands_at(self) -> int:
        """See `Index`."""
        return int(self._rows("SELECT upto FROM search_state")[0][0])

    def size(self) -> int:
        """See `Index`."""
        return int(self._rows("SELECT count(*) FROM search_study")[0][0])

    def close(self) -> None:
        """Let go of the connections."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    @property
    def synonyms(self) -> SynonymTable:
        """The other names that a search knows now."""
        upto = self.stands_at()
        if self._known is None or self._known[0] != upto:
            self._known = (upto, self._names().table())
        return self._known[1]

    def search(self, request: SearchRequest) -> SearchAnswer:
        """See `Index`. Raises QueryError and InputError."""
        test = wanted(request, self.synonyms)
        where = self._compiler().condition(test)
        total = int(self._rows(f"SELECT count(*) FROM search_study s WHERE {where.sql}", where.values)[0][0])
        ranked = not request.order and request.sort == "relevance" and any(words_asked(test))
        if request.order:
            found, following = self._by_fields(request, where, total)
        elif ranked:
            found, following = self._ranked(request, test, where, total)
        else:
            found, following = self._sorted(request, where)
        shown = self._matched(test, [number for number, _ in found]) if request.explained else {}
        hits = tuple(
            Hit(f"NCT{number:08d}", score if ranked else 0.0, shown.get(number, ())) for number, score in found
        )
        return SearchAnswer(total, hits, following, self._facets(where, request.facets))

    def ids(self, request: SearchRequest) -> Iterator[str]:
        """See `Index`."""
        test = wanted(request, self.synonyms)
        where = self._compiler().condition(test)
        order, values = _order(request, test)
        statement = f"SELECT number FROM search_study s WHERE {where.sql} ORDER BY {order}"
        with self._connect() as connection, connection.transaction(), connection.cursor(name="answer") as rows:
            rows.itersize = _PAGE
            rows.execute(statement, (*where.values, *values))
            for (number,) in rows:
                yield f"NCT{number:08d}"

    def _ranked(
        self, request: SearchRequest, test: Leaf, where: Condition, total: int
    ) -> tuple[list[tuple[int, float]], str]:
        offset = cursor.decode(request) or 0
        rank, values = _rank(test)
        found = self._rows(
            f"SELECT number, {rank} AS score FROM search_study s WHERE {where.sql} "
            "ORDER BY score DESC, number DESC LIMIT %s OFFSET %s",
            (*values, *where.values, request.size, offset),
        )
        end = offset + len(found)
        return found, cursor.encode(request, end) if found and end < total else ""

    def _by_fields(self, request: SearchRequest, where: Condition, total: int) -> tuple[list[tuple[int, float]], str]:
        offset = cursor.decode(request) or 0
        found = self._rows(
            f"SELECT number FROM search_study s WHERE {where.sql} ORDER BY {_by_columns(request)} LIMIT %s OFFSET %s",
            (*where.values, request.size, offset),
        )
        end = offset + len(found)
        return [(number, 0.0) for (number,) in found], cursor.encode(request, end) if found and end < total else ""

    def _sorted(self, request: SearchRequest, where: Condition) -> tuple[list[tuple[int, float]], str]:
        key, descending = _key(request)
        after = cursor.decode(request)
        direction = "DESC" if descending else "ASC"
        found: list[tuple[int, int]] = []
        for low, high in stretches(request, after):
            found += self._rows(
                f"SELECT number, s.{key} FROM search_study s WHERE {where.sql} AND s.{key} BETWEEN %s AND %s"
                f" ORDER BY s.{key} {direction} LIMIT %s",
                (*where.values, low, high, request.size + 1 - len(found)),
            )
            if len(found) > request.size:
                break
        page = found[: request.size]
        following = cursor.encode(request, page[-1][1]) if len(found) > len(page) and page else ""
        return [(number, 0.0) for number, _ in page], following

    def _facets(self, where: Condition, names: tuple[str, ...]) -> dict[str, tuple[tuple[str, int], ...]]:
        if not names:
            return {}
        columns = ", ".join(f"f_{name}" for name in names)
        counts = " UNION ALL ".join(
            f"SELECT '{name}', value, count(*) FROM hits, unnest(f_{name}) value GROUP BY value" for name in names
        )
        rows = self._rows(
            f"WITH hits AS MATERIALIZED (SELECT {columns} FROM search_study s WHERE {where.sql}) {counts}", where.values
        )
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
        for name, value, count in rows:
            found[name].append((value, count))
        return {name: most_first(each) for name, each in found.items()}

    def _matched(self, test: Leaf, numbers: list[int]) -> dict[int, tuple[str, ...]]:
        """Which of the words asked for stand in each of these records."""
        found: dict[int, list[str]] = {}
        asked = [(leaf, words) for leaf in words_asked(test) for words in leaf.alternatives][:24] if numbers else []
        for leaf, words in asked:
            alone = self._compiler().condition(type(leaf)(leaf.area, leaf.fields, (words,), leaf.coverage))
            for (number,) in self._rows(
                f"SELECT number FROM search_study s WHERE number = ANY(%s) AND {alone.sql}", (numbers, *alone.values)
            ):
                found.setdefault(number, []).append(" ".join(words))
        return {number: tuple(dict.fromkeys(words)) for number, words in found.items()}

    def _compiler(self) -> Compiler:
        return Compiler(self._keys)

    def _keys(self, start: str) -> list[str]:
        """All keys that begin so."""
        field = start.rstrip("=")
        found = self._rows(
            "SELECT DISTINCT key FROM search_study, unnest(k) key WHERE k @> ARRAY[%s] AND starts_with(key, %s)",
            (field, start),
        )
        return sorted(key for (key,) in found)

    def profiles(self, nct_ids: Sequence[str]) -> list[bytes]:
        """See `Index`."""
        numbers = [int(each[3:]) for each in nct_ids]
        found = "SELECT profile FROM search_study WHERE number = ANY(%s) ORDER BY number"
        return [bytes(text) for (text,) in self._rows(found, (numbers,))]

    def _names(self) -> Gathered:
        return Gathered(**self._rows("SELECT names FROM search_state")[0][0])

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._connection.cursor() as rows:
            return rows.execute(statement.encode(), values).fetchall()

    def _put(self, rows: psycopg.Cursor[Any], batch: list[Entry], names: Gathered) -> None:
        numbers = [each.found.number for each in batch]
        known = rows.execute("DELETE FROM search_study WHERE number = ANY(%s) RETURNING number", (numbers,)).fetchall()
        rows.execute("DELETE FROM search_element WHERE number = ANY(%s)", (numbers,))
        gone = {number for (number,) in known}
        for each in batch:
            if each.found.number not in gone:
                names.take(each.names)
        _copy(rows, "search_study", _study_columns(), map(_study_row, batch))
        elements = (
            _element_row(each.found.number, part)
            for each in batch
            for parts in each.found.elements.values()
            for part in parts
        )
        _copy(rows, "search_element", _ELEMENT, elements)


def _copy(rows: psycopg.Cursor[Any], table: str, columns: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    """The quickest way in."""
    names = ", ".join(f'"{column}"' for column in columns)
    with rows.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
        for each in values:
            copy.write_row(each)


def _batches(records: Iterable[Entry]) -> Iterator[list[Entry]]:
    """A few records at a time, none twice in one batch."""
    batch: list[Entry] = []
    seen: set[int] = set()
    for record in records:
        number = record.found.number
        if len(batch) == _BATCH or number in seen:
            yield batch
            batch, seen = [], set()
        batch.append(record)
        seen.add(number)
    if batch:
        yield batch


def _key(request: SearchRequest) -> tuple[str, bool]:
    sort, descending = order_of(request)
    return ("number" if sort == "nct_id" else f"s_{sort}"), descending


def _by_columns(request: SearchRequest) -> str:
    columns = (f's."{column}" {"DESC" if down else "ASC"} NULLS LAST' for column, down in columns_of(request))
    return ", ".join([*columns, "s.number"])


def _order(request: SearchRequest, test: Leaf) -> tuple[str, tuple[Any, ...]]:
    if request.order:
        return _by_columns(request), ()
    if request.sort == "relevance" and any(words_asked(test)):
        rank, values = _rank(test)
        return f"{rank} DESC, number DESC", values
    key, descending = _key(request)
    last = "" if descending or key == "number" else f"s.{key} < {VALUED}, "
    return f"{last}s.{key} {'DESC' if descending else 'ASC'}", ()


def _rank(test: Leaf) -> tuple[str, tuple[Any, ...]]:
    """What a match is worth: words anywhere, and more in titles and conditions."""
    asked = " | ".join(tsquery(leaf.alternatives) for leaf in words_asked(test) if leaf.alternatives)
    parts = [("basic", 1.0), ('"TitleSearch"', 2.0), ('"ConditionSearch"', 1.0)]
    return "(" + " + ".join(f"{w} * ts_rank(s.{c}, %s::tsquery)" for c, w in parts) + ")", (asked,) * len(parts)


def _study_row(entry: Entry) -> tuple[Any, ...]:
    found = entry.found
    own = _said(found.values)
    areas = {area: [piece for piece, _ in model().areas[area].parts] for area in AREAS}
    pieces = {"basic": [piece for piece in own if piece in BASIC], "words": list(own), **areas}
    joined = {name: " ".join(own.get(piece, "") for piece in each) for name, each in pieces.items()}
    ends = [end for name in (*COLUMNS, reading.OLDEST_AGE) for end in found.numbers.get(name, (None, None))]
    return (
        found.number,
        entry.profile,
        keys(found.values),
        Jsonb(own),
        joined["basic"],
        *(list(found.facets[name]) for name in FACET_FIELDS),
        *(found.sorts[name] for name in SORT_FIELDS),
        *ends,
        *(_tokens(joined[name]) for name in _VECTORS),
    )


def _element_row(number: int, part: Raw) -> tuple[Any, ...]:
    own = _said(part)
    return number, keys(part), Jsonb(own), _tokens(" ".join(own.values()))


def _said(part: Raw) -> dict[str, str]:
    """Each field's text with one blank around each token, so that LIKE finds whole ones."""
    return {piece: f" {' '.join(words.split())} " for piece, words in said([part])[0].items()}


def _tokens(text: str) -> str:
    """The text's words as a tsvector is written."""
    return " ".join(sorted(set(text.split()) - {EDGE}))


def _study_columns() -> list[str]:
    plain = [
        "number",
        "profile",
        "k",
        "t",
        "basic_text",
        *(f"f_{n}" for n in FACET_FIELDS),
        *(f"s_{n}" for n in SORT_FIELDS),
    ]
    return [*plain, *_COLUMNS, *_VECTORS]


_ELEMENT = ("number", "k", "t", "words")


def _tables() -> Iterator[str]:
    columns = [
        "number bigint PRIMARY KEY",
        "profile bytea NOT NULL",
        "k text[] NOT NULL",
        "t jsonb NOT NULL",
        "basic_text text NOT NULL",
        *(f"f_{name} text[] NOT NULL" for name in FACET_FIELDS),
        *(f"s_{name} bigint NOT NULL" for name in SORT_FIELDS),
        *(f'"{column}" bigint' for column in _COLUMNS),
        *(f'"{vector}" tsvector NOT NULL' for vector in _VECTORS),
    ]
    yield "DROP TABLE IF EXISTS search_study, search_element, search_state"
    yield f"CREATE TABLE search_study ({', '.join(columns)})"
    element = "number bigint NOT NULL, k text[] NOT NULL, t jsonb NOT NULL, words tsvector NOT NULL"
    yield f"CREATE TABLE search_element ({element})"
    yield "CREATE INDEX ON search_element (number)"
    for vector in _VECTORS:
        yield f'CREATE INDEX ON search_study USING gin ("{vector}")'
    yield "CREATE INDEX ON search_study USING gin (k)"
    yield "CREATE INDEX ON search_element USING gin (words)"
    yield "CREATE INDEX ON search_element USING gin (k)"
    for name in SORT_FIELDS:
        yield f"CREATE INDEX ON search_study (s_{name})"
    yield "CREATE TABLE search_state (form int NOT NULL, upto bigint NOT NULL, names jsonb NOT NULL)"
    yield f"INSERT INTO search_state VALUES ({FORM}, 0, '{{}}')"
