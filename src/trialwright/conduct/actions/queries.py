"""Queries: questions on a field, raised by a check or by a person, with a thread until they are closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from trialwright.conduct.actions import ledger
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.rules.checks import CheckKey, settle
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import QUERY
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused, UnknownName


def reconcile(
    doing: Deed, form: db.Form, found: Mapping[CheckKey, str], touched: Callable[[CheckKey], bool], *, new: bool
) -> tuple[list[int], list[int]]:
    """Raise a query for each new finding and close those whose check passes. Returns the numbers opened and closed.

    A finding that somebody has looked at and closed is asked again only when what it hangs on has changed.
    """
    queries = [] if new else _raised(form)
    known: dict[CheckKey, db.Query] = {(q.check_id, (q.group, q.row, q.item)): q for q in queries}
    settled = settle({key: query.state for key, query in known.items()}, found, touched)
    closed = [_pass(doing, known[key]) for key in settled.passes]
    for key in settled.stays:
        doing.change(known[key], text=found[key])
    opened = [
        _reopen(doing, known[key], found[key]) if key in settled.reopens else _raise(doing, form, key, found[key])
        for key in sorted((*settled.raises, *settled.reopens))
    ]
    return opened, closed


def _reopen(doing: Deed, query: db.Query, text: str) -> int:
    _demand_open(doing, query, "reopen_query")
    doing.change(query, state=QUERY.after(query.state, "reopen"), closed=None, text=text)
    return query.number


def _raised(form: db.Form) -> list[db.Query]:
    """The form's queries that a check has raised."""
    return [q for q in rows(db.Query).all(subject=form.subject, visit=form.visit, form=form.form) if q.check_id]


def _raise(doing: Deed, form: db.Form, key: CheckKey, text: str) -> int:
    check, place = key
    return _new(doing, form.subject, (form.visit, form.form, place), text, check).number


def _new(doing: Deed, subject: db.Subject, where: tuple[str, str, Place], text: str, check: str = "") -> db.Query:
    visit, form, (group, row, item) = where
    doing.demand_open(visit, form, group, row, item, action="open_query")
    last = subject.queries.order_by("-number").values_list("number", flat=True).first() or 0
    return doing.create(
        db.Query(
            subject=subject, number=last + 1, visit=visit, form=form, group=group, row=row, item=item,
            check_id=check, text=text, opened=doing.at, opened_by="" if check else doing.by.username,
        )
    )  # fmt: skip


def _pass(doing: Deed, query: db.Query) -> int:
    _demand_open(doing, query, "close_query")
    doing.change(query, state=QUERY.after(query.state, "pass"), closed=doing.at)
    _say(doing, query, "The check passes now.")
    return query.number


def _demand_open(doing: Deed, query: db.Query, action: str) -> None:
    doing.demand_open(query.visit, query.form, query.group, query.row, query.item, action=action)


def _say(doing: Deed, query: db.Query, text: str) -> None:
    number = query.messages.count() + 1
    doing.create(db.Message(query=query, number=number, at=doing.at, who=doing.by.username, text=text))


def open_query(
    study_id: str, subject_id: str, form_id: str, item: str, text: str, *, visit: str = "", group: str = "",
    row: int = 1, by: Person, at: dt.datetime | None = None,
) -> int:  # fmt: skip
    """Ask about a field. Returns the query's number within the subject."""
    with deed(study_id, "open_query", by=by, at=at) as doing:
        subject = doing.subject(subject_id, visit=visit, form=form_id)
        form = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
        fields = (doing.under(form.definition) if form else doing.known).form(form_id)
        if item not in fields.items:
            raise UnknownName("field", item, fields.items, where=form_id)
        if not text.strip():
            raise Refused("A query needs its question.")
        if form is None:
            raise Refused(
                f"Form {form_id} of subject {subject_id} has not been filled in; there is nothing to ask about."
            )
        place = (group or fields.group_of[item], row, item)
        if not fields.holds(place):
            raise UnknownName("field", f"{place[0]}/{row}/{item}", (), where=form_id)
        return _new(doing, subject, (visit, form_id, place), text.strip()).number


def answer_query(
    study_id: str, subject_id: str, number: int, text: str, *, by: Person, at: dt.datetime | None = None
) -> None:
    """The site's answer."""
    if not text.strip():
        raise Refused("An answer needs a text.")
    _step(study_id, subject_id, number, ("answer", text), by=by, at=at)


def close_query(
    study_id: str, subject_id: str, number: int, text: str = "", *, by: Person, at: dt.datetime | None = None
) -> None:
    """Accept the answer, or that none is needed."""
    _step(study_id, subject_id, number, ("close", text), by=by, at=at)


def reopen_query(
    study_id: str, subject_id: str, number: int, text: str, *, by: Person, at: dt.datetime | None = None
) -> None:
    """Ask again, saying why."""
    if not text.strip():
        raise Refused("Reopening a query needs the reason.")
    _step(study_id, subject_id, number, ("reopen", text), by=by, at=at)


def cancel_query(
    study_id: str, subject_id: str, number: int, text: str, *, by: Person, at: dt.datetime | None = None
) -> None:
    """Take back a query that was raised by mistake, saying why."""
    if not text.strip():
        raise Refused("Cancelling a query needs the reason.")
    _step(study_id, subject_id, number, ("cancel", text), by=by, at=at)


def _step(
    study_id: str, subject_id: str, number: int, step: tuple[str, str], *, by: Person, at: dt.datetime | None
) -> None:
    action, text = step
    with deed(study_id, f"{action}_query", by=by, at=at) as doing:
        subject = doing.subject(subject_id)
        query = rows(db.Query).get(subject=subject, number=number)
        if query is None:
            raise Refused(f"Subject {subject_id} has no query {number}.")
        doing.place = ledger.Place(subject.site, subject_id, query.visit, query.form)
        _demand_open(doing, query, doing.action)
        new: dict[str, Any] = {"state": QUERY.after(query.state, action, f"{subject_id}-{number}")}
        new["closed"] = doing.at if action in ("close", "cancel") else None
        doing.change(query, **new)
        if text.strip():
            _say(doing, query, text.strip())
