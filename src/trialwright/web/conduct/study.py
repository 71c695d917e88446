"""The study as a whole: its sites, what is closed, its versions, who may do what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from trialwright.conduct import actions, worklists
from trialwright.conduct.rules.locks import PASSES
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES
from trialwright.conduct.rules.states import MACHINES
from trialwright.conduct.worklists import Impact
from trialwright.kernel.errors import InputError, Refused
from trialwright.study.versions import Difference, difference
from trialwright.web.conduct.desk import Desk, at_desk
from trialwright.web.page import Step, words

LINES = 200
"""Forms of an impact that are listed; its counts are of all."""


@at_desk
def study(desk: Desk) -> HttpResponse:
    """Sites with their state, what is frozen or locked, and the way to everything that concerns the whole study."""
    t = words(desk.request)
    reads = any(desk.may("read", role.site) for role in desk.by.roles)
    if desk.request.method == "POST":
        return _activate(desk)
    return desk.page(
        "conduct/study.html",
        "study",
        title=t("study.title"),
        place=desk.place(Step(t("study.title"))),
        lines=worklists.site_lines(desk.id, desk.by),
        held=worklists.locks(desk.id, desk.by) if reads else (),
        may={name: _anywhere(desk, name) for name in _DOORS},
        sees_versions=_sees_versions(desk),
    )


_DOORS = ("freeze", "add_person", "make_token", "activate_site", "export", "redact_value")


def _anywhere(desk: Desk, action: str) -> bool:
    return any(desk.may(action, role.site) for role in desk.by.roles)


def _activate(desk: Desk) -> HttpResponse:
    site = desk.request.POST.get("site", "")
    actions.activate_site(desk.id, site, by=desk.by, at=desk.now)
    messages.success(desk.request, words(desk.request)("study.activated", site=site))
    return redirect("study", desk.id)


def _sees_versions(desk: Desk) -> bool:
    names = ("publish_version", "approve_version", "migrate_form", "read")
    return any(_anywhere(desk, name) for name in names)


@dataclass(frozen=True, slots=True)
class Tried:
    """A step of an amendment that was refused: what was typed, and why."""

    step: str = ""
    site: str = ""
    version: str = ""
    on: str = ""
    reason: str = ""
    sentence: str = ""


_TYPED = ("step", "site", "version", "on", "reason")


@at_desk
def versions(desk: Desk) -> HttpResponse:
    """Versions of the definition: ?version= shows what one changes and leads to, and where it is in force."""
    if desk.request.method != "POST":
        return _versions(desk, Tried())
    post = desk.request.POST
    step, site, version, on, reason = (post.get(name, "").strip() for name in _TYPED)
    tried = Tried(step, site, version, on, reason)
    try:
        sentence = _amend(desk, tried)
    except (Refused, InputError) as refusal:
        return _versions(desk, replace(tried, sentence=str(refusal)))
    messages.success(desk.request, sentence)
    return redirect(f"{desk.request.path}?version={tried.version}")


def _amend(desk: Desk, tried: Tried) -> str:
    """Approve a version for a site, or take the site's forms to it; the sentence that says what was done."""
    t = words(desk.request)
    if tried.step == "migrate":
        done = actions.migrate_all(desk.id, tried.site, reason=tried.reason, by=desk.by, at=desk.now)
        left = " ".join((t("versions.left"), *done.refused[:5])) if done.refused else ""
        return f"{t.count('versions.migrated', len(done.forms), version=done.version)} {left}".strip()
    try:
        on = dt.date.fromisoformat(tried.on) if tried.on else None
    except ValueError:
        raise InputError(f"'{tried.on}' is not a day.", hint="Write 2026-03-15.") from None
    day = actions.approve_version(desk.id, tried.site, tried.version, on=on, by=desk.by, at=desk.now)
    return t("versions.approved", version=tried.version, site=tried.site, day=day)


def _versions(desk: Desk, tried: Tried) -> HttpResponse:
    t = words(desk.request)
    listed = worklists.versions_of(desk.id, desk.by)
    wanted = desk.request.GET.get("version", "") or listed[-1].version
    number = next((n for n, line in enumerate(listed) if line.version == wanted), len(listed) - 1)
    before = desk.request.GET.get("from", "") or (listed[number - 1].version if number else "")
    shown = listed[number]
    amending = any(_anywhere(desk, name) for name in ("publish_version", "approve_version", "migrate_form"))
    response = desk.page(
        "conduct/versions.html",
        "study",
        title=t("versions.title"),
        place=desk.place(Step(t("versions.title"))),
        listed=listed,
        shown=shown,
        before=before,
        changes=_difference(desk, before, shown.version),
        impact=_impact(desk, shown.version) if amending and before else None,
        most=LINES,
        lines=worklists.site_lines(desk.id, desk.by),
        may={name: [r.id for r in desk.study.registration.sites if desk.may(name, r.id)] for name in _STEPS},
        tried=tried,
    )
    response.status_code = 422 if tried.sentence else 200
    return response


_STEPS = ("approve_version", "migrate_form")


def _difference(desk: Desk, old: str, new: str) -> Difference | None:
    if not old:
        return None
    return difference(worklists.study_at(desk.id, old), worklists.study_at(desk.id, new))


def _impact(desk: Desk, version: str) -> Impact | None:
    try:
        return worklists.impact(desk.id, version, desk.by)
    except Refused:
        return None


@at_desk
def policy(desk: Desk) -> HttpResponse:
    """Who may do what, in which state: the tables that the program itself goes by, to be printed."""
    t = words(desk.request)
    return desk.page(
        "conduct/policy.html",
        "study",
        title=t("policy.title"),
        place=desk.place(Step(t("policy.title"))),
        roles=tuple(ROLES),
        actions_of=tuple(ACTIONS),
        allowed=ALLOWED,
        machines=MACHINES,
        passes=PASSES,
        members=_members(desk),
        today=desk.today,
    )


def _members(desk: Desk) -> Any:
    return worklists.members(desk.id, desk.by) if desk.may("add_person") else ()
