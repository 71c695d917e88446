"""Freezing, locking and unlocking: a study, site, subject, visit, form, or a field of a form."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.ledger import Deed, Place, deed
from trialwright.conduct.rules.capture import form_map
from trialwright.conduct.rules.locks import CLOSED, Held, Scope, covering
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import LOCK
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study

_PARTS = ("site", "subject", "visit", "form", "group", "row", "item")


def freeze(study_id: str, scope: Scope, *, reason: str = "", by: Person, at: dt.datetime | None = None) -> Held:
    """Nobody at the site changes the place any more; its queries go on."""
    with deed(study_id, "freeze", by=by, at=at, reason=reason) as doing:
        return _turn(doing, _settled(doing, scope))


def lock(study_id: str, scope: Scope, *, reason: str = "", by: Person, at: dt.datetime | None = None) -> Held:
    """Nobody changes the place or asks about it any more. Raises Refused while queries are open there."""
    with deed(study_id, "lock", by=by, at=at, reason=reason) as doing:
        place = _settled(doing, scope)
        live = live_queries(doing.trial, place)
        if live:
            raise Refused(
                f"{_title(place)} cannot be locked: {live} {'query is' if live == 1 else 'queries are'} not closed.",
                hint="Close or cancel them first.",
            )
        return _turn(doing, place)


def unlock(study_id: str, scope: Scope, *, reason: str, by: Person, at: dt.datetime | None = None) -> Held:
    """Open a place that is frozen or locked itself. Raises Refused without a reason, or where a wider lock holds it."""
    with deed(study_id, "unlock", by=by, at=at, reason=reason) as doing:
        place = _settled(doing, scope)
        if not reason.strip():
            raise Refused("Unlocking needs a reason.", hint="Say what is to be changed, and why.")
        held = covering(locked.held(doing.trial, zone=doing.zone), place)
        if held is not None and held.scope != place and _row(doing, place) is None:
            raise Refused(f"{held} {_title(place)} is not {held.state} by itself.", hint=f"Unlock {held.scope}.")
        return _turn(doing, place)


def live_queries(trial: db.Trial, place: Scope) -> int:
    """How many queries in the place are open or answered."""
    found = db.Query.objects.filter(subject__trial=trial, state__in=("open", "answered"))
    columns = {"site": "subject__site", "subject": "subject__subject"}
    wanted = {columns.get(name, name): value for name in _PARTS if (value := getattr(place, name))}
    return found.filter(**wanted).count()


def _settled(doing: Deed, scope: Scope) -> Scope:
    """The scope with its site, checked: it names something that is there. The deed is done there."""
    if scope.subject:
        subject = doing.subject(scope.subject, visit=scope.visit, form=scope.form)
        if scope.site not in ("", subject.site):
            raise Refused(f"Subject {scope.subject} is not at site {scope.site}.")
        site = subject.site
    else:
        site = scope.site
        if site:
            doing.site(site)
        else:
            doing.permit()
        doing.place = Place(site, "", scope.visit, scope.form)
    _check_names(doing, scope)
    return Scope(site, *scope.parts[1:])  # type: ignore[arg-type]  # the parts in the order of the fields


def _check_names(doing: Deed, scope: Scope) -> None:
    """The place is there by the version in force or by another one, under which something is captured."""
    try:
        _check_by(doing.study, scope)
    except UnknownName:
        for version in doing.trial.versions.order_by("-number").values_list("version", flat=True):
            with suppress(UnknownName):
                return _check_by(studies.of_version(doing.trial, version).study, scope)
        raise


def _check_by(study: Study, scope: Scope) -> None:
    if scope.visit and study.schedule.plan(scope.visit) is None:
        raise UnknownName("visit", scope.visit, [visit.id for visit in study.schedule.visits])
    if scope.form:
        fields = form_map(study, scope.form)
        if scope.group and scope.group not in fields.groups:
            raise UnknownName("group", scope.group, fields.groups, where=scope.form)
        if scope.item and scope.item not in fields.items:
            raise UnknownName("field", scope.item, fields.items, where=scope.form)
        groups = [scope.group] if scope.group else [g for g in fields.groups if (g, scope.item) in fields.asked]
        if scope.item and not any((group, scope.item) in fields.asked for group in groups):
            raise UnknownName("field", scope.item, (), where=f"{scope.form}, {scope.group}")
        if scope.row < 0 or (scope.row > 1 and not any(fields.groups[group].repeating for group in groups)):
            raise Refused(f"There is no row {scope.row} on form {scope.form}.")
    elif scope.group or scope.item or scope.row:
        raise Refused("A field is locked within its form.", hint="Name the form.")


def _row(doing: Deed, place: Scope) -> db.Lock | None:
    parts = dict(zip(_PARTS, place.parts, strict=True))
    return db.Lock.objects.filter(trial=doing.trial, **parts).first()


def _turn(doing: Deed, place: Scope) -> Held:
    """Take the place to its next state, and count it in the study's row."""
    row = _row(doing, place)
    before = row.state if row else LOCK.start
    state = LOCK.after(before, doing.action, f"of {place}")
    content = {"state": state, "reason": doing.reason.strip(), "by": doing.by.username, "at": doing.at}
    if row:
        doing.change(row, **content)
    else:
        parts = dict(zip(_PARTS, place.parts, strict=True))
        doing.create(db.Lock(trial=doing.trial, **parts, **content))
    more = (state in CLOSED) - (before in CLOSED)
    if more:
        doing.change(doing.trial, held=doing.trial.held + more)
    return Held(place, state, doing.reason.strip(), doing.by.username, doing.at, doing.zone)


def _title(place: Scope) -> str:
    name = str(place)
    return f"{name[0].upper()}{name[1:]}"
