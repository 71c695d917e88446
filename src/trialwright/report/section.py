"""The `resultsSection` of a ClinicalTrials.gov v2 record, written from Results: every count in it can be added up."""

from __future__ import annotations

import math
from typing import Any

from trialwright.evidence.results import AdverseEvents, EventStat, Flow, Measure, Outcome, Results, Stat, TestResult
from trialwright.study.definition import Study

Json = dict[str, Any]

VIRTUAL = "VIRTUAL DATA: a rehearsal with simulated participants; no real participant took part. "
_TYPES = {"primary": "PRIMARY", "secondary": "SECONDARY", "exploratory": "OTHER_PRE_SPECIFIED"}
_SPREADS = {
    "STANDARD_DEVIATION": "Standard Deviation",
    "STANDARD_ERROR": "Standard Error",
    "INTER_QUARTILE_RANGE": "Inter-Quartile Range",
    "FULL_RANGE": "Full Range",
    "CONFIDENCE_80": "80% Confidence Interval",
    "CONFIDENCE_90": "90% Confidence Interval",
    "CONFIDENCE_95": "95% Confidence Interval",
    "CONFIDENCE_99": "99% Confidence Interval",
    "GEOMETRIC_COEFFICIENT": "Geometric Coefficient of Variation",
}
"""The registry's words for dispersion in outcome measures; baseline measures use the enum itself."""


def results_section(results: Results, study: Study) -> Json:
    """All five modules. Groups are FG000, BG000, OG000, EG000: the single arm."""
    mark = VIRTUAL if results.virtual else ""
    return {
        "participantFlowModule": _flow(results.flow, study, mark),
        "baselineCharacteristicsModule": _baseline(results, study, mark),
        "outcomeMeasuresModule": {"outcomeMeasures": [_outcome(o, study, mark) for o in results.outcomes]},
        "adverseEventsModule": _events(results.events, study, mark),
        "moreInfoModule": _more(study, mark),
    }


def text(value: float | int | None) -> str:
    """A number as the registry wants it: a string, four significant digits, "NA" where there is none."""
    if value is None or not math.isfinite(value):
        return "NA"
    if value == int(value):
        return str(int(value))
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def _group(study: Study, prefix: str) -> list[Json]:
    arm = study.registration.arms[0]
    return [{"id": f"{prefix}000", "title": arm.label.en, "description": arm.description.en}]


def _denoms(prefix: str, count: int) -> list[Json]:
    return [{"units": "Participants", "counts": [{"groupId": f"{prefix}000", "value": str(count)}]}]


def _flow(flow: Flow, study: Study, mark: str) -> Json:
    def milestone(kind: str, count: int) -> Json:
        return {"type": kind, "achievements": [{"groupId": "FG000", "numSubjects": str(count)}]}

    not_completed = sum(count for _, count in flow.reasons)
    failures = "; ".join(f"{reason}: {count}" for reason, count in flow.screen_failures)
    details = f"{mark}{flow.screened} screened, {flow.screened - flow.started} not enrolled" + (
        f" ({failures})." if failures else "."
    )
    sites = len(study.registration.sites)
    period: Json = {
        "title": "Overall Study",
        "milestones": [
            milestone("STARTED", flow.started),
            *(milestone(kind, count) for kind, count in flow.milestones),
            milestone("COMPLETED", flow.completed),
            milestone("NOT COMPLETED", not_completed),
        ],
    }
    if flow.reasons:
        period["dropWithdraws"] = [
            {"type": kind, "reasons": [{"groupId": "FG000", "numSubjects": str(count)}]} for kind, count in flow.reasons
        ]
    return {
        "preAssignmentDetails": details,
        "recruitmentDetails": f"{mark}The study has {sites} sites.",
        "groups": _group(study, "FG"),
        "periods": [period],
    }


def _baseline(results: Results, study: Study, mark: str) -> Json:
    return {
        "populationDescription": f"{mark}All enrolled participants.",
        "groups": _group(study, "BG"),
        "denoms": _denoms("BG", results.baseline_n),
        "measures": [_measure(m, results.baseline_n) for m in results.baseline],
    }


def _measure(measure: Measure, analysed: int) -> Json:
    shape: Json = {"title": measure.title, "paramType": measure.param}
    if measure.dispersion:
        shape["dispersionType"] = measure.dispersion
    shape["unitOfMeasure"] = measure.unit
    shape["classes"] = _classes(measure.stats, "BG", analysed)
    return shape


def _classes(stats: tuple[Stat, ...], prefix: str, analysed: int) -> list[Json]:
    """Stats of one group make one class; a class has its own denominator where that differs from the whole."""
    classes: dict[str, Json] = {}
    for stat in stats:
        shape = classes.setdefault(stat.group, {"title": stat.group} if stat.group else {})
        if stat.n is not None and stat.n != analysed:
            shape["denoms"] = _denoms(prefix, stat.n)
        category: Json = {"title": stat.label} if stat.label else {}
        category["measurements"] = [_measurement(stat, prefix)]
        shape.setdefault("categories", []).append(category)
    return list(classes.values())


def _measurement(stat: Stat, prefix: str) -> Json:
    shape: Json = {"groupId": f"{prefix}000", "value": text(stat.value)}
    if stat.spread is not None:
        shape["spread"] = text(stat.spread)
    comment = stat.comment or ("Not estimable from these data." if stat.value is None else "")
    if (stat.low, stat.high) != (None, None):
        shape |= {"lowerLimit": text(stat.low), "upperLimit": text(stat.high)}
        if stat.value is not None and None in (stat.low, stat.high):
            comment = comment or "NA: this limit of the interval was not reached with the subjects analysed."
    return shape | ({"comment": comment} if comment else {})


def _outcome(outcome: Outcome, study: Study, mark: str) -> Json:
    shape: Json = {
        "type": _TYPES[outcome.rank],
        "title": outcome.title[:255],
        "description": f"{mark}{outcome.description}"[:999],
        "populationDescription": outcome.population,
        "reportingStatus": "POSTED",
        "paramType": outcome.param,
    }
    if outcome.dispersion:
        shape["dispersionType"] = _SPREADS[outcome.dispersion]
    shape |= {
        "unitOfMeasure": outcome.unit,
        "timeFrame": outcome.time_frame[:255],
        "groups": _group(study, "OG"),
        "denoms": _denoms("OG", outcome.analysed),
        "classes": _classes(outcome.stats, "OG", outcome.analysed),
    }
    if outcome.tests:
        shape["analyses"] = [_analysis(test) for test in outcome.tests]
    return shape


def _analysis(test: TestResult) -> Json:
    shape: Json = {"groupIds": ["OG000"], "nonInferiorityType": "SUPERIORITY" if test.null is not None else "OTHER"}
    if test.comment:
        shape["groupDescription"] = test.comment
    if test.p_value is not None:
        shape["pValue"] = "<0.0001" if test.p_value < 0.0001 else f"{test.p_value:.4f}"
        shape["pValueComment"] = f"{'One' if test.sides == 1 else 'Two'}-sided"
    shape |= {
        "statisticalMethod": test.method,
        "paramType": test.estimate_label,
        "paramValue": text(test.estimate),
        "ciPctValue": f"{test.confidence:g}",
        "ciNumSides": "TWO_SIDED",
        "ciLowerLimit": text(test.low),
        "ciUpperLimit": text(test.high),
    }
    return shape


def _events(events: AdverseEvents, study: Study, mark: str) -> Json:
    group = _group(study, "EG")[0] | {
        "deathsNumAffected": events.deaths,
        "deathsNumAtRisk": events.at_risk,
        "seriousNumAffected": events.serious_affected,
        "seriousNumAtRisk": events.at_risk,
        "otherNumAffected": events.other_affected,
        "otherNumAtRisk": events.at_risk,
    }
    return {
        "frequencyThreshold": text(events.threshold),
        "timeFrame": events.time_frame,
        "description": f"{mark}Participants who received at least one dose. Events are counted from the first dose on.",
        "eventGroups": [group],
        "seriousEvents": [_event(e) for e in events.terms if e.serious],
        "otherEvents": [_event(e) for e in events.terms if not e.serious],
    }


def _event(event: EventStat) -> Json:
    return {
        "term": event.term,
        "organSystem": event.organ_class,
        "assessmentType": "SYSTEMATIC_ASSESSMENT",
        "stats": [
            {
                "groupId": "EG000",
                "numEvents": event.events,
                "numAffected": event.affected,
                "numAtRisk": event.at_risk,
            }
        ],
    }


def _more(study: Study, mark: str) -> Json:
    registration = study.registration
    shape: Json = {}
    if mark:
        shape["limitationsAndCaveats"] = {
            "description": f"{mark}These results rehearse the trial's procedures before its data exist. "
            "They follow from the assumptions of the study definition and are no evidence on the treatment."
        }
    if registration.central_contacts:
        contact = registration.central_contacts[0]
        point = {"title": contact.name, "organization": registration.sponsor.name}
        point |= {key: value for key, value in (("email", contact.email), ("phone", contact.phone)) if value}
        shape["pointOfContact"] = point
    return shape
