"""Parts of a record that a page shows on demand: one tab of the results, one page of a long table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from trialwright.formats.ctgov.results import PostedEvents, PostedResults
from trialwright.record.events import EventOrder, events_facts, events_grid, totals
from trialwright.record.results import baseline_section, flow_section, outcome_sections
from trialwright.record.shapes import Block, Grid, Section
from trialwright.record.sites import Wanted

TABS = ("flow", "baseline", "outcomes", "events")
CELLS = 1600
"""A table longer than this is read page by page."""
OUTCOMES = 8


@dataclass(frozen=True, slots=True)
class Paged:
    """One page of a table. `name` is the address's word for the page, `kept` what else stands in the address."""

    grid: Grid
    page: int
    pages: int
    total: int
    name: str
    kept: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the results. `order` belongs to adverse events; `page` of `pages` to outcomes."""

    name: str
    sections: tuple[Section, ...]
    order: EventOrder
    groups: tuple[tuple[str, str], ...] = ()
    page: int = 1
    pages: int = 1
    total: int = 0
    only: int = 0
    tables: tuple[Paged, ...] = ()


def number(asked: Mapping[str, str], name: str) -> int:
    """A page number of the address; 1 where it is none."""
    text = asked.get(name, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def paged(grid: Grid, page: int, name: str, kept: Mapping[str, str]) -> Paged:
    """A page of a table, whatever its width. A page past the end is the last one."""
    size = max(10, CELLS // max(1, len(grid.columns)))
    pages = max(1, -(-len(grid.rows) // size))
    page = min(page, pages)
    return Paged(grid.part((page - 1) * size, size), page, pages, len(grid.rows), name, urlencode(kept))


def tab(results: PostedResults, asked: Mapping[str, str], lang: str) -> Tab:
    """The tab that the address asks for; the others are made when they are asked for."""
    name = asked.get("results", "")
    makers: dict[str, Callable[[], Tab]] = {
        "flow": lambda: Tab("flow", (flow_section(results, lang),), EventOrder()),
        "baseline": lambda: Tab("baseline", (baseline_section(results, lang),), EventOrder()),
        "outcomes": lambda: _outcomes(results, asked, lang),
        "events": lambda: _events(results.events, asked, lang),
    }
    return makers.get(name, makers["flow"])()


def cut(blocks: tuple[Block, ...], asked: Mapping[str, str], kept: Mapping[str, str]) -> Iterator[Block | Paged]:
    """Blocks of a section, with its long tables as pages."""
    for number_of, block in enumerate(blocks):
        name = f"rows{number_of}"
        yield paged(block, number(asked, name), name, kept) if isinstance(block, Grid) and block.indents else block


def _outcomes(results: PostedResults, asked: Mapping[str, str], lang: str) -> Tab:
    total = len(results.outcomes)
    only = min(number(asked, "outcome"), max(1, total)) if "outcome" in asked else 0
    pages = max(1, -(-total // OUTCOMES))
    page = min(number(asked, "page"), pages)
    first, count = (only, 1) if only else ((page - 1) * OUTCOMES + 1, OUTCOMES)
    chosen = outcome_sections(results.outcomes[first - 1 : first - 1 + count], lang, first)
    return Tab("outcomes", chosen, EventOrder(), page=page, pages=1 if only else pages, total=total, only=only)


def _events(events: PostedEvents, asked: Mapping[str, str], lang: str) -> Tab:
    order = EventOrder(asked.get("term", "")[:80], asked.get("sort", "system")[:40])
    kept = {"results": "events", "term": order.wanted, "sort": order.sort}
    head = Section("events", "", (events_facts(events, lang), totals(events, lang)))
    tables = tuple(
        paged(events_grid(events, kind, order, lang), number(asked, kind), kind, kept) for kind in ("serious", "other")
    )
    groups = tuple((group.id, group.title or group.id) for group in events.groups)
    return Tab("events", (head,), order, groups, tables=tables)


def wanted_sites(asked: Mapping[str, str]) -> Wanted:
    """The filter of the sites in an address."""
    return Wanted(
        asked.get("site", "")[:80], asked.get("country", ""), asked.get("site_status", ""), number(asked, "sites")
    )


def shown_section(section: Section, asked: Mapping[str, str], tab_name: str) -> dict[str, Any]:
    """A section of the results for its template."""
    kept = {"results": tab_name}
    if section.id.startswith("outcome-"):
        kept["outcome"] = section.id.removeprefix("outcome-")
    return {"id": section.id, "title": section.title, "blocks": list(cut(section.blocks, asked, kept))}
