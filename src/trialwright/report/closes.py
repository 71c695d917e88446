"""Does a results section add up? The registry's own arithmetic rules, as sentences where one is broken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]
_SLACK = 0.06
"""Limits are rounded apart from their estimate."""


def check_results_section(section: Json) -> list[str]:
    """Every broken rule, each as one sentence that names its place; empty if the section closes."""
    flow = section.get("participantFlowModule", {})
    return [
        *_flow(flow),
        *_baseline(section.get("baselineCharacteristicsModule", {}), flow),
        *_outcomes(section.get("outcomeMeasuresModule", {})),
        *_events(section.get("adverseEventsModule", {})),
    ]


def _number(value: object) -> float | None:
    """The number in the registry's text ("=0.247", "<0.001", "1,204"), or None ("NA", words)."""
    match = re.fullmatch(r"\s*[<>=~≤≥]*\s*(-?[\d,]*\.?\d+(?:[eE]-?\d+)?)\s*%?\s*", str(value))
    return float(match.group(1).replace(",", "")) if match else None


def _by_group(stats: Iterable[Json], key: str) -> dict[str, float]:
    pairs = ((s["groupId"], _number(s.get(key))) for s in stats)
    return {group: value for group, value in pairs if value is not None}


def _flow(flow: Json) -> Iterator[str]:
    for period in flow.get("periods", ()):
        where = f"Participant flow, '{period.get('title', '')}'"
        counts = {m["type"]: _by_group(m.get("achievements", ()), "numSubjects") for m in period.get("milestones", ())}
        reasons = [_by_group(d.get("reasons", ()), "numSubjects") for d in period.get("dropWithdraws", ())]
        missing = {"STARTED", "COMPLETED"} - set(counts)
        if missing:
            yield f"{where}: there is no milestone {' and '.join(sorted(missing))}."
            continue
        for group, started in counts["STARTED"].items():
            done = counts["COMPLETED"].get(group, 0.0)
            lost = counts.get("NOT COMPLETED", {}).get(group, started - done)
            if started != done + lost:
                yield f"{where}, {group}: {started:g} started, but {done:g} completed and {lost:g} did not."
            told = sum(r.get(group, 0.0) for r in reasons)
            if reasons and told != lost:
                yield f"{where}, {group}: {lost:g} did not complete, but the reasons add up to {told:g}."


def _started(flow: Json) -> float | None:
    """All who started the first period."""
    for period in flow.get("periods", ())[:1]:
        for milestone in period.get("milestones", ()):
            if milestone["type"] == "STARTED":
                return sum(_by_group(milestone.get("achievements", ()), "numSubjects").values())
    return None


def _baseline(module: Json, flow: Json) -> Iterator[str]:
    whole = _denominators(module)
    totals = [g["id"] for g in module.get("groups", ()) if g.get("title") == "Total"]
    parts = {g: n for g, n in whole.items() if g not in totals}
    for total in totals:
        if total in whole and whole[total] != sum(parts.values()):
            yield f"Baseline: the groups add up to {sum(parts.values()):g}, but the total says {whole[total]:g}."
    started = _started(flow)
    if started is not None and parts and sum(parts.values()) != started and not module.get("populationDescription"):
        yield f"Baseline: {sum(parts.values()):g} analysed and {started:g} started, without an explanation."
    for measure in module.get("measures", ()):
        yield from _measure(measure, whole, f"Baseline, '{measure.get('title', '')}'")


def _denominators(shape: Json) -> dict[str, float]:
    for denom in shape.get("denoms", ()):
        if denom.get("units") == "Participants":
            return _by_group(denom.get("counts", ()), "value")
    return {}


def _measure(measure: Json, whole: dict[str, float], where: str) -> Iterator[str]:
    whole = whole | _denominators(measure)
    counted = measure.get("paramType") == "COUNT_OF_PARTICIPANTS"
    for part in measure.get("classes", ()):
        denominators = whole | _denominators(part)
        sums: dict[str, float] = {}
        for category in part.get("categories", ()):
            stats = category.get("measurements", ())
            for stat in stats:
                yield from _limits(stat, f"{where}, {stat['groupId']}")
            for group, value in _by_group(stats, "value").items():
                sums[group] = max(sums.get(group, 0.0), value)
        for group, value in sums.items():
            if counted and value > denominators.get(group, value):
                yield f"{where}, {group}: {value:g} participants counted of {denominators[group]:g}."
        if counted and _exclusive(measure):
            yield from _adds_up(part, denominators, where)


def _exclusive(measure: Json) -> bool:
    """Measures whose categories divide the participants by definition."""
    return str(measure.get("title", "")).startswith(("Sex: Female, Male", "Age, Categorical"))


def _adds_up(part: Json, denominators: dict[str, float], where: str) -> Iterator[str]:
    sums: dict[str, float] = {}
    for category in part.get("categories", ()):
        for group, value in _by_group(category.get("measurements", ()), "value").items():
            sums[group] = sums.get(group, 0.0) + value
    for group, value in sums.items():
        if value != denominators.get(group, value):
            yield f"{where}, {group}: the categories add up to {value:g} of {denominators[group]:g}."


def _limits(stat: Json, where: str) -> Iterator[str]:
    value, low, high = (_number(stat.get(k)) for k in ("value", "lowerLimit", "upperLimit"))
    if value is not None and low is not None and value < low - _SLACK:
        yield f"{where}: the value {value:g} lies below its lower limit {low:g}."
    if value is not None and high is not None and value > high + _SLACK:
        yield f"{where}: the value {value:g} lies above its upper limit {high:g}."


def _outcomes(module: Json) -> Iterator[str]:
    for outcome in module.get("outcomeMeasures", ()):
        where = f"Outcome '{outcome.get('title', '')}'"
        groups = {g["id"] for g in outcome.get("groups", ())}
        whole = _denominators(outcome)
        if not set(whole) <= groups:
            yield f"{where}: a denominator names a group that is not there."
        yield from _measure(outcome, whole, where)
        for analysis in outcome.get("analyses", ()):
            yield from _analysis(analysis, groups, f"{where}, analysis")


def _analysis(analysis: Json, groups: set[str], where: str) -> Iterator[str]:
    if not set(analysis.get("groupIds", ())) <= groups:
        yield f"{where}: it names a group that is not there."
    chance = _number(analysis.get("pValue"))
    if chance is not None and not 0 <= chance <= 1:
        yield f"{where}: the p-value {chance:g} is not between 0 and 1."
    keys = {"value": "paramValue", "lowerLimit": "ciLowerLimit", "upperLimit": "ciUpperLimit"}
    yield from _limits({name: analysis.get(key) for name, key in keys.items()}, where)


def _events(module: Json) -> Iterator[str]:
    for group in module.get("eventGroups", ()):
        for kind in ("deaths", "serious", "other"):
            affected, at_risk = group.get(f"{kind}NumAffected"), group.get(f"{kind}NumAtRisk")
            if affected is not None and at_risk is not None and affected > at_risk:
                yield f"Adverse events, {group['id']}: {kind} affected {affected} of {at_risk}."
        for kind in ("serious", "other"):
            yield from _terms(module.get(f"{kind}Events", ()), group, kind)


def _terms(events: Iterable[Json], group: Json, kind: str) -> Iterator[str]:
    most = total = 0
    for event in events:
        for stat in event.get("stats", ()):
            if stat["groupId"] != group["id"] or stat.get("numAffected") is None:
                continue
            affected, where = stat["numAffected"], f"Adverse events, {event.get('term')}, {group['id']}"
            most, total = max(most, affected), total + affected
            if affected > stat.get("numAtRisk", affected):
                yield f"{where}: {affected} affected of {stat['numAtRisk']} at risk."
            if stat.get("numEvents", affected) < affected:
                yield f"{where}: {affected} affected by only {stat['numEvents']} events."
    whole = group.get(f"{kind}NumAffected")
    if whole is not None and not most <= whole <= total:
        yield f"Adverse events, {group['id']}: {whole} affected by any {kind} event, by single terms {most} to {total}."
