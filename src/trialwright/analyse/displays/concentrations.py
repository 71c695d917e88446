"""Concentrations of the study drug: by planned sample, with what lay below the limit of quantification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.analyse.displays import words
from trialwright.analyse.displays.courses import (
    below_note,
    day_axis,
    item_of,
    middle,
    outcome,
    spans_decades,
    value_axis,
)
from trialwright.analyse.displays.data import Data, Reading
from trialwright.evidence.results import Display, Figure, Outcome, Row, Stat, Table
from trialwright.formats import svg
from trialwright.science.stats.summary import geometric, summarise
from trialwright.study.endpoints import Endpoint
from trialwright.study.items import Item
from trialwright.study.schedule import Visit

_UNTIMED: tuple[float | None, str] = (None, "")


@dataclass(frozen=True, slots=True)
class Sampling:
    """Results at one planned time of one visit. `trough`: before the dose, or at a visit without a dose."""

    visit: Visit
    hours: float | None
    label: str
    readings: tuple[Reading, ...]

    @property
    def trough(self) -> bool:
        return self.visit.dose is None or (self.hours or 0.0) <= 0


def samplings(data: Data, endpoint: Endpoint) -> list[Sampling]:
    """Planned samples in the order of the schedule, over the endpoint's population."""
    item = item_of(data, endpoint)
    members = {s.key for s in data.of(endpoint.population)}
    readings = [r for r in data.readings(item) if r.subject in members and (r.value is not None or r.below)]
    found = []
    for visit in data.study.schedule.visits:
        planned: list[tuple[float | None, str]] = [
            (s.hours, s.label.en) for s in data.study.schedule.samples if (s.item, s.visit) == (item.id, visit.id)
        ]
        for hours, label in planned or [_UNTIMED]:
            here = tuple(r for r in readings if r.visit == visit.id and (hours is None or r.hours == hours))
            if here:
                found.append(Sampling(visit, hours, f"{visit.label.en}, {words.lower_first(label)}".rstrip(", "), here))
    return found


def concentration(data: Data, endpoint: Endpoint, number: str) -> Display:
    """Concentration against time: every subject and the median; summary by planned sample."""
    item, found = item_of(data, endpoint), samplings(data, endpoint)
    places = words.decimals(item)
    rows = []
    for sampling in found:
        values = summarise([r.value for r in sampling.readings])
        mean = geometric([r.value for r in sampling.readings if not r.below])
        spread = f"{words.number(mean.mean, places)} ({words.number(mean.cv_percent, 0)})" if mean.n else words.NONE
        below = sum(r.below for r in sampling.readings)
        ends = words.interval(values.low, values.high, places)
        rows.append(Row(sampling.label, (str(values.n), str(below), spread, middle(values, places), ends)))
    finding = _concentration_finding(item, found)
    return Display(
        f"concentration-{endpoint.id}".replace("_", "-"),
        number,
        f"{item.label.en} over time",
        finding,
        data.named(endpoint.population),
        Table(
            words.labelled(item),
            ("n", "n below limit", "Geometric mean (CV %)", "Median (quartiles)", "Range"),
            tuple(rows),
        ),
        _concentration_figure(data, endpoint, found, finding),
        (*below_note(data, item), "Geometric means leave out results below the limit. CV: coefficient of variation."),
        ("ADSL", "ADPC"),
    )


def _concentration_finding(item: Item, found: Sequence[Sampling]) -> str:
    troughs = [s for s in found if s.trough and s.visit.offset > 0]
    peaks = [s for s in found if not s.trough]
    if not troughs:
        return f"{item.label.en}: there are no results after the first dose."
    unit, places = words.unit(item), words.decimals(item)
    medians = [(s, _median(s) or 0.0) for s in troughs]
    highest = max(medians, key=lambda pair: pair[1])
    text = (
        f"The median before a dose was {words.number(medians[0][1], places)} {unit} at "
        f"{words.lower_first(troughs[0].visit.label.en)} and highest, {words.number(highest[1], places)} {unit}, "
        f"at {words.lower_first(highest[0].visit.label.en)}"
    )
    if peaks:
        top = max((_median(s) or 0.0, s.label) for s in peaks)
        text += f"; the highest median after a dose was {words.number(top[0], places)} {unit}"
    return text + "."


def _concentration_figure(data: Data, endpoint: Endpoint, found: Sequence[Sampling], finding: str) -> Figure | None:
    item = item_of(data, endpoint)
    floor = item.lloq / 2 if item.lloq is not None else 0.0
    lines: dict[str, list[tuple[float, float]]] = {}
    for sampling in found:
        for r in sampling.readings:
            if r.day is not None and r.value is not None and not (r.below and r.day <= 0):
                lines.setdefault(r.subject, []).append((max(r.day, 0.0), max(r.value, floor)))
    if not lines:
        return None
    medians = [(s, max(m, floor)) for s in found if (m := _median(s)) is not None and (m > 0 or _nominal(s) > 0)]
    curve = [(_nominal(s), m) for s, m in medians]
    layers: list[svg.Threads | svg.Line | svg.Marks | svg.Level] = [
        svg.Threads([sorted(lines[key]) for key in sorted(lines)], "One subject"),
        svg.Line(curve, "Median"),
        svg.Marks(curve),
    ]
    values = [v for line in lines.values() for _, v in line]
    log = spans_decades(values)
    below_later = any(r.below and r.day is not None and r.day > 0 for s in found for r in s.readings)
    if item.lloq is not None and below_later:
        layers.append(svg.Level(item.lloq, f"Limit of quantification {item.lloq:g} {words.unit(item)}"))
    axes = (day_axis(data, max(x for line in lines.values() for x, _ in line)), value_axis(item, log))
    told = "; ".join(f"{s.label} {words.number(m, words.decimals(item))}" for s, m in medians)
    alt = f"Medians in {words.unit(item)} by planned sample: {told}."
    return Figure(svg.plot(svg.Words(finding, alt), axes, layers, height=400), alt)


def _median(sampling: Sampling) -> float | None:
    return summarise([r.value for r in sampling.readings]).median


def _nominal(sampling: Sampling) -> float:
    """Planned day of a sample; hours count where a dose is given at the visit."""
    hours = sampling.hours or 0.0
    return sampling.visit.offset + (max(hours, 0.0) / 24 if sampling.visit.dose is not None else 0.0)


def concentration_outcome(data: Data, endpoint: Endpoint) -> Outcome:
    """Median and quartiles of the troughs at each visit of the endpoint."""
    item, stats = item_of(data, endpoint), []
    for sampling in samplings(data, endpoint):
        if sampling.trough and (not endpoint.visits or sampling.visit.id in endpoint.visits):
            found = summarise([r.value for r in sampling.readings])
            label = sampling.visit.label.en
            stats.append(Stat("", found.median, low=found.q1, high=found.q3, n=found.n, group=label))
    return outcome(data, endpoint, unit=words.unit(item), stats=tuple(stats))
