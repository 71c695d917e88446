"""What a form shows: each field's answer from the courses, the exposure, the antibodies or the plain draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trialwright.kernel.truth import Truth
from trialwright.logic import evaluate
from trialwright.simulate import exposure
from trialwright.simulate.draws import NOT_DONE, Answer, Row, answer, generator, holds, typed
from trialwright.simulate.happenings import pushed
from trialwright.simulate.observation import Observation, evidence
from trialwright.study.forms import Field, Group
from trialwright.study.items import Item
from trialwright.study.schedule import Sample, Visit

if TYPE_CHECKING:
    from trialwright.simulate.patient import Given, VirtualPatient

BEFORE_INFUSION = dt.timedelta(minutes=25)
"""How long before the infusion a pre-dose sample is taken."""


class Scene:
    """One patient at one visit. Each item is read once, so that every form shows the same value."""

    def __init__(self, patient: VirtualPatient, visit: Visit, when: dt.datetime, doses: Sequence[Given]) -> None:
        self.patient, self.visit, self.when, self.doses = patient, visit, when, doses
        self.study = patient.study
        self._read: dict[str, Answer | None] = {}
        first = doses[0].start if doses else None
        self.day = max((when - first) / dt.timedelta(days=1), 0.0) if first else 0.0
        self.given = [dose.since(doses[0].start) for dose in doses]
        self.date = (when.date() - first.date()).days if first else None
        """Days between the dates: an event that begins on a date is seen all that day."""

    @property
    def dosed_today(self) -> Given | None:
        last = self.doses[-1] if self.doses else None
        return last if last and self.visit.dose and last.start.date() == self.when.date() else None

    def answer(self, item: Item) -> Answer | None:
        """The answer to an item at this visit; None for one that nobody gives."""
        if item.id not in self._read:
            self._read[item.id] = self._answer(item)
        return self._read[item.id]

    def _answer(self, item: Item) -> Answer | None:
        for source in (self._screened, self._dosing, self._drug, self._course, self._drawn, self._standing):
            found = source(item)
            if found is not None:
                return found
        return _usual(item, self.when)

    def _rng_name(self, item: Item) -> tuple[str, str, str]:
        return "reading", self.visit.id, item.id

    def _screened(self, item: Item) -> Answer | None:
        return self.patient.baseline.answers.get(item.id) if self.visit.anchor == "screening" else None

    def _standing(self, item: Item) -> Answer | None:
        return self.patient.baseline.answers.get(item.id)

    def _dosing(self, item: Item) -> Answer | None:
        names, today = self.study.assumptions.infusion, self.dosed_today
        if item.id == self.study.dosing.dose_item:
            return Answer(typed(item, today.amount)) if today else Answer("", NOT_DONE)
        if names is not None and item.id == names.adjusted and self.visit.dose:
            code = today.adjusted if today else names.held
            return Answer(code) if code else None
        if names is None or item.id not in (names.weight, names.start, names.end):
            return None
        if today is None or (item.id == names.weight and today.weight is None):
            return Answer("", NOT_DONE)
        if item.id == names.weight:
            return Answer(typed(item, today.weight or 0.0))
        end = today.start + dt.timedelta(minutes=today.minutes)
        return Answer(moment(today.start if item.id == names.start else end))

    def _drug(self, item: Item) -> Answer | None:
        patient, assumed = self.patient, self.study.assumptions
        if assumed.kinetics and item.id == assumed.kinetics.item:
            return self.concentration(item, self.when)
        if item.id in patient.markers and patient.parameters is not None:
            marker = patient.markers[item.id]
            value = marker.value(patient.parameters, self.given, self.day)
            return self._assayed(item, value, marker.turnover.error)
        antibodies = assumed.antibodies
        if antibodies and item.id == antibodies.item:
            positive = patient.immunity.positive(self.day, bool(self.given))
            return Answer(antibodies.positive if positive else antibodies.negative)
        if antibodies and antibodies.titre and item.id == antibodies.titre.item:
            rng = generator(patient.seed, patient.number, *self._rng_name(item))
            return answer(self.study, antibodies.titre, rng, self.when.date())
        return None

    def concentration(self, item: Item, at: dt.datetime) -> Answer:
        """The drug's concentration at a moment, with the noise of the assay."""
        patient, kinetics = self.patient, self.study.assumptions.kinetics
        if kinetics is None or patient.parameters is None or not self.doses:
            return self._assayed(item, 0.0, 0.0)
        day = (at - self.doses[0].start) / dt.timedelta(days=1)
        return self._assayed(item, float(exposure.level(patient.parameters, self.given, [day])[0]), kinetics.error, at)

    def _assayed(self, item: Item, value: float, error: float, at: dt.datetime | None = None) -> Answer:
        if at is None:
            deviate = self.patient.luck(self.visit.id)[item.id].noise
        else:
            name = (*self._rng_name(item), at.isoformat())
            deviate = float(generator(self.patient.seed, self.patient.number, *name).standard_normal())
        measured = value * max(1 + error * deviate, 0.05)
        if item.lloq is not None and measured < item.lloq:
            return Answer(f"<{item.lloq:g}")
        return Answer(typed(item, measured))

    def _course(self, item: Item) -> Answer | None:
        patient = self.patient
        if (
            patient.steroids is not None
            and self.study.assumptions.taper
            and item.id == self.study.assumptions.taper.item
        ):
            return Answer(typed(item, patient.steroids.dose(self.day)))
        path = patient.paths.get(item.id)
        if path is None:
            return None
        luck = patient.luck(self.visit.id)[item.id]
        if luck.share < path.course.missing:
            return Answer("", NOT_DONE)
        value = path.reading(self.day, luck.noise)
        if path.course.of is not None:
            whole = self.answer(self.study.item_by_id[path.course.of])
            if whole is None or not whole.value:
                return Answer("", NOT_DONE)
            value *= float(whole.value)
        events = self.study.assumptions.events
        if events and self.date is not None:
            at = (self.date, luck.noise)
            value = pushed(patient.happenings, path.course, events.ramp, at, value)
        return Answer(typed(item, value))

    def _drawn(self, item: Item) -> Answer | None:
        patient, found = self.patient, None
        for draw in self.study.assumptions.answers:
            if draw.item == item.id and holds(draw.when, patient.baseline.answers):
                rng = generator(patient.seed, patient.number, *self._rng_name(item))
                found = answer(self.study, draw, rng, self.when.date())
        return found


def moment(at: dt.datetime) -> str:
    """Local time to the minute, as people write it."""
    return at.replace(tzinfo=None).isoformat(timespec="minutes")


def _usual(item: Item, when: dt.datetime) -> Answer | None:
    """An answer that excites nobody, for a field that the assumptions do not speak of."""
    if item.type in ("boolean", "judgement"):
        return Answer("false")
    if item.type == "event":
        return Answer("none")
    if item.type in ("choice", "choices"):
        return Answer(item.choices[0].code)
    if item.type == "datetime":
        return Answer(moment(when))
    limits = item.normal or item.soft or item.hard
    if item.type in ("quantity", "integer") and limits and limits.low is not None and limits.high is not None:
        return Answer(typed(item, (limits.low + limits.high) / 2))
    return Answer(when.date().isoformat()) if item.type == "date" else None


def fill(
    patient: VirtualPatient, visit: Visit, form_id: str, when: dt.datetime, doses: Sequence[Given]
) -> tuple[Observation, ...]:
    """All fields of a form that are shown and answered."""
    scene, form = Scene(patient, visit, when, doses), patient.study.form_by_id[form_id]
    samples = [s for s in patient.study.schedule.samples if s.visit == visit.id]
    found: list[Observation] = []
    for group in form.groups:
        sampled = [s for s in samples if any(f.item == s.item for f in group.fields)]
        if sampled:
            found += _sample_rows(scene, form_id, group, sampled)
        elif group.repeating:
            rows = patient.baseline.rows if visit.anchor == "screening" else ()
            found += rows_of(patient, form_id, [row for row in rows if row.form == form_id and row.group == group.id])
        else:
            found += _single_row(scene, form_id, group)
    return _shown(scene, form_id, found)


def _single_row(scene: Scene, form: str, group: Group) -> list[Observation]:
    items = [scene.study.item_by_id[f.item] for f in group.fields]
    answers = [(item, scene.answer(item)) for item in items if item.derive is None]
    return [_observation(scene.patient, form, (group.id, 1), item, a) for item, a in answers if a is not None]


def _sample_rows(scene: Scene, form: str, group: Group, samples: Iterable[Sample]) -> list[Observation]:
    found: list[Observation] = []
    for row, sample in enumerate(samples, start=1):
        at = _sampled_at(scene, sample)
        for field in group.fields:
            item = scene.study.item_by_id[field.item]
            if field.item == sample.item:
                given = scene.concentration(item, at) if at else Answer("", NOT_DONE)
            elif field.gives == "when":
                given = (
                    Answer(moment(at) if item.type == "datetime" else at.date().isoformat())
                    if at
                    else Answer("", NOT_DONE)
                )
            else:
                continue
            found.append(_observation(scene.patient, form, (group.id, row), item, given))
    return found


def _sampled_at(scene: Scene, sample: Sample) -> dt.datetime | None:
    """When a sample is taken; None for one after an infusion that was not given."""
    today = scene.dosed_today
    if scene.visit.dose is None:
        return scene.when
    if sample.hours <= 0:
        return today.start - BEFORE_INFUSION + dt.timedelta(hours=sample.hours) if today else scene.when
    return today.start + dt.timedelta(hours=sample.hours) if today else None


def rows_of(patient: VirtualPatient, form: str, rows: Iterable[Row]) -> tuple[Observation, ...]:
    """Drawn rows at their places, numbered from 1 in each group."""
    numbers: dict[str, int] = {}
    found: list[Observation] = []
    for row in rows:
        numbers[row.group] = numbers.get(row.group, 0) + 1
        for item_id, given in row.answers.items():
            item = patient.study.item_by_id[item_id]
            found.append(_observation(patient, form, (row.group, numbers[row.group]), item, given))
    return tuple(found)


def _observation(patient: VirtualPatient, form: str, place: tuple[str, int], item: Item, given: Answer) -> Observation:
    if given.null_reason:
        return Observation(form, *place, item.id, "", null_reason=given.null_reason)
    value, unit, low, high = patient.bench.report(item, given, patient.sex)
    return Observation(form, *place, item.id, value, unit, low, high)


def _shown(scene: Scene, form_id: str, found: list[Observation]) -> tuple[Observation, ...]:
    """Without the fields that the form hides from this patient."""
    form = scene.study.form_by_id[form_id]
    conditional: dict[str, Field] = {f.item: f for _, f in form.fields() if f.show_when}
    if not conditional:
        return tuple(found)
    day, own = scene.when.date(), {seen.item for seen in found}
    baseline = [
        Observation("", "", 1, item, a.value, null_reason=a.null_reason)
        for item, a in scene.patient.baseline.answers.items()
        if item not in own
    ]
    facts = evidence(scene.study, [(seen, day) for seen in (*baseline, *found)], scene.patient.arrival.date())
    visible = {
        item: evaluate(scene.study.compile(field.show_when), facts) is Truth.TRUE
        for item, field in conditional.items()
        if field.show_when
    }
    return tuple(seen for seen in found if visible.get(seen.item, True))
