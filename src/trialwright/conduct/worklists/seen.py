"""What a person may see: sites and subjects."""

from __future__ import annotations

from trialwright.conduct.rules import policy
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import UnknownName
from trialwright.study.definition import Study


def sites_seen(study: Study, by: Person, action: str = "read") -> list[str]:
    """Ids of the sites whose data the person may read. Raises Refused when there is none."""
    sites = [site.id for site in study.registration.sites if by.role_for(action, site.id)]
    if not sites:
        policy.demand(by, action)
    return sites


def subject_seen(trial: db.Trial, subject_id: str, by: Person) -> db.Subject:
    """Raises UnknownName, and Refused when the subject's site is not one of the person's."""
    found = trial.subjects.filter(subject=subject_id).first()
    if found is None:
        policy.demand(by, "read", next((r.site for r in by.roles if r.site), ""))
        raise UnknownName("subject", subject_id, ())  # a name that is guessed must not lead to those that exist
    policy.demand(by, "read", found.site)
    return found
