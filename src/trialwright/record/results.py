"""Posted results as sections of the record page: flow, baseline, outcome results, adverse events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trialwright.formats.ctgov.results import (
    BaselineMeasure,
    Denominator,
    EventCount,
    EventGroup,
    FlowRow,
    GroupCount,
    MeasureClass,
    Measurement,
    PostedAnalysis,
    PostedBaseline,
    PostedEvent,
    PostedEvents,
    PostedFlow,
    PostedGroup,
    PostedOutcome,
    PostedResults,
)
from trialwright.record.criteria import plain
from trialwright.record.shapes import Facts, Grid, Prose, Section, facts
from trialwright.record.words import label, word

_Row = tuple[int, tuple[str, ...]]


def result_sections(results: PostedResults, lang: str) -> Iterator[Section]:
    yield _flow(results.flow, lang)
    yield _baseline(results.baseline, lang)
    outcomes = tuple(_outcome(number, outcome, lang) for number, outcome in enumerate(results.outcomes, 1))
    yield Section("measures", label("measures", lang), (), outcomes)
    yield _events(results.events, lang)
    yield Section("limits", label("limits", lang), (Prose(plain(results.limitations)),))


def _titles(groups: Sequence[PostedGroup | EventGroup]) -> tuple[str, ...]:
    return tuple(group.title for group in groups)


def _ids(groups: Sequence[PostedGroup | EventGroup]) -> list[str]:
    return [group.id for group in groups]


def _counts(counts: Iterable[GroupCount], ids: Sequence[str]) -> tuple[str, ...]:
    by_group = {count.group: count.subjects for count in counts}
    return tuple(by_group.get(name, "") for name in ids)


def _grid(title: str, columns: tuple[str, ...], rows: Iterable[_Row], note: str = "") -> Grid:
    found = list(rows)
    return Grid(title, columns, tuple(cells for _, cells in found), tuple(depth for depth, _ in found), note)


def _flow(flow: PostedFlow, lang: str) -> Section:
    ids = _ids(flow.groups)

    def row(entry: FlowRow, depth: int) -> _Row:
        return depth, (word(entry.kind, lang), *_counts(entry.counts, ids))

    grids = [
        _grid(
            period.title,
            (label("period", lang), *_titles(flow.groups)),
            [*(row(entry, 0) for entry in period.milestones), *(row(entry, 1) for entry in period.withdrawals)],
        )
        for period in flow.periods
    ]
    return Section(
        "flow", label("flow", lang), (Prose(plain(flow.recruitment)), Prose(plain(flow.pre_assignment)), *grids)
    )


def _baseline(baseline: PostedBaseline, lang: str) -> Section:
    ids = _ids(baseline.groups)
    rows = [*_denominator_rows(baseline.denominators, ids, lang)]
    for measure in baseline.measures:
        values = list(_class_rows(measure.classes, ids))
        title = _measure_title(measure, lang)
        if len(values) == 1 and not values[0][1][0]:
            rows.append((0, (title, *values[0][1][1:])))
        else:
            rows += [(0, (title, *("" for _ in ids))), *values]
    columns = (label("measure", lang), *_titles(baseline.groups))
    return Section("baseline", label("baseline", lang), (Prose(plain(baseline.population)), _grid("", columns, rows)))


def _measure_title(measure: BaselineMeasure, lang: str) -> str:
    return f"{measure.title}: {_what_is_shown(measure.param, measure.dispersion, measure.unit, lang)}"


def _what_is_shown(param: str, dispersion: str, unit: str, lang: str) -> str:
    """For example: Mean (standard deviation), years."""
    shown = word(param, lang) + (f" ({word(dispersion, lang)})" if dispersion not in ("", "NA") else "")
    return ", ".join(dict.fromkeys(part for part in (shown, word(unit, lang)) if part))


def _denominator_rows(denominators: Iterable[Denominator], ids: Sequence[str], lang: str) -> Iterator[_Row]:
    for entry in denominators:
        units = label("analysed", lang) if entry.units == "Participants" else entry.units
        yield 0, (units, *_counts(entry.counts, ids))


def _class_rows(classes: Iterable[MeasureClass], ids: Sequence[str]) -> Iterator[_Row]:
    """A class with a title is a heading above its categories; one without shows them directly."""
    for entry in classes:
        heading = bool(entry.title) and not (len(entry.categories) == 1 and not entry.categories[0].title)
        if heading:
            yield 1, (entry.title, *("" for _ in ids))
        for category in entry.categories:
            by_group = {value.group: value for value in category.measurements}
            cells = (_value(by_group[name]) if name in by_group else "" for name in ids)
            yield (2 if heading else 1), (category.title or entry.title, *cells)


def _value(value: Measurement) -> str:
    if value.low or value.high:
        return f"{value.value} ({value.low or '-'} to {value.high or '-'})"
    return f"{value.value} ({value.spread})" if value.spread else value.value


def _outcome(number: int, outcome: PostedOutcome, lang: str) -> Section:
    ids = _ids(outcome.groups)
    heading = facts(
        lang,
        rank=word(outcome.rank, lang),
        about=outcome.description,
        time_frame=outcome.time_frame,
        population=outcome.population,
    )
    shown = _what_is_shown(outcome.param, outcome.dispersion, outcome.unit, lang)
    values = ((depth, (cells[0] or shown, *cells[1:])) for depth, cells in _class_rows(outcome.classes, ids))
    rows = [*_denominator_rows(outcome.denominators, ids, lang), *values]
    grid = _grid("", (shown or label("measure", lang), *_titles(outcome.groups)), rows)
    analyses = (_analysis(entry, lang) for entry in outcome.analyses)
    return Section(f"outcome-{number}", outcome.title, (heading, grid, *analyses))


def _analysis(analysis: PostedAnalysis, lang: str) -> Facts:
    estimate = f"{analysis.param} {analysis.value}".strip()
    if analysis.low or analysis.high:
        estimate += f" ({analysis.confidence} % CI {analysis.low or '-'} to {analysis.high or '-'})"
    shown = [
        part for part in (analysis.method, estimate, f"p = {analysis.p_value}" if analysis.p_value else "") if part
    ]
    return facts(lang, analysis="; ".join(shown).replace("p = <", "p < "), about=analysis.comment)


def _events(events: PostedEvents, lang: str) -> Section:
    heading = facts(
        lang,
        time_frame=events.time_frame,
        about=events.description,
        threshold=f"{events.threshold} %" if events.threshold else "",
    )
    columns = (label("affected", lang), *_titles(events.groups))
    totals = [
        (0, (label("deaths", lang), *(_of(g.deaths, g.deaths_at_risk) for g in events.groups))),
        (0, (label("serious", lang), *(_of(g.serious, g.serious_at_risk) for g in events.groups))),
        (0, (label("other_events", lang), *(_of(g.other, g.other_at_risk) for g in events.groups))),
    ]
    blocks = (
        heading,
        _grid("", columns, totals if events.groups else []),
        _grid(label("serious", lang), columns, _event_rows(events.serious, _ids(events.groups))),
        _grid(label("other_events", lang), columns, _event_rows(events.other, _ids(events.groups))),
    )
    return Section("events", label("events", lang), blocks)


def _of(affected: int | None, at_risk: int | None) -> str:
    return "" if affected is None and at_risk is None else f"{affected or 0} / {at_risk or 0}"


def _event_rows(events: Sequence[PostedEvent], ids: Sequence[str]) -> Iterator[_Row]:
    """Terms under their organ systems, both in alphabetical order."""
    for organ_class in sorted({event.organ_class for event in events}):
        yield 0, (organ_class, *("" for _ in ids))
        for event in sorted((e for e in events if e.organ_class == organ_class), key=lambda e: e.term.lower()):
            by_group = {count.group: count for count in event.counts}
            yield 1, (event.term, *(_event_cell(by_group.get(name)) for name in ids))


def _event_cell(count: EventCount | None) -> str:
    if count is None:
        return ""
    events = f" ({count.events})" if count.events is not None else ""
    return f"{count.affected or 0} / {count.at_risk or 0}{events}"
