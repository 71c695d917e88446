"""People of the study with their roles, and keys to the JSON API."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import tokens as keys
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES, demand
from trialwright.kernel.errors import InputError, Refused, UnknownName
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words

DAYS = 90
"""For how long a key works unless said otherwise."""
NAMES = ("username", "name", "role", "site", "reason")


@at_desk
def people(desk: Desk) -> HttpResponse:
    """Everybody with a role; an administrator gives roles and takes them."""
    demand(desk.by, "add_person")
    t = words(desk.request)
    typed = {name: desk.request.POST.get(name, "").strip() for name in NAMES}
    step, refused = desk.request.POST.get("step", ""), ""
    if desk.request.method == "POST":
        try:
            messages.success(desk.request, _change(desk, step, typed))
            return redirect("people", desk.id)
        except (Refused, InputError) as refusal:
            refused = str(refusal)
    response = desk.page(
        "conduct/people.html",
        "study",
        title=t("people.title"),
        place=desk.place(Step(t("people.title"))),
        members=worklists.members(desk.id, desk.by),
        roles=tuple(ROLES),
        sites=desk.study.registration.sites,
        typed=typed,
        step=step,
        refused=refused,
    )
    response.status_code = 422 if refused else 200
    return response


def _change(desk: Desk, step: str, typed: dict[str, str]) -> str:
    t, name = words(desk.request), typed["username"]
    if step == "remove":
        if not typed["reason"]:
            raise Refused(t("people.say_why"))
        actions.remove_person(desk.id, name, reason=typed["reason"], by=desk.by, at=desk.now)
        return t("people.removed", name=name)
    if not (name and typed["name"]):
        raise Refused(t("people.say_who"))
    role, site = typed["role"], typed["site"]
    actions.add_person(desk.id, name, typed["name"], role, site=site, by=desk.by, at=desk.now)
    return t("people.added", name=typed["name"], role=t.code("role", role))


@at_desk
def tokens(desk: Desk) -> HttpResponse:
    """One's keys to the API. The secret of a new one is shown once, on the page that made it."""
    t, post = words(desk.request), desk.request.POST
    secret = refused = ""
    if desk.request.method == "POST":
        try:
            if post.get("step") == "revoke":
                keys.revoke_token(desk.id, post.get("prefix", ""), by=desk.by)
                messages.success(desk.request, t("tokens.revoked", prefix=post.get("prefix", "")))
                return redirect("tokens", desk.id)
            secret = _make(desk)
        except (Refused, InputError, UnknownName) as refusal:
            refused = str(refusal)
    own = frozenset[str]().union(*(ALLOWED[role.role] for role in desk.by.roles))
    response = desk.page(
        "conduct/tokens.html",
        "study",
        title=t("tokens.title"),
        place=desk.place(Step(t("tokens.title"))),
        held=keys.tokens(desk.id, by=desk.by),
        scopes=[name for name in ACTIONS if name in own and name not in keys.NEVER],
        makes=any(desk.may("make_token", role.site) for role in desk.by.roles),
        typed={"name": post.get("name", ""), "days": post.get("days", str(DAYS)), "scopes": post.getlist("scope")},
        secret=secret,
        refused=refused,
        now=dt.datetime.now(dt.UTC),
    )
    response.status_code = 422 if refused else 200
    return response


def _make(desk: Desk) -> str:
    post, days = desk.request.POST, desk.request.POST.get("days", "").strip()
    if not (days.isascii() and days.isdigit() and len(days) < 5):
        raise InputError(f"'{days}' is not a number of days.", hint=f"Give 1 to {keys.LONGEST}.")
    return keys.make_token(desk.id, post.get("name", ""), post.getlist("scope"), int(days), by=desk.by)
