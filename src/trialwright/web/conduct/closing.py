"""Freezing, locking and unlocking a place: a study, site, subject, visit, form or field, each with its reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Scope
from trialwright.conduct.rules.locks import covering
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.web.conduct.desk import Desk, at_desk, label
from trialwright.web.page import Step, words

STEPS = {"freeze": actions.freeze, "lock": actions.lock, "unlock": actions.unlock}
_NAMES = ("site", "subject", "visit", "form", "group", "item")


@at_desk
def close(desk: Desk) -> HttpResponse:
    """The place stands in the address (site, subject, visit, form, group, row, item); `next` is where one came from."""
    t, scope = words(desk.request), scope_of(desk.request.GET)
    back, refused, status = _back(desk), "", 200
    reason = desk.request.POST.get("reason", "").strip()
    if desk.request.method == "POST":
        step = desk.request.POST.get("step", "")
        try:
            _do(desk, scope, step, reason)
        except Refused as refusal:
            refused, status = str(refusal), 422 if desk.may(step, scope.site) else 403
        else:
            messages.success(desk.request, t(f"closing.done.{step}", place=title_of(desk, scope)))
            return redirect(back)
    holding = covering(worklists.locks(desk.id, desk.by, subject=scope.subject), scope)
    own = holding is not None and holding.scope == scope
    response = desk.page(
        "conduct/close.html",
        "study",
        title=t("closing.title", place=title_of(desk, scope)),
        place=desk.place(Step(t("closing.short"))),
        scope=scope,
        holding=holding,
        holding_title=title_of(desk, holding.scope) if holding else "",
        steps=[s for s in _possible(holding.state if holding and own else "") if desk.may(s, scope.site)],
        wider=holding is not None and not own,
        back=back,
        reason=reason,
        refused=refused,
    )
    response.status_code = status
    return response


def scope_of(sent: QueryDict) -> Scope:
    row = sent.get("row", "")
    site, subject, visit, form, group, item = (sent.get(name, "")[:80] for name in _NAMES)
    number = int(row) if row.isascii() and row.isdigit() and len(row) < 6 else 0
    return Scope(site, subject, visit, form, group, number, item)


def _possible(state: str) -> tuple[str, ...]:
    return {"frozen": ("lock", "unlock"), "locked": ("unlock",)}.get(state, ("freeze", "lock"))


def _do(desk: Desk, scope: Scope, step: str, reason: str) -> None:
    if step not in STEPS:
        raise UnknownName("step", step, STEPS)
    if not reason:
        raise Refused(words(desk.request)("closing.say"))
    STEPS[step](desk.id, scope, reason=reason, by=desk.by, at=desk.now)


def _back(desk: Desk) -> str:
    wanted = desk.request.GET.get("next", "")
    fits = wanted.startswith("/conduct/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if fits else reverse("study", args=[desk.id])


def title_of(desk: Desk, scope: Scope) -> str:
    """The place in words: field, form, visit, subject, whatever of it is named."""
    t, parts = words(desk.request), []
    if scope.item:
        parts.append(label(desk, scope.item) + (f" ({t('form.row')} {scope.row})" if scope.row > 1 else ""))
    if scope.form:
        form = desk.study.form_by_id.get(scope.form)
        parts.append(t.say(form.label) if form else scope.form)
    if scope.visit:
        visit = desk.study.schedule.plan(scope.visit)
        parts.append(t.say(visit.label) if visit else scope.visit)
    if scope.subject:
        parts.append(scope.subject)
    elif scope.site:
        parts.append(t("conduct.site", id=scope.site))
    return " · ".join(parts) or t("closing.whole")
