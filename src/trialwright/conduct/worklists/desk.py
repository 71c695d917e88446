"""What waits for a person: a list for each thing that one of the person's roles does, at the sites of that role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists import oversight, sitework
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.conduct.worklists.waiting import Line, Section, Sight
from trialwright.kernel.errors import Refused

__all__ = ["DESKS", "Line", "Section", "Todo", "todo"]

DESKS: Mapping[str, tuple[str, ...]] = {
    "coordinator": ("overdue", "due", "to_answer", "incomplete", "to_begin", "drafts"),
    "investigator": ("to_sign", "to_decide", "unsigned", "to_answer"),
    "monitor": ("to_verify", "changed", "to_close"),
    "data_manager": ("to_close", "long_open", "to_freeze", "to_lock", "to_migrate"),
    "safety": ("serious",),
    "administrator": ("to_activate", "to_approve"),
}
"""role -> its lists, in the order in which they are seen to."""

_LISTS: Mapping[str, Callable[[Sight], Section]] = {
    "overdue": sitework.overdue,
    "due": sitework.due,
    "to_answer": sitework.to_answer,
    "incomplete": sitework.incomplete,
    "to_begin": sitework.to_begin,
    "drafts": sitework.drafts,
    "to_sign": sitework.to_sign,
    "to_decide": sitework.to_decide,
    "unsigned": sitework.unsigned,
    "to_verify": oversight.to_verify,
    "changed": oversight.changed,
    "to_close": oversight.to_close,
    "long_open": oversight.long_open,
    "to_freeze": oversight.to_freeze,
    "to_lock": oversight.to_lock,
    "to_migrate": oversight.to_migrate,
    "serious": oversight.serious,
    "to_activate": oversight.to_activate,
    "to_approve": oversight.to_approve,
}


@dataclass(frozen=True, slots=True)
class Todo:
    """`sections`: those of the person's roles, the empty ones as well."""

    sections: tuple[Section, ...]

    @property
    def total(self) -> int:
        return sum(section.total for section in self.sections)

    def section(self, kind: str) -> Section | None:
        return next((section for section in self.sections if section.kind == kind), None)


def todo(study_id: str, by: Person, today: dt.date | None = None, *, limit: int = 50) -> Todo:
    """Each list with how long it is and its first `limit` lines. Raises UnknownName, Refused.

    A role that nothing waits for (auditor, sponsor, statistician) has no lists.
    """
    if not by.roles:
        raise Refused(f"{by.name} has no role in study {study_id}.")
    trial = studies.trial(study_id)
    desk = _Desk(trial, by, today or studies.today(trial, ""), limit)
    return Todo(tuple(_LISTS[kind](desk.sight(kind)) for kind in desk.kinds))


class _Desk:
    def __init__(self, trial: db.Trial, by: Person, today: dt.date, limit: int) -> None:
        self.trial, self.by, self.today, self.limit = trial, by, today, limit
        self.hidden = hidden_of(trial, by)

    @cached_property
    def kinds(self) -> list[str]:
        held = {role.role for role in self.by.roles}
        return list(dict.fromkeys(kind for role, kinds in DESKS.items() if role in held for kind in kinds))

    def sight(self, kind: str) -> Sight:
        """The sites of the roles that have the list."""
        registration = studies.of_trial(self.trial).registration
        known = [site.id for site in registration.sites]
        own = [role.site for role in self.by.roles if kind in DESKS.get(role.role, ())]
        sites = tuple(site for site in known if "" in own or site in own)
        return Sight(self.trial, self.by, sites, self.today, self.limit, self.hidden, registration.zone)
