"""No id is given twice, and every id that is used exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from trialwright.kernel.errors import nearest
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.endpoints import Endpoint
from trialwright.study.forms import Form
from trialwright.study.problems import Problem
from trialwright.study.schedule import ExtraVisit, Visit


def problems(study: Study) -> Iterator[Problem]:
    for check in (
        _duplicates,
        _forms,
        _visits,
        _logs,
        _samples,
        _arms,
        _dosing,
        _populations,
        _endpoints,
        _event_forms,
    ):
        yield from check(study)


def unknown(kind: str, name: str, known: Iterable[str], place: Place) -> Iterator[Problem]:
    names = set(known)
    if name not in names:
        yield Problem(place, f"There is no {kind} '{name}'.", nearest(name, names))


def _twice(
    parts: Sequence[Any], kind: str, place: Place, name: Callable[[Any], str] = lambda p: p.id
) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if name(part) in seen:
            yield Problem(
                (*place, index), f"The {kind} '{name(part)}' is defined twice.", "Give one of them another id."
            )
        seen.add(name(part))


def _duplicates(study: Study) -> Iterator[Problem]:
    registration = study.registration
    yield from _twice(study.items, "item", ("items",))
    yield from _twice(study.forms, "form", ("forms",))
    yield from _twice(study.schedule.visits, "visit", ("schedule", "visits"))
    yield from _twice(study.schedule.visits, "visit number", ("schedule", "visits"), lambda v: f"{v.number:g}")
    yield from _twice(study.schedule.extra, "visit", ("schedule", "extra"))
    planned = {visit.id for visit in study.schedule.visits}
    for index, extra in enumerate(study.schedule.extra):
        if extra.id in planned:
            what = f"The visit '{extra.id}' is planned and beyond the plan."
            yield Problem(("schedule", "extra", index), what, "Give one of them another id.")
    yield from _twice(study.eligibility.criteria, "criterion", ("eligibility", "criteria"))
    yield from _twice(study.eligibility.terms, "term", ("eligibility", "terms"))
    yield from _twice(study.endpoints.endpoints, "endpoint", ("endpoints", "endpoints"))
    yield from _twice(study.endpoints.populations, "population", ("endpoints", "populations"))
    yield from _twice(study.dosing.rules, "dose rule", ("dosing", "rules"))
    for part in ("sites", "arms", "interventions"):
        yield from _twice(getattr(registration, part), part.removesuffix("s"), ("study", part))
    for index, item in enumerate(study.items):
        yield from _twice(item.choices, "choice", ("items", index, "choices"), lambda c: c.code)
    for index, endpoint in enumerate(study.endpoints.endpoints):
        yield from _twice(endpoint.parts, "part", ("endpoints", "endpoints", index, "parts"))
    items = {item.id: index for index, item in enumerate(study.items)}
    for index, item in enumerate(study.items):
        for synonym in item.synonyms:
            if synonym.id in items:
                yield Problem(("items", index, "synonyms"), f"'{synonym.id}' is also an item.", "Use another synonym.")
    for index, term in enumerate(study.eligibility.terms):
        if term.id in items:
            yield Problem(("eligibility", "terms", index), f"'{term.id}' is also an item.", "Use another name.")


def _forms(study: Study) -> Iterator[Problem]:
    for index, form in enumerate(study.forms):
        yield from _form(study, form, ("forms", index))


def _form(study: Study, form: Form, place: Place) -> Iterator[Problem]:
    yield from _twice(form.groups, "group", (*place, "groups"))
    yield from _twice(form.checks, "check", (*place, "checks"))
    seen: set[str] = set()
    for number, group in enumerate(form.groups):
        for row, field in enumerate(group.fields):
            at = (*place, "groups", number, "fields", row)
            yield from unknown("item", field.item, study.item_by_id, at)
            if field.item in seen:
                yield Problem(at, f"The item '{field.item}' stands twice on the form '{form.id}'.", "Leave one out.")
            seen.add(field.item)
    for number, check in enumerate(form.checks):
        at = (*place, "checks", number, "item")
        if check.item in study.item_by_id and check.item not in seen:
            what = f"The check '{check.id}' stands at '{check.item}', which is not on the form '{form.id}'."
            yield Problem(at, what, "Name an item of this form.")
        else:
            yield from unknown("item", check.item, study.item_by_id, at)


def _visits(study: Study) -> Iterator[Problem]:
    listed: list[tuple[Place, Visit | ExtraVisit]] = [
        *((("schedule", "visits", index), visit) for index, visit in enumerate(study.schedule.visits)),
        *((("schedule", "extra", index), visit) for index, visit in enumerate(study.schedule.extra)),
    ]
    for place, visit in listed:
        for row, form in enumerate(visit.forms):
            at = (*place, "forms", row)
            yield from unknown("form", form, study.form_by_id, at)
            if form in study.form_by_id and study.form_by_id[form].kind == "log":
                yield Problem(at, f"The form '{form}' is a log and cannot belong to a visit.", "Name it under 'logs'.")
        yield from _twice(visit.forms, "form", (*place, "forms"), str)
        yield from unknown("epoch", visit.epoch, (e.id for e in study.schedule.epochs), (*place, "epoch"))


def _logs(study: Study) -> Iterator[Problem]:
    for row, form in enumerate(study.schedule.logs):
        place: Place = ("schedule", "logs", row)
        yield from unknown("form", form, study.form_by_id, place)
        if form in study.form_by_id and study.form_by_id[form].kind == "visit":
            yield Problem(place, f"The form '{form}' is not a log.", "Give it 'kind: log' in forms.yaml.")


def _captured(study: Study, visit: str) -> set[str]:
    """Items that the forms of a visit hold."""
    forms = (study.form_by_id.get(form) for form in study.schedule.visit(visit).forms)
    return {item for form in forms if form for item in form.item_ids()}


def _samples(study: Study) -> Iterator[Problem]:
    visits = {visit.id for visit in study.schedule.visits}
    for index, sample in enumerate(study.schedule.samples):
        place: Place = ("schedule", "samples", index)
        yield from unknown("item", sample.item, study.item_by_id, (*place, "item"))
        yield from unknown("visit", sample.visit, visits, (*place, "visit"))
        if (
            sample.visit in visits
            and sample.item in study.item_by_id
            and sample.item not in _captured(study, sample.visit)
        ):
            what = f"No form of the visit '{sample.visit}' holds the item '{sample.item}'."
            yield Problem(place, what, "Add the form that holds it to the visit, or take the sample out.")


def _arms(study: Study) -> Iterator[Problem]:
    known = [intervention.id for intervention in study.registration.interventions]
    for index, arm in enumerate(study.registration.arms):
        for row, name in enumerate(arm.interventions):
            yield from unknown("intervention", name, known, ("study", "arms", index, "interventions", row))


def _dosing(study: Study) -> Iterator[Problem]:
    dosing, registration = study.dosing, study.registration
    if study.captured_only:
        return
    yield from unknown("arm", dosing.arm, (arm.id for arm in registration.arms), ("dosing", "arm"))
    known = [intervention.id for intervention in registration.interventions]
    yield from unknown("intervention", dosing.intervention, known, ("dosing", "intervention"))
    yield from unknown("item", dosing.dose_item, study.item_by_id, ("dosing", "dose_item"))
    yield from unknown("item", dosing.weight.item, study.item_by_id, ("dosing", "weight", "item"))


def _populations(study: Study) -> Iterator[Problem]:
    for index, population in enumerate(study.endpoints.populations):
        place: Place = ("endpoints", "populations", index)
        if population.item:
            yield from unknown("item", population.item, study.item_by_id, (*place, "item"))
        if population.rule == "with_item" and not population.item:
            yield Problem(
                place, f"The population '{population.id}' has the rule 'with_item' and no item.", "Name the item."
            )


def _endpoints(study: Study) -> Iterator[Problem]:
    if not study.captured_only and not any(endpoint.rank == "primary" for endpoint in study.endpoints.endpoints):
        yield Problem(("endpoints", "endpoints"), "No endpoint is primary.", "Give one of them 'rank: primary'.")
    for index, endpoint in enumerate(study.endpoints.endpoints):
        yield from _endpoint(study, endpoint, ("endpoints", "endpoints", index))


def _endpoint(study: Study, endpoint: Endpoint, place: Place) -> Iterator[Problem]:
    populations = [population.id for population in study.endpoints.populations]
    visits = [visit.id for visit in study.schedule.visits]
    yield from unknown("population", endpoint.population, populations, (*place, "population"))
    for row, visit in enumerate(endpoint.visits):
        yield from unknown("visit", visit, visits, (*place, "visits", row))
    if endpoint.item:
        yield from unknown("item", endpoint.item, study.item_by_id, (*place, "item"))
    composite = endpoint.measure in ("binary", "time_to_event")
    needed = "parts" if composite else "item"
    if not getattr(endpoint, needed):
        yield Problem(place, f"The {endpoint.measure} endpoint '{endpoint.id}' has no '{needed}'.", f"Add '{needed}'.")
    if composite and not endpoint.visits:
        yield Problem(
            place, f"The {endpoint.measure} endpoint '{endpoint.id}' has no visits.", "Say where it is assessed."
        )
    if endpoint.test and endpoint.measure != "binary":
        yield Problem((*place, "test"), "An exact binomial test belongs to a binary endpoint.", "Take the test out.")
    item = study.item_by_id.get(endpoint.item or "")
    if item and item.choices:
        for row, code in enumerate(endpoint.counts):
            yield from unknown("choice", code, (c.code for c in item.choices), (*place, "counts", row))


def _event_forms(study: Study) -> Iterator[Problem]:
    events = study.endpoints.event_forms
    place: Place = ("endpoints", "event_forms")
    if study.captured_only:
        return
    yield from unknown("form", events.adverse_events, study.form_by_id, (*place, "adverse_events"))
    if (form := study.form_by_id.get(events.adverse_events)) is None:
        return
    for role, item in events.model_dump().items():
        if role != "adverse_events":
            yield from unknown(f"item on the form '{form.id}' called", item, form.item_ids(), (*place, role))
