"""People with their roles, and sites with their state, as those who run a study see them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person, Role, demand
from trialwright.conduct.store import models as db
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study


@dataclass(frozen=True, slots=True)
class MemberLine:
    """`roles`: those held now; none: somebody who had one."""

    username: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class SiteState:
    """`version`: the one in force; `coming`: one that is approved from the day `approved` on."""

    site: str
    name: Text
    state: str
    activated: dt.date | None
    subjects: int
    version: str
    coming: str
    approved: dt.date | None


def members(study_id: str, by: Person) -> tuple[MemberLine, ...]:
    """Everybody who has or had a role, by name. Raises UnknownName, Refused."""
    demand(by, "add_person")
    found: dict[str, list[db.Member]] = {}
    for row in studies.trial(study_id).members.order_by("username", "id"):
        found.setdefault(row.username, []).append(row)
    return tuple(
        MemberLine(name, rows[-1].name, tuple(Role(row.role, row.site) for row in rows if row.active))
        for name, rows in found.items()
    )


def site_lines(study_id: str, by: Person) -> tuple[SiteState, ...]:
    """The sites at which the person has any role. Raises UnknownName."""
    trial = studies.trial(study_id)
    known = studies.of_trial(trial)
    own = {role.site for role in by.roles}
    held = {row.site: row for row in trial.sites.all()}
    return tuple(
        _line(trial, held[site.id], site.name)
        for site in known.registration.sites
        if site.id in held and ("" in own or site.id in own)
    )


def _line(trial: db.Trial, row: db.Site, name: Text) -> SiteState:
    version = studies.version_at(trial, row, studies.today(trial, row.site))
    coming = row.version if row.version not in ("", version) else ""
    return SiteState(row.site, name, row.state, row.activated, row.registered, version, coming, row.approved)


def study_at(study_id: str, version: str) -> Study:
    """The definition as it was at a version. Raises UnknownName."""
    return studies.of_version(studies.trial(study_id), version).study
