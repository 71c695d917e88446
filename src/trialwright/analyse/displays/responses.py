"""Response: the binary endpoint with its exact interval and test, its components, and the time to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trialwright.analyse.adam.time_to_event import last_day
from trialwright.analyse.displays import words
from trialwright.analyse.displays.courses import day_axis, outcome
from trialwright.analyse.displays.data import Data, Subject
from trialwright.analyse.displays.population import AGES
from trialwright.evidence.results import Display, Figure, Outcome, Row, Stat, Table, TestResult
from trialwright.formats import svg
from trialwright.kernel.errors import InputError
from trialwright.science.stats.binomial import Proportion, exact_test, proportion
from trialwright.science.stats.survival import KaplanMeier, kaplan_meier
from trialwright.study.endpoints import Endpoint, ExactTest

RESPONSE, TIMES = "ADRS", "ADTTE"


def rows_of(data: Data, endpoint: Endpoint, dataset: str) -> list[Mapping[str, Any]]:
    """Rows of an endpoint for the subjects of its population."""
    members = {s.key for s in data.of(endpoint.population)}
    return [r for r in data.rows(dataset) if r.get("ENDPTID") == endpoint.id and r["USUBJID"] in members]


def responders(data: Data, endpoint: Endpoint) -> dict[str, bool | None]:
    """Whether each subject of the population responded at the deciding visit; None: it could not be assessed."""
    answers: dict[str, bool | None] = {s.key: None for s in data.of(endpoint.population)}
    deciding = next((v.number for v in data.study.schedule.visits if v.id in endpoint.visits[-1:]), None)
    for row in rows_of(data, endpoint, RESPONSE):
        if not row.get("PARTID") and row.get("AVISITN") == deciding and not row.get("DTYPE"):
            answers[row["USUBJID"]] = {"Y": True, "N": False}.get(str(row.get("AVALC")))
    return answers


def analysed(data: Data, endpoint: Endpoint) -> dict[str, bool]:
    """The same with missing assessments as the definition says: no response, or left out."""
    missing = endpoint.test.missing if endpoint.test else "non_response"
    answers = responders(data, endpoint)
    return {key: bool(a) for key, a in answers.items() if a is not None or missing == "non_response"}


def response(data: Data, endpoint: Endpoint, number: str) -> Display:
    """Responders with exact interval, the test where there is one, and subgroups."""
    answers = analysed(data, endpoint)
    found = _proportion(endpoint, list(answers.values()))
    missing = sum(a is None for a in responders(data, endpoint).values())
    percent = f"{100 * _confidence(endpoint):g} %"
    finding = (
        f"{found.x} of {found.n} subjects responded ({words.percent(found.x, found.n)}; "
        f"exact {percent} confidence interval {_limits(found)} %)"
    )
    rows = [
        Row("Subjects analysed", (str(found.n),)),
        Row("Not assessable", (words.share(missing, found.n),)),
        Row("Responded", (words.share(found.x, found.n),)),
        Row(f"{percent} confidence interval (Clopper-Pearson), %", (_limits(found),)),
    ]
    if endpoint.test is not None:
        verdict, more = _tested(endpoint.test, found)
        finding += verdict
        rows += more
    groups = _subgroups(data, answers)
    rows += [Row("Subgroups", ())]
    for heading, label, chosen in groups:
        part = _proportion(endpoint, chosen)
        cell = f"{part.x}/{part.n} ({words.percent(part.x, part.n)}; {_limits(part)} %)"
        rows.append(Row(f"{heading}: {label}", (cell,), 1))
    return Display(
        f"response-{endpoint.id}".replace("_", "-"),
        number,
        endpoint.title.en,
        f"{finding}.",
        data.named(endpoint.population),
        Table("Measure", (f"All (N = {found.n})",), tuple(rows)),
        _forest(endpoint, found, groups, finding) if found.n else None,
        _response_notes(endpoint),
        ("ADSL", RESPONSE),
    )


def _confidence(endpoint: Endpoint) -> float:
    return endpoint.test.confidence if endpoint.test else 0.95


def _proportion(endpoint: Endpoint, answers: Sequence[bool]) -> Proportion:
    return proportion(sum(answers), len(answers), confidence=_confidence(endpoint))


def _limits(found: Proportion) -> str:
    if found.low is None or found.high is None:
        return words.NONE
    return words.interval(100 * found.low, 100 * found.high)


def _tested(test: ExactTest, found: Proportion) -> tuple[str, list[Row]]:
    p = exact_test(found.x, found.n, test.null).p_value
    if p is None:
        return "", []
    met = p <= test.alpha
    sign = "" if p < 0.0001 else "= "
    verdict = f"; a rate of {100 * test.null:g} % is {'rejected' if met else 'not rejected'}"
    verdict += f" (one-sided exact p {sign}{words.p_value(p)}, limit {test.alpha:g})"
    rows = [
        Row(f"Null rate {100 * test.null:g} %, one-sided exact p-value", (words.p_value(p),)),
        Row(f"Null rate rejected at {100 * test.alpha:g} %", ("Yes" if met else "No",)),
    ]
    return verdict, rows


def _response_notes(endpoint: Endpoint) -> tuple[str, ...]:
    left_out = endpoint.test is not None and endpoint.test.missing == "excluded"
    told = "are left out" if left_out else "count as not responding"
    parts = "; ".join(part.label.en for part in endpoint.parts)
    notes = [f"Subjects who could not be assessed {told}."]
    if parts:
        notes.append(f"Response: all of: {parts}.")
    return (*notes, "Subgroups are described, not tested.")


_Group = tuple[str, str, list[bool]]


def _subgroups(data: Data, answers: Mapping[str, bool]) -> list[_Group]:
    """Answers by sex and age group, where the group has anybody."""
    kinds: list[tuple[str, str, Callable[[Subject], bool]]] = [
        ("Sex", "female", lambda s: s.sex == "F"),
        ("Sex", "male", lambda s: s.sex == "M"),
    ]
    for low, high, word in AGES:
        kinds.append(("Age", word, lambda s, low=low, high=high: s.age is not None and low <= s.age < high))  # type: ignore[misc]  # mypy cannot type defaults of a lambda
    found = [
        (h, label, [answers[s.key] for s in data.subjects if s.key in answers and of(s)]) for h, label, of in kinds
    ]
    return [group for group in found if group[2]]


def _forest(endpoint: Endpoint, found: Proportion, groups: Sequence[_Group], finding: str) -> Figure:
    rows = [_interval("All", found, strong=True)]
    heading = ""
    for kind, label, answers in groups:
        if kind != heading:
            heading = kind
            rows.append(svg.Interval(kind))
        rows.append(_interval(label.capitalize(), _proportion(endpoint, answers)))
    reference = (100 * endpoint.test.null, f"Null {100 * endpoint.test.null:g} %") if endpoint.test else None
    axis = svg.Axis("Responders", "%", low=0, high=100)
    told = "; ".join(f"{row.label} {row.note}" for row in rows if row.note)
    alt = f"Share of responders with exact confidence intervals. {told}."
    return Figure(svg.intervals(svg.Words(f"{finding}.", alt), axis, rows, reference=reference), alt)


def _interval(label: str, found: Proportion, *, strong: bool = False) -> svg.Interval:
    estimate, low, high = (100 * (v or 0.0) for v in (found.estimate, found.low, found.high))
    note = f"{found.x}/{found.n} ({words.percent(found.x, found.n)}; {_limits(found)})"
    return svg.Interval(label, note, estimate, low, high, strong)


def response_outcome(data: Data, endpoint: Endpoint) -> Outcome:
    """Count of responders, with rate, interval and test as its analysis."""
    found = _proportion(endpoint, list(analysed(data, endpoint).values()))
    tests = []
    if found.estimate is not None and found.low is not None and found.high is not None:
        test = endpoint.test
        tests.append(
            TestResult(
                method="Exact binomial test" if test else "Clopper-Pearson interval",
                estimate_label="Response rate (%)",
                estimate=100 * found.estimate,
                confidence=100 * found.confidence,
                low=100 * found.low,
                high=100 * found.high,
                p_value=exact_test(found.x, found.n, test.null).p_value if test else None,
                sides=1,
                null=test.null if test else None,
                comment=f"One-sided test against a rate of {100 * test.null:g} %." if test else "",
            )
        )
    return Outcome(
        endpoint=endpoint.id,
        rank=endpoint.rank,
        title=endpoint.title.en,
        description=endpoint.description.en,
        time_frame=endpoint.time_frame.en,
        population=data.named(endpoint.population),
        analysed=found.n,
        param="COUNT_OF_PARTICIPANTS",
        dispersion="",
        unit="Participants",
        stats=(Stat("", found.x, n=found.n),),
        tests=tuple(tests),
    )


def components(data: Data, endpoint: Endpoint, number: str) -> Display:
    """How many met each part of a composite, at each visit at which it was assessed."""
    rows = _assessed(data, endpoint)
    numbers = {v.id: v.number for v in data.study.schedule.visits}
    present = {r.get("AVISITN") for r in rows}
    visits = [v for v in data.study.schedule.visits if numbers[v.id] in present]
    names = {**{p.id: p.label.en for p in endpoint.parts}, "": "All parts"}
    counts = {(p, v.id): _met(rows, p, v.number) for p in names for v in visits}
    table = []
    for name, label in names.items():
        table.append(Row(label, tuple(f"{x}/{n}" for x, n in (counts[name, v.id] for v in visits))))
    last = next((v for v in visits if v.id in endpoint.visits[-1:]), None)
    finding, figure = "No part was assessed.", None
    if last is not None:
        at = [(p.label.en, *counts[p.id, last.id]) for p in endpoint.parts]
        hardest = min(at, key=lambda row: row[1] / row[2] if row[2] else 1.0)
        finding = (
            f"At {words.lower_first(last.label.en)} the part met least often was "
            f"'{words.lower_first(hardest[0])}': {hardest[1]} of {hardest[2]} ({words.percent(*hardest[1:])})."
        )
        figure = _part_bars(at, last.label.en, finding)
    return Display(
        f"components-{endpoint.id}".replace("_", "-"),
        number,
        f"Parts of: {words.lower_first(endpoint.title.en)}",
        finding,
        data.named(endpoint.population),
        Table("Part", tuple(v.label.en for v in visits), tuple(table)),
        figure,
        ("Subjects who met the part, of those in whom it was assessed at the visit.",),
        ("ADSL", RESPONSE),
    )


def _assessed(data: Data, endpoint: Endpoint) -> list[Mapping[str, Any]]:
    """Assessments at any visit, also those made for other endpoints with the same parts; each once."""
    alike = [e for e in data.study.endpoints.endpoints if e.parts == endpoint.parts]
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in (row for same in alike for row in rows_of(data, same, RESPONSE)):
        if not row.get("DTYPE"):
            found.setdefault((row["USUBJID"], row.get("AVISITN"), row.get("PARTID") or ""), row)
    return list(found.values())


def _met(rows: Sequence[Mapping[str, Any]], part: str, visit: float) -> tuple[int, int]:
    answers = [r.get("AVALC") for r in rows if (r.get("PARTID") or "") == part and r.get("AVISITN") == visit]
    return answers.count("Y"), answers.count("Y") + answers.count("N")


def _part_bars(at: Sequence[tuple[str, int, int]], visit: str, finding: str) -> Figure:
    bars = [svg.Bar(name, (100 * x / n if n else 0.0,), f"{x}/{n} ({words.percent(x, n)})") for name, x, n in at]
    told = "; ".join(f"{bar.label} {bar.note}" for bar in bars)
    alt = f"Parts met at {words.lower_first(visit)}: {told}."
    axis = svg.Axis(f"Met the part at {words.lower_first(visit)}", "% of assessed", low=0, high=100)
    return Figure(svg.bars(svg.Words(finding, alt), axis, bars), alt)


def times(data: Data, endpoint: Endpoint) -> dict[str, tuple[float, bool]]:
    """Study day of the event (day 1: first dose), or of the last assessment (False: censored), by subject."""
    rows = (r for r in rows_of(data, endpoint, TIMES) if r.get("AVAL") is not None)
    return {r["USUBJID"]: (float(r["AVAL"]), r.get("CNSR") == 0) for r in rows}


def _curve(data: Data, endpoint: Endpoint) -> KaplanMeier:
    found = list(times(data, endpoint).values())
    if any(time < 0 for time, _ in found):
        raise InputError(f"Endpoint '{endpoint.id}' has a time before the first dose.", where=TIMES)
    return kaplan_meier([t for t, _ in found], [seen for _, seen in found])


def time_to_event(data: Data, endpoint: Endpoint, number: str) -> Display:
    """Kaplan-Meier figure of the share with the event, with numbers at risk; table at the endpoint's visits."""
    found = _curve(data, endpoint)
    median, events = found.quantile(0.5), int(found.events.sum())
    ends = words.interval(median.low, median.high, 0).replace(words.NONE, "not reached")
    middle = f"{words.number(median.value, 0)} days (95 % interval {ends})"
    finding = f"{events} of {found.n} subjects had the event; " + (
        f"the median time was {middle}." if median.value is not None else "the median time was not reached."
    )
    rows = [
        Row("Subjects", (str(found.n),)),
        Row("With the event", (words.share(events, found.n),)),
        Row("Censored", (words.share(found.n - events, found.n),)),
        Row("Time (days), Kaplan-Meier estimate with 95 % confidence interval"),
    ]
    for label, share in (("First quartile", 0.25), ("Median", 0.5), ("Third quartile", 0.75)):
        q = found.quantile(share)
        rows.append(Row(label, (f"{words.number(q.value, 0)} ({words.interval(q.low, q.high, 0)})",), 1))
    rows.append(Row("Share with the event by visit, % (95 % confidence interval)"))
    for visit in data.study.schedule.visits:
        if visit.id in endpoint.visits:
            free, low, high = found.at(visit.offset + visit.window.after + 1)
            cell = f"{100 * (1 - free):.1f} ({words.interval(100 * (1 - high), 100 * (1 - low))})"
            rows.append(Row(visit.label.en, (cell,), 1))
    return Display(
        f"time-{endpoint.id}".replace("_", "-"),
        number,
        endpoint.title.en,
        finding,
        data.named(endpoint.population),
        Table("Measure", (f"All (N = {found.n})",), tuple(rows)),
        _curve_figure(data, endpoint, found, finding) if found.n else None,
        (
            *_censoring(data, endpoint),
            "Intervals: Greenwood on the log-log scale; for quantiles Brookmeyer and Crowley.",
            "Day 1 is the day of the first dose. A visit's share includes its window.",
        ),
        ("ADSL", TIMES),
    )


def _censoring(data: Data, endpoint: Endpoint) -> Iterator[str]:
    yield "Subjects without the event are censored at their last assessment."
    if endpoint.aim == "efficacy":
        day = last_day(data.study, endpoint) + 1
        yield (
            f"Those who died or left for lack of efficacy cannot have it later: they are censored on the last planned "
            f"day, {day}, so that they stay in the denominator."
        )


def _curve_figure(data: Data, endpoint: Endpoint, found: KaplanMeier, finding: str) -> Figure:
    last = max(
        [float(found.times[-1]), *(float(v.offset) for v in data.study.schedule.visits if v.id in endpoint.visits)]
    )
    xs = [0.0, *(float(t) for t in found.times)]
    share = [0.0, *(100 * (1 - float(s)) for s in found.survival)]
    low, high = [0.0, *(100 * (1 - found.high))], [0.0, *(100 * (1 - found.low))]
    censored = [(x, y) for x, y, c in zip(xs[1:], share[1:], found.censored, strict=True) if c]
    layers: list[svg.Band | svg.Line | svg.Marks] = [
        svg.Band(
            [(x, float(lo), float(hi)) for x, lo, hi in zip(xs, low, high, strict=True)], "95 % interval", step=True
        ),
        svg.Line(list(zip(xs, share, strict=True)), "With the event (Kaplan-Meier)", step=True),
    ]
    if censored:
        layers.append(svg.Marks(censored, "Censored", shape="tick"))
    x_axis = dataclasses.replace(day_axis(data, last), label="Day, 1 is the first dose", unit="")
    ticks = [t for t, _ in x_axis.ticks]
    known = [t for t, _ in times(data, endpoint).values()]
    at_risk = svg.AtRisk(
        ticks, [("Subjects", [sum(t >= tick for t in known) for tick in ticks])], "Without the event yet"
    )
    axes = (x_axis, svg.Axis("Subjects with the event", "%", low=0, high=100))
    told = "; ".join(f"day {t:g} {100 * (1 - found.at(t)[0]):.0f} %" for t in ticks)
    alt = f"{finding} Share with the event: {told}."
    return Figure(svg.plot(svg.Words(finding, alt), axes, layers, at_risk=at_risk, height=420), alt)


def time_outcome(data: Data, endpoint: Endpoint) -> Outcome:
    """Median time with its interval."""
    found = _curve(data, endpoint)
    median = found.quantile(0.5)
    stat = Stat("", median.value, low=median.low, high=median.high, n=found.n, comment=median.reason)
    base = outcome(data, endpoint, unit="days", stats=(stat,))
    return Outcome(
        **{
            name: getattr(base, name)
            for name in ("endpoint", "rank", "title", "description", "time_frame", "population")
        },
        analysed=found.n,
        param="MEDIAN",
        dispersion="CONFIDENCE_95",
        unit="days",
        stats=base.stats,
    )
