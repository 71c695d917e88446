"""Queries and the audit trail of the study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.conduct import worklists
from trialwright.conduct.rules.policy import ACTIONS
from trialwright.conduct.rules.states import QUERY
from trialwright.conduct.worklists import AuditFilter, Change, QueryFilter, QueryLine
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.web.conduct.desk import Desk, at_desk, kept_filters
from trialwright.web.conduct.over import QUERY_STEPS, WITHOUT_WORDS
from trialwright.web.page import Step, is_fragment, page_number, pairs, words

LIVE = "live"
LONGEST = 19
"""Digits of what is no number of an event."""
SORTS = ("opened", "waiting", "subject", "form", "item")


@at_desk
def queries(desk: Desk) -> HttpResponse:
    """The longest open come first; the filters stand in the address. Live queries unless another state is asked for."""
    t = words(desk.request)
    get = desk.request.GET
    wanted = QueryFilter(
        get.get("state", LIVE), get.get("site", ""), get.get("subject", ""), raised=get.get("raised", ""),
        waits_for=get.get("turn", ""),
    )  # fmt: skip
    sort = get.get("sort", "") if get.get("sort", "") in SORTS else SORTS[0]
    return desk.page(
        "conduct/queries.html",
        "queries",
        title=t("queries.title"),
        place=desk.place(Step(t("queries.title"))),
        found=worklists.queries(desk.id, desk.by, wanted, page=page_number(desk.request), sort=sort),
        ages=worklists.query_ages(desk.id, desk.by),
        sorts=SORTS,
        sort=sort,
        wanted=wanted,
        states_of=(LIVE, *QUERY.table),
        sites=[site for site in desk.study.registration.sites if desk.by.sees(site.id)],
        kept=kept_filters(pairs(get)),
    )


@at_desk
def query(desk: Desk, subject: str, number: int) -> HttpResponse:
    """One query with its exchange; what may be done with it now are its buttons."""
    t = words(desk.request)
    found = _query(desk, subject, number)
    typed, refused, status = "", "", 200
    if desk.request.method == "POST":
        typed = desk.request.POST.get("text", "").strip()
        step = desk.request.POST.get("step", "")
        try:
            return _do(desk, found, step, typed)
        except Refused as refusal:
            refused, status = str(refusal), 422 if desk.may(f"{step}_query", found.site) else 403
    name = f"{subject} · {t('queries.number')} {number}"
    response = desk.page(
        "conduct/query.html",
        "queries",
        title=name,
        place=desk.place(Step(t("queries.title"), reverse("queries", args=[desk.id])), Step(name)),
        query=found,
        steps=[s for s in QUERY_STEPS if QUERY.allowed(found.state, s) and desk.may(f"{s}_query", found.site)],
        typed=typed,
        refused=refused,
    )
    response.status_code = status
    return response


def _query(desk: Desk, subject: str, number: int) -> QueryLine:
    lines = worklists.queries(desk.id, desk.by, QueryFilter(subject=subject), size=10_000).lines
    found = next((line for line in lines if line.number == number), None)
    if found is None:
        raise UnknownName("query", f"{subject}/{number}", ())
    return found


def _do(desk: Desk, found: QueryLine, step: str, text: str) -> HttpResponse:
    t = words(desk.request)
    if step not in QUERY_STEPS:
        raise UnknownName("step", step, QUERY_STEPS)
    if not text and step not in WITHOUT_WORDS:
        raise Refused(t("queries.say"))
    QUERY_STEPS[step](desk.id, found.subject, found.number, text, by=desk.by, at=desk.now)
    state = QUERY.after(found.state, step)
    messages.success(desk.request, t("queries.done", n=found.number, state=t.code("query_state", state)))
    return redirect("query", desk.id, found.subject, found.number)


@at_desk
def audit(desk: Desk) -> HttpResponse:
    """Newest first, paged on the server; the filters stand in the address. ?event= shows one with all its changes."""
    t = words(desk.request)
    get = desk.request.GET
    event = get.get("event", "")
    desk.note("audit", subject=get.get("subject", "")[:20])
    asked = {name: get.get(name, "").strip() for name in ("subject", "who", "action", "since")}
    since = _day(asked["since"], desk.zone)
    wanted = AuditFilter(
        subject=asked["subject"], who=asked["who"], action=asked["action"], since=since,
        sequence=int(event) if event.isdigit() and len(event) < LONGEST else 0,
    )  # fmt: skip
    return desk.page(
        "conduct/changes.html" if event and is_fragment(desk.request) else "conduct/audit.html",
        "audit",
        title=t("audit.title"),
        place=desk.place(Step(t("audit.title"))),
        found=worklists.audit_trail(desk.id, desk.by, wanted, page=page_number(desk.request)),
        asked=asked,
        no_day=bool(asked["since"]) and since is None,
        whole=bool(wanted.sequence),
        actions_of=[name for name in ACTIONS if not name.startswith("read")],
        kept=kept_filters(pairs(get)),
        ordered=_ordered,
        redacts=lambda site: desk.may("redact_value", site),
        has_words=worklists.has_words,
    )


def _ordered(changes: Iterable[Change]) -> list[Change]:
    """What people look for first: captured values, then the rest of their fields, then the states of things."""
    return sorted(changes, key=lambda c: (c.table != "value", c.table == "value" and c.column != "value"))


def _day(text: str, zone: str) -> dt.datetime | None:
    """The beginning of a day where the times are shown in `zone`."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) if text else None
    except ValueError:
        return None
