"""What befalls one patient: adverse events, antibodies, other drugs, and the way out of the study."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from trialwright.simulate.disease import Steroids
from trialwright.simulate.draws import Answer, Answers, Row, choose, draw_all, number
from trialwright.study.assumptions import EventKind, Events, OutcomeClass, TaperLog
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class Exit:
    """Leaves on `day` (from the first dose) for `reason`; `death` when it is the day of death."""

    reason: str
    day: int
    death: bool
    event: EventKind | None


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which something can be observed: first dose and last day of participation."""

    first_dose: dt.date
    last: dt.date
    dose_days: tuple[int, ...]

    @property
    def days(self) -> int:
        return (self.last - self.first_dose).days

    def date(self, day: int) -> dt.date:
        return self.first_dose + dt.timedelta(days=day)


def leaves(study: Study, fate: OutcomeClass, rng: np.random.Generator) -> Exit | None:
    """The earliest way out that befalls the patient; None for those who stay to the planned end."""
    found: list[Exit] = []
    for way in study.assumptions.exits.ways:
        hit, day = rng.random() < way.chances.get(fate.id, 0.0), round(number(way.day, rng))
        if hit:
            found.append(Exit(way.reason, day, way.fatal, way.event))
    return min(found, key=lambda e: e.day) if found else None


def event_rows(
    study: Study, fate: OutcomeClass, leaving: Exit | None, period: Period, rng: np.random.Generator
) -> list[Row]:
    """Rows of the log of adverse events, in order of their start; none begins after the last day."""
    events = study.assumptions.events
    if events is None:
        return []
    rows: list[tuple[int, Answers]] = []
    for kind in events.kinds:
        chance = kind.outcomes.get(fate.id, kind.chance)
        hit, start = rng.random() < chance, _start(kind, period, rng)
        row = _event(study, kind, start, period, rng)
        if hit and start <= period.days:
            rows.append((start, row))
    if leaving is not None and leaving.event is not None:
        start = max(0, leaving.day + round(number(leaving.event.start, rng)))
        row = _event(study, leaving.event, start, period, rng)
        rows.append((start, row | _fatal(study, events, period, rng) if leaving.death else row))
    form = study.endpoints.event_forms.adverse_events
    return [Row(form, events.group, row) for _, row in sorted(rows, key=lambda pair: pair[0])]


def _start(kind: EventKind, period: Period, rng: np.random.Generator) -> int:
    day = round(number(kind.start, rng))
    if kind.at_dose and period.dose_days:
        return min(period.dose_days, key=lambda dose: abs(dose - day))
    return max(day, 0)


def _event(study: Study, kind: EventKind, start: int, period: Period, rng: np.random.Generator) -> Answers:
    events, names = study.assumptions.events, study.endpoints.event_forms
    assert events is not None
    grade = choose(kind.grades, rng)
    end = start + max(0, round(number(kind.lasts, rng)))
    serious = rng.random() < max(kind.serious, events.serious.get(grade, 0.0))
    related = rng.random() < kind.related
    row: Answers = {
        names.term: Answer(kind.term),
        names.organ_class: Answer(kind.organ_class),
        names.start: Answer(period.date(start).isoformat()),
        names.grade: Answer(grade),
        names.serious: Answer("true" if serious else "false"),
        names.related: Answer(events.related if related else events.unrelated),
        names.outcome: Answer(events.recovered if end <= period.days else events.ongoing),
    }
    if end <= period.days:
        row[names.end] = Answer(period.date(end).isoformat())
    extra = (*events.answers, *(events.serious_answers if serious else ()))
    return row | draw_all(study, extra, rng, period.date(start), row)


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
    study: Study, log: TaperLog, steroids: Steroids, period: Period, rng: np.random.Generator
) -> list[Row]:
    """One row for each step of the taper that began while the patient was in the study."""
    fixed = draw_all(study, log.answers, rng, period.first_dose)
    lesser = draw_all(study, log.low_answers, rng, period.first_dose)
    starts = [day for day in steroids.days if day <= period.days]
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
