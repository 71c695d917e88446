"""Redaction of what was typed by mistake: one event's words, a reason, and a confirmation that it cannot be undone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Redacted
from trialwright.conduct.worklists import EventWords, Typed
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.web.conduct import capture
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words

SHOWN = 50
"""Events that still hold the words are listed up to this number; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was chosen and typed: the words by their name, the reason, whether it was confirmed."""

    words: str = ""
    reason: str = ""
    confirmed: bool = False


@at_desk
def redact(desk: Desk, sequence: int) -> HttpResponse:
    """What can be redacted of an event; POST redacts one of it and shows where the same words stand still."""
    found = worklists.event_words(desk.id, sequence, desk.by)
    post = desk.request.POST
    first = found.words[0].name if len(found.words) == 1 else ""
    wanted = post.get("words", "") or desk.request.GET.get("words", "") or first
    tried = Tried(wanted, post.get("reason", "").strip(), post.get("confirm") == "yes")
    done, refused = None, ""
    if desk.request.method == "POST":
        try:
            done = _redact(desk, found, tried)
        except Refused as refusal:
            refused = str(refusal)
    desk.note("redact", site=found.site, subject=found.subject, visit=found.visit, form=found.form)
    return _show(desk, found, tried, done, refused)


def _show(desk: Desk, found: EventWords, tried: Tried, done: Redacted | None, refused: str) -> HttpResponse:
    t = words(desk.request)
    elsewhere = done.elsewhere if done else ()
    response = desk.page(
        "conduct/redact.html",
        "audit",
        title=t("redacting.title"),
        place=desk.place(Step(t("redacting.event", n=found.sequence))),
        found=found,
        tried=tried,
        done=done,
        still=[worklists.event_words(desk.id, number, desk.by) for number in elsewhere[:SHOWN]],
        unlisted=max(0, len(elsewhere) - SHOWN),
        refused=refused,
        back=_back(desk, found),
    )
    response.status_code = 422 if refused else 200
    return response


def _back(desk: Desk, found: EventWords) -> str:
    """The form that the event is of, for those who read it."""
    if found.form and desk.by.sees(found.site):
        return capture.address(desk.id, found.subject, found.visit, found.form)
    return ""


def _redact(desk: Desk, found: EventWords, tried: Tried) -> Redacted:
    t = words(desk.request)
    chosen = next((each for each in found.words if each.name == tried.words), None)
    if chosen is None:
        raise Refused(t("redacting.say_which"))
    if not tried.reason:
        raise Refused(t("redacting.say_why"))
    if not tried.confirmed:
        raise Refused(t("redacting.say_sure"))
    return _done(desk, found, chosen, tried.reason)


def _done(desk: Desk, found: EventWords, chosen: Typed, reason: str) -> Redacted:
    who: dict[str, Any] = {"reason": reason, "by": desk.by, "at": desk.now}
    if chosen.table == "reason":
        return actions.redact_reason(desk.id, found.sequence, **who)
    if chosen.table == "value":
        visit, form, group, row, item = chosen.key
        return actions.redact_value(
            desk.id, found.subject, form, item, visit=visit, group=group, row=row, sequence=found.sequence, **who
        )
    return actions.redact_words(desk.id, found.subject, chosen.table, chosen.key, **who)


@at_desk
def find(desk: Desk) -> HttpResponse:
    """Name the event by its number in the audit trail: for who may redact what another one has found."""
    t, number = words(desk.request), desk.request.GET.get("event", "").strip()
    if not any(desk.may("redact_value", role.site) for role in desk.by.roles):
        worklists.event_words(desk.id, 0, desk.by)  # says why not
    if re.fullmatch(r"[0-9]{1,9}", number, re.ASCII):
        return _known(desk, int(number))
    return _ask(desk, number, t("redacting.no_number", text=number) if number else "")


def _known(desk: Desk, number: int) -> HttpResponse:
    try:
        worklists.event_words(desk.id, number, desk.by)
    except UnknownName:
        return _ask(desk, str(number), words(desk.request)("redacting.no_event", n=number))
    return redirect("redact", desk.id, number)


def _ask(desk: Desk, number: str, refused: str) -> HttpResponse:
    t = words(desk.request)
    response = desk.page(
        "conduct/redact_find.html", "study", title=t("redacting.title"), place=desk.place(Step(t("redacting.title"))),
        number=number, refused=refused,
    )  # fmt: skip
    response.status_code = 422 if refused else 200
    return response
