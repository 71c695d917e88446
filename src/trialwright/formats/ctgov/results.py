"""The results section of a record: participant flow, baseline, outcome measures, adverse events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trialwright.formats.ctgov.part import Part


@dataclass(frozen=True, slots=True)
class PostedGroup:
    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Subjects of one group. `subjects` is text as posted: the registry writes numbers as text."""

    group: str
    subjects: str
    comment: str


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A milestone (STARTED, COMPLETED, NOT COMPLETED, ...) or a reason for leaving."""

    kind: str
    counts: tuple[GroupCount, ...]


@dataclass(frozen=True, slots=True)
class Period:
    title: str
    milestones: tuple[FlowRow, ...]
    withdrawals: tuple[FlowRow, ...]


@dataclass(frozen=True, slots=True)
class PostedFlow:
    recruitment: str
    pre_assignment: str
    groups: tuple[PostedGroup, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Denominator:
    units: str
    counts: tuple[GroupCount, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one group, as posted."""

    group: str
    value: str
    spread: str
    low: str
    high: str
    comment: str


@dataclass(frozen=True, slots=True)
class PostedCategory:
    title: str
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class MeasureClass:
    title: str
    denominators: tuple[Denominator, ...]
    categories: tuple[PostedCategory, ...]


@dataclass(frozen=True, slots=True)
class BaselineMeasure:
    title: str
    description: str
    population: str
    param: str
    dispersion: str
    unit: str
    denominators: tuple[Denominator, ...]
    classes: tuple[MeasureClass, ...]


@dataclass(frozen=True, slots=True)
class PostedBaseline:
    population: str
    groups: tuple[PostedGroup, ...]
    denominators: tuple[Denominator, ...]
    measures: tuple[BaselineMeasure, ...]


@dataclass(frozen=True, slots=True)
class PostedAnalysis:
    groups: tuple[str, ...]
    method: str
    p_value: str
    param: str
    value: str
    confidence: str
    sides: str
    low: str
    high: str
    comment: str
    about: str = ""
    """What the analysis compares, in the record's words."""
    p_comment: str = ""
    hypothesis: str = ""
    """SUPERIORITY, NON_INFERIORITY, ..."""
    dispersion: str = ""
    spread: str = ""


@dataclass(frozen=True, slots=True)
class PostedOutcome:
    rank: str
    title: str
    description: str
    population: str
    time_frame: str
    reporting: str
    param: str
    dispersion: str
    unit: str
    groups: tuple[PostedGroup, ...]
    denominators: tuple[Denominator, ...]
    classes: tuple[MeasureClass, ...]
    analyses: tuple[PostedAnalysis, ...]


@dataclass(frozen=True, slots=True)
class EventGroup:
    id: str
    title: str
    description: str
    deaths: int | None
    deaths_at_risk: int | None
    serious: int | None
    serious_at_risk: int | None
    other: int | None
    other_at_risk: int | None


@dataclass(frozen=True, slots=True)
class EventCount:
    group: str
    events: int | None
    affected: int | None
    at_risk: int | None


@dataclass(frozen=True, slots=True)
class PostedEvent:
    term: str
    organ_class: str
    vocabulary: str
    assessment: str
    notes: str
    counts: tuple[EventCount, ...]


@dataclass(frozen=True, slots=True)
class PostedEvents:
    threshold: str
    time_frame: str
    description: str
    groups: tuple[EventGroup, ...]
    serious: tuple[PostedEvent, ...]
    other: tuple[PostedEvent, ...]


@dataclass(frozen=True, slots=True)
class PostedResults:
    flow: PostedFlow
    baseline: PostedBaseline
    outcomes: tuple[PostedOutcome, ...]
    events: PostedEvents
    limitations: str


_COMMENTS = (
    "statisticalComment", "estimateComment", "ciLowerLimitComment", "ciUpperLimitComment", "nonInferiorityComment",
    "otherAnalysisDescription",
)  # fmt: skip


def read_results(part: Part) -> PostedResults:
    """Read `resultsSection`. Raises InputError where a part has the wrong type."""
    measures = part.part("outcomeMeasuresModule")
    return PostedResults(
        flow=_flow(part.part("participantFlowModule")),
        baseline=_baseline(part.part("baselineCharacteristicsModule")),
        outcomes=tuple(_outcome(entry) for entry in measures.parts("outcomeMeasures")),
        events=_events(part.part("adverseEventsModule")),
        limitations=part.part("moreInfoModule").part("limitationsAndCaveats").text("description"),
    )


def _groups(part: Part) -> tuple[PostedGroup, ...]:
    return tuple(PostedGroup(p.text("id"), p.text("title"), p.text("description")) for p in part.parts("groups"))


def _flow(part: Part) -> PostedFlow:
    return PostedFlow(
        recruitment=part.text("recruitmentDetails"),
        pre_assignment=part.text("preAssignmentDetails"),
        groups=_groups(part),
        periods=tuple(
            Period(
                title=period.text("title"),
                milestones=tuple(_flow_rows(period, "milestones", "achievements")),
                withdrawals=tuple(_flow_rows(period, "dropWithdraws", "reasons")),
            )
            for period in part.parts("periods")
        ),
    )


def _flow_rows(period: Part, rows: str, counts: str) -> Iterator[FlowRow]:
    for row in period.parts(rows):
        found = (GroupCount(p.text("groupId"), p.text("numSubjects"), p.text("comment")) for p in row.parts(counts))
        yield FlowRow(row.text("type"), tuple(found))


def _denominators(part: Part) -> tuple[Denominator, ...]:
    return tuple(
        Denominator(
            denom.text("units"),
            tuple(GroupCount(p.text("groupId"), p.text("value"), "") for p in denom.parts("counts")),
        )
        for denom in part.parts("denoms")
    )


def _classes(part: Part) -> tuple[MeasureClass, ...]:
    return tuple(
        MeasureClass(
            title=entry.text("title"),
            denominators=_denominators(entry),
            categories=tuple(
                PostedCategory(p.text("title"), tuple(_measurement(m) for m in p.parts("measurements")))
                for p in entry.parts("categories")
            ),
        )
        for entry in part.parts("classes")
    )


def _measurement(part: Part) -> Measurement:
    return Measurement(
        group=part.text("groupId"),
        value=part.text("value"),
        spread=part.text("spread"),
        low=part.text("lowerLimit"),
        high=part.text("upperLimit"),
        comment=part.text("comment"),
    )


def _baseline(part: Part) -> PostedBaseline:
    return PostedBaseline(
        population=part.text("populationDescription"),
        groups=_groups(part),
        denominators=_denominators(part),
        measures=tuple(
            BaselineMeasure(
                title=measure.text("title"),
                description=measure.text("description"),
                population=measure.text("populationDescription"),
                param=measure.text("paramType"),
                dispersion=measure.text("dispersionType"),
                unit=measure.text("unitOfMeasure"),
                denominators=_denominators(measure),
                classes=_classes(measure),
            )
            for measure in part.parts("measures")
        ),
    )


def _outcome(part: Part) -> PostedOutcome:
    return PostedOutcome(
        rank=part.text("type"),
        title=part.text("title"),
        description=part.text("description"),
        population=part.text("populationDescription"),
        time_frame=part.text("timeFrame"),
        reporting=part.text("reportingStatus"),
        param=part.text("paramType"),
        dispersion=part.text("dispersionType"),
        unit=part.text("unitOfMeasure"),
        groups=_groups(part),
        denominators=_denominators(part),
        classes=_classes(part),
        analyses=tuple(_analysis(entry) for entry in part.parts("analyses")),
    )


def _analysis(part: Part) -> PostedAnalysis:
    return PostedAnalysis(
        groups=part.texts("groupIds"),
        method=part.text("statisticalMethod"),
        p_value=part.text("pValue"),
        param=part.text("paramType"),
        value=part.text("paramValue"),
        confidence=part.text("ciPctValue"),
        sides=part.text("ciNumSides"),
        low=part.text("ciLowerLimit"),
        high=part.text("ciUpperLimit"),
        comment=" ".join(filter(None, map(part.text, _COMMENTS))),
        about=part.text("groupDescription"),
        p_comment=part.text("pValueComment"),
        hypothesis=part.text("nonInferiorityType"),
        dispersion=part.text("dispersionType"),
        spread=part.text("dispersionValue"),
    )


def _events(part: Part) -> PostedEvents:
    return PostedEvents(
        threshold=part.text("frequencyThreshold"),
        time_frame=part.text("timeFrame"),
        description=part.text("description"),
        groups=tuple(_event_group(entry) for entry in part.parts("eventGroups")),
        serious=tuple(_event(entry) for entry in part.parts("seriousEvents")),
        other=tuple(_event(entry) for entry in part.parts("otherEvents")),
    )


def _event_group(part: Part) -> EventGroup:
    return EventGroup(
        id=part.text("id"),
        title=part.text("title"),
        description=part.text("description"),
        deaths=part.count("deathsNumAffected"),
        deaths_at_risk=part.count("deathsNumAtRisk"),
        serious=part.count("seriousNumAffected"),
        serious_at_risk=part.count("seriousNumAtRisk"),
        other=part.count("otherNumAffected"),
        other_at_risk=part.count("otherNumAtRisk"),
    )


def _event(part: Part) -> PostedEvent:
    return PostedEvent(
        term=part.text("term"),
        organ_class=part.text("organSystem"),
        vocabulary=part.text("sourceVocabulary"),
        assessment=part.text("assessmentType"),
        notes=part.text("notes"),
        counts=tuple(_event_count(p) for p in part.parts("stats")),
    )


def _event_count(part: Part) -> EventCount:
    """One group's counts. A record may hold tens of thousands: what is right is taken without another look."""
    data = part.data
    group, events, affected, at_risk = map(data.get, ("groupId", "numEvents", "numAffected", "numAtRisk"))
    if (
        type(group) is str
        and type(affected) is int
        and type(at_risk) is int
        and (events is None or type(events) is int)
    ):
        return EventCount(group, events, affected, at_risk)
    return EventCount(part.text("groupId"), part.count("numEvents"), part.count("numAffected"), part.count("numAtRisk"))
