"""One virtual patient: who it is, how the disease goes, and what is seen at each visit.

Everything follows from (study, seed, number): asking twice gives the same answer, in whatever order one asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from trialwright.science.pk.twocompartment import Parameters
from trialwright.simulate import disease, exposure, happenings, readings
from trialwright.simulate.disease import Path, Steroids
from trialwright.simulate.draws import Row, draw_rows, generator, number
from trialwright.simulate.exposure import Dose, Marker
from trialwright.simulate.happenings import Exit, Happening, Immunity, Period
from trialwright.simulate.observation import Bench, Observation
from trialwright.simulate.people import Baseline, draw_baseline
from trialwright.simulate.recruitment import schedule
from trialwright.study.assumptions import OutcomeClass
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit

REFERENCE_WEIGHT = 60.0


@dataclass(frozen=True, slots=True)
class Given:
    """An infusion as it was given: mg, from `start` on for `minutes`, prepared for `weight` kg. `adjusted`: code of the
    reason why it was not as planned."""

    start: dt.datetime
    amount: float
    minutes: int
    weight: float | None = None
    adjusted: str = ""

    def since(self, first: dt.datetime) -> Dose:
        return Dose((self.start - first) / dt.timedelta(days=1), self.amount, self.minutes / 1440)


@dataclass(frozen=True, slots=True)
class Luck:
    """A standard normal deviate for the noise of a reading, and a share that decides whether it is missing."""

    noise: float
    share: float


@dataclass(frozen=True)
class VirtualPatient:
    """`arrival` is the site's local time, with its zone. `number` counts arrivals over all sites from 1."""

    study: Study = field(repr=False)
    seed: int
    number: int
    site: str
    arrival: dt.datetime

    @cached_property
    def baseline(self) -> Baseline:
        return draw_baseline(self.study, generator(self.seed, self.number, "baseline"), self.arrival.date())

    @property
    def consents(self) -> bool:
        return self.baseline.consents

    @cached_property
    def days_to_enrolment(self) -> int:
        days = self.study.assumptions.screening.days
        return max(0, round(number(days, generator(self.seed, self.number, "enrolment"))))

    @cached_property
    def fate(self) -> OutcomeClass:
        return disease.outcome(self.study, generator(self.seed, self.number, "outcome"))

    @cached_property
    def exit(self) -> Exit | None:
        """How the patient leaves before the planned end, in days from the first dose."""
        return happenings.leaves(self.study, self.fate, generator(self.seed, self.number, "exit"))

    @cached_property
    def happenings(self) -> list[Happening]:
        """The adverse events that lie before the patient, in order of their start."""
        rng = generator(self.seed, self.number, "events")
        return happenings.happenings(self.study, self.fate, self.exit, rng)

    @cached_property
    def paths(self) -> dict[str, Path]:
        return disease.paths(self.study, self.baseline, self.fate, generator(self.seed, self.number, "courses"))

    @cached_property
    def immunity(self) -> Immunity:
        return happenings.immunity(self.study, generator(self.seed, self.number, "immunity"))

    @cached_property
    def parameters(self) -> Parameters | None:
        kinetics, antibodies = self.study.assumptions.kinetics, self.study.assumptions.antibodies
        if kinetics is None:
            return None
        weight = self.baseline.value(kinetics.weight) or REFERENCE_WEIGHT
        found = exposure.individual(kinetics, weight, generator(self.seed, self.number, "kinetics"))
        immune = antibodies is not None and self.immunity.onset is not None
        return exposure.cleared_faster(found, antibodies.clearance) if immune and antibodies else found

    @cached_property
    def markers(self) -> dict[str, Marker]:
        rng = generator(self.seed, self.number, "markers")
        severity, block = float(rng.standard_normal()), number(self.fate.block, rng)
        return {t.item: exposure.marker(t, block, severity, rng) for t in self.study.assumptions.turnover}

    @cached_property
    def steroids(self) -> Steroids | None:
        taper = self.study.assumptions.taper
        if taper is None:
            return None
        weight = self.baseline.value(taper.weight) or REFERENCE_WEIGHT
        return disease.steroids(taper, self.fate, weight, generator(self.seed, self.number, "taper"))

    @cached_property
    def _chance(self) -> dict[str, dict[str, Luck]]:
        return {}

    def luck(self, visit: str) -> dict[str, Luck]:
        """What chance does to the reading of each item at one visit: drawn once for all items, in their order."""
        if visit not in self._chance:
            rng, items = generator(self.seed, self.number, "readings", visit), self.study.items
            noise, share = rng.standard_normal(len(items)), rng.random(len(items))
            self._chance[visit] = {
                item.id: Luck(float(z), float(u)) for item, z, u in zip(items, noise, share, strict=True)
            }
        return self._chance[visit]

    @cached_property
    def bench(self) -> Bench:
        return Bench(self.study, self.seed, self.site)

    @cached_property
    def sex(self) -> str:
        """The answer of the item that the data sets call DM.SEX; reference limits depend on it."""
        return self.baseline.text(self._demographic("SEX"))

    @cached_property
    def born(self) -> dt.date | None:
        """The day of birth, where the study asks for it."""
        text = self.baseline.text(self._demographic("BRTHDTC"))
        return dt.date.fromisoformat(text) if text else None

    def _demographic(self, variable: str) -> str:
        wanted = ("DM", variable)
        found = (i.id for i in self.study.items if i.sdtm and (i.sdtm.domain, i.sdtm.variable) == wanted)
        return next(found, "")

    def screening(self) -> tuple[Observation, ...]:
        """Every answer that screening gives, form by form."""
        visit = next(v for v in self.study.schedule.visits if v.anchor == "screening")
        return tuple(seen for form in visit.forms for seen in self.observe(visit, form, self.arrival))

    def attends(self, visit: Visit) -> int | None:
        """Days between the target day and the day on which the patient comes; None when the visit is missed."""
        habits, rng = self.study.assumptions.visits, generator(self.seed, self.number, "visit", visit.id)
        missed, shift, share = rng.random(), rng.random(), rng.random()
        if visit.offset == 0 and visit.anchor == "first_dose":
            return 0
        if missed < habits.missed:
            return None
        if shift < habits.late and visit.window.after:
            return 1 + int(share * visit.window.after)
        if shift > 1 - habits.early and visit.window.before:
            return -1 - int(share * visit.window.before)
        return 0

    def observe(
        self, visit: Visit, form: str, when: dt.datetime, doses: Sequence[Given] = ()
    ) -> tuple[Observation, ...]:
        """What is written on one form at one visit. `doses`: those given so far, today's included when it was."""
        return readings.fill(self, visit, form, when, doses)

    def log_rows(self, form: str, period: Period) -> tuple[Observation, ...]:
        """The rows of a running form for the days that the patient was in the study."""
        rows: list[Row] = []
        log = self.study.assumptions.taper.log if self.study.assumptions.taper else None
        if log is not None and self.steroids is not None and log.form == form:
            rng = generator(self.seed, self.number, "steroids")
            before = max(
                (row.answers[log.after].value for row in self.baseline.rows if log.after in row.answers), default=""
            )
            last = dt.date.fromisoformat(before) if before else None
            rows += happenings.steroid_rows(self.study, log, self.steroids, period, rng, before=last)
        templates = [rows for rows in self.study.assumptions.logs if rows.form == form]
        rng = generator(self.seed, self.number, "log", form)
        rows += draw_rows(self.study, templates, rng, period.first_dose, self.baseline.answers)
        if form == self.study.endpoints.event_forms.adverse_events:
            rows += happenings.event_rows(
                self.study, self.happenings, period, lambda n: generator(self.seed, self.number, "event", n)
            )
        return readings.rows_of(self, form, rows)


def arrivals(study: Study, seed: int) -> Iterator[VirtualPatient]:
    """Virtual patients in the order in which they arrive at open sites, without end.

    Raises DefinitionError when no site recruits.
    """
    for count, (site, moment) in enumerate(schedule(study, seed), start=1):
        yield VirtualPatient(study, seed, count, site, moment)
