"""What waits for the person, list by list."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse

from trialwright.conduct import worklists
from trialwright.conduct.worklists import Line
from trialwright.web.conduct import capture
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words

SHOWN = 25
"""Lines of a list at first; ?all=KIND shows more of one."""
MOST = 500


@at_desk
def todo(desk: Desk) -> HttpResponse:
    t = words(desk.request)
    whole = desk.request.GET.get("all", "")
    found = worklists.todo(desk.id, desk.by, desk.today, limit=MOST if whole else SHOWN)
    sections = [section for section in found.sections if section.total and whole in ("", section.kind)]
    return desk.page(
        "conduct/todo.html",
        "todo",
        title=t("todo.title"),
        place=desk.place(Step(t("todo.title"))),
        sections=sections,
        empty=[section.kind for section in found.sections if not section.total],
        has_lists=bool(found.sections),
        whole=whole,
        href=lambda kind, line: href(desk, kind, line),
    )


def href(desk: Desk, kind: str, line: Line) -> str:
    """Where the work on a line is done."""
    if line.form:
        field = f"#f-{line.group}-{line.row}-{line.item}" if line.item else ""
        return f"{capture.address(desk.id, line.subject, line.visit, line.form)}{field}"
    if line.subject:
        return f"{reverse('casebook', args=[desk.id, line.subject])}{f'#{line.visit}' if line.visit else ''}"
    return reverse("versions" if kind == "to_approve" else "study", args=[desk.id])
