"""Posted results as sections of the record page: flow, baseline, outcome results, adverse events.

One home for what the web page and the command line show: plain values, in words of one language.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence

from trialwright.formats.ctgov.results import (
    BaselineMeasure,
    Denominator,
    FlowRow,
    GroupCount,
    MeasureClass,
    Measurement,
    Period,
    PostedAnalysis,
    PostedBaseline,
    PostedFlow,
    PostedGroup,
    PostedOutcome,
    PostedResults,
)
from trialwright.record.criteria import plain
from trialwright.record.events import events_section
from trialwright.record.shapes import Block, Facts, Flow, Grid, Interval, Intervals, Prose, Section, facts
from trialwright.record.words import label, word

Row = tuple[int, str, tuple[str, ...]]
"""Depth, mark ("", "head", "total"), cells."""

_RATIO = ("ratio", "odds")
_DIFFERENCE = ("difference", "diff", "slope", "change")


def result_sections(results: PostedResults, lang: str) -> Iterator[Section]:
    """All of the results, one section for each part of them."""
    yield flow_section(results, lang)
    yield baseline_section(results, lang)
    yield Section("measures", label("measures", lang), (), outcome_sections(results.outcomes, lang))
    yield events_section(results.events, lang)
    yield Section("limits", label("limits", lang), (Prose(results.limitations),))


def flow_section(results: PostedResults, lang: str) -> Section:
    """Each period: how many reached its milestones, and why the others left."""
    flow = results.flow
    blocks: list[Block] = [Prose(flow.recruitment), Prose(flow.pre_assignment)]
    for period in flow.periods:
        if len(flow.groups) == 1:
            blocks.append(_steps(period, lang))
        blocks.append(_period(flow, period, lang))
    return Section("flow", label("flow", lang), (*blocks, _groups(flow.groups, lang)))


def baseline_section(results: PostedResults, lang: str) -> Section:
    """All baseline measures in one table; the first line is the number analysed."""
    baseline = results.baseline
    blocks = (Prose(baseline.population), _baseline(baseline, lang), _groups(baseline.groups, lang))
    return Section("baseline", label("baseline", lang), blocks)


def outcome_sections(outcomes: Sequence[PostedOutcome], lang: str, first: int = 1) -> tuple[Section, ...]:
    """A section for each outcome measure, numbered from `first`."""
    return tuple(_outcome(number, outcome, lang) for number, outcome in enumerate(outcomes, first))


def _titles(groups: Sequence[PostedGroup]) -> tuple[str, ...]:
    return tuple(plain(group.title) or group.id for group in groups)


def _ids(groups: Sequence[PostedGroup]) -> list[str]:
    return [group.id for group in groups]


def _groups(groups: Sequence[PostedGroup], lang: str) -> Facts:
    """What each group stands for, where the record says it."""
    told = ((plain(group.title) or group.id, plain(group.description)) for group in groups)
    return Facts(tuple((title, text) for title, text in told if text), label("groups", lang))


def _counts(counts: Iterable[GroupCount], ids: Sequence[str]) -> tuple[str, ...]:
    by_group = {count.group: count.subjects for count in counts}
    return tuple(by_group.get(name, "") for name in ids)


def _grid(title: str, columns: tuple[str, ...], rows: Iterable[Row], note: str = "") -> Grid:
    found = list(rows)
    return Grid(
        title,
        columns,
        tuple(cells for _, _, cells in found),
        tuple(depth for depth, _, _ in found),
        note,
        tuple(mark for _, mark, _ in found),
    )


def _head(text: str, ids: Sequence[str], depth: int = 0) -> Row:
    return depth, "head", (text, *("" for _ in ids))


def _period(flow: PostedFlow, period: Period, lang: str) -> Grid:
    ids = _ids(flow.groups)

    def row(entry: FlowRow, depth: int) -> Row:
        mark = "total" if entry.kind == "STARTED" else ""
        return depth, mark, (word(entry.kind, lang), *_counts(entry.counts, ids))

    rows = [*(row(entry, 0) for entry in period.milestones), *(row(entry, 1) for entry in period.withdrawals)]
    return _grid(word(period.title, lang), (label("milestone", lang), *_titles(flow.groups)), rows)


def _steps(period: Period, lang: str) -> Flow:
    """The picture of a period with one group."""

    def count(entry: FlowRow) -> str:
        return entry.counts[0].subjects if entry.counts else ""

    lost = "NOT COMPLETED"
    steps = ((count(entry), word(entry.kind, lang)) for entry in period.milestones if entry.kind != lost)
    left = [(count(entry), word(entry.kind, lang).lower()) for entry in period.milestones if entry.kind == lost]
    left += [(count(entry), word(entry.kind, lang)) for entry in period.withdrawals]
    return Flow(tuple(steps), tuple(left))


def _baseline(baseline: PostedBaseline, lang: str) -> Grid:
    ids = _ids(baseline.groups)
    rows = [*_denominator_rows(baseline.denominators, ids, lang)]
    for measure in baseline.measures:
        values = list(_class_rows(measure.classes, ids))
        title = _measure_title(measure, lang)
        if len(values) == 1 and not values[0][2][0]:
            rows.append((0, "", (title, *values[0][2][1:])))
        else:
            rows += [_head(title, ids), *values]
    return _grid("", (label("characteristic", lang), *_titles(baseline.groups)), rows)


def _measure_title(measure: BaselineMeasure, lang: str) -> str:
    shown = what_is_shown(measure.param, measure.dispersion, measure.unit, lang)
    return f"{plain(measure.title)} ({shown})" if shown else plain(measure.title)


def what_is_shown(param: str, dispersion: str, unit: str, lang: str) -> str:
    """For example: Mean (standard deviation), years."""
    shown = word(param, lang) + (f" ({word(dispersion, lang)})" if dispersion not in ("", "NA") else "")
    return ", ".join(dict.fromkeys(part for part in (shown, word(unit, lang)) if part))


def _denominator_rows(denominators: Iterable[Denominator], ids: Sequence[str], lang: str) -> Iterator[Row]:
    for entry in denominators:
        people = entry.units in ("", "Participants")
        units = label("analysed", lang) if people else f"{word(entry.units, lang)}: {label('analysed_units', lang)}"
        yield 0, "total", (units, *_counts(entry.counts, ids))


def _class_rows(classes: Iterable[MeasureClass], ids: Sequence[str]) -> Iterator[Row]:
    """A class with a title is a heading above its categories; one without shows them directly."""
    for entry in classes:
        heading = bool(entry.title) and not (len(entry.categories) == 1 and not entry.categories[0].title)
        if heading:
            yield _head(plain(entry.title), ids, 1)
        for category in entry.categories:
            by_group = {value.group: value for value in category.measurements}
            cells = (shown(by_group[name]) if name in by_group else "" for name in ids)
            yield (2 if heading else 1), "", (plain(category.title or entry.title), *cells)


def shown(value: Measurement) -> str:
    """A measurement as text: 62.1, 62.1 ± 8.3, or 62.1 (54.0 to 70.2)."""
    if value.low or value.high:
        return f"{value.value} ({value.low or 'NA'} to {value.high or 'NA'})"
    return f"{value.value} ± {value.spread}" if value.spread else value.value


def _outcome(number: int, outcome: PostedOutcome, lang: str) -> Section:
    ids = _ids(outcome.groups)
    heading = facts(
        lang,
        rank=word(outcome.rank, lang),
        time_frame=outcome.time_frame,
        about=outcome.description,
        population=outcome.population,
        reporting=word(outcome.reporting, lang) if outcome.reporting == "NOT_POSTED" else "",
    )
    measured = what_is_shown(outcome.param, outcome.dispersion, outcome.unit, lang)
    values = (
        (depth, mark, (cells[0] or label("value", lang), *cells[1:]))
        for depth, mark, cells in _class_rows(outcome.classes, ids)
    )
    rows = [*_denominator_rows(outcome.denominators, ids, lang), *values]
    grid = _grid("", (measured or label("measure", lang), *_titles(outcome.groups)), rows)
    titles = dict(zip(ids, _titles(outcome.groups), strict=True))
    analyses = (block for entry in outcome.analyses for block in _analysis(entry, titles, lang))
    blocks = (heading, Intervals(_measured_intervals(outcome)), grid, *analyses)
    return Section(f"outcome-{number}", plain(outcome.title), blocks)


def _analysis(analysis: PostedAnalysis, titles: dict[str, str], lang: str) -> Iterator[Block]:
    """What was tested: facts, and the estimate on an axis of its own."""
    estimate = f"{analysis.value} {_limits(analysis, lang)}".strip()
    if analysis.dispersion and analysis.spread:
        estimate += f" · {word(analysis.dispersion, lang)} {analysis.spread}"
    p_value = analysis.p_value if analysis.p_value[:1] in "<>=≤≥" else f"= {analysis.p_value}"
    compared = " · ".join(titles[group] for group in analysis.groups if group in titles)
    yield facts(
        lang,
        analysis=analysis.method,
        compared=compared,
        hypothesis=word(analysis.hypothesis, lang),
        estimate_of=analysis.param,
        estimate=estimate,
        p_value=f"{p_value} {analysis.p_comment}".strip() if analysis.p_value else "",
        about=analysis.about,
        comment=analysis.comment,
    )
    numbers = _three(analysis.value, analysis.low, analysis.high)
    if numbers:
        null = _null(analysis.param)
        start, stop = _axis("", [*numbers, *([] if null is None else [null])])
        yield Intervals((Interval(analysis.param, *numbers, start, stop, "", null),))


def _limits(analysis: PostedAnalysis, lang: str) -> str:
    if not (analysis.low or analysis.high):
        return ""
    level = analysis.confidence.removesuffix(".00").removesuffix(".0")
    to = label("to", lang)
    return f"({level or '?'}\u202f%: {analysis.low or '−∞'} {to} {analysis.high or '∞'})"


def _null(param: str) -> float | None:
    """The value of no difference on the axis of an estimate, where its name tells it."""
    name = param.lower()
    if any(part in name for part in _RATIO):
        return 1.0
    return 0.0 if any(part in name for part in _DIFFERENCE) else None


def _measured_intervals(outcome: PostedOutcome) -> tuple[Interval, ...]:
    """Every measurement that has both limits, all on one axis."""
    titles = {group.id: plain(group.title) for group in outcome.groups}
    found: list[tuple[str, tuple[float, float, float]]] = []
    for entry in outcome.classes:
        for category in entry.categories:
            for value in category.measurements:
                if numbers := _three(value.value, value.low, value.high):
                    parts = (plain(entry.title), plain(category.title), titles.get(value.group, ""))
                    found.append((" · ".join(part for part in parts if part), numbers))
    start, stop = _axis(outcome.unit, [number for _, numbers in found for number in numbers])
    return tuple(Interval(name, *numbers, start, stop, outcome.unit) for name, numbers in found)


def _three(*texts: str) -> tuple[float, float, float] | None:
    """An estimate and its limits; None unless all are numbers."""
    numbers = []
    for text in texts:
        with contextlib.suppress(ValueError):
            number = float(text.replace(",", ""))
            if math.isfinite(number):
                numbers.append(number)
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _axis(unit: str, values: list[float]) -> tuple[float, float]:
    if ("percent" in unit.lower() or "%" in unit) and all(0 <= value <= 100 for value in values):
        return 0.0, 100.0
    low, high = min([0.0, *values]), max(values, default=1.0)
    room = (high - low) * 0.05 or 1.0
    return (low - room if low < 0 else low), high + room
