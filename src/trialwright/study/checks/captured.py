"""What would go wrong at capture though every part of the definition is sound: fields that nobody is ever asked,
checks that never ask or always do, rules that hang on what no form holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.logic.certain import Range, can_be
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.forms import Check, Field, Form
from trialwright.study.problems import Problem
from trialwright.study.schedule import Visit


def doubts(study: Study) -> Iterator[Problem]:
    looked = _Captured(study)
    for index, form in enumerate(study.forms):
        for number, group in enumerate(form.groups):
            for row, field in enumerate(group.fields):
                yield from looked.field(form, field, ("forms", index, "groups", number, "fields", row))
        for number, check in enumerate(form.checks):
            yield from looked.check(form, check, ("forms", index, "checks", number))
    yield from _windows(study)


class _Captured:
    """What the forms hold, and what numbers may be."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.on_forms = {item for form in study.forms for item in form.item_ids()}
        self.limits = {
            item.id: Range(
                -float("inf") if item.hard.low is None else item.hard.low,
                float("inf") if item.hard.high is None else item.hard.high,
                item.hard.open_low, item.hard.open_high,
            )
            for item in study.items if item.hard is not None
        }  # fmt: skip

    def field(self, form: Form, field: Field, place: Place) -> Iterator[Problem]:
        item = self.study.item_by_id[field.item]
        if field.required and item.derive:
            what = f"The field '{field.item}' of '{form.id}' is required and computed: nobody can fill it in."
            yield Problem((*place, "required"), what, "Require what it is computed from.")
        if field.show_when is None:
            return
        if not can_be(self.study.compile(field.show_when), True, self.limits):
            named = "is required, and its" if field.required else "is never asked: its"
            what = f"The field '{field.item}' of '{form.id}' {named} 'show_when' can never be true."
            yield Problem((*place, "show_when"), what, "Correct the condition, or take the field out.")
        if missing := self._uncaptured(field.show_when):
            what = f"Whether '{field.item}' of '{form.id}' is asked hangs on '{missing[0]}', which stands on no form."
            yield Problem((*place, "show_when"), what, f"Put '{missing[0]}' on a form.")

    def check(self, form: Form, check: Check, place: Place) -> Iterator[Problem]:
        logic = self.study.compile(check.logic)
        if missing := self._uncaptured(check.logic):
            what = f"The check '{check.id}' of '{form.id}' speaks of '{missing[0]}', which stands on no form."
            yield Problem((*place, "logic"), what, "It stays silent for ever: put the item on a form.")
        elif not can_be(logic, False, self.limits):
            what = f"The check '{check.id}' of '{form.id}' can never be false."
            yield Problem((*place, "logic"), what, "It never asks: correct it, or take it out.")
        elif not can_be(logic, True, self.limits):
            what = f"The check '{check.id}' of '{form.id}' can never be true."
            yield Problem((*place, "logic"), what, "It asks whenever it is known: turn it round?")

    def _uncaptured(self, text: str) -> list[str]:
        """Items that an expression speaks of and that nobody captures, nor computes."""
        expr = self.study.compile(text)
        return [i for i in expr.items if i not in self.on_forms and self.study.item_by_id[i].derive is None]


def _windows(study: Study) -> Iterator[Problem]:
    """Planned visits that count from the same day, whose windows hold the same day: it could be either of them."""
    last: dict[str, Visit] = {}
    index_of = {visit.id: index for index, visit in enumerate(study.schedule.visits)}
    for visit in sorted(study.schedule.planned(), key=lambda visit: (visit.anchor, visit.offset)):
        before = last.get(visit.anchor)
        if before is not None and visit.offset - visit.window.before <= before.offset + before.window.after:
            what = f"The windows of the visits '{before.id}' and '{visit.id}' share a day."
            place: Place = ("schedule", "visits", index_of.get(visit.id.partition(".")[0], 0))
            yield Problem(place, what, "Make one of them narrower, so that a day belongs to one visit.")
        last[visit.anchor] = visit
