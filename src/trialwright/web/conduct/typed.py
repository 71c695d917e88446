"""While people type: their text is kept as a draft, and what follows from it is said. Rules run here, not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Entry
from trialwright.conduct.rules.checks import FUTURE, HIDDEN, RANGE
from trialwright.conduct.rules.policy import demand
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import FormView, Preview
from trialwright.kernel.errors import Refused
from trialwright.web.conduct import attempt, capture, fields
from trialwright.web.conduct.attempt import Attempt
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import every_pair, words


@dataclass(frozen=True, slots=True)
class Told:
    """What the page is told: `state` beside the save button, `hide`: fields that are not asked, texts by place."""

    state: str
    hide: tuple[str, ...]
    texts: Mapping[str, str]


@require_POST
@at_desk
def follow(desk: Desk, subject: str, form: str, visit: str = "") -> HttpResponse:
    """Keep what was typed (with `keep=1`), and say what follows from it."""
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit, brief=True)
    demand(desk.by, "save_form", sheet.site)
    tried = attempt.sent(desk, sheet)
    before = fields.stored(sheet)
    state = _kept(desk, sheet, tried, before) if desk.request.POST.get("keep") else ""
    entries, wrong = fields.changes(tried.typed, before)
    found = worklists.preview(desk.id, subject, form, entries, desk.by, visit=visit, today=desk.today)
    texts = _derived(desk, sheet, found) | _warnings(desk, sheet, found, wrong)
    hide = tuple(
        fields.anchor(f.place) for f in _lines(sheet) if f.item in found.hidden and not _holds(f.place, tried, before)
    )
    return desk.page("conduct/said.html", "subjects", title="", place=(), told=Told(state, hide, texts))


def _kept(desk: Desk, sheet: FormView, tried: Attempt, before: Mapping[Place, Entry]) -> str:
    """Keep the draft; the line that says so."""
    t = words(desk.request)
    content = fields.draft_of(tried.typed, before)
    for name, text in every_pair(desk.request.POST):
        if text.strip() and content and (name == attempt.REASON or name.startswith("r:")):
            content[name] = text
    now = dt.datetime.now(dt.UTC)
    version = max(tried.base, 0)
    try:
        actions.keep_draft(
            desk.id, sheet.subject, sheet.form, content, visit=sheet.visit, version=version, by=desk.by, at=now
        )
    except Refused as refusal:
        return str(refusal)
    if not content:
        return t("form.kept") if sheet.version else ""
    return t("form.drafted", time=f"{now.astimezone(ZoneInfo(desk.zone)):%H:%M}")


def _lines(sheet: FormView) -> list[worklists.FieldView]:
    """Fields that stand alone; those of a table are always shown."""
    return [f for group in sheet.groups if not group.repeating for row in group.rows for f in row.fields]


def _holds(place: Place, tried: Attempt, before: Mapping[Place, Entry]) -> bool:
    """A field that holds something is not hidden: nothing vanishes without a word."""
    parts = tried.typed.get(place)
    held = before.get(place)
    now = bool(parts and (parts.get("value") or parts.get("null_reason")))
    return now or bool(held and (held.value or held.null_reason))


def _derived(desk: Desk, sheet: FormView, found: Preview) -> dict[str, str]:
    """id of a computed field -> what it shows."""
    computed = [f for group in sheet.groups for row in group.rows for f in row.fields if f.derived]
    return {
        f"d-{fields.anchor(f.place)}": fields.shown(found.derived.get(f.place, Entry(f.item, ""))) for f in computed
    }


def _warnings(desk: Desk, sheet: FormView, found: Preview, wrong: Mapping[Place, str]) -> dict[str, str]:
    """id of the line below a field -> what is wrong or unusual there, unless a query says so already."""
    t = words(desk.request)
    checks = {check.id: check.message for check in desk.study.form_by_id[sheet.form].checks}
    hints = {f.place: f.hint for group in sheet.groups for row in group.rows for f in row.fields}
    own = {
        RANGE: lambda place: t("form.unusual", span=hints.get(place, "")),
        FUTURE: lambda place: t("form.future"),
        HIDDEN: lambda place: t("form.not_asked"),
    }
    told = {f"w-{fields.anchor(place)}": text for place, text in {**found.errors, **wrong}.items()}
    asked = {(q.check_id, (q.group, q.row, q.item)) for q in sheet.queries if q.state in ("open", "answered")}
    for (check, place), text in found.found.items():
        if (check, place) not in asked:
            said = own[check](place) if check in own else t.say(checks[check]) if check in checks else text
            told.setdefault(f"w-{fields.anchor(place)}", said)
    return told


@at_desk
def discard(desk: Desk, subject: str, form: str, visit: str = "") -> HttpResponse:
    """Forget the draft; the form shows what is kept."""
    if desk.request.method == "POST":
        actions.drop_draft(desk.id, subject, form, desk.by, visit=visit)
        messages.success(desk.request, words(desk.request)("form.discarded"))
    return redirect(capture.address(desk.id, subject, visit, form))
