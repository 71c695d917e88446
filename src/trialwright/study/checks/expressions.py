"""Every expression reads: its syntax, names, types and units; derived items do not go round in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from trialwright.kernel import units
from trialwright.kernel.errors import LogicError, UserError
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.items import Item
from trialwright.study.problems import Problem

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|#[^\n]*")


class Written(NamedTuple):
    """An expression where it stands. `item`: the derived item that it must fit; None: it must be true or false."""

    place: Place
    text: str
    item: Item | None = None


def problems(study: Study) -> Iterator[Problem]:
    circle = list(_circles(study))
    yield from circle
    if circle:
        return
    said: set[str] = set()
    for written in expressions(study):
        try:
            kind = study.compile(written.text).kind
        except LogicError as error:
            if str(error) not in said:  # a mistake in a term or derived item comes back wherever it is used
                said.add(str(error))
                yield Problem(written.place, _placed(error), error.hint)
            continue
        if written.place[:2] != ("eligibility", "terms"):  # a term may give anything: where it is used decides
            yield from fits(written, kind.name, kind.unit)


def _placed(error: LogicError) -> str:
    """The sentence, with the column where the builder knows it."""
    return f"{error.what.rstrip('.')} ({error.where})." if error.where else error.what


def expressions(study: Study) -> Iterator[Written]:
    """All expressions of a definition with their places; derived items first."""
    for index, item in enumerate(study.items):
        if item.derive:
            yield Written(("items", index, "derive"), item.derive, item)
    yield from _of_eligibility(study)
    yield from _of_forms(study)
    for index, rule in enumerate(study.dosing.rules):
        yield Written(("dosing", "rules", index, "logic"), rule.logic)
    for index, endpoint in enumerate(study.endpoints.endpoints):
        for row, part in enumerate(endpoint.parts):
            yield Written(("endpoints", "endpoints", index, "parts", row, "logic"), part.logic)


def _of_eligibility(study: Study) -> Iterator[Written]:
    for index, term in enumerate(study.eligibility.terms):
        yield Written(("eligibility", "terms", index, "logic"), term.logic)
    for index, criterion in enumerate(study.eligibility.criteria):
        place: Place = ("eligibility", "criteria", index)
        yield Written((*place, "logic"), criterion.logic)
        for row, reading in enumerate(criterion.readings):
            yield Written((*place, "readings", row, "logic"), reading.logic)


def _of_forms(study: Study) -> Iterator[Written]:
    for index, form in enumerate(study.forms):
        for number, group in enumerate(form.groups):
            for row, field in enumerate(group.fields):
                if field.show_when:
                    yield Written(("forms", index, "groups", number, "fields", row, "show_when"), field.show_when)
        for number, check in enumerate(form.checks):
            yield Written(("forms", index, "checks", number, "logic"), check.logic)


def _circles(study: Study) -> Iterator[Problem]:
    derived = {item.id: item.derive for item in study.items if item.derive}
    graph = {name: {word for word in _names(text) if word in derived} for name, text in derived.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        first = min(range(len(circle) - 1), key=circle.__getitem__)
        circle = [*circle[first:-1], *circle[:first], circle[first]]
        index = next(i for i, item in enumerate(study.items) if item.id == circle[0])
        what = f"Derived items go round in a circle: {' needs '.join(circle)}."
        yield Problem(("items", index, "derive"), what, "Let one of them be captured, or derive it from others.")


def _names(text: str) -> list[str]:
    return _NAME.findall(_QUOTED.sub(" ", text))


_KINDS = {
    "quantity": ("number",), "integer": ("number",), "text": ("code",), "choice": ("code",), "boolean": ("truth",),
    "judgement": ("truth",), "date": ("date",), "datetime": ("date",), "event": ("event", "date"), "time": ("code",),
    "choices": ("codes",), "file": (),
}  # fmt: skip
_WORDS = {
    "number": "a number",
    "truth": "true or false",
    "code": "a code",
    "codes": "codes",
    "date": "a date",
    "event": "an event",
}


def fits(written: Written, kind: str, unit: str) -> Iterator[Problem]:
    """Whether the expression gives what its place needs."""
    item = written.item
    if item is None:
        if kind != "truth":
            yield Problem(written.place, f"This gives {_WORDS[kind]}, not true or false.", "Compare it with something.")
        return
    if kind not in _KINDS[item.type]:
        what = f"This gives {_WORDS[kind]}, and '{item.id}' is of the type {item.type}."
        yield Problem(written.place, what, "Change the type or the expression.")
    elif kind == "number" and not _same_kind(unit or "1", item):
        what = f"This is in '{unit}', which does not go with '{item.unit or '1'}', the unit of '{item.id}'."
        yield Problem(written.place, what, "Change the unit or the expression.")


def _same_kind(unit: str, item: Item) -> bool:
    try:
        return units.same_kind(unit, item.unit or "1", item.molar_mass)
    except UserError:
        return False
