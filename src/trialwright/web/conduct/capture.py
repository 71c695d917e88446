"""One form: read it, fill it in, correct it with a reason; its history stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import FormErrors, FormSaved, ReasonNeeded, StaleForm
from trialwright.conduct.rules.policy import demand
from trialwright.conduct.rules.values import NULL_REASONS, Place
from trialwright.conduct.worklists import AuditFilter, AuditLine, Change, FormView, Typed
from trialwright.kernel.errors import InputError, Refused
from trialwright.web.conduct import attempt, fields, over
from trialwright.web.conduct.attempt import Attempt
from trialwright.web.conduct.desk import Desk, at_desk, label
from trialwright.web.page import Step, is_fragment, words

WIDE = 5
"""A table of more columns takes the whole width; the history then stands below it."""
TRAIL = 30
"""Entries of the form's history that stand beside it; the audit page has all."""


@at_desk
def form(desk: Desk, subject: str, form: str, visit: str = "") -> HttpResponse:
    """A form of a visit, or (`visit` "") a running form."""
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit)
    if desk.request.method == "POST":
        return _save(desk, sheet)
    desk.note("form", site=sheet.site, subject=sheet.subject, visit=sheet.visit, form=sheet.form)
    if is_fragment(desk.request):
        return _fragment(desk, sheet)
    return show(desk, sheet, opened(desk, sheet))


def address(study_id: str, subject: str, visit: str, form: str) -> str:
    if visit:
        return reverse("visit_form", args=[study_id, subject, visit, form])
    return reverse("log_form", args=[study_id, subject, form])


def opened(desk: Desk, sheet: FormView) -> Attempt:
    """The form as it is opened: with the draft that the person left, brought onto what is kept now."""
    draft = None
    if not sheet.why_read_only:
        draft = actions.draft(desk.id, sheet.subject, sheet.form, desk.by, visit=sheet.visit)
    tried = attempt.of_draft(draft) if draft else Attempt(base=sheet.version)
    if draft:
        attempt.bring_up(desk, sheet, tried)
        _, tried.errors = fields.changes(tried.typed, fields.stored(sheet))
    tried.opened = frozenset(_rows_asked_for(desk))
    return tried


def _rows_asked_for(desk: Desk) -> list[tuple[str, int]]:
    """Rows that the address asks to fill in: ?row=group:number."""
    named = (text.partition(":") for text in desk.request.GET.getlist("row"))
    return [(group, int(number)) for group, _, number in named if attempt.number(number) > 0]


def _fragment(desk: Desk, sheet: FormView) -> HttpResponse:
    """A part of the page: one row to fill in, or the history."""
    asked = _rows_asked_for(desk)
    if not asked:
        return desk.page("conduct/trail.html", "subjects", title="", place=(), **_trail(desk, sheet))
    shown = fields.sections(desk.study, sheet, Attempt(opened=frozenset(asked)).said)
    found = next((s for s in shown if s.id == asked[0][0] and s.repeating), None)
    rows = [row for row in found.rows if row.number == asked[0][1]] if found else []
    return desk.page("conduct/row.html", "subjects", title="", place=(), rows=rows, sheet=sheet, **common(desk, sheet))


def _save(desk: Desk, sheet: FormView) -> HttpResponse:
    """Save what differs from what is kept; when that is refused, show the page again with everything typed."""
    tried = attempt.sent(desk, sheet)
    try:
        demand(desk.by, "save_form", sheet.site)
    except Refused as refusal:
        tried.refused = str(refusal)
        return show(desk, sheet, tried, 403)
    attempt.take_files(desk, sheet, tried)
    status = _merged(desk, sheet, tried)
    if status:
        return show(desk, sheet, tried, status)
    before = fields.stored(sheet)
    entries, wrong = fields.changes(attempt.settled(tried), before)
    tried.errors = {**wrong, **tried.errors}
    if tried.errors or tried.refused:
        return show(desk, sheet, tried, 422)
    changed = [place for e in entries if (place := (e.group, e.row, e.item)) in before and is_held(before[place])]
    tried.lacking = attempt.lacking(tried, changed)
    if tried.lacking:
        found = worklists.preview(
            desk.id, sheet.subject, sheet.form, entries, desk.by, visit=sheet.visit, today=desk.today
        )
        tried.errors = found.errors  # what cannot be kept is said at once, not after the reason was given
        return show(desk, sheet, tried, 422)
    try:
        saved = actions.save_typed(
            desk.id, sheet.subject, sheet.form, entries, visit=sheet.visit,
            reason=attempt.reason_of(desk, tried, changed), version=sheet.version, by=desk.by, at=desk.now,
        )  # fmt: skip
    except (Refused, InputError) as refusal:
        return _refused(desk, tried, refusal, sheet)
    messages.success(desk.request, _said(desk, saved), extra_tags="saved")
    return _back(desk, tried)


def is_held(entry: actions.Entry) -> bool:
    return bool(entry.value or entry.null_reason)


def _merged(desk: Desk, sheet: FormView, tried: Attempt) -> int:
    """Bring the text onto the present version; the status of the page to show when people must choose first.

    Text that says what is kept already was saved before, by a second click or a repeated request: there is nothing
    to choose, and nothing to save.
    """
    entries, wrong = fields.changes(tried.typed, fields.stored(sheet))
    if not entries and not wrong:
        tried.base = sheet.version
    seen = attempt.number(desk.request.POST.get("version", ""))
    attempt.bring_up(desk, sheet, tried)
    if tried.conflict and (seen != sheet.version or tried.undecided):
        return 409
    return 0


def _refused(desk: Desk, tried: Attempt, refusal: Exception, sheet: FormView) -> HttpResponse:
    """The page with what it says about a save that was refused."""
    fresh = worklists.form_view(desk.id, sheet.subject, sheet.form, desk.by, visit=sheet.visit)
    if isinstance(refusal, FormErrors):
        tried.errors = refusal.fields
    elif isinstance(refusal, ReasonNeeded):
        tried.lacking = refusal.places
    elif isinstance(refusal, StaleForm):
        attempt.bring_up(desk, fresh, tried)
        return show(desk, fresh, tried, 409)
    else:
        tried.refused = str(refusal)
    return show(desk, fresh, tried, 422)


def _back(desk: Desk, tried: Attempt) -> HttpResponse:
    """To the form, at the field where the person was."""
    place = desk.request.POST.get("at", "")
    known = {fields.anchor(p) for p in tried.typed}
    return redirect(f"{desk.request.path}{f'#f-{place}' if place in known else ''}")


def _said(desk: Desk, saved: FormSaved) -> str:
    t = words(desk.request)
    if not saved.changed:
        return t("form.saved_nothing")
    counts = {"saved_fields": saved.changed, "opened": len(saved.opened), "closed": len(saved.closed)}
    counts["missing"] = len(saved.missing)
    return " ".join(t.count(f"form.{key}", n) for key, n in counts.items() if n)


def cells_of(desk: Desk, sheet: FormView) -> tuple[fields.Section, ...]:
    """The form's groups as they are kept."""
    return fields.sections(desk.study, sheet, Attempt().said)


def show(
    desk: Desk, sheet: FormView, tried: Attempt, status: int = 200, refused: Mapping[str, str] | None = None
) -> HttpResponse:
    """The whole page. `refused`: a step over the form that was refused, with what was typed for it."""
    t = words(desk.request)
    where = t.say(sheet.visit_label) if sheet.visit_label else t("subjects.log")
    book = reverse("casebook", args=[desk.id, sheet.subject])
    visit = Step(where, f"{book}#{sheet.visit or 'logs'}")
    tried.reasons = {place: tried.reasons.get(place, "") for place in (*tried.reasons, *tried.lacking)}
    shown = fields.sections(desk.study, sheet, tried.said)
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
        clashes=[(clash, label(desk, clash.place[2])) for clash in tried.clashes.values()],
        lacking=[(fields.anchor(p), label(desk, p[2])) for p in tried.lacking],
        drafted=attempt.clock(desk, tried.draft) if tried.draft else "",
        saved=any(message.extra_tags == "saved" for message in messages.get_messages(desk.request)),
        over=any(s.repeating and len(s.pattern.cells) > WIDE for s in shown),
        may=_allowed(desk, sheet),
        **common(desk, sheet, refused),
        **_trail(desk, sheet),
    )  # fmt: skip
    response.status_code = status
    return response


def common(desk: Desk, sheet: FormView, refused: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the fields of a form need, on the whole page and in a part of it."""
    sites = desk.study.registration.sites
    return {
        "here": address(desk.id, sheet.subject, sheet.visit, sheet.form),
        "null_reasons": tuple(NULL_REASONS),
        "site_zone": next((site.timezone for site in sites if site.id == sheet.site), "UTC"),
        "may_attach": desk.may("attach_file", sheet.site),
        "may_ask": bool(sheet.version) and desk.may("open_query", sheet.site),
        "may_verify": bool(sheet.version) and desk.may("verify_value", sheet.site),
        "may_close": desk.may("freeze", sheet.site),
        "steps": over.steps_of(desk, sheet.site),
        "refused": refused or {"what": "", "of": "", "text": "", "sentence": ""},
    }


def _allowed(desk: Desk, sheet: FormView) -> dict[str, bool]:
    """What may be done with the form as a whole."""
    return {
        "sign": sheet.state in ("complete", "signed") and desk.may("sign", sheet.site),
        "migrate": sheet.in_force not in ("", sheet.definition) and desk.may("migrate_form", sheet.site),
    }


def _trail(desk: Desk, sheet: FormView) -> dict[str, Any]:
    """The history of the form, or of the field that ?field= names."""
    if not desk.may("read_audit", sheet.site):
        return {"trail": None, "trail_of": None, "history": ()}
    place = fields.place_of(desk.request.GET.get("field", ""))
    if place:
        history = worklists.field_history(desk.id, desk.by, sheet.subject, sheet.form, place, sheet.visit)
        return {
            "trail": None,
            "trail_of": label(desk, place[2]),
            "trail_item": place[2],
            "history": tuple(reversed(history)),
            "redacts": _redacts(desk, sheet, place),
        }
    wanted = AuditFilter(subject=sheet.subject, visit=sheet.visit, form=sheet.form, action="save_form")
    page = worklists.audit_trail(desk.id, desk.by, wanted, size=TRAIL)
    lines = [(line, _values(line)) for line in page.lines if line.visit == sheet.visit]
    return {"trail": lines, "trail_of": None, "history": ()}


def _values(line: AuditLine) -> list[Change]:
    """What an entry changed that people typed."""
    return [change for change in line.changes if change.table == change.column == "value"]


def _redacts(desk: Desk, sheet: FormView, place: Place) -> str:
    """What names the field on the page of a redaction; "" for who may not redact here."""
    named = Typed("value", (sheet.visit, sheet.form, *place), None).name
    return named if desk.may("redact_value", sheet.site) else ""
