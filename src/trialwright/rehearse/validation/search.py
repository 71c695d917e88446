"""Looks for entries that make an expression come out in a certain way, by the language's own evaluator."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trialwright.conduct.rules import facts, windows
from trialwright.conduct.rules.facts import Captured, Days
from trialwright.evidence.patient import Patient
from trialwright.kernel.truth import Truth
from trialwright.logic import Expr, evaluate
from trialwright.rehearse.validation import samples
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit

TRIES = 4000
"""Assignments looked at for one expression."""
SCREENED = dt.date(2024, 3, 4)
"""The day on which every subject of the scratch study is registered and enrolled."""
FIRST_DOSE = SCREENED + dt.timedelta(days=28)
JUDGE = "everyone"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an item is entered."""

    visit: str
    form: str
    group: str
    item: str


@dataclass(frozen=True)
class Setting:
    """A form at a visit ("" for a log), and where each item that an expression speaks of is entered."""

    study: Study
    form: str
    visit: str
    spots: tuple[Spot, ...]

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Visits that must take place, in the order of the plan; the first dose before any that counts from it."""
        wanted = {spot.visit for spot in self.spots} | {self.visit}
        planned = [v for v in self.study.schedule.visits if v.id in wanted]
        first = first_dose(self.study)
        if first and first not in planned and any(v.anchor == "first_dose" for v in planned):
            planned.append(first)
        return tuple(sorted(planned, key=lambda v: (day_of(v), self.study.schedule.visits.index(v))))

    @property
    def dosed(self) -> bool:
        first = first_dose(self.study)
        return first is not None and first in self.visits

    def days(self) -> Days:
        return Days("01-001", SCREENED, SCREENED, FIRST_DOSE if self.dosed else None)

    @property
    def day(self) -> dt.date | None:
        return None if not self.visit else day_of(self.study.schedule.visit(self.visit))


def first_dose(study: Study) -> Visit | None:
    return next((visit for visit in study.schedule.visits if visit.dose == 1), None)


def day_of(visit: Visit) -> dt.date:
    """The planned day of a visit in the scratch study."""
    found = windows.planned(visit, SCREENED, FIRST_DOSE)
    assert found is not None, "both anchors are known"
    return found


def settings(study: Study, form_id: str, items: Sequence[str]) -> Iterator[Setting]:
    """Places at which the form can be filled in with every one of `items` entered before or with it."""
    form = study.form_by_id[form_id]
    visits = [v.id for v in study.schedule.visits if form_id in v.forms] if form.kind == "visit" else [""]
    for visit in visits:
        spots = [_spot(study, form_id, visit, item) for item in items]
        if all(spot is not None for spot in spots):
            found = tuple(spot for spot in spots if spot is not None)
            companions = {s for spot in found for s in _companions(study, spot)} - set(found)
            yield Setting(study, form_id, visit, (*found, *sorted(companions, key=lambda s: (s.form, s.item))))


def _spot(study: Study, form_id: str, visit: str, item: str) -> Spot | None:
    """On the form itself; else at the same visit; else at the latest visit before; else in a log."""
    if item in study.form_by_id[form_id].item_ids():
        return Spot(visit, form_id, samples.group_of(study, form_id, item), item)
    holding = [form.id for form in study.forms if item in form.item_ids()]
    until = day_of(study.schedule.visit(visit)) if visit else dt.date.max
    earlier = [v for v in study.schedule.visits if day_of(v) <= until]
    for planned in sorted(earlier, key=lambda v: (v.id == visit, day_of(v)), reverse=True):
        for other in holding:
            if other in planned.forms:
                return Spot(planned.id, other, samples.group_of(study, other, item), item)
    log = next((other for other in holding if other in study.schedule.logs), None)
    return Spot("", log, samples.group_of(study, log, item), item) if log else None


def _companions(study: Study, spot: Spot) -> list[Spot]:
    """Fields beside it that say its agent, route or moment."""
    said = [item for (form, group, item) in study.row_companions if (form, group) == (spot.form, spot.group)]
    return [Spot(spot.visit, spot.form, spot.group, item) for item in said if item != spot.item]


Assignment = Mapping[Spot, str]


def patient_of(setting: Setting, assignment: Assignment) -> Patient:
    """The subject as conduct would see it with these entries."""
    study, captured = setting.study, []
    for spot, text in assignment.items():
        item = study.item_by_id[spot.item]
        visit = next((v for v in study.schedule.visits if v.id == spot.visit), None)
        numeric = item.type in ("quantity", "integer")
        captured.append(
            Captured(
                spot.form, spot.group, 1, spot.item, text, spot.visit, item.unit if numeric else "",
                signed_by=JUDGE if item.type == "judgement" else "", day=day_of(visit) if visit else None,
            )
        )  # fmt: skip
    return facts.patient(study, setting.days(), captured)


def items_needed(study: Study, expr_text: str) -> list[str]:
    """Typed items that an expression hangs on, in the definition's order."""
    found = facts.items_in(study, expr_text)
    return [item.id for item in study.items if item.id in found and item.derive is None]


def find(setting: Setting, expr: Expr, goals: Mapping[str, Callable[[object], bool]]) -> dict[str, dict[Spot, str]]:
    """goal -> entries under which the expression meets it; goals that were not met within the limit are absent."""
    found: dict[str, dict[Spot, str]] = {}
    for assignment in _assignments(setting, expr):
        value = evaluate(expr, patient_of(setting, assignment))
        for goal, meets in goals.items():
            if goal not in found and meets(value):
                found[goal] = dict(assignment)
        if len(found) == len(goals):
            break
    return found


TRUTHS: Mapping[str, Callable[[object], bool]] = {
    "true": lambda value: value is Truth.TRUE,
    "false": lambda value: value is Truth.FALSE,
}


def _assignments(setting: Setting, expr: Expr) -> Iterator[Assignment]:
    """Every combination of candidates where these are few; else a sample of them, always the same one."""
    constants = samples.constants_of(expr)
    spots = setting.spots
    offered = []
    for spot in spots:
        visit = next((v for v in setting.study.schedule.visits if v.id == spot.visit), None)
        day = day_of(visit) if visit else FIRST_DOSE
        offered.append(samples.candidates(setting.study.item_by_id[spot.item], constants, day))
    if math.prod(map(len, offered)) <= TRIES:
        for texts in itertools.product(*offered):
            yield dict(zip(spots, texts, strict=True))
        return
    seed = hashlib.sha256(f"{setting.form} {setting.visit} {[s.item for s in spots]}".encode()).digest()
    draw = random.Random(seed)
    yield dict(zip(spots, (texts[0] for texts in offered), strict=True))
    for _ in range(TRIES):
        # Mostly the usual values: what is far out everywhere seldom decides anything.
        yield {
            spot: texts[min(int(draw.expovariate(3 / len(texts))), len(texts) - 1)]
            for spot, texts in zip(spots, offered, strict=True)
        }
