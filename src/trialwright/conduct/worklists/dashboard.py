"""The study at a glance: recruitment against plan, flow, sites, open work."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.queries import AgeBucket, ages_of, moment_of
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study
from trialwright.study.identity import Site


@dataclass(frozen=True, slots=True)
class SiteLine:
    """`screened` counts every subject registered; `enrolled` every one ever enrolled."""

    site: str
    name: Text
    city: Text
    state: str
    activated: dt.date | None
    screened: int
    failed: int
    enrolled: int
    open_queries: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    study: str
    version: str
    title: Text
    virtual: bool
    planned: int
    enrolled: int
    """In the whole study, whatever sites the person sees; all else is of the sites seen."""
    start: dt.date
    completion: dt.date
    flow: Mapping[str, int]
    """state of the subject -> how many are in it now."""
    screened_on: tuple[dt.date, ...]
    enrolled_on: tuple[dt.date, ...]
    """Days in order, one for each subject: the recruitment curve."""
    failures: tuple[tuple[str, int], ...]
    """(criterion, screen failures that it is the first to exclude), most first."""
    sites: tuple[SiteLine, ...]
    queries: Mapping[str, int]
    """state of the query -> how many."""
    events: int
    newest: dt.datetime | None
    ages: tuple[AgeBucket, ...] = ()
    """Live queries by the days for which they have been open."""


def newest(study_id: str) -> dt.datetime | None:
    """The time of the latest event by its own clock. In a virtual trial, whose calendar is its own, that is now."""
    trial = studies.trial(study_id)
    if trial.virtual:
        return trial.latest
    return trial.events.order_by("-sequence").values_list("at", flat=True).first()


def dashboard(study_id: str, by: Person) -> Dashboard:
    """Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    study = studies.of_trial(trial)
    seen = sites_seen(study, by)
    subjects = list(
        trial.subjects.filter(site__in=seen).order_by("screened", "id").values_list(
            "site", "state", "screened", "enrolled"
        )
    )  # fmt: skip
    asked = db.Query.objects.filter(subject__trial=trial, subject__site__in=seen)
    queries = list(asked.values_list("subject__site", "state").annotate(n=Count("id")).order_by())
    latest = newest(study_id)
    status = study.registration.status
    rows = {row.site: row for row in trial.sites.all()}
    live = Counter(dict.fromkeys(seen, 0))
    for site, state, n in queries:
        live[site] += n if state in ("open", "answered") else 0
    by_state = Counter[str]()
    for _, state, n in queries:
        by_state[state] += n
    return Dashboard(
        study.id, study.version, study.registration.identity.brief_title, trial.virtual, trial.planned, trial.enrolled,
        status.start, status.completion,
        dict(Counter(state for _, state, _, _ in subjects)),
        tuple(screened for _, _, screened, _ in subjects),
        tuple(sorted(enrolled for _, _, _, enrolled in subjects if enrolled)),
        _failures(trial, study, seen),
        tuple(
            _line(site, rows[site.id], [(s, e) for at, s, _, e in subjects if at == site.id], live[site.id])
            for site in study.registration.sites
            if site.id in seen
        ),
        dict(by_state), trial.sequence, latest, ages_of(asked, moment_of(trial)) if live.total() else (),
    )  # fmt: skip


def _line(site: Site, row: db.Site, subjects: list[tuple[str, dt.date | None]], queries: int) -> SiteLine:
    failed = sum(state == "screen_failed" for state, _ in subjects)
    enrolled = sum(day is not None for _, day in subjects)
    return SiteLine(
        site.id, site.name, site.city, row.state, row.activated, len(subjects), failed, enrolled, queries
    )  # fmt: skip


def _failures(trial: db.Trial, study: Study, seen: list[str]) -> tuple[tuple[str, int], ...]:
    """A subject counts once, at the first criterion in the definition's order that excludes."""
    rows = db.Criterion.objects.filter(
        subject__trial=trial, subject__site__in=seen, subject__state="screen_failed"
    ).values_list("subject_id", "criterion", "state")
    excluding = {
        (c.id, "not_met" if c.kind == "inclusion" else "met"): n for n, c in enumerate(study.eligibility.criteria)
    }
    first: dict[int, int] = {}
    for subject, criterion, state in rows:
        place = excluding.get((criterion, state))
        if place is not None:
            first[subject] = min(place, first.get(subject, place))
    counted = Counter(study.eligibility.criteria[place].id for place in first.values())
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
