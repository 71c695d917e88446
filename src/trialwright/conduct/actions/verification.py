"""Source data verification: a monitor marks values that agree with their source; one that changes loses its mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from trialwright.conduct.actions.blinding import hidden_of
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.rules.capture import FormMap, StaleForm
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class FormVerified:
    """How the form stands now: `changed` marks were set or taken away just now."""

    changed: int
    verified: int
    to_verify: int
    """Critical values that wait for it."""


def verify(
    study_id: str, subject_id: str, form_id: str, places: Iterable[Place] | None = None, *, visit: str = "",
    version: int | None = None, by: Person, at: dt.datetime | None = None,
) -> FormVerified:  # fmt: skip
    """Mark values as compared with their source; None: all that the form holds. Raises Refused, UnknownName.

    `version`: the form's version that the person compared; StaleForm when it was saved since. None skips that.
    What is computed has no source, and nobody verifies what is hidden from him: such places are refused.
    """
    with deed(study_id, "verify_value", by=by, at=at) as doing:
        form = _Marked(doing, subject_id, form_id, visit)
        if version is not None and version != form.row.version:
            raise StaleForm(form_id, form.row.version)
        wanted = form.verifiable() if places is None else list(dict.fromkeys(places))
        for place in wanted:
            form.demand_verifiable(place)
        return form.mark([place for place in wanted if place not in form.marks])


def unverify(
    study_id: str, subject_id: str, form_id: str, places: Iterable[Place], *, visit: str = "", reason: str,
    by: Person, at: dt.datetime | None = None,
) -> FormVerified:  # fmt: skip
    """Take back marks, saying why. Raises Refused where there is none."""
    with deed(study_id, "verify_value", by=by, at=at, reason=reason) as doing:
        form = _Marked(doing, subject_id, form_id, visit)
        if not reason.strip():
            raise Refused("Taking back a verification needs a reason.")
        return form.clear(list(dict.fromkeys(places)))


class _Marked:
    """A form with its values and the marks on them."""

    def __init__(self, doing: Deed, subject_id: str, form_id: str, visit: str) -> None:
        subject = doing.subject(subject_id, visit=visit, form=form_id)
        row = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
        if row is None:
            raise Refused(f"Form {form_id} of subject {subject_id} has not been filled in.")
        self.doing, self.row = doing, row
        self.fields: FormMap = doing.under(row.definition).form(form_id)
        self.hidden = hidden_of(doing.trial, doing.by).items
        self.held = [_place(value) for value in rows(db.Value).all(form=row)]
        self.marks = {_place(mark): mark for mark in rows(db.Verified).all(form=row)}

    def verifiable(self) -> list[Place]:
        return [place for place in self.held if not self._why_not(place)]

    def demand_verifiable(self, place: Place) -> None:
        if why := self._why_not(place):
            raise Refused(f"Field {place[2]} cannot be verified: {why}.")
        self.doing.demand_open(self.row.visit, self.row.form, *place)

    def _why_not(self, place: Place) -> str:
        if place not in self.held:
            return "it holds no value"
        item = self.fields.items.get(place[2])
        if place[2] in self.hidden:
            return "it is blinded"
        return "it is computed" if item is not None and item.derive else ""

    def mark(self, places: list[Place]) -> FormVerified:
        moment = {"by": self.doing.by.username, "at": self.doing.at}
        new = [{"group": group, "row": row, "item": item, **moment} for group, row, item in places]
        self.doing.create_all(db.Verified, self.row, new)
        return self._count([*self.marks, *places], len(places), {"lost": 0} if places else {})

    def clear(self, places: list[Place]) -> FormVerified:
        for place in places:
            if place not in self.marks:
                raise Refused(f"Field {place[2]} is not verified.")
            self.doing.demand_open(self.row.visit, self.row.form, *place)
            self.doing.remove(self.marks[place])
        return self._count([place for place in self.marks if place not in places], len(places), {})

    def _count(self, marks: list[Place], changed: int, more: dict[str, int]) -> FormVerified:
        waiting = critical(self.fields, self.held) - critical(self.fields, marks)
        self.doing.change(self.row, verified=len(marks), to_verify=waiting, **more)
        return FormVerified(changed, len(marks), waiting)


def counted(
    doing: Deed, form: db.Form, fields: FormMap, changed: Collection[Place], held: Iterable[Place]
) -> dict[str, int]:
    """The form's counts after values have changed; their marks go. One more statement where there are marks at all."""
    waiting = critical(fields, held)
    if not form.verified:
        return {"to_verify": waiting}
    marks = {_place(mark): mark for mark in rows(db.Verified).all(form=form)}
    gone = [place for place in marks if place in changed]
    for place in gone:
        doing.remove(marks.pop(place))
    return {"to_verify": waiting - critical(fields, marks), "verified": len(marks), "lost": form.lost + len(gone)}


def critical(fields: FormMap, places: Iterable[Place]) -> int:
    """How many of the places are of critical fields."""
    return sum((group, item) in fields.critical for group, _, item in places)


def _place(row: db.Value | db.Verified) -> Place:
    return row.group, row.row, row.item
