"""Courses of one item over time: values and change by visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trialwright.analyse.displays import words
from trialwright.analyse.displays.data import Data, Reading
from trialwright.evidence.results import Display, Figure, Outcome, Row, Stat, Table
from trialwright.formats import svg
from trialwright.kernel.errors import InputError
from trialwright.science.stats.summary import Summary, summarise
from trialwright.study.endpoints import Endpoint
from trialwright.study.items import Item
from trialwright.study.schedule import Visit

_CONTRASTS = {
    "change": ("Change", "change from baseline"),
    "percent_change": ("Change (%)", "percent change from baseline"),
    "ratio": ("Ratio", "ratio to baseline"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """Results of one visit (of baseline where `visit` is None), with the endpoint's contrasts against baseline."""

    visit: Visit | None
    values: tuple[float, ...]
    contrasts: tuple[float, ...]
    below: int

    @property
    def label(self) -> str:
        return self.visit.label.en if self.visit else "Baseline"

    @property
    def day(self) -> float:
        return float(self.visit.offset) if self.visit else 0.0


def item_of(data: Data, endpoint: Endpoint) -> Item:
    """The item that an endpoint summarises. Raises InputError if it names none."""
    if endpoint.item is None:
        raise InputError(f"Endpoint '{endpoint.id}' names no item.", where="endpoints.yaml")
    return data.study.item_by_id[endpoint.item]


def points(data: Data, endpoint: Endpoint) -> list[Point]:
    """Baseline and every later visit that has results, over the endpoint's population."""
    item = item_of(data, endpoint)
    members = {s.key for s in data.of(endpoint.population)}
    readings = [r for r in data.readings(item) if r.subject in members and r.value is not None]
    base = {r.subject: r.value for r in readings if r.base and r.value is not None}
    found = [_point(None, [r for r in readings if r.base], item, endpoint, base)]
    for visit in data.study.schedule.planned():
        later = [r for r in readings if r.visit == visit.id and not r.base]
        if visit.anchor == "first_dose" and visit.offset > 0 and later:
            found.append(_point(visit, later, item, endpoint, base))
    return found


def _point(
    visit: Visit | None, readings: Sequence[Reading], item: Item, endpoint: Endpoint, base: dict[str, float]
) -> Point:
    last = {r.subject: r for r in readings}
    contrasts = [
        contrast(endpoint.contrast, r.value, base[key])
        for key, r in last.items()
        if visit and key in base and r.value is not None
    ]
    return Point(
        visit,
        tuple(r.value for r in last.values() if r.value is not None),
        tuple(c for c in contrasts if c is not None),
        sum(r.below for r in last.values()),
    )


def contrast(kind: str, value: float, base: float) -> float | None:
    """The value against baseline; None where a ratio to a baseline of 0 is asked for."""
    if kind == "value":
        return value
    if kind == "change":
        return value - base
    if base == 0:
        return None
    return 100 * (value - base) / base if kind == "percent_change" else value / base


def course(data: Data, endpoint: Endpoint, number: str) -> Display:
    """Figure and table of one continuous endpoint."""
    item, found = item_of(data, endpoint), points(data, endpoint)
    finding = _finding(item, endpoint, found)
    versus = _CONTRASTS.get(endpoint.contrast)
    columns = ["n", "Median (quartiles)", "Range"] + ([f"{versus[0]}: n", "Median (quartiles)"] if versus else [])
    places = words.decimals(item)
    rows = []
    for point in found:
        values, change = summarise(point.values), summarise(point.contrasts)
        cells = [str(values.n), middle(values, places), words.interval(values.low, values.high, places)]
        if versus:
            cells += [str(change.n), middle(change, 1)] if point.visit else ["", ""]
        rows.append(Row(point.label, tuple(cells)))
    return Display(
        f"course-{endpoint.id}".replace("_", "-"),
        number,
        endpoint.title.en,
        finding,
        data.named(endpoint.population),
        Table(words.labelled(item), tuple(columns), tuple(rows)),
        _figure(data, endpoint, found, finding),
        ("Baseline is the last value before the first dose.", *below_note(data, item)),
        ("ADSL", item.sdtm.domain if item.sdtm else ""),
    )


def below_note(data: Data, item: Item) -> tuple[str, ...]:
    """How results below the limit of quantification are counted."""
    if item.lloq is None:
        return ()
    values = {r.value for r in data.readings(item) if r.below and r.value is not None}
    told = "as 0" if values == {0.0} else "as half of it"
    return (f"Results below the limit of quantification ({item.lloq:g} {words.unit(item)}) count {told}.",)


def middle(found: Summary, decimals: int) -> str:
    """Median with quartiles."""
    if not found.n:
        return words.NONE
    return f"{words.number(found.median, decimals)} ({words.interval(found.q1, found.q3, decimals)})"


def _finding(item: Item, endpoint: Endpoint, found: Sequence[Point]) -> str:
    """Median at baseline and at the last visit of the endpoint, with the contrast where there is one."""
    chosen = [p for p in found if p.visit and (not endpoint.visits or p.visit.id in endpoint.visits)]
    first = summarise(found[0].values)
    if not chosen or not first.n:
        return f"{item.label.en}: there are no results to compare with baseline."
    last, unit = summarise(chosen[-1].values), words.unit(item)
    places = words.decimals(item)
    change = summarise(chosen[-1].contrasts)
    versus = ""
    if endpoint.contrast != "value" and change.n:
        sign = "%" if endpoint.contrast == "percent_change" else ""
        versus = (
            f" (median {_CONTRASTS[endpoint.contrast][1]} {words.number(change.median, 1)}{' ' + sign if sign else ''})"
        )
    return (
        f"{item.label.en}: median {words.number(first.median, places)} {unit} at baseline, "
        f"{words.number(last.median, places)} {unit} at {words.lower_first(chosen[-1].label)}{versus}."
    )


def _threads(data: Data, endpoint: Endpoint) -> list[list[tuple[float, float]]]:
    """Each subject's course from baseline on, by the actual day."""
    item = item_of(data, endpoint)
    members = {s.key for s in data.of(endpoint.population)}
    lines: dict[str, list[tuple[float, float]]] = {key: [] for key in members}
    for r in data.readings(item):
        value = r.value
        if r.subject in members and value is not None and r.day is not None and (r.base or r.day > 0):
            lines[r.subject].append((max(r.day, 0.0), value))
    return [sorted(lines[key]) for key in sorted(lines)]


def spans_decades(values: Iterable[float]) -> bool:
    """Whether a logarithmic axis shows the values better: all above 0, highest over 50 times the lowest."""
    known = list(values)
    return bool(known) and min(known) > 0 and max(known) / min(known) > 50


def _figure(data: Data, endpoint: Endpoint, found: Sequence[Point], finding: str) -> Figure | None:
    item = item_of(data, endpoint)
    threads = _threads(data, endpoint)
    values = [v for line in threads for _, v in line]
    if not values:
        return None
    log = spans_decades(values)
    whiskers = [(p.day, s.q1, s.median, s.q3) for p in found if (s := summarise(p.values)).n]
    limits = [(x, lo, mid, hi) for x, lo, mid, hi in whiskers if lo is not None and mid is not None and hi is not None]
    layers: list[svg.Threads | svg.Line | svg.Whiskers | svg.Level] = [
        svg.Threads(threads, "One subject"),
        svg.Line([(x, mid) for x, _, mid, _ in limits]),
        svg.Whiskers(limits, "Median and quartiles"),
    ]
    if item.lloq is not None:
        layers.append(svg.Level(item.lloq, f"Limit of quantification {item.lloq:g} {words.unit(item)}"))
    axes = (day_axis(data, max(x for line in threads for x, _ in line)), value_axis(item, log))
    told = "; ".join(f"day {p.day:g} {middle(summarise(p.values), words.decimals(item))}" for p in found)
    alt = f"{item.label.en} by day, median (quartiles) in {words.unit(item) or 'no unit'}: {told}."
    return Figure(svg.plot(svg.Words(finding, alt), axes, layers), alt)


def value_axis(item: Item, log: bool) -> svg.Axis:
    """The axis of an item's values; a linear one starts at 0."""
    return svg.Axis(item.label.en, words.unit(item), log=log, low=None if log else 0.0)


def day_axis(data: Data, last: float) -> svg.Axis:
    """Days from the first dose, with ticks at multiples of the dosing interval."""
    every = data.study.dosing.interval_days
    while last / every > 14:
        every *= 2
    ticks = tuple((float(d), str(d)) for d in range(0, int(last) + 1, every))
    return svg.Axis("Days from the first dose", "d", low=0.0, high=max(last, 1.0), ticks=ticks)


def continuous_outcome(data: Data, endpoint: Endpoint) -> Outcome:
    """Median and quartiles at each visit of the endpoint."""
    item, stats = item_of(data, endpoint), []
    for point in points(data, endpoint):
        if point.visit is None or (endpoint.visits and point.visit.id not in endpoint.visits):
            continue
        found = summarise(point.contrasts if endpoint.contrast != "value" else point.values)
        if found.n:
            stats.append(Stat("", found.median, low=found.q1, high=found.q3, n=found.n, group=point.label))
    unit = {"percent_change": "percent change", "ratio": "ratio"}.get(endpoint.contrast, words.unit(item) or "ratio")
    return outcome(data, endpoint, unit=unit, stats=tuple(stats))


def outcome(data: Data, endpoint: Endpoint, *, unit: str, stats: tuple[Stat, ...]) -> Outcome:
    """An outcome of medians with quartiles over the endpoint's population."""
    return Outcome(
        endpoint=endpoint.id,
        rank=endpoint.rank,
        title=endpoint.title.en,
        description=endpoint.description.en,
        time_frame=endpoint.time_frame.en,
        population=data.named(endpoint.population),
        analysed=len(data.of(endpoint.population)),
        param="MEDIAN",
        dispersion="INTER_QUARTILE_RANGE",
        unit=unit,
        stats=stats or (Stat("", None, comment="No result was available."),),
    )
