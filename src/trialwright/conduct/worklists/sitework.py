"""What waits at the site: visits, forms, questions, signatures, decisions."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from trialwright.conduct.actions import studies
from trialwright.conduct.rules import windows
from trialwright.conduct.rules.blinding import BLINDED
from trialwright.conduct.store import models as db
from trialwright.conduct.store.unbegun import unbegun
from trialwright.conduct.worklists.plans import Plans
from trialwright.conduct.worklists.waiting import FORM, LIVE, Line, Section, Sight
from trialwright.study.schedule import BeyondPlan, Visit

QUERY = ("subject__site", "subject__subject", "visit", "form", "group", "row", "item", "number", "check_id", "text")
"""Columns that `query_line` takes, before the moment from which it counts days."""


def due(sight: Sight) -> Section:
    return _visits(sight, "due")


def overdue(sight: Sight) -> Section:
    return _visits(sight, "overdue")


def _visits(sight: Sight, state: str) -> Section:
    """Planned visits whose window has begun (due) or is over (overdue), the earliest first."""
    plans = Plans(sight.trial)
    schedule = plans.newest.study.schedule
    extra = [visit.id for visit in schedule.extra if visit.kind == "early_termination"]
    soon = sight.today + dt.timedelta(days=max((v.window.before for v in schedule.visits), default=0))
    found = db.Visit.objects.filter(
        Q(subject__ended__isnull=True) | Q(visit__in=extra),
        subject__trial=sight.trial, subject__site__in=sight.sites, state="planned", planned__lte=soon,
    ).order_by("planned", "subject__subject")  # fmt: skip
    lines = []
    known: dict[tuple[str, str], Visit | None] = {}
    for site, subject, visit, planned in found.values_list("subject__site", "subject__subject", "visit", "planned"):
        if (site, visit) not in known:
            known[site, visit] = studies.plan_of(sight.trial, plans.at(site), visit)
        last = _last_day(known[site, visit], planned, sight.today)
        if last is not None and (state == "overdue") == (last < sight.today):
            late = max(0, (sight.today - last).days)
            lines.append(Line(site, subject, visit, days=late, day=planned))
    return Section(state, len(lines), tuple(lines[: sight.limit]))


def _last_day(plan: Visit | None, planned: dt.date | None, today: dt.date) -> dt.date | None:
    """The last day of a window that has begun; None before it begins. A visit beyond the plan has none: it is due."""
    if plan is None or planned is None:
        return None
    if isinstance(plan, BeyondPlan):
        return today
    first, last = windows.window(plan, planned)
    return last if first <= today else None


def to_answer(sight: Sight) -> Section:
    """Open queries, the oldest first."""
    found = sight.queries().filter(state="open").order_by("opened", "subject__subject", "number")
    return sight.section("to_answer", found, (*QUERY, "opened"), partial(query_line, sight))


def query_line(sight: Sight, *columns: Any) -> Line:
    site, subject, visit, form, group, row, item, number, check, text, since = columns
    shown = BLINDED if sight.hidden.query(form, check, item) else text
    return Line(site, subject, visit, form, group, row, item, number, sight.since(since), sight.day(since), shown)


def incomplete(sight: Sight) -> Section:
    """Forms that were begun and lack something."""
    found = sight.forms().filter(state="in_progress").order_by("subject__subject", "id")
    return sight.section("incomplete", found, FORM, Line)


def to_begin(sight: Sight) -> Section:
    """Visits that took place and of which a form was not begun; `count` says how many are missing."""
    planned = forms_planned(sight)
    total, rows = unbegun(sight.trial.pk, sight.sites, planned, sight.limit)
    lines = (Line(site, subject, v, count=planned[v.partition(".")[0]] - n) for site, subject, v, n in rows)
    return Section("to_begin", total, tuple(lines))


def forms_planned(sight: Sight) -> dict[str, int]:
    """Visit -> how many forms it has."""
    schedule = studies.of_trial(sight.trial).schedule
    planned = {visit.id: len(visit.forms) for visit in schedule.visits}
    return planned | {visit.id: len(visit.forms) for visit in schedule.extra}


def drafts(sight: Sight) -> Section:
    """What the person has typed and not saved."""
    mine = db.Draft.objects.filter(trial=sight.trial, username=sight.by.username).order_by("at")

    def line(subject: str, visit: str, form: str, at: dt.datetime) -> Line:
        return Line("", subject, visit, form, days=sight.since(at), day=sight.day(at))

    return sight.section("drafts", mine, ("subject", "visit", "form", "at"), line)


def to_sign(sight: Sight) -> Section:
    """Complete forms without open queries."""
    asked = db.Query.objects.filter(
        subject=OuterRef("subject"), visit=OuterRef("visit"), form=OuterRef("form"), state__in=LIVE
    )
    found = sight.forms().filter(~Exists(asked), state="complete").order_by("subject__subject", "id")
    return sight.section("to_sign", found, FORM, Line)


def to_decide(sight: Sight) -> Section:
    """Subjects in screening, with consent, about whom nothing is decided yet."""
    consented = Q(consented__isnull=False) | Q(guardian_consented__isnull=False)
    found = sight.subjects().filter(consented, state="screening", verdict__in=("", "undetermined"))

    def line(site: str, subject: str, screened: dt.date) -> Line:
        return Line(site, subject, days=max(0, (sight.today - screened).days), day=screened)

    return sight.section("to_decide", found.order_by("screened", "id"), ("site", "subject", "screened"), line)


def unsigned(sight: Sight) -> Section:
    """Judgements that no investigator has given yet."""
    study = studies.of_trial(sight.trial)
    items = {item.id for item in study.items if item.type == "judgement"} - sight.hidden.items
    forms = [form.id for form in study.forms if not items.isdisjoint(form.item_ids())]
    if not forms:
        return Section("unsigned", 0, ())
    waiting = Q(form__form__in=forms, item__in=items, signed_by="") & ~Q(value="")
    found = db.Value.objects.filter(
        waiting, form__subject__trial=sight.trial, form__subject__site__in=sight.sites
    ).order_by(F("form__subject__subject"), "id")
    columns = (*(f"form__{name}" for name in FORM), "group", "row", "item")
    return sight.section("unsigned", found, columns, Line)
