"""What visits a subject has: those that the version in force at its site plans, each time at which one took place
again, those beyond the plan, and those that an earlier version planned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cached_property

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.studies import InForce
from trialwright.conduct.rules import windows
from trialwright.conduct.rules.states import SUBJECT, VISIT
from trialwright.conduct.store import models as db
from trialwright.kernel.texts import Text
from trialwright.study.schedule import MOST_TIMES, BeyondPlan, Visit, base_of


class Plans:
    """The plans of one study, for the subjects of a page."""

    def __init__(self, trial: db.Trial) -> None:
        self.trial, self.newest = trial, studies.in_force(trial)
        self._lists: dict[tuple[str, frozenset[str]], list[Visit]] = {}

    @cached_property
    def _by_site(self) -> dict[str, InForce]:
        return {site.site: studies.in_force(self.trial, site) for site in self.trial.sites.all()}

    def at(self, site: str) -> InForce:
        """The definition in force at a site."""
        return self._by_site.get(site, self.newest)

    def of(self, site: str, held: Mapping[str, db.Visit]) -> list[Visit]:
        """The visits of a subject at a site, in order; `held`: those that have a row.

        One that the version no longer plans is there if it took place or was missed.
        """
        known = self.at(site)
        schedule = known.study.schedule
        base = {visit.id: visit for visit in schedule.visits}
        beside = {name: row for name, row in held.items() if name not in base}
        others = frozenset(name for name, row in beside.items() if row.state != VISIT.start or schedule.plan(name))
        key = (known.study.version, others)
        if key not in self._lists:
            plans = [studies.plan_of(self.trial, known, visit_id) for visit_id in sorted(others)]
            self._lists[key] = self.in_order([*base.values(), *(plan for plan in plans if plan)])
        return self._lists[key]

    def in_order(self, visits: Iterable[Visit]) -> list[Visit]:
        """As the newest definition lists them; one that it no longer has stands where its number would."""
        return sorted(visits, key=self._place)

    def _place(self, visit: Visit) -> tuple[int, int, float]:
        schedule = self.newest.study.schedule
        index, count = schedule.position(visit.id)
        if index < len(schedule.visits) + len(schedule.extra):
            return index, count, visit.number
        before = sum(other.number <= visit.number for other in schedule.visits)
        return before - 1, MOST_TIMES + 1, visit.number

    def form_label(self, form: str) -> Text:
        """The label of a form, by the newest version that has it."""
        for version in self.trial.versions.order_by("-number").values_list("version", flat=True):
            if found := studies.of_version(self.trial, version).study.form_by_id.get(form):
                return found.label
        return Text(en=form)


def row_of(plan: Visit, held: Mapping[str, db.Visit], subject: db.Subject) -> db.Visit | None:
    """The visit's row, planned as the version in force plans it; for one that an amendment has opened, the row that it
    will get.
    """
    row = held.get(plan.id)
    if isinstance(plan, BeyondPlan) or (row is not None and row.state != VISIT.start):
        return row
    target = windows.planned(plan, subject.screened, subject.first_dose)
    if row is not None:
        row.planned = target
        return row
    is_open = subject.enrolled is not None if plan.anchor == "first_dose" else subject.state == SUBJECT.start
    if not is_open or subject.ended or base_of(plan.id)[1] > 1:
        return None
    return db.Visit(subject=subject, visit=plan.id, state=VISIT.start, planned=target)


def visit_state(plan: Visit, visit: db.Visit, subject: db.Subject, on: dt.date) -> str:
    """A planned visit is due from the first day of its window and overdue after the last; none comes after the end but
    that of early termination, which is due until it takes place or is missed.
    """
    if visit.state != VISIT.start:
        return visit.state
    if isinstance(plan, BeyondPlan):
        return "due"
    if subject.ended:
        return ""
    if visit.planned is None:
        return "planned"
    return {"early": "planned", "in_window": "due", "late": "overdue"}[windows.timing(plan, visit.planned, on)]


def may_begin(known: InForce, subject: db.Subject, held: Mapping[str, db.Visit]) -> tuple[tuple[str, Text], ...]:
    """Visits beyond the plan that could take place now: ids for `add_visit`, and their labels."""
    if subject.consented is None and subject.guardian_consented is None:
        return ()
    found = []
    for extra in known.study.schedule.extra:
        once = extra.kind == "early_termination"
        done = extra.id in held and held[extra.id].state == "done"
        if SUBJECT.allowed(subject.state, "closing_visit" if once else "visit") and not (once and done):
            found.append((extra.id, extra.label))
    return tuple(found)
