"""Adverse events of a record as a table that can be searched, sorted and read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trialwright.formats.ctgov.results import EventCount, EventGroup, PostedEvent, PostedEvents
from trialwright.record.criteria import plain
from trialwright.record.shapes import Facts, Grid, Section, facts
from trialwright.record.words import label

THIN = "\u202f"


@dataclass(frozen=True, slots=True)
class EventOrder:
    """`wanted`: part of a term or organ system. `sort`: "system" (terms under their organ systems, most affected
    first), "term" (alphabetical), "affected" (over all groups), or a group's id (its share affected)."""

    wanted: str = ""
    sort: str = "system"


def events_section(events: PostedEvents, lang: str) -> Section:
    """How adverse events were collected, how many had any, and every term."""
    serious = events_grid(events, "serious", EventOrder(), lang)
    other = events_grid(events, "other", EventOrder(), lang)
    return Section("events", label("events", lang), (events_facts(events, lang), totals(events, lang), serious, other))


def events_facts(events: PostedEvents, lang: str) -> Facts:
    threshold = "" if events.threshold in ("", "0") else f"{events.threshold}{THIN}%"
    return facts(lang, time_frame=events.time_frame, about=events.description, threshold=threshold)


def totals(events: PostedEvents, lang: str) -> Grid:
    """Deaths, and participants with any serious or other event, in each group."""
    groups = events.groups
    rows = (
        (label("deaths", lang), *(_of(g.deaths, g.deaths_at_risk) for g in groups)),
        (label("serious", lang), *(_of(g.serious, g.serious_at_risk) for g in groups)),
        (label("other_events", lang), *(_of(g.other, g.other_at_risk) for g in groups)),
    )
    columns = (label("at_risk", lang), *_titles(groups))
    return Grid("", columns, rows if groups else (), (0, 0, 0) if groups else ())


def events_grid(events: PostedEvents, kind: str, order: EventOrder, lang: str) -> Grid:
    """The terms of one kind, "serious" or "other", in the order asked for."""
    wanted = order.wanted.strip().lower()
    found = [
        event
        for event in (events.serious if kind == "serious" else events.other)
        if wanted in f"{event.organ_class}\n{event.term}".lower()
    ]
    ids = [group.id for group in events.groups]
    rows = list(_grouped(found, ids) if order.sort == "system" else _sorted(found, ids, order.sort))
    return Grid(
        label("serious" if kind == "serious" else "other_events", lang),
        (label("affected", lang), *_titles(events.groups)),
        tuple(cells for _, _, cells in rows),
        tuple(depth for depth, _, _ in rows),
        marks=tuple(mark for _, mark, _ in rows),
    )


def _titles(groups: Sequence[EventGroup]) -> tuple[str, ...]:
    return tuple(plain(group.title) or group.id for group in groups)


def _grouped(events: Iterable[PostedEvent], ids: Sequence[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Terms under their organ systems; within each one the most affected first."""
    by_system: dict[str, list[PostedEvent]] = {}
    for event in events:
        by_system.setdefault(event.organ_class, []).append(event)
    for system in sorted(by_system):
        yield 0, "head", (system, *("" for _ in ids))
        for event in sorted(by_system[system], key=lambda e: (-_affected(e), e.term.lower())):
            yield 1, "", _cells(event, ids)


def _sorted(events: Iterable[PostedEvent], ids: Sequence[str], sort: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    if sort in ids:
        ordered = sorted(events, key=lambda e: (-_share(e, sort), e.term.lower()))
    elif sort == "affected":
        ordered = sorted(events, key=lambda e: (-_affected(e), e.term.lower()))
    else:
        ordered = sorted(events, key=lambda e: e.term.lower())
    for event in ordered:
        term, *cells = _cells(event, ids)
        yield 0, "", (f"{term} · {event.organ_class}" if event.organ_class else term, *cells)


def _cells(event: PostedEvent, ids: Sequence[str]) -> tuple[str, ...]:
    by_group = {count.group: count for count in event.counts}
    return (plain(event.term), *(_cell(by_group.get(name)) for name in ids))


def _affected(event: PostedEvent) -> int:
    return sum(count.affected or 0 for count in event.counts)


def _share(event: PostedEvent, group: str) -> float:
    counts = (c for c in event.counts if c.group == group)
    return max(((c.affected or 0) / c.at_risk for c in counts if c.at_risk), default=-1.0)


def _cell(count: EventCount | None) -> str:
    return "" if count is None else _of(count.affected, count.at_risk, count.events)


def _of(affected: int | None, at_risk: int | None, events: int | None = None) -> str:
    """Affected / at risk (share), and in brackets how many events there were."""
    if affected is None and at_risk is None:
        return ""
    share = f" ({100 * (affected or 0) / at_risk:.1f}{THIN}%)" if at_risk else ""
    return f"{affected or 0} / {at_risk or 0}{share}" + (f" [{events}]" if events is not None else "")
