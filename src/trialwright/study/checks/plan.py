"""Visits, doses and figures add up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.problems import Problem
from trialwright.study.schedule import MOST_TIMES


def problems(study: Study) -> Iterator[Problem]:
    for check in (_registration, _anchors, _order, _again, _steps, _dose_visits, _exact_test):
        yield from check(study)


def _registration(study: Study) -> Iterator[Problem]:
    design, status = study.registration.design, study.registration.status
    if design.min_age is not None and design.max_age is not None and design.min_age > design.max_age:
        what = f"The lowest age, {design.min_age}, is above the highest, {design.max_age}."
        yield Problem(("study", "design", "min_age"), what, "Exchange them.")
    if status.completion < status.start:
        what = f"The study is complete on {status.completion} before it starts on {status.start}."
        yield Problem(("study", "status", "completion"), what, "Check both dates.")


def _anchors(study: Study) -> Iterator[Problem]:
    visits = study.schedule.visits
    if not any(visit.anchor == "screening" and visit.offset == 0 for visit in visits):
        yield Problem(
            ("schedule", "visits"), "No visit is on the day of screening.", "Add one: anchor screening, offset 0."
        )
    for index, visit in enumerate(visits):
        if visit.dose == 1 and (visit.anchor != "first_dose" or visit.offset != 0):
            what = f"The visit '{visit.id}' gives the first dose and is not on day 0 of 'first_dose'."
            yield Problem(("schedule", "visits", index), what, "Give it 'anchor: first_dose' and 'offset: 0'.")


def _order(study: Study) -> Iterator[Problem]:
    latest: dict[str, int] = {}
    for index, visit in enumerate(study.schedule.visits):
        before = latest.get(visit.anchor, visit.offset)
        if visit.offset < before:
            what = f"The visit '{visit.id}' on day {visit.offset} follows one on day {before}."
            yield Problem(("schedule", "visits", index, "offset"), what, "List the visits in the order of their days.")
        latest[visit.anchor] = max(before, visit.offset)


def _again(study: Study) -> Iterator[Problem]:
    """Visits that take place again: what they cannot give, and the numbers that their times take up."""
    taken: list[tuple[float, float, str, Place]] = []
    for index, visit in enumerate(study.schedule.visits):
        place: Place = ("schedule", "visits", index)
        if visit.every and visit.dose is not None:
            what = f"The visit '{visit.id}' repeats and gives dose {visit.dose}, which is given once."
            yield Problem((*place, "every"), what, "Write a visit for each dose.")
        most = (visit.times or MOST_TIMES) if visit.every else 1
        taken.append((visit.number, visit.occurrence(most).number, visit.id, (*place, "number")))
    for index, extra in enumerate(study.schedule.extra):
        most = MOST_TIMES if extra.kind == "unscheduled" else 1
        last = extra.occurrence(most).number
        taken.append((extra.number, last, extra.id, ("schedule", "extra", index, "number")))
    taken.sort(key=lambda each: each[:2])
    for (_, last, name, _), (number, _, other, at) in pairwise(taken):
        if number <= last:
            what = f"The number {number:g} of the visit '{other}' is taken by '{name}', whose times reach {last:g}."
            yield Problem(at, what, f"Let {other} begin at {math.floor(last) + 1}.")


def _steps(study: Study) -> Iterator[Problem]:
    expected = 1
    for index, step in enumerate(study.dosing.steps):
        place: Place = ("dosing", "steps", index)
        if step.last < step.first:
            what = f"The step ends with dose {step.last} before it begins with dose {step.first}."
            yield Problem(place, what, "Exchange 'first' and 'last'.")
        elif step.first != expected:
            what = f"The step begins with dose {step.first}; after the steps before it comes dose {expected}."
            yield Problem(place, what, "Let the steps follow one another without gap or overlap.")
        expected = max(step.last, step.first) + 1
    if not study.dosing.steps and not study.captured_only:
        yield Problem(("dosing", "steps"), "There is no dose.", "Add at least one step.")


def _dose_visits(study: Study) -> Iterator[Problem]:
    doses = max((step.last for step in study.dosing.steps), default=0)
    given = Counter(visit.dose for visit in study.schedule.visits if visit.dose is not None)
    for index, visit in enumerate(study.schedule.visits):
        place: Place = ("schedule", "visits", index, "dose")
        if visit.dose is None:
            continue
        if not 1 <= visit.dose <= doses:
            what = f"The visit '{visit.id}' gives dose {visit.dose}, and dosing.yaml has {doses}."
            yield Problem(place, what, "Add a step for it, or take 'dose' out.")
        if given[visit.dose] > 1:
            yield Problem(
                place, f"Dose {visit.dose} is given at {given[visit.dose]} visits.", "Number the doses in order."
            )
        held = {item for form in visit.forms if form in study.form_by_id for item in study.form_by_id[form].item_ids()}
        if study.dosing.dose_item not in held:
            what = f"The visit '{visit.id}' gives a dose, and none of its forms holds '{study.dosing.dose_item}'."
            yield Problem(("schedule", "visits", index, "forms"), what, "Add the form that holds the dose.")
    missing = [dose for dose in range(1, doses + 1) if dose not in given]
    if missing:
        named = ", ".join(str(dose) for dose in missing)
        what = f"No visit gives dose {named}." if len(missing) == 1 else f"No visit gives the doses {named}."
        yield Problem(("dosing", "steps"), what, "Give a visit in schedule.yaml that dose, or shorten the steps.")


def _exact_test(study: Study) -> Iterator[Problem]:
    for index, endpoint in enumerate(study.endpoints.endpoints):
        if endpoint.test and endpoint.test.target <= endpoint.test.null:
            what = f"The target rate {endpoint.test.target:g} is not above the null rate {endpoint.test.null:g}."
            yield Problem(
                ("endpoints", "endpoints", index, "test", "target"), what, "The test looks for a higher rate."
            )
