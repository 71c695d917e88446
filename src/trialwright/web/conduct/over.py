"""What is done over a form that is filled in: asking and answering at a field, verifying it, taking it to a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from trialwright.conduct import actions, worklists
from trialwright.conduct.rules.states import QUERY
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import FormView
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.web.conduct import capture, fields
from trialwright.web.conduct.attempt import number
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import is_fragment, words

QUERY_STEPS = {
    "answer": actions.answer_query, "close": actions.close_query, "reopen": actions.reopen_query,
    "cancel": actions.cancel_query,
}  # fmt: skip
WITHOUT_WORDS = ("close",)


@dataclass(frozen=True, slots=True)
class Step:
    """What a button asks for: `what`, and of which field or query. `text` is what was typed for it."""

    what: str
    of: str
    text: str

    @property
    def place(self) -> Place | None:
        return fields.place_of(self.of)


@at_desk
def over(desk: Desk, subject: str, form: str, visit: str = "") -> HttpResponse:
    """Do one step; a refusal shows the form again, with the sentence and the text where they belong."""
    if desk.request.method != "POST":
        return redirect(capture.address(desk.id, subject, visit, form))
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit)
    step = _step(desk)
    try:
        anchor = _do(desk, sheet, step)
    except Refused as refusal:
        return _again(desk, sheet, step, str(refusal))
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit)
    if anchor and is_fragment(desk.request):
        return _beside(desk, sheet, anchor)
    return _away(desk, f"{capture.address(desk.id, subject, visit, form)}{f'#f-{anchor}' if anchor else ''}")


def _step(desk: Desk) -> Step:
    """A button sends step=what:of; its text has the name t:of (a query) or q:of (a field)."""
    post = desk.request.POST
    what, _, of = post.get("step", "").partition(":")
    named = {"ask": f"q:{of}", "migrate": "m", "unverify": f"x:{of}"}.get(what, f"t:{of}")
    return Step(what, of, post.get(named, "").strip())


def _do(desk: Desk, sheet: FormView, step: Step) -> str:
    """Returns the anchor of the field that it was about; "" for the whole form."""
    if step.what == "ask" and step.place:
        return _ask(desk, sheet, step.place, step.text)
    if step.what in QUERY_STEPS:
        return _on_query(desk, sheet, step)
    if step.what in ("verify", "unverify"):
        return _verify(desk, sheet, step)
    if step.what == "migrate":
        actions.migrate_form(
            desk.id, sheet.subject, sheet.form, visit=sheet.visit, reason=step.text, by=desk.by, at=desk.now
        )
        messages.success(desk.request, words(desk.request)("form.migrated", version=sheet.in_force))
        return ""
    raise UnknownName("step", step.what, ("ask", *QUERY_STEPS, "verify", "unverify", "migrate"))


def _ask(desk: Desk, sheet: FormView, place: Place, text: str) -> str:
    if not text:
        raise Refused(words(desk.request)("queries.say_question"))
    group, row, item = place
    actions.open_query(
        desk.id, sheet.subject, sheet.form, item, text, visit=sheet.visit, group=group, row=row, by=desk.by, at=desk.now
    )
    return fields.anchor(place)


def _on_query(desk: Desk, sheet: FormView, step: Step) -> str:
    found = next((q for q in sheet.queries if str(q.number) == step.of), None)
    if found is None:
        raise UnknownName("query", step.of, ())
    if not step.text and step.what not in WITHOUT_WORDS:
        raise Refused(words(desk.request)("queries.say"))
    QUERY_STEPS[step.what](desk.id, sheet.subject, found.number, step.text, by=desk.by, at=desk.now)
    return fields.anchor((found.group, found.row, found.item))


def _verify(desk: Desk, sheet: FormView, step: Step) -> str:
    """One field, all critical ones, or all that the form holds."""
    more: dict[str, Any] = {"visit": sheet.visit, "by": desk.by, "at": desk.now}
    if step.what == "unverify" and step.place:
        actions.unverify(desk.id, sheet.subject, sheet.form, [step.place], reason=step.text, **more)
        return fields.anchor(step.place)
    seen = desk.request.POST.get("seen", "")
    more["version"] = number(seen) if seen else None  # what changed since it was read is not verified unread
    if step.place:
        actions.verify(desk.id, sheet.subject, sheet.form, [step.place], **more)
        return fields.anchor(step.place)
    done = actions.verify(
        desk.id, sheet.subject, sheet.form, _critical(sheet) if step.of == "critical" else None, **more
    )
    messages.success(desk.request, words(desk.request).count("form.verified_now", done.changed))
    return ""


def _critical(sheet: FormView) -> list[Place]:
    held = (f for g in sheet.groups for row in g.rows for f in row.fields if f.value or f.null_reason)
    return [f.place for f in held if f.critical and not f.derived and not f.verified_by]


def _again(desk: Desk, sheet: FormView, step: Step, sentence: str) -> HttpResponse:
    """In place for the script, on the whole page for others; what was typed stands where it was."""
    refused = {"what": step.what, "of": step.of, "text": step.text, "sentence": sentence}
    anchor = _anchor_of(sheet, step)
    if anchor and is_fragment(desk.request):
        return _beside(desk, sheet, anchor, refused)
    tried = capture.opened(desk, sheet)
    tried.refused = sentence
    response = capture.show(desk, sheet, tried, 422, refused=refused)
    return _away(desk, "", response)


def _anchor_of(sheet: FormView, step: Step) -> str:
    if step.place:
        return fields.anchor(step.place)
    found = next((q for q in sheet.queries if str(q.number) == step.of), None)
    return fields.anchor((found.group, found.row, found.item)) if found else ""


def _beside(desk: Desk, sheet: FormView, anchor: str, refused: dict[str, str] | None = None) -> HttpResponse:
    """What stands beside one field, to take the place of what stood there."""
    cells = [c for s in capture.cells_of(desk, sheet) for row in s.rows for c in row.cells if c.id == anchor]
    response = desk.page(
        "conduct/beside.html", "subjects", title="", place=(), cells=cells, sheet=sheet,
        **capture.common(desk, sheet, refused),
    )  # fmt: skip
    response.headers["HX-Retarget"] = f"#b-{anchor}"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _away(desk: Desk, href: str, instead: HttpResponse | None = None) -> HttpResponse:
    """Go to an address; the script that asked for a part of a page is told to take the whole one."""
    if not is_fragment(desk.request):
        return instead or redirect(href)
    response = instead or HttpResponse()
    if instead is None:
        response.headers["HX-Redirect"] = href
    else:
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def steps_of(desk: Desk, site: str) -> dict[str, list[str]]:
    """state of a query -> what the person may do with it now."""
    return {
        state: [s for s in QUERY_STEPS if QUERY.allowed(state, s) and desk.may(f"{s}_query", site)]
        for state in QUERY.table
    }
