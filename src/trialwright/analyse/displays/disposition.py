"""Who came, who was enrolled, who stayed: participant flow, disposition, recruitment and each subject's course."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import special

from trialwright.analyse.displays import words
from trialwright.analyse.displays.data import Data, Subject
from trialwright.evidence.results import Display, Figure, Flow, Row, Table
from trialwright.formats import svg
from trialwright.kernel.errors import TrialwrightError

ONGOING = "Still on study at the cut"
WAITING = "Still in screening at the cut"


def flow(data: Data) -> Flow:
    """Participant flow; screen failures by the first failing criterion in the record's order.

    Raises TrialwrightError if the counts do not close, which would be a fault of the derivation.
    """
    enrolled = data.enrolled
    failures = Counter(_why_not_enrolled(data, s) for s in data.subjects if s.enrolled is None)
    labels = [f"{c.id} {c.label.en}" for c in data.study.eligibility.criteria]
    reasons = Counter(end_word(data, s) for s in enrolled if s.state != "completed")
    result = Flow(
        screened=len(data.subjects),
        screen_failures=tuple(_in_order(failures, labels)),
        started=len(enrolled),
        milestones=(("Received at least one dose", sum(s.first_dose is not None for s in enrolled)),),
        completed=sum(s.state == "completed" for s in enrolled),
        reasons=tuple(_in_order(reasons, ())),
    )
    check(result)
    return result


def check(result: Flow) -> None:
    """Raise TrialwrightError unless every participant of the flow is counted exactly once."""
    failed, lost = (sum(n for _, n in part) for part in (result.screen_failures, result.reasons))
    if result.screened != result.started + failed:
        raise TrialwrightError(
            f"{result.screened} were screened, but {result.started} were enrolled and {failed} were not.", where="flow"
        )
    if result.started != result.completed + lost:
        raise TrialwrightError(
            f"{result.started} were enrolled, but {result.completed} completed and {lost} did not.", where="flow"
        )


def _in_order(counts: Counter[str], order: Sequence[str]) -> list[tuple[str, int]]:
    """In the given order, what is not in it after, most frequent first."""
    place = {label: index for index, label in enumerate(order)}
    return sorted(counts.items(), key=lambda kv: (place.get(kv[0], len(place)), -kv[1], kv[0]))


def _why_not_enrolled(data: Data, subject: Subject) -> str:
    if subject.state == "screening":
        return WAITING
    states = {c.criterion: c.state for c in data.snapshot.criteria if c.subject == subject.number}
    for criterion in data.study.eligibility.criteria:
        failing = "not_met" if criterion.kind == "inclusion" else "met"
        if states.get(criterion.id) == failing:
            return f"{criterion.id} {criterion.label.en}"
    if any(state == "unknown" for state in states.values()):
        return "Eligibility could not be decided"
    return end_word(data, subject) if subject.reason else "Not enrolled for another reason"


def end_word(data: Data, subject: Subject) -> str:
    """The reason in the registry's words: the label of the choice that was captured."""
    if not subject.reason:
        return ONGOING
    for item in data.study.items:
        if item.sdtm is not None and item.sdtm.variable == "DSDECOD" and (choice := item.choice(subject.reason)):
            return choice.label.en
    return subject.reason.replace("_", " ").capitalize()


def disposition(data: Data, found: Flow, number: str) -> Display:
    """Flow diagram and table, with screen failures by criterion."""
    lost = found.started - found.completed
    dead = sum(s.died for s in data.enrolled)
    finding = (
        f"{found.started} of {found.screened} screened subjects were enrolled; {found.completed} "
        f"({words.percent(found.completed, found.started)}) completed the study"
        + (f", {dead} died." if dead else " and nobody died.")
    )
    dosed = found.milestones[0][1]
    steps = [
        svg.Step(
            "Screened", found.screened, "", ("Not enrolled", found.screened - found.started), found.screen_failures
        ),
        svg.Step(
            "Enrolled", found.started, "", ("Never dosed", found.started - dosed) if dosed < found.started else None
        ),
        svg.Step("Dosed", dosed, "At least one dose", ("Did not complete", lost), found.reasons),
        svg.Step("Completed", found.completed),
    ]
    rows = [
        Row("Screened", (str(found.screened),)),
        Row("Not enrolled", (words.share(found.screened - found.started, found.screened),)),
        *(Row(label, (words.share(n, found.screened),), 1) for label, n in found.screen_failures),
        Row("Enrolled", (str(found.started),)),
        *(Row(label, (words.share(n, found.started),), 1) for label, n in found.milestones),
        Row("Completed", (words.share(found.completed, found.started),)),
        Row("Did not complete", (words.share(lost, found.started),)),
        *(Row(label, (words.share(n, found.started),), 1) for label, n in found.reasons),
    ]
    alt = f"{finding} Not enrolled: {_list(found.screen_failures)}. Did not complete: {_list(found.reasons)}."
    return Display(
        "disposition",
        number,
        "Disposition of subjects",
        finding,
        f"All screened subjects (N = {found.screened})",
        Table("Status", ("Subjects",), tuple(rows)),
        Figure(svg.flow(svg.Words(finding, alt), steps), alt),
        (
            "Percentages above enrolment are of screened, below it of enrolled subjects.",
            "Screen failures stand at the first criterion that failed, in the order of the registry record.",
        ),
        ("ADSL", "DS", "IE"),
    )


def _list(counts: Iterable[tuple[str, int]]) -> str:
    return "; ".join(f"{label} {n}" for label, n in counts) or "none"


def recruitment(data: Data, number: str) -> Display:
    """Enrolment against a straight plan that leaves time for follow-up before the planned completion."""
    registration = data.study.registration
    planned, start = registration.design.enrolment, registration.status.start
    days = sorted(s.enrolled for s in data.enrolled if s.enrolled)
    last_visit = data.study.schedule.days_on_study
    target = max(registration.status.completion - dt.timedelta(days=last_visit), start + dt.timedelta(days=1))
    horizon = max([target, *days])
    finding = _pace(days, planned, target)
    plan = _plan(start, target, planned)
    layers: list[svg.Line | svg.Band | svg.Level] = [
        svg.Band([(svg.day(d), lo, hi) for d, _, lo, hi in plan], "80 % range around the plan"),
        svg.Line([(svg.day(d), mean) for d, mean, _, _ in plan], "Plan", ink="soft", dash="5 4", width=1.75),
        svg.Line(_steps(min([start, *days]), days), "Enrolled", step=True),
        svg.Level(planned, f"Planned: {planned}"),
    ]
    axes = (svg.date_axis("Date of enrolment", min([start, *days]), horizon), svg.Axis("Subjects enrolled", low=0))
    alt = f"{finding} Plan: a straight line from {start} to {planned} subjects on {target}."
    months = Counter(d.strftime("%Y-%m") for d in days)
    running, rows = 0, []
    for month in sorted(months):
        running += months[month]
        rows.append(Row(month, (str(months[month]), str(running), _planned_by(month, plan))))
    return Display(
        "recruitment",
        number,
        "Recruitment against plan",
        finding,
        f"Enrolled subjects (N = {len(days)})",
        Table("Month", ("Enrolled", "Enrolled so far", "Planned by its end"), tuple(rows)),
        Figure(svg.plot(svg.Words(finding, alt), axes, layers), alt),
        (
            f"Plan: even recruitment from the start date to {target}, {last_visit} days before the planned completion.",
            "Range: 10th to 90th percentile of a Poisson process with that pace, cut at the planned number.",
        ),
        ("ADSL",),
    )


_Plan = list[tuple[dt.date, float, float, float]]


def _plan(start: dt.date, target: dt.date, planned: int) -> _Plan:
    length = (target - start).days
    plan: _Plan = []
    counts = np.arange(planned + 1)
    for step in range(41):
        mean = planned * step / 40
        low, high = (min(float(n), planned) for n in np.searchsorted(special.pdtr(counts, mean), (0.1, 0.9)))
        plan.append((start + dt.timedelta(days=round(length * step / 40)), mean, low, high))
    return plan


def _planned_by(month: str, plan: _Plan) -> str:
    year, number = (int(part) for part in month.split("-"))
    end = dt.date(year + number // 12, number % 12 + 1, 1) - dt.timedelta(days=1)
    start, last = plan[0][0], plan[-1]
    share = min(max((end - start).days / (last[0] - start).days, 0.0), 1.0)
    return f"{last[1] * share:.1f}"


def _steps(start: dt.date, days: Sequence[dt.date]) -> list[tuple[float, float]]:
    return [(svg.day(start), 0.0), *((svg.day(d), float(i)) for i, d in enumerate(days, 1))]


def _pace(days: Sequence[dt.date], planned: int, target: dt.date) -> str:
    if len(days) < planned:
        return f"{len(days)} of the planned {planned} subjects are enrolled; the plan ends on {target}."
    reached = days[planned - 1]
    ahead = (target - reached).days
    compared = f"{abs(ahead)} days {'before' if ahead > 0 else 'after'}" if ahead else "on the very day of"
    return f"All {planned} subjects were enrolled by {reached}, {compared} the planned date of {target}."
