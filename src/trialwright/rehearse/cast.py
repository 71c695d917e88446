"""The people of a rehearsal: at each site an investigator and a coordinator, for all sites a monitor and others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct import actions
from trialwright.conduct.actions import Person
from trialwright.study.definition import Study

CENTRAL = ("monitor", "data_manager", "statistician", "sponsor", "auditor", "administrator")


@dataclass(frozen=True, slots=True)
class Team:
    """Who acts at one site."""

    investigator: Person
    coordinator: Person


@dataclass(frozen=True, slots=True)
class Cast:
    teams: dict[str, Team]
    central: dict[str, Person]

    @property
    def monitor(self) -> Person:
        return self.central["monitor"]


def engage(study: Study, at: dt.datetime) -> Cast:
    """Give everybody a role in the study. Names say the part, for these are nobody's names."""
    central = {role: _add(study, role, "", at) for role in CENTRAL}
    teams = {
        site.id: Team(_add(study, "investigator", site.id, at), _add(study, "coordinator", site.id, at))
        for site in study.registration.sites
    }
    return Cast(teams, central)


def _add(study: Study, role: str, site: str, at: dt.datetime) -> Person:
    words = actions.ROLES[role].capitalize()
    name = f"Virtual {words.lower()} {site}".strip()
    username = f"{role.replace('_', '-')}-{site}".rstrip("-")
    return actions.add_person(study.id, username, name, role, site=site, at=at)
