"""Signing a form, a visit or all of a subject: what the signature means, who gives it, and the proof of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import MEANINGS
from trialwright.conduct.rules.policy import demand
from trialwright.conduct.worklists import Casebook
from trialwright.kernel.errors import Refused
from trialwright.kernel.texts import Text
from trialwright.web.accounts import proof
from trialwright.web.conduct import capture
from trialwright.web.conduct.attempt import number
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words

EVERYTHING = "*"
"""?visit=* is all of the subject, a visit's name the visit, with a form (of a visit, or a running one) that form."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that would be signed."""

    visit: str
    where: Text | None
    label: Text
    state: str
    queries: int
    seen: str
    """Visit, form and its version, as the page sends them back."""


@at_desk
def sign(desk: Desk, subject: str) -> HttpResponse:
    t, get = words(desk.request), desk.request.GET
    visit, form = get.get("visit", ""), get.get("form", "")
    book = worklists.casebook(desk.id, subject, desk.by, today=desk.today)
    demand(desk.by, "sign", book.site)
    meaning, refused = desk.request.POST.get("meaning", next(iter(MEANINGS))), ""
    if desk.request.method == "POST":
        try:
            number = _sign(desk, subject, (visit, form), meaning)
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(desk.request, t.count("signing.done", number, name=desk.by.name))
            return redirect(_back(desk, subject, visit, form))
    sheets = _sheets(book, visit, form)
    response = desk.page(
        "conduct/sign.html",
        "subjects",
        title=t("signing.title"),
        place=desk.place(Step(subject, reverse("casebook", args=[desk.id, subject])), Step(t("signing.title"))),
        sheets=sheets,
        book=book,
        meanings=tuple(MEANINGS),
        meaning=meaning,
        refused=refused,
        ask=proof.ask(desk.request),
        back=_back(desk, subject, visit, form),
    )
    response.status_code = 422 if refused else 200
    return response


def _sign(desk: Desk, subject: str, where: tuple[str, str], meaning: str) -> int:
    """How many forms were signed. A proof that served no signature is kept for a moment, for the next try."""
    given = proof.proven(desk.request) or proof.check_sent(desk.request)
    (visit, form), seen = where, _seen(desk.request.POST.getlist("seen"))
    do: dict[str, Any] = {"meaning": meaning, "factor": given.method, "by": desk.by, "at": desk.now}
    try:
        if form:
            actions.sign(desk.id, subject, form, visit=visit, version=seen.get((visit, form)), **do)
            return 1
        whole = None if visit == EVERYTHING else visit
        signed = actions.sign_all(desk.id, subject, visit=whole, versions=seen or None, **do)
    except Refused:
        proof.keep(desk.request, given)
        raise
    return len(signed)


def _seen(sent: list[str]) -> dict[tuple[str, str], int]:
    """(visit, form) -> its version as the page showed it: what was saved since is not signed unseen."""
    parts = [each.split(" ") for each in sent]
    return {(each[0], each[1]): number(each[2]) for each in parts if len(each) == 3}


def _sheets(book: Casebook, visit: str, form: str) -> list[Sheet]:
    """The forms that are begun, of what is to be signed."""
    groups = [(v.visit, v.label, v.forms) for v in book.visits]
    groups.append(("", None, book.logs))  # type: ignore[arg-type]  # running forms stand at no visit
    return [
        Sheet(where, label, line.label, line.state, line.queries, f"{where} {line.form} {line.version}")
        for where, label, lines in groups
        for line in lines
        if line.version and (line.form == form and where == visit if form else visit in (EVERYTHING, where))
    ]


def _back(desk: Desk, subject: str, visit: str, form: str) -> str:
    if form:
        return f"{capture.address(desk.id, subject, visit, form)}#signatures"
    return reverse("casebook", args=[desk.id, subject])
