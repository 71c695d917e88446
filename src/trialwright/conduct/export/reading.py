"""What one person may take out of a study, read a few subjects at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from trialwright.conduct.actions import studies
from trialwright.conduct.exchange.values import Standing
from trialwright.conduct.rules import policy
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.store import streams
from trialwright.conduct.worklists.masks import Blinded, hidden_of
from trialwright.conduct.worklists.seen import sites_seen, subject_seen
from trialwright.kernel.errors import UnknownName
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit

AT_ONCE = 4
"""Subjects that are read together; of one form alone, some more."""
LAST = float("inf")

Place = tuple[str, int, str]
"""(group, row, item)."""


@dataclass(slots=True)
class FormRead:
    """A form of a subject. `definition`: the version that it was captured under."""

    key: int
    visit: str
    form: str
    state: str
    definition: str
    version: int
    values: list[Standing] = field(default_factory=list)
    verified: dict[Place, tuple[str, dt.datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubjectRead:
    key: int
    subject: str
    site: str
    state: str
    arm: str
    days: Mapping[str, str]
    """visit -> the day on which it took place."""
    forms: Sequence[FormRead]


class Layout:
    """The order and the names of one version of the definition."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.forms = {form.id: n for n, form in enumerate(study.forms)}
        self.ranks = {
            form.id: {
                (group.id, each.item): (g, f)
                for g, group in enumerate(form.groups)
                for f, each in enumerate(group.fields)
            }
            for form in study.forms
        }
        self._visits: dict[str, Visit | None] = {"": None}

    def visit(self, visit_id: str) -> Visit | None:
        """The visit, or None for a log and for a visit that this version does not know."""
        if visit_id not in self._visits:
            self._visits[visit_id] = self.study.schedule.plan(visit_id)
        return self._visits[visit_id]

    def place_of(self, visit: str, form: str) -> tuple[float, str, int, str]:
        plan = self.visit(visit)
        return (plan.number if plan else LAST, visit, self.forms.get(form, len(self.forms)), form)

    def holds(self, visit: str, form: str, group: str = "", item: str = "") -> bool:
        """Whether this version asks for the form at the visit and, if named, for the item in the group of it."""
        ranks = self.ranks.get(form)
        known = ranks is not None and (not visit or self.visit(visit) is not None)
        return known and (not item or (group, item) in (ranks or ()))

    def in_order(self, form: str, values: list[Standing]) -> None:
        ranks, last = self.ranks.get(form, {}), (len(self.forms), 0)

        def rank(value: Standing) -> tuple[int, int, int, str]:
            group, place = ranks.get((value[0], value[2]), last)
            return group, value[1], place, value[2]

        values.sort(key=rank)


@dataclass(frozen=True)
class Scope:
    """A person's share of a study: the sites that the policy lets export, without what is blinded for the person."""

    trial: db.Trial
    study: Study
    by: Person
    sites: tuple[str, ...]
    blinded: Blinded
    subject: str = ""

    @property
    def hidden(self) -> frozenset[str]:
        """Items that the person may not see."""
        return self.blinded.items

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """version -> its layout, of every version that the study has had."""
        return {
            row.version: Layout(studies.of_version(self.trial, row.version).study)
            for row in self.trial.versions.order_by("number", "id")
        }

    def layout(self, version: str) -> Layout:
        return self.layouts.get(version) or self.layouts[self.trial.version]

    def home(self, version: str, *place: str) -> str:
        """The version under which a place (visit, form and perhaps group, item) is to be told: that of the form, or the
        newest that has it where a migration took the form to one that has it no more.
        """
        known = self._homes.get((version, place))
        if known is None:
            named = [version, *reversed(self.layouts)]
            known = next((name for name in named if name in self.layouts and self.layouts[name].holds(*place)), version)
            self._homes[version, place] = known
        return known

    @cached_property
    def _homes(self) -> dict[tuple[str, tuple[str, ...]], str]:
        return {}

    @cached_property
    def total(self) -> int:
        """Values at the sites; those that are hidden count as well."""
        return streams.count_values(self.trial.pk, self.sites, self.subject)

    def tells_trail(self, site: str) -> bool:
        """Whether the person may read who changed what at the site, when and why."""
        return self.by.role_for("read_audit", site) is not None

    def subjects(self) -> list[db.Subject]:
        found = self.trial.subjects.filter(site__in=self.sites)
        return list((found.filter(subject=self.subject) if self.subject else found).order_by("subject"))

    def read(self, form: str = "") -> Iterator[SubjectRead]:
        """One subject after the other, forms and values in the order of the definition; of one form only, if named."""
        waiting = iter(self.subjects())
        while batch := list(islice(waiting, AT_ONCE * 10 if form else AT_ONCE)):
            yield from self._batch(batch, form)

    def _batch(self, batch: list[db.Subject], form: str) -> Iterator[SubjectRead]:
        keys = [row.pk for row in batch]
        forms: dict[int, list[FormRead]] = {key: [] for key in keys}
        by_key: dict[int, FormRead] = {}
        checked = False
        for key, subject, *rest, verified in streams.forms_of(keys, form):
            by_key[key] = FormRead(key, *rest)
            forms[subject].append(by_key[key])
            checked = checked or verified > 0
        made, hidden = Standing._make, self.hidden
        for key, *columns in streams.values_of(keys, form):
            if columns[2] not in hidden:
                by_key[key].values.append(made(columns))
        for key, group, row, item, by, at in streams.verified_of(keys, form) if checked else ():
            if item not in self.hidden:
                by_key[key].verified[group, row, item] = by, _moment(at)
        days = self._days(keys)
        for row in batch:
            mine = forms[row.pk]
            mine.sort(key=lambda f: self.layout(f.definition).place_of(f.visit, f.form))
            for each in mine:
                self.layout(each.definition).in_order(each.form, each.values)
            yield SubjectRead(row.pk, row.subject, row.site, row.state, row.arm, days.get(row.pk, {}), mine)

    def _days(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        rows = db.Visit.objects.filter(subject__in=keys, actual__isnull=False)
        for subject, visit, day in rows.values_list("subject_id", "visit", "actual"):
            found.setdefault(subject, {})[visit] = day.isoformat() if day else ""
        return found


def _moment(at: Any) -> dt.datetime:
    """SQLite gives a moment as its text."""
    found = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    assert isinstance(found, dt.datetime)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def scope(study_id: str, by: Person, subject: str = "") -> Scope:
    """What the person may export, of one subject if named. Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    study = studies.of_trial(trial)
    sites = tuple(site for site in sites_seen(study, by, "export") if by.sees(site))
    if not sites:
        policy.demand(by, "read")
    if subject:
        row = subject_seen(trial, subject, by)
        if row.site not in sites:
            policy.demand(by, "export", row.site)
            raise UnknownName("subject", subject, ())
    return Scope(trial, study, by, sites, hidden_of(trial, by), subject)
