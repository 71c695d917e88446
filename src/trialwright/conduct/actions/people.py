"""Opening a study, and the people who may act in it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from trialwright.conduct.actions import jobs, studies
from trialwright.conduct.actions.accounts import revoke
from trialwright.conduct.actions.ledger import Deed, deed, utc
from trialwright.conduct.rules import policy
from trialwright.conduct.rules.chain import sha256
from trialwright.conduct.rules.policy import INSTALLER, Person, Role
from trialwright.conduct.rules.states import SITE
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study


def open_study(study: Study, *, virtual: bool = False, by: Person = INSTALLER, at: dt.datetime | None = None) -> str:
    """Begin conduct of a study: pins its definition and lists its sites. Returns the study id. Raises Refused."""
    text = studies.definition_text(study)
    with transaction.atomic():
        if db.Trial.objects.filter(study=study.id).exists():
            raise Refused(f"Study {study.id} is open already.", hint="Use another database for another run of it.")
        trial = db.Trial(
            study=study.id, version=study.version, definition=sha256(text), virtual=virtual,
            planned=study.registration.design.enrolment,
        )  # fmt: skip
        trial.save(force_insert=True)
        doing = Deed(trial, "open_study", by, utc(at))
        doing.permit()
        doing.created(trial)
        doing.create(db.Version(trial=trial, version=study.version, sha256=sha256(text), definition=text))
        doing.create_all(db.Site, trial, [{"site": site.id} for site in study.registration.sites])
        doing.log()
    return study.id


def add_person(
    study_id: str, username: str, name: str, role: str, *, site: str = "",
    by: Person = INSTALLER, at: dt.datetime | None = None,
) -> Person:  # fmt: skip
    """Give a person a role, at one site or ("") at all. Returns the person with all roles so far."""
    policy.check_role(role)
    with deed(study_id, "add_person", by=by, at=at) as doing:
        doing.permit()
        known = [s.id for s in doing.study.registration.sites]
        if site and site not in known:
            raise UnknownName("site", site, known)
        held = doing.trial.members.filter(username=username, role=role, site=site).first()
        if held is None:
            doing.create(db.Member(trial=doing.trial, username=username, name=name, role=role, site=site))
        else:
            doing.change(held, active=True, name=name)
    return person(study_id, username)


def remove_person(
    study_id: str, username: str, *, reason: str, by: Person = INSTALLER, at: dt.datetime | None = None
) -> None:
    """Take all roles from a person; what was done under them stays in the log. Exports made under them go, and keys
    to the API end: who gets a role again later makes new ones.
    """
    with deed(study_id, "add_person", by=by, at=at, reason=reason) as doing:
        doing.permit()
        for member in doing.trial.members.filter(username=username, active=True):
            doing.change(member, active=False)
        jobs.withdraw(study_id, username)
        revoke(db.Token.objects.filter(trial=study_id, username=username), by=by.username)


def person(study_id: str, username: str) -> Person:
    """The person with the roles held in the study now. Raises Refused for somebody without any."""
    members = list(db.Member.objects.filter(trial=study_id, username=username, active=True).order_by("id"))
    if not members:
        raise Refused(f"{username} has no role in study {study_id}.", hint="An administrator can give one.")
    return Person(username, members[0].name, tuple(Role(m.role, m.site) for m in members))


def activate_site(study_id: str, site_id: str, *, by: Person = INSTALLER, at: dt.datetime | None = None) -> None:
    """Open a site for recruitment."""
    with deed(study_id, "activate_site", by=by, at=at) as doing:
        site = doing.site(site_id)
        doing.change(site, state=SITE.after(site.state, "activate", site_id), activated=doing.today)
