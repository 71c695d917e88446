"""What a person may see: sites and subjects."""

from __future__ import annotations

from trialwright.conduct.rules import policy
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.study.definition import Study


def sites_seen(study: Study, by: Person, action: str = "read") -> list[str]:
    """Ids of the sites whose data the person may read. Raises Refused when there is none."""
    sites = [site.id for site in study.registration.sites if by.role_for(action, site.id)]
    if not sites:
        policy.demand(by, action)
    return sites


def subject_seen(trial: db.Trial, subject_id: str, by: Person) -> db.Subject:
    """Raises UnknownName, also for a subject of a site that the person does not see; NotPermitted for who sees none."""
    found = trial.subjects.filter(subject=subject_id).first()
    policy.demand_of(by, "read", subject_id, found.site if found else None)
    assert found is not None, "nobody reads a subject that is not there"
    return found
