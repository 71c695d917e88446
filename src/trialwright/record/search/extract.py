"""One pass over a record that gives an index everything it holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from trialwright.formats.ctgov.model import Branch, Field, model
from trialwright.record.query import places, reading, values
from trialwright.record.query.leaves import Circle
from trialwright.record.query.nodes import Coverage
from trialwright.record.query.resolve import PLACE, STRUCTURES
from trialwright.record.query.values import NUMERIC
from trialwright.record.query.words import EDGE, edged

BASIC = frozenset(piece for piece, _ in model().areas["BasicSearch"].parts)
"""Fields whose words are found without naming an area."""

COLUMNS = tuple(
    leaf.piece
    for leaf in model().fields.values()
    if not leaf.repeated and leaf.type in ("date", "partial date", "integer", "age")
)
"""Fields with at most one number, which an index keeps in columns. The numbers of others are kept as words."""

SORTABLE = COLUMNS
"""Fields that an answer can be sorted by, one after another: a partial date by its first day."""

FACET_FIELDS = {
    "status": "OverallStatus",
    "phase": "Phase",
    "study_type": "StudyType",
    "sex": "Sex",
    "sponsor_class": "LeadSponsorClass",
    "country": "LocationCountry",
    "results": reading.WITH_RESULTS,
    "std_age": "StdAge",
    "intervention_type": "InterventionType",
}
SORT_FIELDS = {
    "updated": "LastUpdatePostDate",
    "start": "StartDate",
    "first_posted": "StudyFirstPostDate",
    "enrolment": "EnrollmentCount",
}
_NUMBER_BITS = 27
"""An NCT number has eight digits."""
VALUED = 1 << _NUMBER_BITS
"""The first sort key of a record that has a value."""


Raw = dict[str, dict[str, None]]
"""Field -> its values as written, each once, in the order of the record."""


@dataclass(slots=True)
class Extract:
    """What an index holds of a record.

    `numbers`: column -> first and last. `elements`: structure -> the values of each of its elements.
    """

    number: int
    values: Raw = field(default_factory=dict)
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)
    elements: dict[str, list[Raw]] = field(default_factory=dict)
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sorts: dict[str, int] = field(default_factory=dict)

    @property
    def nct_id(self) -> str:
        return f"NCT{self.number:08d}"


def extract(record: Mapping[str, Any]) -> Extract:
    """One pass over a record. Values of a wrong shape are passed over. Raises ValueError without a registry number."""
    found = Extract(nct_number(record))
    _walk(record, _plan(), found.values, found)
    for piece in COLUMNS:
        if piece in found.values:
            _column(piece, found)
    found.values[reading.WITH_RESULTS] = {reading.with_results(record): None}
    found.facets = {name: tuple(found.values.get(piece, ())) for name, piece in FACET_FIELDS.items()}
    for name, piece in SORT_FIELDS.items():
        found.sorts[name] = sort_key(max(0, found.numbers[piece][0]) + 1 if piece in found.numbers else 0, found.number)
    found.sorts["nct_id"] = found.number
    return found


def said(parts: Sequence[Raw]) -> list[dict[str, str]]:
    """Of each part: field -> the tokens of its values in one text, with an EDGE before, between and after."""
    plan = _leaves()
    named = [
        [
            (leaf.piece, [leaf.labels.get(text, text) for text in each] if leaf.labels else each)
            for piece, each in values.items()
            if (leaf := plan[piece]).words
        ]
        for values in parts
    ]
    found = iter(edged([texts for part in named for _, texts in part]))
    return [{piece: next(found) for piece, _ in part} for part in named]


def sequence(tokens: tuple[str, ...], coverage: Coverage) -> tuple[str, ...]:
    """What to look for in an edged text."""
    start = (EDGE,) if coverage in ("StartsWith", "FullMatch") else ()
    end = (EDGE,) if coverage in ("EndsWith", "FullMatch") else ()
    return (*start, *tokens, *end)


def keys(values: Raw) -> list[str]:
    """`Field` where the field has a value, and `Field=value` for what is compared letter by letter."""
    plan, found = _leaves(), list(values)
    for piece, each in values.items():
        if plan[piece].letters:
            found += [f"{piece}={text[:LONGEST_KEY]}" for text in each]
    return found


def within(keys: Iterable[str], field: str, low: float | None, high: float | None) -> list[str]:
    """Of `Field=number` keys those whose number touches the bounds."""
    _, read = reading.numbers(field)
    found = []
    for key in keys:
        span = read(key[len(field) + 1 :])
        if span and (high is None or span[0] <= high) and (low is None or span[1] >= low):
            found.append(key)
    return found


def around(keys: Iterable[str], circle: Circle) -> list[str]:
    """Of `Field=place` keys those whose place lies in the circle."""
    start = len(circle.field) + 1
    return [key for key in keys if places.inside(key[start:], circle.centre, circle.radius)]


LONGEST_KEY = 1_000
"""Characters of a value that is compared letter by letter; no value of the model comes near."""


def _column(piece: str, found: Extract) -> None:
    """The numbers of a field with one value, and the age at which an upper bound is passed."""
    text = next(iter(found.values[piece]))
    span = values.span(model().fields[piece].type, text)
    if span is not None:
        found.numbers[piece] = (int(span[0]), int(span[1]))
    if piece == "MaximumAge" and (oldest := values.last_minute(text)) is not None:
        found.numbers[reading.OLDEST_AGE] = (int(oldest), int(oldest))


def nct_number(record: Mapping[str, Any]) -> int:
    """The digits of the record's number. Raises ValueError or KeyError for a record without one."""
    return int(record["protocolSection"]["identificationModule"]["nctId"].strip()[3:])


def sort_key(value: int, number: int) -> int:
    """One number that sorts by value first and by NCT number where values are equal. Value 0: there is none."""
    return min(value, 2**36 - 1) << _NUMBER_BITS | number


@dataclass(frozen=True, slots=True)
class _Leaf:
    """How a field's values are taken: as words, letter by letter."""

    piece: str
    words: bool
    letters: bool
    labels: Mapping[str, str]


_Plan = dict[str, "str | tuple[bool, str, _Plan | str]"]
"""JSON key -> the field that it holds, or whether it holds a list, of which structure, and what each of it holds."""


@lru_cache(maxsize=1)
def _leaves() -> dict[str, _Leaf]:
    found = {leaf.piece: _leaf(leaf) for leaf in model().fields.values()}
    found[reading.WITH_RESULTS] = _Leaf(reading.WITH_RESULTS, False, True, {})
    return found


@lru_cache(maxsize=1)
def _plan() -> _Plan:
    return _planned(model().root)


def _planned(branch: Branch) -> _Plan:
    plan: _Plan = {}
    for child in branch.children:
        if isinstance(child, Field):
            plan[child.keys[-1]] = (True, "", child.piece) if child.lists[-1] else child.piece
        else:
            name = child.piece if child.piece in STRUCTURES else ""
            plan[child.keys[-1]] = (child.repeated, name, _planned(child))
    return plan


def _leaf(leaf: Field) -> _Leaf:
    words = leaf.type in ("text", "markup") or (leaf.type == "enum" and leaf.piece in _WORDY)
    letters = leaf.type in ("enum", "boolean", PLACE) or leaf.piece in ("NCTId", "NCTIdAlias")
    letters |= leaf.type in NUMERIC and leaf.piece not in COLUMNS
    return _Leaf(leaf.piece, words, letters, model().labels(leaf))


_WORDY = frozenset(
    piece
    for area in model().areas.values()
    if any(model().fields[each].type != "enum" for each, _ in area.parts)
    for piece, _ in area.parts
)
"""Enum fields that are searched by the words of their labels, because text is searched beside them."""


def _walk(node: Any, plan: _Plan, into: Raw, whole: Extract) -> None:
    if type(node) is not dict:
        return
    for key, value in node.items():
        below = plan.get(key)
        if below is None or value is None or value == "":
            continue
        if isinstance(below, str):
            text = value if type(value) is str else reading.plain_text(value)
            if below in into:
                into[below][text] = None
            else:
                into[below] = {text: None}
        elif type(value) is dict:
            if not below[0] and not isinstance(below[2], str):
                _walk(value, below[2], into, whole)
        elif type(value) is list and below[0]:
            _take_list(value, below, into, whole)


def _take_list(values: list[Any], below: tuple[bool, str, _Plan | str], into: Raw, whole: Extract) -> None:
    _, structure, inner = below
    if isinstance(inner, str):
        texts = {
            each if type(each) is str else reading.plain_text(each): None
            for each in values
            if each is not None and each != ""
        }
        if texts:
            into.setdefault(inner, {}).update(texts)
    elif structure:
        _take_elements(structure, values, inner, whole)
    else:
        for each in values:
            _walk(each, inner, into, whole)


def _take_elements(structure: str, values: list[Any], inner: _Plan, whole: Extract) -> None:
    """Each element on its own, and all of them together in the record."""
    kept = whole.elements.setdefault(structure, [])
    for each in values:
        part: Raw = {}
        _walk(each, inner, part, whole)
        kept.append(part)
        for piece, found in part.items():
            if piece in whole.values:
                whole.values[piece].update(found)
            else:
                whole.values[piece] = dict(found)
