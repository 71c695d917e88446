"""One virtual patient's way through the study, done by the people of the site through conduct's actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from trialwright.conduct import actions
from trialwright.conduct.rules.facts import items_in
from trialwright.kernel.dates import completed_years
from trialwright.kernel.errors import Refused
from trialwright.rehearse.cast import Cast
from trialwright.rehearse.clock import Clock, Process
from trialwright.rehearse.desk import Desk, Sheet
from trialwright.rehearse.infusion import dosing_visit
from trialwright.simulate.draws import generator, number
from trialwright.simulate.happenings import Period
from trialwright.simulate.observation import Observation
from trialwright.simulate.patient import Given, VirtualPatient
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit

REFUSED, NOT_ELIGIBLE, UNDECIDED, FULL = (
    "consent_refused",
    "not_eligible",
    "eligibility_undetermined",
    "enrolment_complete",
)
"""Reasons for which screening ends without enrolment."""
TO_DOSING = dt.timedelta(minutes=20)
"""From the last form of the morning to the planning of the dose."""


@dataclass
class Stage:
    """What all patients of a rehearsal share. `enrolled` counts the places taken."""

    study: Study
    cast: Cast
    clock: Clock
    seed: int
    enrolled: int = 0

    @property
    def full(self) -> bool:
        return self.enrolled >= self.study.registration.design.enrolment

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The items on which the rules of dosing hang."""
        return items_in(self.study, *(rule.logic for rule in self.study.dosing.rules))


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit on a patient's itinerary: `day` from the first dose; None when it will be missed."""

    visit: Visit
    day: int
    attended: bool


@dataclass
class Life:
    """The patient, the desk that writes about it, and where it stands."""

    stage: Stage
    patient: VirtualPatient
    desk: Desk
    subject: str = ""
    first: dt.datetime | None = None
    doses: list[Given] = field(default_factory=list)
    earliest: int = 0
    """Day from the first dose before which no further visit takes place: a delayed dose moves those after it."""
    stopped: bool = False
    """Whether a rule has stopped the treatment for good."""
    written: dict[str, set[int]] = field(default_factory=dict)

    @property
    def study(self) -> Study:
        return self.stage.study

    def run(self) -> Process:
        """From arrival to the end of participation."""
        patient, team, study = self.patient, self.desk.team, self.study
        yield patient.arrival
        if self.stage.full:
            return
        self.subject = actions.register_subject(study.id, patient.site, by=team.coordinator, at=patient.arrival)
        at = patient.arrival + dt.timedelta(minutes=25)
        yield at
        if not patient.consents:
            self._end(REFUSED, at)
            return
        self._consent(at)
        eligible = yield from self._screen(at + dt.timedelta(minutes=10))
        if eligible:
            yield from self._after_screening()

    @property
    def _form_time(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.study.assumptions.visits.minutes_a_form)

    def _consent(self, at: dt.datetime) -> None:
        actions.record_consent(self.study.id, self.subject, by=self.desk.team.coordinator, at=at)
        if self._is_minor():
            actions.record_consent(self.study.id, self.subject, guardian=True, by=self.desk.team.coordinator, at=at)

    def _is_minor(self) -> bool:
        born = self.patient.born
        return (
            born is not None
            and completed_years(born, self.patient.arrival.date()) < self.study.assumptions.people.adult_age
        )

    def _screen(self, at: dt.datetime) -> Generator[dt.datetime, None, bool]:
        """Fill in the screening forms and decide. Returns whether the patient is eligible."""
        visit = next(v for v in self.study.schedule.visits if v.anchor == "screening")
        yield at
        actions.start_visit(self.study.id, self.subject, visit.id, by=self.desk.team.coordinator, at=at)
        for form in visit.forms:
            at += self._form_time
            yield at
            self.write(visit, form, at, careful=True)
        at += dt.timedelta(minutes=30)
        yield at
        verdict = actions.decide_eligibility(self.study.id, self.subject, by=self.desk.team.investigator, at=at)
        if verdict.state == "eligible":
            return True
        self._end(NOT_ELIGIBLE if verdict.state == "not_eligible" else UNDECIDED, at)
        return False

    def _after_screening(self) -> Process:
        day = self.patient.arrival.date() + dt.timedelta(days=self.patient.days_to_enrolment)
        at = self.morning(day, "enrolment")
        at = max(at, self.patient.arrival + dt.timedelta(hours=4))
        yield at
        try:
            actions.enrol(self.study.id, self.subject, by=self.desk.team.investigator, at=at)
        except Refused:
            self._end(FULL if self.stage.full else NOT_ELIGIBLE, at)
            return
        self.stage.enrolled += 1
        yield from self._treatment(at + dt.timedelta(minutes=self.study.assumptions.visits.first_dose_minutes))

    def _treatment(self, first: dt.datetime) -> Process:
        self.first = first
        leaving = self.patient.exit
        stops = self._itinerary()
        last = leaving.day if leaving and leaving.day <= stops[-1].day else stops[-1].day
        leaving = leaving if leaving and leaving.day <= stops[-1].day else None
        period = Period(first.date(), first.date() + dt.timedelta(days=last))
        for planned in stops:
            stop = replace(planned, day=max(planned.day, self.earliest))
            if leaving and stop.day >= leaving.day:
                break
            yield from self._visit(stop, period)
        yield from self._finish(leaving.reason if leaving else self.study.assumptions.exits.completed, period)

    def _itinerary(self) -> list[Stop]:
        """The days on which the patient comes, doses at least the shortest interval apart."""
        stops: list[Stop] = []
        earliest = 0
        for visit in (v for v in self.study.schedule.visits if v.anchor == "first_dose"):
            shift = self.patient.attends(visit)
            day = max(visit.offset + (shift or 0), earliest)
            stops.append(Stop(visit, day, shift is not None))
            gap = self.study.dosing.min_interval_days if visit.dose and shift is not None else 1
            earliest = day + gap
        return stops

    def _visit(self, stop: Stop, period: Period) -> Process:
        at, visit, team = self._at(stop), stop.visit, self.desk.team
        yield at
        if not stop.attended:
            at += dt.timedelta(hours=7)
            yield at
            reason = self.study.assumptions.visits.missed_reason.en
            actions.miss_visit(self.study.id, self.subject, visit.id, reason, by=team.coordinator, at=at)
            return
        actions.start_visit(self.study.id, self.subject, visit.id, by=team.coordinator, at=at)
        late, dosing = self._sampled(visit), self._dosing_forms(visit)
        for form in (f for f in visit.forms if f not in late and f not in dosing):
            at += self._form_time
            yield at
            self.write(visit, form, at, careful=False)
        if visit.dose:
            at = yield from dosing_visit(self, visit, at + TO_DOSING, period)
            for form in dosing:
                self.write(visit, form, at, careful=True)
        for form in late:
            self.stage.clock.start(self._assayed(visit, form, at, tuple(self.doses)))
        self._write_logs(at, period)

    def _at(self, stop: Stop) -> dt.datetime:
        assert self.first is not None
        if stop.day == 0:
            return self.first
        return self.morning(self.first.date() + dt.timedelta(days=stop.day), stop.visit.id)

    def morning(self, day: dt.date, name: str) -> dt.datetime:
        rng = generator(self.patient.seed, self.patient.number, "morning", name)
        zone = self.patient.arrival.tzinfo
        return dt.datetime(day.year, day.month, day.day, 8, 30, tzinfo=zone) + dt.timedelta(
            minutes=int(rng.integers(150))
        )

    def _sampled(self, visit: Visit) -> tuple[str, ...]:
        """Forms whose results come from a central assay, days later."""
        items = {s.item for s in self.study.schedule.samples if s.visit == visit.id}
        return tuple(f for f in visit.forms if items & set(self.study.form_by_id[f].item_ids()))

    def _dosing_forms(self, visit: Visit) -> tuple[str, ...]:
        item = self.study.dosing.dose_item
        return tuple(f for f in visit.forms if item in self.study.form_by_id[f].item_ids())

    def _assayed(self, visit: Visit, form: str, at: dt.datetime, doses: Sequence[Given]) -> Process:
        rng = generator(self.patient.seed, self.patient.number, "assay", visit.id, form)
        done = at + dt.timedelta(days=number(self.study.assumptions.entry.delay, rng), hours=2)
        done = done.replace(second=0, microsecond=0)
        yield done
        self.write(visit, form, done, careful=True, seen_at=at, doses=doses)

    def write(
        self, visit: Visit, form: str, at: dt.datetime, *, careful: bool,
        seen_at: dt.datetime | None = None, doses: Sequence[Given] | None = None, reason: str = "",
    ) -> None:  # fmt: skip
        seen = self.patient.observe(visit, form, seen_at or at, self.doses if doses is None else doses)
        rng = generator(self.patient.seed, self.patient.number, "desk", visit.id, form)
        items = self.study.form_by_id[form].item_ids()
        careful = careful or self.study.dosing.weight.item in items
        prompt = bool(visit.dose) and not self.stage.deciding.isdisjoint(items)
        sheet = Sheet(self.subject, form, visit.id)
        self.desk.write(sheet, seen, at, rng, careful=careful, prompt=prompt, reason=reason)

    def _write_logs(self, at: dt.datetime, period: Period, *, final: bool = False) -> None:
        """Rows of the running forms whose last day has passed; at the end all of them."""
        for form in self.study.schedule.logs:
            rows, done = self._log(form, period), self.written.setdefault(form, set())
            ready = [r for r, fields in rows.items() if r not in done and (final or self._past(fields, at.date()))]
            if not ready:
                continue
            done.update(ready)
            rng = generator(self.patient.seed, self.patient.number, "log", form, len(done))
            self.desk.write(Sheet(self.subject, form), [o for r in ready for o in rows[r]], at, rng)

    def _log(self, form: str, period: Period) -> dict[int, list[Observation]]:
        seen = self.patient.log_rows(form, period)
        return {row: [o for o in seen if o.row == row] for row in sorted({o.row for o in seen})}

    def _past(self, fields: Sequence[Observation], today: dt.date) -> bool:
        """Whether the row tells its end, and that has come."""
        days = [o.value[:10] for o in fields if self.study.item_by_id[o.item].type in ("date", "datetime") and o.value]
        return len(days) > 1 and max(days) <= today.isoformat()

    def _finish(self, reason: str, period: Period) -> Process:
        at = self.morning(period.last, "end") + dt.timedelta(hours=7)
        yield at
        period.over = True
        self._write_logs(at, period, final=True)
        exits = self.study.assumptions.exits
        answers = {exits.reason: reason, exits.date: period.last.isoformat()}
        death = any(way.fatal for way in exits.ways if way.reason == reason)
        if death and exits.death_date:
            answers[exits.death_date] = period.last.isoformat()
        seen = [Observation(exits.form, exits.group, 1, item, value) for item, value in answers.items()]
        rng = generator(self.patient.seed, self.patient.number, "desk", exits.form)
        self.desk.write(Sheet(self.subject, exits.form), seen, at, rng)
        self._end(reason, at)

    def _end(self, reason: str, at: dt.datetime) -> None:
        actions.end_participation(self.study.id, self.subject, reason, by=self.desk.team.investigator, at=at)
