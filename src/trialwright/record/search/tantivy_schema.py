"""What the embedded index holds of each study, and of each of its locations."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Document, Filter, Schema, SchemaBuilder

from trialwright.record.query import reading
from trialwright.record.query.words import EDGE
from trialwright.record.search.entry import Entry
from trialwright.record.search.extract import (
    BASIC,
    COLUMNS,
    SORT_FIELDS,
    Extract,
    keys,
    said,
)

FORM = 7
"""Counts up when what an index holds changes; an index of another form is made anew."""
STUDIES, ELEMENTS = "studies", "elements"

GROUPS = {
    "who": ("phase", "sex", "std_age", "results"),
    "what": ("status", "study_type", "sponsor_class"),
    "how": ("intervention_type",),
    "country": ("country",),
}
"""Facets that are counted together: a record has one value for a whole group, and few values are in use. Countries are
counted one by one."""
LEADING = ("BriefTitle", "OfficialTitle", "Acronym", "Condition", "Keyword", "InterventionName")
"""Fields in which a word says more about a record than elsewhere."""
_ONE, _SEVERAL = "\x1f", "\x1e"
_COLUMNS = (*COLUMNS, reading.OLDEST_AGE)


def documents(entry: Entry) -> tuple[Document, list[Document]]:
    """What the two indexes get: of the study, and of each of its elements."""
    found = entry.found
    parts = [part for structure in found.elements.values() for part in structure]
    own, *each = said([found.values, *parts])
    elements = schemas()[ELEMENTS]
    study = _study(found, own) | {"profile": entry.profile}
    return Document.from_dict(study, schemas()[STUDIES]), [
        Document.from_dict({"number": found.number, "k": keys(part), "t": words}, elements)
        for part, words in zip(parts, each, strict=True)
    ]


def _study(found: Extract, own: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "number": found.number,
        "k": keys(found.values),
        "basic": [words for piece, words in own.items() if piece in BASIC],
        "lead": [words for piece, words in own.items() if piece in LEADING],
        "t": own,
    }
    for group, names in GROUPS.items():
        several = list(found.facets["country"]) if group == "country" else [_together(found, names)]
        document[f"f_{group}"] = several
    for name, (first, last) in found.numbers.items():
        document[f"{name}_first"], document[f"{name}_last"] = first, last
    for name in SORT_FIELDS:
        document[f"s_{name}"] = found.sorts[name]
    return document


def _together(found: Extract, names: tuple[str, ...]) -> str:
    return _ONE.join(_SEVERAL.join(sorted(found.facets[name])) for name in names)


@lru_cache(maxsize=50_000)
def apart(group: str, value: str) -> tuple[tuple[str, str], ...]:
    """The facets and their values that one value of a group stands for."""
    if group == "country":
        return (("country", value),)
    pairs = zip(GROUPS[group], value.split(_ONE), strict=False)
    return tuple((name, each) for name, values in pairs for each in values.split(_SEVERAL) if each)


@lru_cache(maxsize=1)
def schemas() -> dict[str, Schema]:
    """What the two indexes hold: of each study, and of each of its locations."""
    studies, elements = SchemaBuilder(), SchemaBuilder()
    for builder in (studies, elements):
        builder.add_unsigned_field("number", indexed=True, fast=True)
        builder.add_text_field("k", tokenizer_name="raw", index_option="basic")
        builder.add_json_field("t", tokenizer_name="whitespace", index_option="position")
    studies.add_bytes_field("profile", stored=True)
    for name in ("basic", "lead"):
        studies.add_text_field(name, tokenizer_name="tokens", index_option="position")
    for name in GROUPS:
        studies.add_text_field(f"f_{name}", tokenizer_name="raw", index_option="basic", fast=True)
    for name in _COLUMNS:
        studies.add_integer_field(f"{name}_first", fast=True)
        studies.add_integer_field(f"{name}_last", fast=True)
    for name in SORT_FIELDS:
        studies.add_unsigned_field(f"s_{name}", fast=True)
    return {STUDIES: studies.build(), ELEMENTS: elements.build()}


def opened(folder: Path, schema: Schema) -> tantivy.Index:
    folder.mkdir(exist_ok=True)
    index = tantivy.Index(schema, path=str(folder))
    index.register_tokenizer("whitespace", _blanks().build())
    index.register_tokenizer("tokens", _blanks().filter(Filter.custom_stopword([EDGE])).build())
    index.config_reader("manual")
    return index


def _blanks() -> tantivy.TextAnalyzerBuilder:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
