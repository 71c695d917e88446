"""What befalls one patient: adverse events, antibodies, other drugs, and the way out of the study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from trialwright.simulate.disease import Steroids
from trialwright.simulate.draws import Answer, Answers, Row, choose, clip, draw_all, number
from trialwright.study.assumptions import Course, DrugAction, EventKind, Events, Limits, OutcomeClass, TaperLog
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class Exit:
    """Leaves on `day` (from the first dose) for `reason`; `death` when it is the day of death."""

    reason: str
    day: int
    death: bool
    event: EventKind | None


@dataclass(slots=True)
class Period:
    """The days on which something can be observed, and what has become of the treatment by now.

    `doses`: day of each dose that was given, by its number. `held`: numbers of the happenings for which a dose
    waited. `over`: no dose follows any more.
    """

    first_dose: dt.date
    last: dt.date
    doses: dict[int, int] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    over: bool = False

    @property
    def days(self) -> int:
        return (self.last - self.first_dose).days

    def date(self, day: int) -> dt.date:
        return self.first_dose + dt.timedelta(days=day)


@dataclass(frozen=True, slots=True)
class Happening:
    """An adverse event as it is to come: days from the first dose. `dose`: the dose that brings it on. `leaves`: the
    patient leaves because of it. `holds`: a dose that falls into it waits. `place`: where between the limits of its
    grade the values that it pushes lie, from 0 to 1."""

    number: int
    kind: EventKind
    start: int
    end: int
    grade: str
    serious: bool
    related: bool
    dose: int | None
    leaves: bool
    fatal: bool
    holds: bool
    place: float

    def limits(self, item: str) -> Limits | None:
        return self.kind.pushes.get(item, {}).get(self.grade)

    def weight(self, day: int, ramp: float) -> float:
        """1 while the event lasts, falling to 0 over `ramp` days before and after."""
        away = max(self.start - day, day - self.end, 0)
        return max(0.0, 1 - away / ramp)


def leaves(study: Study, fate: OutcomeClass, rng: np.random.Generator) -> Exit | None:
    """The earliest way out that befalls the patient; None for those who stay to the planned end."""
    found: list[Exit] = []
    for way in study.assumptions.exits.ways:
        hit, day = rng.random() < way.chances.get(fate.id, 0.0), round(number(way.day, rng))
        if hit:
            found.append(Exit(way.reason, day, way.fatal, way.event))
    return min(found, key=lambda e: e.day) if found else None


def happenings(study: Study, fate: OutcomeClass, leaving: Exit | None, rng: np.random.Generator) -> list[Happening]:
    """All adverse events that lie before a patient, in order of their start."""
    events = study.assumptions.events
    if events is None:
        return []
    drawn = [(kind, _drawn(events, kind, rng)) for kind in events.kinds]
    found = [(kind, one) for kind, one in drawn if one.hit < kind.outcomes.get(fate.id, kind.chance)]
    if leaving is not None and leaving.event is not None:
        found.append((leaving.event, _drawn(events, leaving.event, rng)))
    dated = [(*_dated(study, kind, one, leaving), kind, one) for kind, one in found]
    dated.sort(key=lambda each: each[0])
    return [
        _happening(events, leaving, n, (start, dose), (kind, one)) for n, (start, dose, kind, one) in enumerate(dated)
    ]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What chance says about an event, whether it comes or not: so that no event depends on another."""

    hit: float
    start: int
    lasts: int
    grade: str
    serious: bool
    related: bool
    hold: float
    place: float


def _drawn(events: Events, kind: EventKind, rng: np.random.Generator) -> _Drawn:
    hit, start, grade = rng.random(), round(number(kind.start, rng)), choose(kind.grades, rng)
    lasts = max(0, round(number(kind.lasts, rng)))
    serious = rng.random() < max(kind.serious, events.serious.get(grade, 0.0))
    related = rng.random() < kind.related
    return _Drawn(hit, start, lasts, grade, bool(serious), bool(related), rng.random(), rng.random())


def _dated(study: Study, kind: EventKind, one: _Drawn, leaving: Exit | None) -> tuple[int, int | None]:
    """(day of the start as planned, number of the dose that brings the event on)."""
    if leaving is not None and kind is leaving.event:
        return max(0, leaving.day + one.start), None
    if not kind.at_dose:
        return max(one.start, 0), None
    visits = [(v.offset, v.dose) for v in study.schedule.visits if v.dose]
    return min(visits, key=lambda visit: abs(visit[0] - one.start), default=(max(one.start, 0), None))


def _happening(
    events: Events, leaving: Exit | None, n: int, when: tuple[int, int | None], what: tuple[EventKind, _Drawn]
) -> Happening:
    (start, dose), (kind, one) = when, what
    last = leaving is not None and kind is leaving.event
    fatal = last and leaving is not None and leaving.death
    holds = events.action is not None and one.hold < events.action.holds.get(one.grade, 0.0)
    return Happening(
        n, kind, start, start + one.lasts, one.grade, one.serious, one.related, dose, last, fatal, holds, one.place
    )


def pushed(happened: Iterable[Happening], course: Course, ramp: float, at: tuple[int, float], value: float) -> float:
    """The value of a course on a day, drawn into the limits of the events that carry it. `at`: day, normal deviate."""
    day, deviate = at
    for one in happened:
        limits = one.limits(course.item)
        weight = one.weight(day, ramp) if limits and one.dose is None else 0.0
        if limits and weight:
            level = limits.low + one.place * (limits.high - limits.low)
            noise = course.noise * deviate * (1 if course.linear else level)
            aim = clip(level + (0.0 if course.of else noise), limits.low, limits.high)
            value += weight * (aim - value)
    return value


def event_rows(
    study: Study, happened: Iterable[Happening], period: Period, stream: Callable[[int], np.random.Generator]
) -> list[Row]:
    """Rows of the log of adverse events, each at its place; empty while (or if) there is nothing to write. `stream`:
    the random numbers of each happening."""
    events = study.assumptions.events
    if events is None:
        return []
    form = study.endpoints.event_forms.adverse_events
    return [Row(form, events.group, _event_row(study, events, one, period, stream(one.number))) for one in happened]


def _event_row(study: Study, events: Events, one: Happening, period: Period, rng: np.random.Generator) -> Answers:
    start = one.start if one.dose is None else period.doses.get(one.dose)
    if start is None or start > period.days:
        return {}
    action = _action(study, events.action, one, start, period) if events.action else {}
    if action is None:
        return {}
    row = _event(study, events, one, start, period)
    extra = (*events.answers, *(events.serious_answers if one.serious else ()))
    row |= draw_all(study, extra, rng, period.date(start), row) | action
    return row | _fatal(study, events, period, rng) if one.fatal else row


def _event(study: Study, events: Events, one: Happening, start: int, period: Period) -> Answers:
    names, end = study.endpoints.event_forms, start + one.end - one.start
    row: Answers = {
        names.term: Answer(one.kind.term),
        names.organ_class: Answer(one.kind.organ_class),
        names.start: Answer(period.date(start).isoformat()),
        names.grade: Answer(one.grade),
        names.serious: Answer("true" if one.serious else "false"),
        names.related: Answer(events.related if one.related else events.unrelated),
        names.outcome: Answer(events.recovered if end <= period.days else events.ongoing),
    }
    if end <= period.days:
        row[names.end] = Answer(period.date(end).isoformat())
    return row


def _action(study: Study, action: DrugAction, one: Happening, start: int, period: Period) -> Answers | None:
    """What was done with the drug; None while that is not known, because no dose has followed yet."""
    if one.number in period.held or (one.dose is not None and one.kind.adjusts):
        code = action.interrupted
    elif one.leaves and not one.fatal and len(period.doses) < study.dosing.doses:
        code = action.withdrawn
    elif any(day >= start for day in period.doses.values()):
        code = action.unchanged
    elif period.over:
        code = action.over
    else:
        return None
    return {action.item: Answer(code)}


def _fatal(study: Study, events: Events, period: Period, rng: np.random.Generator) -> Answers:
    """What is different about the event that a patient died of."""
    names = study.endpoints.event_forms
    row = {
        names.grade: Answer(events.fatal_grade),
        names.serious: Answer("true"),
        names.outcome: Answer(events.fatal),
        names.end: Answer(period.last.isoformat()),
    }
    return row | draw_all(study, events.fatal_answers, rng, period.last)


def steroid_rows(
    study: Study,
    log: TaperLog,
    steroids: Steroids,
    period: Period,
    rng: np.random.Generator,
    *,
    before: dt.date | None = None,
) -> list[Row]:
    """One row for each step of the taper that began while the patient was in the study, and one for the days from
    `before`, the last day of earlier treatment, to the first dose."""
    fixed = draw_all(study, log.answers, rng, period.first_dose)
    lesser = draw_all(study, log.low_answers, rng, period.first_dose)
    starts = [day for day in steroids.days if day <= period.days]
    bridge = (before - period.first_dose).days + 1 if before else 0
    if bridge < 0 and starts:
        starts = [bridge, *starts]
    rows = []
    for day, following in zip(starts, [*starts[1:], None], strict=True):
        low = steroids.dose(day) < log.low_dose
        row = (
            fixed
            | (lesser if low else {})
            | {
                log.dose: Answer(f"{steroids.dose(day) * log.per_prednisone:g}"),
                log.start: Answer(period.date(day).isoformat()),
            }
        )
        if following is not None:
            row[log.end] = Answer(period.date(following - 1).isoformat())
        rows.append(Row(log.form, log.group, row))
    return rows


@dataclass(frozen=True, slots=True)
class Immunity:
    """Antibodies against the drug: positive before the first dose, or from `onset` days after it on."""

    before: bool
    onset: float | None

    def positive(self, day: float, dosed: bool) -> bool:
        return self.before or (dosed and self.onset is not None and day >= self.onset)


def immunity(study: Study, rng: np.random.Generator) -> Immunity:
    """Draw whether and when a patient makes antibodies."""
    antibodies = study.assumptions.antibodies
    if antibodies is None:
        return Immunity(False, None)
    before, emerging = rng.random() < antibodies.before, rng.random() < antibodies.emerging
    onset = number(antibodies.onset, rng)
    return Immunity(bool(before), onset if emerging else None)
