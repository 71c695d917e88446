"""One form: read it, fill it in, correct it with a reason; its history stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import FormErrors, FormSaved, ReasonNeeded, StaleForm
from trialwright.conduct.rules.policy import demand
from trialwright.conduct.rules.values import NULL_REASONS, Place
from trialwright.conduct.worklists import AuditFilter, FormView
from trialwright.kernel.errors import InputError, Refused
from trialwright.web.conduct import fields
from trialwright.web.conduct.desk import Desk, at_desk, label
from trialwright.web.page import Step, every_pair, is_fragment, words

WIDE = 5
"""A table of more columns takes the whole width; the history then stands below it."""
TRAIL = 30
"""Entries of the form's history that stand beside it; the audit page has all."""


@dataclass(slots=True)
class Attempt:
    """A save that was not accepted: what was typed, and everything that the page says about it."""

    typed: fields.Typed = field(default_factory=dict)
    errors: Mapping[Place, str] = field(default_factory=dict)
    reason: str = ""
    reason_needed: bool = False
    refused: str = ""
    conflict: list[tuple[Place, str, str]] | None = None


@at_desk
def visit_form(desk: Desk, subject: str, visit: str, form: str) -> HttpResponse:
    return _form(desk, subject, visit, form)


@at_desk
def log_form(desk: Desk, subject: str, form: str) -> HttpResponse:
    return _form(desk, subject, "", form)


def address(study_id: str, subject: str, visit: str, form: str) -> str:
    if visit:
        return reverse("visit_form", args=[study_id, subject, visit, form])
    return reverse("log_form", args=[study_id, subject, form])


def _form(desk: Desk, subject: str, visit: str, form: str) -> HttpResponse:
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit)
    if desk.request.method == "POST":
        return _save(desk, sheet)
    desk.note("form", site=sheet.site, subject=sheet.subject, visit=sheet.visit, form=sheet.form)
    if is_fragment(desk.request):
        return desk.page("conduct/trail.html", "subjects", title="", place=(), **_trail(desk, sheet))
    return _show(desk, sheet, Attempt())


def _save(desk: Desk, sheet: FormView) -> HttpResponse:
    """Save what differs from what is kept; when that is refused, show the page again with everything typed."""
    sent = desk.request.POST
    tried = Attempt(fields.read(every_pair(sent)), reason=sent.get("reason", "").strip())
    try:
        demand(desk.by, "save_form", sheet.site)
    except Refused as refusal:
        return _show(desk, sheet, _explained(tried, refusal, sheet), 403)
    entries, tried.errors = fields.changes(tried.typed, fields.stored(sheet))
    if tried.errors:
        return _show(desk, sheet, tried, 422)
    seen = sent.get("version", "")
    try:
        if seen != str(sheet.version):
            raise StaleForm(sheet.form, sheet.version)
        saved = actions.save_form(
            desk.id, sheet.subject, sheet.form, entries, visit=sheet.visit, reason=tried.reason,
            version=sheet.version, by=desk.by, at=desk.now,
        )  # fmt: skip
    except (Refused, InputError) as refusal:
        sheet = worklists.form_view(desk.id, sheet.subject, sheet.form, desk.by, visit=sheet.visit)
        return _show(desk, sheet, _explained(tried, refusal, sheet), 409 if isinstance(refusal, StaleForm) else 422)
    messages.success(desk.request, _said(desk, saved), extra_tags="saved")
    place = sent.get("at", "")
    known = {fields.anchor(p) for p in tried.typed}
    return redirect(f"{desk.request.path}{f'#f-{place}' if place in known else ''}")


def _explained(tried: Attempt, refusal: Exception, sheet: FormView) -> Attempt:
    """What the page says about a save that was refused."""
    if isinstance(refusal, FormErrors):
        tried.errors = refusal.fields
    elif isinstance(refusal, ReasonNeeded):
        tried.reason_needed = True
    elif isinstance(refusal, StaleForm):
        tried.conflict = fields.differences(tried.typed, fields.stored(sheet))
    else:
        tried.refused = str(refusal)
    return tried


def _said(desk: Desk, saved: FormSaved) -> str:
    t = words(desk.request)
    if not saved.changed:
        return t("form.saved_nothing")
    counts = {"saved_fields": saved.changed, "opened": len(saved.opened), "closed": len(saved.closed)}
    counts["missing"] = len(saved.missing)
    return " ".join(t.count(f"form.{key}", n) for key, n in counts.items() if n)


def _show(desk: Desk, sheet: FormView, tried: Attempt, status: int = 200) -> HttpResponse:
    t = words(desk.request)
    where = t.say(sheet.visit_label) if sheet.visit_label else t("subjects.log")
    book = reverse("casebook", args=[desk.id, sheet.subject])
    visit = Step(where, f"{book}#{sheet.visit or 'logs'}")
    shown = fields.sections(desk.study, sheet, tried.typed, tried.errors)
    site = Step(t("conduct.site", id=sheet.site), f"{reverse('subjects', args=[desk.id])}?site={sheet.site}")
    response = desk.page(
        "conduct/form.html",
        "subjects",
        title=f"{t.say(sheet.label)} · {sheet.subject}",
        place=desk.place(site, Step(sheet.subject, book), visit, Step(t.say(sheet.label))),
        sheet=sheet,
        sections=shown,
        errors=[(fields.anchor(p), label(desk, p[2]), text) for p, text in tried.errors.items()],
        tried=tried,
        conflict=_named(desk, tried.conflict),
        draft=f"{desk.by.username}:{desk.id}:{sheet.subject}:{sheet.visit}:{sheet.form}:{sheet.version}",
        null_reasons=tuple(NULL_REASONS),
        saved=any(message.extra_tags == "saved" for message in messages.get_messages(desk.request)),
        over=any(s.repeating and len(s.pattern.cells) > WIDE for s in shown),
        **_trail(desk, sheet),
    )  # fmt: skip
    response.status_code = status
    return response


def _named(desk: Desk, conflict: list[tuple[Place, str, str]] | None) -> list[tuple[str, str, str, str]] | None:
    if conflict is None:
        return None
    return [(fields.anchor(p), label(desk, p[2]), kept, typed) for p, kept, typed in conflict]


def _trail(desk: Desk, sheet: FormView) -> dict[str, Any]:
    """The history of the form, or of the field that ?field= names."""
    if not desk.may("read_audit", sheet.site):
        return {"trail": None, "trail_of": None, "history": ()}
    typed = fields.read([(f"v:{desk.request.GET.get('field', '')}", "")])
    place = next(iter(typed), None)
    if place:
        history = worklists.field_history(desk.id, desk.by, sheet.subject, sheet.form, place, sheet.visit)
        return {
            "trail": None,
            "trail_of": label(desk, place[2]),
            "trail_item": place[2],
            "history": tuple(reversed(history)),
        }
    wanted = AuditFilter(subject=sheet.subject, visit=sheet.visit, form=sheet.form, action="save_form")
    page = worklists.audit_trail(desk.id, desk.by, wanted, size=TRAIL)
    lines = [line for line in page.lines if line.visit == sheet.visit]
    return {"trail": lines, "trail_of": None, "history": ()}
