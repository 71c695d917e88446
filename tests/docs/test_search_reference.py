"""docs/reference/search.md is printed from the specifications and the model; TRIALWRIGHT_REGENERATE=1 prints it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from trialwright.formats.ctgov.model import model
from trialwright.record.query.errors import QueryError
from trialwright.record.query.parse import DEEPEST, LONGEST, parse

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "search.md"
TYPED: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "spec" / "search.yaml").read_text(encoding="utf-8"))
HEAD = """<!-- Printed from tests/spec/search.yaml by
TRIALWRIGHT_REGENERATE=1 pytest tests/docs/test_search_reference.py -->
# The search language

The language of the registry's own search, with its areas and field names. It is read in one way everywhere: on the
search page, in `trialwright record search`, in `query.*` and `filter.advanced` under `/api/v2/`. What matches is
decided by plain tests over the record's JSON; the embedded index and PostgreSQL must find exactly the same, which tests
show on real records and made-up queries. Counts are exact and nothing is cut; the order of an answer is the index's own
judgement of relevance, or a date, the enrolment or the number, where equal values follow the NCT number.

In the examples below six small studies are searched, and each example says which it finds.
"""
SHOWN = (
    *("BriefTitle", "Condition", "Phase", "OverallStatus", "Sex", "MinimumAge", "MaximumAge", "StartDate"),
    *("EnrollmentCount", "LeadSponsorName"),
)


def page() -> str:
    lines = [HEAD, f"| | {' | '.join(SHOWN)} | locations |", "|---" * (len(SHOWN) + 2) + "|"]
    lines += [_row(pieces) for pieces in TYPED["records"]]
    for topic in TYPED["topics"]:
        lines += ["", f"## {topic['title']}", "", topic["text"].strip(), ""]
        lines += [_example(example) for example in topic["examples"]]
    lines += ["", "## What is refused", ""]
    lines += [f"An error names the character. A query has at most {LONGEST:,} characters and {DEEPEST} brackets within"]
    lines += ["each other.", ""]
    lines += [f"- `{spec['query']}`: {_refusal(spec['query'])}" for spec in TYPED["errors"]]
    lines += ["", "## Areas", "", "Groups of fields, each with what a match in it weighs.", "", *_areas()]
    lines += ["", "## Fields", "", "Every field can be searched by `AREA[name]`.", "", *_fields()]
    return "\n".join(lines).rstrip() + "\n"


def _row(pieces: dict[str, Any]) -> str:
    cells = [_cell(pieces.get(name, "")) for name in SHOWN]
    sites = pieces.get("Location", ())
    places = [", ".join(value for value in site.values() if isinstance(value, str)) for site in sites]
    return f"| {int(pieces['NCTId'][3:])} | {' | '.join(cells)} | {'; '.join(places)} |"


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _example(example: dict[str, Any]) -> str:
    asked = [f"`{example['query']}`"] if example.get("query") else []
    asked += [f"{name} {_filter(value)}" for name, value in example.get("filters", {}).items()]
    found = ", ".join(map(str, example["finds"])) or "none"
    return f"- {' with '.join(asked) or 'nothing asked'}: **{found}**"


def _filter(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(f"`{each}`" for each in value if each) if all(value) else f"`{value[0]}` to `{value[1]}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _refusal(query: str) -> str:
    try:
        parse(query)
    except QueryError as error:
        return str(error).removeprefix("query, ")
    raise AssertionError(f"{query} is not refused")


def _areas() -> Iterator[str]:
    yield "| area | parameter | fields |"
    yield "|---|---|---|"
    for area in model().areas.values():
        fields = ", ".join(f"{piece} {weight:g}" for piece, weight in area.parts)
        yield f"| `{area.name}` | {f'`query.{area.param}`' if area.param else ''} | {fields} |"


def _fields() -> Iterator[str]:
    yield "| field | type | where |"
    yield "|---|---|---|"
    for field in model().fields.values():
        kind = field.enum or field.type
        yield f"| `{field.piece}` | {kind}{', several' if field.repeated else ''} | `{field.path}` |"


def test_the_reference_is_what_the_specifications_say() -> None:
    if os.environ.get("TRIALWRIGHT_REGENERATE"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
