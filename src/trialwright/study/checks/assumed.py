"""The simulation's assumptions speak of items, forms, sites and answers that exist."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.kernel.errors import nearest
from trialwright.study.assumptions import Draw, FormRows, SitePace
from trialwright.study.base import Node
from trialwright.study.checks.names import unknown
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.problems import Problem


def problems(study: Study) -> Iterator[Problem]:
    if study.captured_only:
        return
    for place, node in _walk(study.assumptions, ("assumptions",)):
        yield from _references(study, place, node)
        match node:
            case Draw():
                yield from _answers(study, place, node)
            case FormRows():
                yield from _group(study, place, node)
            case SitePace() if place[-1] != "other_sites":
                yield from unknown("site", node.site, [s.id for s in study.registration.sites], (*place, "site"))


def _walk(node: Node, place: Place) -> Iterator[tuple[Place, Node]]:
    yield place, node
    for name in type(node).model_fields:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield from _walk(value, (*place, name))
        elif isinstance(value, tuple):
            for index, part in enumerate(value):
                if isinstance(part, Node):
                    yield from _walk(part, (*place, name, index))


def _references(study: Study, place: Place, node: Node) -> Iterator[Problem]:
    """Fields that are marked as the id of an item or a form."""
    for name, info in type(node).model_fields.items():
        value = getattr(node, name)
        if "item" in info.metadata and value is not None:
            yield from unknown("item", value, study.item_by_id, (*place, name))
        elif "form" in info.metadata and value is not None:
            yield from unknown("form", value, study.form_by_id, (*place, name))
        elif name == "when":
            for item, codes in value.items():
                yield from unknown("item", item, study.item_by_id, (*place, name, item))
                yield from _codes(study, item, codes, (*place, name, item))


def _answers(study: Study, place: Place, draw: Draw) -> Iterator[Problem]:
    if draw.choices:
        yield from _codes(study, draw.item, tuple(draw.choices), (*place, "choices"))
    if draw.value is not None:
        yield from _codes(study, draw.item, (draw.value,), (*place, "value"))


def _codes(study: Study, item_id: str, codes: tuple[str, ...], place: Place) -> Iterator[Problem]:
    item = study.item_by_id.get(item_id)
    if item is None or not item.choices:
        return
    known = [choice.code for choice in item.choices]
    for code in codes:
        if code not in known:
            yield Problem(place, f"'{code}' is not an answer to '{item_id}'.", nearest(code, known))


def _group(study: Study, place: Place, rows: FormRows) -> Iterator[Problem]:
    if form := study.form_by_id.get(rows.form):
        yield from unknown(f"group of '{form.id}'", rows.group, [group.id for group in form.groups], (*place, "group"))
