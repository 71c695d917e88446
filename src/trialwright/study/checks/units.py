"""Units are known, and those that belong together measure the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.kernel import units
from trialwright.kernel.errors import UnitError
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.items import Item
from trialwright.study.problems import Problem


def problems(study: Study) -> Iterator[Problem]:
    for index, item in enumerate(study.items):
        yield from _item(item, ("items", index))
    yield from _doses(study)


def _item(item: Item, place: Place) -> Iterator[Problem]:
    if not item.unit:
        if item.units:
            yield Problem((*place, "units"), f"The item '{item.id}' has other units and no unit.", "Add 'unit'.")
        return
    if wrong := _not_a_unit(item.unit, (*place, "unit")):
        yield wrong
        return
    others = [(unit, item.molar_mass, (*place, "units", row)) for row, unit in enumerate(item.units)]
    others += [(s.unit, s.molar_mass, (*place, "synonyms", row, "unit")) for row, s in enumerate(item.synonyms)]
    for unit, molar_mass, at in others:
        if wrong := _not_a_unit(unit, at) or _does_not_go(unit, item, molar_mass, at):
            yield wrong


def _not_a_unit(unit: str, place: Place) -> Problem | None:
    try:
        units.check(unit)
    except UnitError as error:
        return Problem(place, error.what, error.hint)
    return None


def _does_not_go(unit: str, item: Item, molar_mass: float | None, place: Place) -> Problem | None:
    try:
        units.convert(1.0, unit, item.unit, molar_mass=molar_mass)
    except UnitError as error:
        return Problem(place, f"'{unit}' does not go with the item's unit '{item.unit}': {error.what}", error.hint)
    return None


def _doses(study: Study) -> Iterator[Problem]:
    dose, weight = study.item_by_id.get(study.dosing.dose_item), study.item_by_id.get(study.dosing.weight.item)
    if not (dose and weight) or _not_a_unit(dose.unit, ()) or _not_a_unit(weight.unit, ()):
        return
    for index, step in enumerate(study.dosing.steps):
        place: Place = ("dosing", "steps", index, "unit")
        if wrong := _not_a_unit(step.unit, place):
            yield wrong
        elif not units.same_kind(units.multiply(step.unit, weight.unit), dose.unit):
            what = f"'{step.unit}' times the weight in '{weight.unit}' is not a dose in '{dose.unit}'."
            yield Problem(place, what, f"Write '{dose.unit}/{weight.unit}'.")
