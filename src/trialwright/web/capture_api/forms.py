"""One form of a subject: read it, save some of its fields or all, see the history of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Entry, StaleForm
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import FieldView, FormView
from trialwright.kernel.errors import UnknownName
from trialwright.study.definition import Study
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import Caller, caller_of, done, read, shown
from trialwright.web.capture_api.problems import name_of, problem
from trialwright.web.capture_api.queries import query_out
from trialwright.web.capture_api.shapes import FieldAsked, FormIn, Name

router = Router(tags=["Forms"])
SUBJECT = "/studies/{study}/subjects/{subject}"
VISIT, LOG = f"{SUBJECT}/visits/{{visit}}/forms/{{form}}", f"{SUBJECT}/logs/{{form}}"
SAVED: dict[str, Any] = {"response": answers.FormSavedOut, "openapi_extra": told.WRITE}
SHOWN: dict[str, Any] = {"response": answers.FormOut, "openapi_extra": told.READ}
HISTORY: dict[str, Any] = {"response": answers.FieldHistory, "openapi_extra": told.READ}


@router.get(VISIT, operation_id="visitForm", **SHOWN)
def visit_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name]
) -> HttpResponse:
    """A form of a visit with its values, state, version and queries."""
    return _show(read(request, study, "form", subject=subject, visit=visit, form=form), (subject, visit, form))


@router.get(LOG, operation_id="logForm", **SHOWN)
def log_form(request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name]) -> HttpResponse:
    """A running log with its values, state, version and queries."""
    return _show(read(request, study, "form", subject=subject, form=form), (subject, "", form))


@router.patch(VISIT, operation_id="patchVisitForm", **SAVED)
def patch_visit_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name], body: FormIn
) -> HttpResponse:
    """Save some fields; those that are not sent stay as they are."""
    return _save(request, caller_of(request, study), (subject, visit, form), body)


@router.put(VISIT, operation_id="putVisitForm", **SAVED)
def put_visit_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name], body: FormIn
) -> HttpResponse:
    """Save the whole form: fields that are not sent are emptied."""
    return _save(request, caller_of(request, study), (subject, visit, form), body)


@router.patch(LOG, operation_id="patchLogForm", **SAVED)
def patch_log_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], body: FormIn
) -> HttpResponse:
    """Save some fields of a running log; those that are not sent stay as they are."""
    return _save(request, caller_of(request, study), (subject, "", form), body)


@router.put(LOG, operation_id="putLogForm", **SAVED)
def put_log_form(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], body: FormIn
) -> HttpResponse:
    """Save a whole running log: fields that are not sent are emptied."""
    return _save(request, caller_of(request, study), (subject, "", form), body)


@router.get(f"{VISIT}/history", operation_id="visitFieldHistory", **HISTORY)
def visit_history(
    request: HttpRequest, study: Path[Name], subject: Path[Name], visit: Path[Name], form: Path[Name],
    asked: Query[FieldAsked],
) -> HttpResponse:  # fmt: skip
    """Everything that ever happened to one field, oldest first."""
    return _history(request, study, (subject, visit, form), (asked.group, asked.row, asked.item))


@router.get(f"{LOG}/history", operation_id="logFieldHistory", **HISTORY)
def log_history(
    request: HttpRequest, study: Path[Name], subject: Path[Name], form: Path[Name], asked: Query[FieldAsked],
) -> HttpResponse:  # fmt: skip
    """Everything that ever happened to one field of a running log, oldest first."""
    return _history(request, study, (subject, "", form), (asked.group, asked.row, asked.item))


Sheet = tuple[str, str, str]
"""Subject, visit ("" for a log) and form."""


def view_of(caller: Caller, sheet: Sheet) -> FormView:
    subject, visit, form = sheet
    return worklists.form_view(caller.study_id, subject, form, caller.by, visit=visit)


def _show(caller: Caller, sheet: Sheet) -> HttpResponse:
    view = view_of(caller, sheet)
    return shown(
        answers.FormOut(
            subject=view.subject, site=view.site, visit=view.visit, day=view.day, form=view.form, state=view.state,
            version=view.version, definition=view.definition, in_force=view.in_force,
            values=[answers.ValueOut.model_validate(field) for field in _kept(view)],
            aside=[answers.AsideOut.model_validate(value) for value in view.aside],
            missing=list(view.missing), read_only=view.why_read_only, queries=[query_out(q) for q in view.queries],
        )
    )  # fmt: skip


def _kept(view: FormView) -> Iterator[FieldView]:
    """The fields of the form, and of those rows that hold something."""
    for group in view.groups:
        for row in group.rows:
            if not row.new or not group.repeating:
                yield from row.fields


def _save(request: HttpRequest, caller: Caller, sheet: Sheet, body: FormIn) -> HttpResponse:
    subject, visit, form = sheet
    entries = [Entry(**value.model_dump()) for value in body.values]

    def do() -> answers.FormSavedOut:
        whole = [*entries, *_emptied(caller, sheet, entries)] if request.method == "PUT" else entries
        saved = actions.save_form(
            caller.study_id, subject, form, whole, visit=visit, reason=body.reason, version=body.version,
            **caller.do(),
        )  # fmt: skip
        return answers.FormSavedOut.model_validate(saved)

    try:
        return done(request, caller, do)
    except StaleForm as stale:
        differing = _differing(view_of(caller, sheet), entries)
        return problem(409, str(stale), more={"version": stale.version, "conflict": differing})


def _emptied(caller: Caller, sheet: Sheet, sent: list[Entry]) -> list[Entry]:
    """Every kept field that was not sent, emptied."""
    view = view_of(caller, sheet)
    named = _placed(view, sent)
    held = [field for field in _kept(view) if (field.value or field.null_reason) and not field.derived]
    return [Entry(f.item, "", group=f.group, row=f.row) for f in held if f.place not in named]


def _placed(view: FormView, sent: list[Entry]) -> Mapping[Place, Entry]:
    """What was sent, at its place: a field without a group stands in the first one that holds the item."""
    groups: dict[str, str] = {}
    for group in view.groups:
        for row in group.rows:
            for field in row.fields:
                groups.setdefault(field.item, group.group)
    found = [entry if entry.group else replace(entry, group=groups.get(entry.item, "")) for entry in sent]
    return {(entry.group, entry.row, entry.item): entry for entry in found}


def _differing(view: FormView, sent: list[Entry]) -> list[dict[str, Any]]:
    """Fields in which what was sent and what is kept differ: both, so that the sender can choose."""
    kept = {field.place: field for field in _kept(view)}
    found = []
    for place, entry in _placed(view, sent).items():
        mine = {name: value for name, value in asdict(entry).items() if name not in ("group", "row", "item")}
        field = kept.get(place)
        theirs = {name: getattr(field, name) if field else None for name in mine}
        if field is None or (field.value, field.null_reason) != (entry.value, entry.null_reason):
            found.append({"field": name_of(place), "kept": theirs, "sent": mine})
    return found


def _history(request: HttpRequest, study: str, sheet: Sheet, place: Place) -> HttpResponse:
    subject, visit, form = sheet
    caller = read(request, study, "field history", subject=subject, visit=visit, form=form)
    group, row, item = place
    fields = _groups(caller.study, form)
    if item not in fields:
        fields = _groups_once(caller, form, item) or fields
    if item not in fields:
        raise UnknownName("field", item, fields, where=form)
    at = (group or fields[item], row, item)
    lines = worklists.field_history(caller.study_id, caller.by, subject, form, at, visit)
    return shown(answers.FieldHistory.model_validate({"history": lines}))


def _groups_once(caller: Caller, form: str, item: str) -> dict[str, str] | None:
    """The same by the newest of the earlier versions that had the item there: what was captured has its history."""
    for line in reversed(worklists.versions_of(caller.study_id, caller.by)):
        study = worklists.study_at(caller.study_id, line.version)
        if form in study.form_by_id and item in (found := _groups(study, form)):
            return found
    return None


def _groups(study: Study, form: str) -> dict[str, str]:
    """item -> the first group of the form that holds it. Raises UnknownName."""
    defined = study.form_by_id.get(form)
    if defined is None:
        raise UnknownName("form", form, study.form_by_id)
    found: dict[str, str] = {}
    for group, field in defined.fields():
        found.setdefault(field.item, group.id)
    return found
