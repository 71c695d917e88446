"""The results section of a registry record (ClinicalTrials.gov v2) as tables and intervals that a page can show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table; one without cells is a heading. `total` rows are set off; `counted`: how many were analysed."""

    label: str
    cells: tuple[str, ...] = ()
    indent: int = 0
    total: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits, and the ends of the axis that it is drawn on."""

    label: str
    value: float
    low: float
    high: float
    start: float
    stop: float
    unit: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of the participants: one period after the other."""

    notes: tuple[str, ...]
    periods: tuple[tuple[str, Grid], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    rank: str
    title: str
    description: str
    time_frame: str
    population: str
    unit: str
    measure: str
    grid: Grid
    intervals: tuple[Interval, ...]
    analyses: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Events:
    time_frame: str
    description: str
    threshold: str
    totals: Grid
    serious: Grid
    other: Grid


def _titles(groups: Iterable[Json]) -> tuple[str, ...]:
    return tuple(str(g.get("title", g["id"])) for g in groups)


def _cells(groups: Iterable[Json], found: Iterable[Json], key: str = "numSubjects") -> tuple[str, ...]:
    by_group = {str(f.get("groupId", "")): str(f.get(key, "")) for f in found}
    return tuple(by_group.get(str(g["id"]), "") or "–" for g in groups)


def flow(section: Json) -> Flow:
    """Participant flow: milestones of each period, then why participants did not complete it."""
    module: Json = section.get("participantFlowModule") or {}
    groups = module.get("groups", ())
    notes = tuple(str(module[k]) for k in ("recruitmentDetails", "preAssignmentDetails") if module.get(k))
    periods = []
    for period in module.get("periods", ()):
        lines = [
            Line(str(m.get("type", "")), _cells(groups, m.get("achievements", ())), total=m.get("type") == "STARTED")
            for m in period.get("milestones", ())
        ]
        lines += [
            Line(str(d.get("type", "")), _cells(groups, d.get("reasons", ())), indent=1)
            for d in period.get("dropWithdraws", ())
        ]
        periods.append((str(period.get("title", "")), Grid(_titles(groups), tuple(lines))))
    return Flow(notes, tuple(periods))


def baseline(section: Json) -> Grid:
    """All baseline measures in one table; the first line is the number analysed."""
    module: Json = section.get("baselineCharacteristicsModule") or {}
    groups = module.get("groups", ())
    lines: list[Line] = []
    for denominator in module.get("denoms", ()):
        counts = _cells(groups, denominator.get("counts", ()), "value")
        lines.append(Line(str(denominator.get("units", "")), counts, total=True, counted=True))
    for measure in module.get("measures", ()):
        lines += _measure_lines(measure, groups)
    return Grid(_titles(groups), tuple(lines))


def _measure_lines(measure: Json, groups: Iterable[Json]) -> list[Line]:
    unit = str(measure.get("unitOfMeasure", ""))
    kind = _kind(measure)
    heading = str(measure.get("title", ""))
    body = _class_lines(measure, groups)
    tail = " · ".join(part for part in (kind, unit) if part)
    heading = f"{heading} ({tail})" if tail else heading
    if len(body) == 1 and not body[0].label:
        return [Line(heading, body[0].cells)]
    return [Line(heading), *(Line(b.label, b.cells, b.indent + 1) for b in body)]


def _kind(measure: Json) -> str:
    """ "Mean (standard deviation)"; nothing for a plain count."""
    param = str(measure.get("paramType", "")).replace("_", " ").capitalize()
    spread = str(measure.get("dispersionType", "")).replace("_", " ").lower()
    return "" if param.startswith(("Count", "Number")) and not spread else f"{param}, {spread}" if spread else param


def _class_lines(measure: Json, groups: Iterable[Json]) -> list[Line]:
    lines: list[Line] = []
    for row in measure.get("classes", ()):
        title = str(row.get("title", ""))
        categories = row.get("categories", ())
        if len(categories) == 1 and not categories[0].get("title"):
            lines.append(Line(title, _measured(groups, categories[0])))
            continue
        if title:
            lines.append(Line(title))
        lines += [Line(str(c.get("title", "")), _measured(groups, c), indent=bool(title)) for c in categories]
    return lines


def _measured(groups: Iterable[Json], category: Json) -> tuple[str, ...]:
    by_group = {str(m.get("groupId", "")): m for m in category.get("measurements", ())}
    return tuple(_shown(by_group.get(str(g["id"]), {})) for g in groups)


def _shown(found: Json) -> str:
    """A measurement as text: 62.1, 62.1 ± 8.3, or 62.1 (54.0 to 70.2)."""
    value = str(found.get("value", "")) or "–"
    limits = [str(found.get(name, "")) for name in ("lowerLimit", "upperLimit")]
    if any(limits):
        return f"{value} ({limits[0] or 'NA'} to {limits[1] or 'NA'})"
    return f"{value} ± {found['spread']}" if found.get("spread") not in (None, "") else value


def outcomes(section: Json) -> tuple[Outcome, ...]:
    module: Json = section.get("outcomeMeasuresModule") or {}
    return tuple(_outcome(measure) for measure in module.get("outcomeMeasures", ()))


def _outcome(measure: Json) -> Outcome:
    groups = measure.get("groups", ())
    lines = [
        Line(str(d.get("units", "")), _cells(groups, d.get("counts", ()), "value"), total=True, counted=True)
        for d in measure.get("denoms", ())
    ]
    return Outcome(
        rank=str(measure.get("type", "")),
        title=str(measure.get("title", "")),
        description=str(measure.get("description", "")),
        time_frame=str(measure.get("timeFrame", "")),
        population=str(measure.get("populationDescription", "")),
        unit=str(measure.get("unitOfMeasure", "")),
        measure=_kind(measure),
        grid=Grid(_titles(groups), (*lines, *_class_lines(measure, groups))),
        intervals=_intervals(measure),
        analyses=tuple(_analysis(a) for a in measure.get("analyses", ())),
    )


def _number(text: object) -> float | None:
    with contextlib.suppress(TypeError, ValueError):
        return float(str(text))
    return None


def _intervals(measure: Json) -> tuple[Interval, ...]:
    """Every measurement that has both limits, on one axis; each analysis that has them, on its own."""
    unit = str(measure.get("unitOfMeasure", ""))
    named = {str(g["id"]): str(g.get("title", "")) for g in measure.get("groups", ())}
    found: list[tuple[str, tuple[float, float, float]]] = []
    for row in measure.get("classes", ()):
        for category in row.get("categories", ()):
            for m in category.get("measurements", ()):
                parts = (row.get("title"), category.get("title"), named.get(m.get("groupId", "")))
                if numbers := _three(m, "value", "lowerLimit", "upperLimit"):
                    found.append((" · ".join(part for part in parts if part), numbers))
    start, stop = _axis(unit, [v for _, numbers in found for v in numbers])
    drawn = [Interval(label, *numbers, start, stop, unit) for label, numbers in found]
    for analysis in measure.get("analyses", ()):
        label = str(analysis.get("paramType", ""))
        if numbers := _three(analysis, "paramValue", "ciLowerLimit", "ciUpperLimit"):
            drawn.append(Interval(label, *numbers, *_axis(label, list(numbers)), ""))
    return tuple(drawn)


def _three(found: Json, *names: str) -> tuple[float, float, float] | None:
    """An estimate and its limits; None unless all are numbers."""
    values = [_number(found.get(name)) for name in names]
    value, low, high = values
    return None if value is None or low is None or high is None else (value, low, high)


def _axis(unit: str, values: list[float]) -> tuple[float, float]:
    if "percent" in unit.lower() or "%" in unit:
        return 0.0, 100.0
    low, high = min([0.0, *values]), max(values, default=1.0)
    return low, high + (high - low) * 0.05 or 1.0


ANALYSIS_FIELDS = (
    "statisticalMethod",
    "paramType",
    "pValue",
    "statisticalComment",
    "estimateComment",
    "groupDescription",
)


def _analysis(analysis: Json) -> tuple[tuple[str, str], ...]:
    """What was tested, as (field of the registry, text) pairs in a fixed order."""
    pairs = [(field, str(analysis[field])) for field in ANALYSIS_FIELDS if analysis.get(field)]
    if analysis.get("paramValue") not in (None, ""):
        limits = [str(analysis.get(k, "")) for k in ("ciLowerLimit", "ciUpperLimit")]
        level = str(analysis.get("ciPctValue", "")).removesuffix(".00").removesuffix(".0")
        interval = f"{level}\u202f%: {limits[0] or '−∞'} to {limits[1] or '∞'}"
        pairs.insert(min(2, len(pairs)), ("paramValue", f"{analysis['paramValue']} ({interval})"))
    return tuple(pairs)


def events(section: Json, wanted: str = "") -> Events:
    """Adverse events; `wanted` keeps the terms and organ systems that contain it."""
    module: Json = section.get("adverseEventsModule") or {}
    groups = module.get("eventGroups", ())
    return Events(
        time_frame=str(module.get("timeFrame", "")),
        description=str(module.get("description", "")),
        threshold=str(module.get("frequencyThreshold", "")),
        totals=_totals(groups),
        serious=_terms(module.get("seriousEvents", ()), groups, wanted),
        other=_terms(module.get("otherEvents", ()), groups, wanted),
    )


def _totals(groups: Iterable[Json]) -> Grid:
    lines = tuple(
        Line(kind, tuple(_of(g.get(f"{kind}NumAffected"), g.get(f"{kind}NumAtRisk")) for g in groups))
        for kind in ("deaths", "serious", "other")
    )
    return Grid(_titles(groups), lines)


def _of(affected: object, at_risk: object) -> str:
    if affected is None:
        return "–"
    share = f" ({100 * int(str(affected)) / int(str(at_risk)):.1f}\u202f%)" if at_risk else ""
    return f"{affected} / {at_risk}{share}" if at_risk is not None else str(affected)


def _terms(terms: Iterable[Json], groups: Iterable[Json], wanted: str) -> Grid:
    """One line a term under its organ system; the most frequent first within each."""
    chosen = [t for t in terms if wanted.lower() in f"{t.get('organSystem', '')} {t.get('term', '')}".lower()]
    by_system: dict[str, list[Json]] = {}
    for term in chosen:
        by_system.setdefault(str(term.get("organSystem", "")), []).append(term)
    lines: list[Line] = []
    for system in sorted(by_system):
        lines.append(Line(system))
        for term in sorted(by_system[system], key=lambda t: (-_affected(t), str(t.get("term", "")))):
            stats = {str(s.get("groupId", "")): s for s in term.get("stats", ())}
            found = [stats.get(str(g["id"]), {}) for g in groups]
            cells = tuple(_of(s.get("numAffected"), s.get("numAtRisk")) for s in found)
            lines.append(Line(str(term.get("term", "")), cells, indent=1))
    return Grid(_titles(groups), tuple(lines))


def _affected(term: Json) -> int:
    return sum(int(s.get("numAffected") or 0) for s in term.get("stats", ()))
