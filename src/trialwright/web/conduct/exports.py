"""Exports of the study: ask for one, see how far it is, take the file."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from trialwright.conduct.actions import jobs
from trialwright.conduct.export.reading import scope
from trialwright.conduct.export.run import FORMATS, OPTIONS, SHAPES
from trialwright.kernel.errors import Refused, UserError
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, is_fragment, words
from trialwright.web.words import LANGUAGES


@at_desk
def exports(desk: Desk) -> HttpResponse:
    """What one may ask for, and one's exports with how far they are; htmx asks for those alone."""
    t, post = words(desk.request), desk.request.POST
    may = scope(desk.id, desk.by)
    refused = ""
    if desk.request.method == "POST":
        asked = {name: post.get(name, "").strip() for name in OPTIONS if name in _of(post.get("kind", ""))}
        asked = {name: value for name, value in asked.items() if value}
        try:
            if asked.get("subject"):
                scope(desk.id, desk.by, asked["subject"])
            jobs.start_job(desk.id, post.get("kind", ""), asked, desk.by)
            messages.success(desk.request, t("exports.started"))
            return redirect("exports", desk.id)
        except (Refused, UserError) as refusal:
            refused = str(refusal)
    response = desk.page(
        "conduct/export_jobs.html" if is_fragment(desk.request) and not refused else "conduct/exports.html",
        "study",
        title=t("exports.title"),
        place=desk.place(Step(t("exports.title"))),
        found=jobs.jobs(desk.id, desk.by),
        formats=FORMATS,
        shapes=SHAPES,
        languages_of=LANGUAGES,
        sites=may.sites,
        hides=bool(may.hidden),
        typed={name: post.get(name, "") for name in ("kind", *OPTIONS)},
        refused=refused,
    )
    response.status_code = 422 if refused else 200
    return response


def _of(kind: str) -> tuple[str, ...]:
    """The options that mean something for a format: the form sends them all."""
    return ("subject", *_MEANT.get(kind, OPTIONS))


_MEANT = {
    "csv": ("shape", "lang", "bom"), "parquet": ("shape", "lang"), "odm1.3": ("history",), "odm2.0": ("history",),
    "casebook": ("lang", "blank"),
}  # fmt: skip


@at_desk
def cancel(desk: Desk, number: int) -> HttpResponse:
    """Cancel one's own export."""
    if desk.request.method == "POST":
        jobs.cancel_job(desk.id, number, desk.by)
    return redirect("exports", desk.id)


@require_safe
@at_desk  # type: ignore[arg-type]  # a stream is no HttpResponse, and answers as well
def download(desk: Desk, number: int) -> HttpResponseBase:
    """The file of one's own export that is done; the access log notes it."""
    made = jobs.result_of(desk.id, number, desk.by)
    response = FileResponse(made.open("rb"), as_attachment=True, filename=made.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
