"""Pages of the screening: questions and verdict, the verdict alone as one types, and the worksheet.

Nothing is kept: the answers travel in the body of each request, no session is touched, and no cache may store a page.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from traceback import extract_tb
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from trialwright.kernel.errors import InputError, Refused, TrialwrightError
from trialwright.study.definition import Study
from trialwright.web import shelf
from trialwright.web.accounts import gate
from trialwright.web.accounts.people import acting
from trialwright.web.errors import problem
from trialwright.web.page import Step, page, pairs, words
from trialwright.web.screening import begin, example, worksheet
from trialwright.web.screening.answers import Answers
from trialwright.web.screening.shown import FEW, show

log = logging.getLogger("django.request")
Screen = Callable[[HttpRequest, str], HttpResponse]


def keeps_nothing(view: Screen) -> Screen:
    """No cache stores the answer. It changes nothing on the server, so it needs no token and sets no cookie for one."""

    @csrf_exempt
    @wraps(view)
    def opened(request: HttpRequest, name: str) -> HttpResponse:
        try:
            response = view(request, name)
        except (TrialwrightError, Http404, SuspiciousOperation):
            raise
        except Exception as error:
            # The text of an error that nobody foresaw may hold an answer: the log gets its kind and its place only.
            last = extract_tb(error.__traceback__)[-1]
            log.error("%s at %s line %s", type(error).__name__, last.name, last.lineno)
            response = problem(request, 500)
        response.headers["Cache-Control"] = "no-store"
        return response

    return opened


@keeps_nothing
def screen(request: HttpRequest, name: str) -> HttpResponse:
    """The questions with the verdict beside them. A button sends the answers here where there is no script."""
    study = shelf.study(name)
    if name != nct(study):
        return redirect("screen", name=nct(study))
    if request.method == "POST":
        return questions(request, study, typed(request))
    today = today_of(study)
    given = example.typed(study, today) if request.GET.get("example") else {"screening": str(today)}
    return questions(request, study, given)


@keeps_nothing
@require_POST
def update(request: HttpRequest, name: str) -> HttpResponse:
    """The verdict as it stands, and what is wrong at each field."""
    study = shelf.study(name)
    shown = show(answers_of(request, study, typed(request)))
    return page(request, "screening/update.html", title="", study=study, shown=shown, few=FEW)


@keeps_nothing
@require_POST
def sheet(request: HttpRequest, name: str) -> HttpResponse:
    """The worksheet as a page to print."""
    study = shelf.study(name)
    shown = show(answers_of(request, study, typed(request)))
    t = words(request)
    title = t("screening.worksheet_title")
    return page(
        request, "screening/worksheet.html", title=title, place=place(request, study, Step(title)), study=study,
        sheet=worksheet.content(shown), typed=typed(request),
    )  # fmt: skip


@keeps_nothing
@require_POST
def pdf(request: HttpRequest, name: str) -> HttpResponse:
    """The worksheet as PDF."""
    study = shelf.study(name)
    content = worksheet.content(show(answers_of(request, study, typed(request))))
    try:
        made = worksheet.pdf(content)
    except worksheet.NoFont:
        return problem(request, 503, words(request)("screening.no_font"))
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="screening-{nct(study).lower()}.pdf"'
    return response


@gate.log_in_first
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Start a screening in the study with the answers, for a person who may; then the casebook."""
    study, t = shelf.study(name), words(request)
    if request.method != "POST":
        return redirect("screen", name=nct(study))
    if owed := gate.closed(request):
        return owed
    answers = answers_of(request, study, typed(request))
    allowed = tuple(site for site, _ in begin.sites(request, study))
    try:
        begun = begin.begin(answers, acting(request, study.id), allowed)
    except (Refused, InputError) as refusal:
        response = questions(request, study, typed(request), status=422, refused=str(refusal))
        response.headers["Cache-Control"] = "no-store"
        return response
    messages.success(request, t("screening.started", subject=begun.subject, n=begun.taken), extra_tags="saved")
    if begun.left:
        messages.info(request, t("screening.not_taken", what=", ".join(begun.left)))
    return redirect("casebook", study.id, begun.subject)


def nct(study: Study) -> str:
    return study.registration.identity.nct_id


def typed(request: HttpRequest) -> dict[str, str]:
    """What was sent of the page's own fields."""
    return {name: value for name, value in pairs(request.POST) if name != "csrfmiddlewaretoken"}


def answers_of(request: HttpRequest, study: Study, given: Mapping[str, str]) -> Answers:
    return Answers(study, words(request), today_of(study), given)


def today_of(study: Study) -> dt.date:
    """The day at the study's sites, wherever the server stands."""
    return dt.datetime.now(ZoneInfo(study.registration.zone)).date()


def place(request: HttpRequest, study: Study, *steps: Step) -> tuple[Step, ...]:
    here = nct(study)
    start = (Step(words(request)("record.studies"), reverse("home")), Step(here, reverse("record", args=[here])))
    last = Step(words(request)("screening.title"), reverse("screen", args=[here]) if steps else "")
    return (*start, last, *steps)


def questions(
    request: HttpRequest, study: Study, given: Mapping[str, str], *, status: int = 200, refused: str = ""
) -> HttpResponse:
    """The page with what was typed. `refused`: why a screening could not be started."""
    answers = answers_of(request, study, given)
    shown = show(answers)
    return page(
        request,
        "screening/screen.html",
        title=words(request)("screening.title"),
        place=place(request, study),
        status=status,
        study=study,
        answers=answers,
        shown=shown,
        few=FEW,
        refused=refused,
        sites=begin.sites(request, study),
    )
