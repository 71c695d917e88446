"""What waits for those who oversee: verification, answers, freezing and locking, amendments, serious events, sites."""

from __future__ import annotations

import datetime as dt
from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.locks import Scope, covering
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.conduct.store.unbegun import unbegun
from trialwright.conduct.worklists.plans import Plans
from trialwright.conduct.worklists.queries import AGES
from trialwright.conduct.worklists.sitework import QUERY, forms_planned, query_line
from trialwright.conduct.worklists.waiting import FORM, LIVE, Line, Section, Sight
from trialwright.study.items import Item

_ENDED = ("completed", "discontinued", "screen_failed")


def to_verify(sight: Sight) -> Section:
    """Forms with critical values that do not stand verified, those with most of them first; `count` is their number."""
    found = sight.forms().filter(to_verify__gt=0).order_by("-to_verify", "subject__subject", "id")
    return sight.section("to_verify", found, (*FORM, "to_verify"), _counted)


def changed(sight: Sight) -> Section:
    """Forms of which something has changed since it was verified; `count` is how many values."""
    found = sight.forms().filter(lost__gt=0).order_by("subject__subject", "id")
    return sight.section("changed", found, (*FORM, "lost"), _counted)


def _counted(site: str, subject: str, visit: str, form: str, count: int) -> Line:
    return Line(site, subject, visit, form, count=count)


def to_close(sight: Sight) -> Section:
    """Answered queries, those first that wait longest for somebody to look at the answer."""
    found = sight.queries().filter(state="answered").annotate(since=Coalesce(Max("messages__at"), "opened"))
    ordered = found.order_by("since", "subject__subject", "number")
    return sight.section("to_close", ordered, (*QUERY, "since"), partial(query_line, sight))


def long_open(sight: Sight) -> Section:
    """Queries that have been open for longer than a month."""
    first = sight.today - dt.timedelta(days=AGES[-1])
    end = dt.datetime.combine(first, dt.time(), ZoneInfo(sight.zone))
    found = sight.queries().filter(state__in=LIVE, opened__lt=end).order_by("opened", "subject__subject", "number")
    return sight.section("long_open", found, (*QUERY, "opened"), partial(query_line, sight))


def to_freeze(sight: Sight) -> Section:
    return _clean(sight, "to_freeze", "")


def to_lock(sight: Sight) -> Section:
    return _clean(sight, "to_lock", "frozen")


def _clean(sight: Sight, kind: str, state: str) -> Section:
    """Subjects who have ended, with every form of each visit complete, all critical values verified, no query open."""
    here = {"subject": OuterRef("pk")}
    lacking = db.Form.objects.filter(Q(state="in_progress") | Q(to_verify__gt=0), **here)
    asked = db.Query.objects.filter(state__in=LIVE, **here)
    found = sight.subjects().filter(~Exists(asked), ~Exists(lacking), state__in=_ENDED).order_by("ended", "subject")
    locks = locked.held(sight.trial, sight.sites) if sight.trial.held else ()
    lines = []
    for site, subject, ended in found.values_list("site", "subject", "ended"):
        held = covering(locks, Scope(site, subject))
        if (held.state if held else "") == state:
            lines.append(Line(site, subject, day=ended))
    if lines:
        every = sight.trial.sequence  # there are fewer visits than events
        _, rows = unbegun(sight.trial.pk, sight.sites, forms_planned(sight), every)
        begun_in_part = {subject for _, subject, *_ in rows}
        lines = [line for line in lines if line.subject not in begun_in_part]
    return Section(kind, len(lines), tuple(lines[: sight.limit]))


def to_migrate(sight: Sight) -> Section:
    """Forms that go by another version than the one in force at their site."""
    if not sight.trial.sites.exclude(version="").exists():
        return Section("to_migrate", 0, ())
    plans = Plans(sight.trial)
    old = Q(pk__in=())
    for site in sight.sites:
        old |= Q(subject__site=site) & ~Q(definition=plans.at(site).study.version)
    return sight.section("to_migrate", sight.forms().filter(old).order_by("subject__subject", "id"), FORM, Line)


def serious(sight: Sight) -> Section:
    """Adverse events that are serious, the newest first."""
    study = studies.of_trial(sight.trial)
    said = {item.id: _yes(item) for item in study.items if item.id not in sight.hidden.items and _is_serious(item)}
    forms = [form.id for form in study.forms if not said.keys().isdisjoint(form.item_ids())]
    if not forms:
        return Section("serious", 0, ())
    is_so = Q(pk__in=())
    for item, codes in said.items():
        is_so |= Q(item=item, value__in=codes)
    mine = Q(form__form__in=forms, form__subject__trial=sight.trial, form__subject__site__in=sight.sites)
    columns = (*(f"form__{name}" for name in FORM), "group", "row", "item")
    return sight.section("serious", db.Value.objects.filter(mine & is_so).order_by("-id"), columns, Line)


def _is_serious(item: Item) -> bool:
    return item.sdtm is not None and item.sdtm.domain == "AE" and item.sdtm.variable == "AESER"


def _yes(item: Item) -> list[str]:
    """The answers that say so."""
    codes = [choice.code for choice in item.choices if (choice.submission or choice.code).upper() in ("Y", "YES")]
    return codes or ["true"]


def to_activate(sight: Sight) -> Section:
    """Sites that are not active yet."""
    found = sight.trial.sites.filter(site__in=sight.sites, state="planned").order_by("site")
    return sight.section("to_activate", found, ("site",), Line)


def to_approve(sight: Sight) -> Section:
    """Sites at which the newest version is not approved; `text` is that version."""
    newest = sight.trial.version
    found = sight.trial.sites.filter(site__in=sight.sites).exclude(version__in=("", newest)).order_by("site")
    return sight.section("to_approve", found, ("site",), lambda site: Line(site, text=newest))
