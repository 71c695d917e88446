"""Amendments: a new version of the definition is published for the study, goes into force site by site, and captured
forms are taken to it one by one. Nothing is migrated by itself, and no table changes its shape.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.forms import FormSaved, take_to
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.rules.amending import differing
from trialwright.conduct.rules.chain import sha256
from trialwright.conduct.rules.policy import Person, demand
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study
from trialwright.study.versions import incompatible

NAMED = 5
"""So many things are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate_all` did at a site. `refused`: a sentence for each form that stays as it was."""

    site: str
    version: str
    forms: tuple[FormSaved, ...]
    refused: tuple[str, ...] = ()


def publish_version(study_id: str, study: Study, *, note: str, by: Person, at: dt.datetime | None = None) -> int:
    """Keep a new version of the definition. It speaks for the study as a whole from now on (its planned number too);
    at each site the version stays in force that was, until the new one is approved there. Returns its number.

    Raises Refused for a version that is there already, another study's definition, or a change under which captured
    values would mean something else.
    """
    with deed(study_id, "publish_version", by=by, at=at, reason=note) as doing:
        doing.permit()
        trial, before = doing.trial, doing.trial.version
        _demand_publishable(trial, study, note)
        text = studies.definition_text(study)
        number = (trial.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        doing.create(
            db.Version(
                trial=trial, version=study.version, sha256=sha256(text), number=number, note=note.strip(),
                definition=text,
            )
        )  # fmt: skip
        _keep_sites(doing, study, before)
        planned = study.registration.design.enrolment
        doing.change(trial, version=study.version, definition=sha256(text), planned=planned)
        return number


def _demand_publishable(trial: db.Trial, study: Study, note: str) -> None:
    if study.id != trial.study:
        raise Refused(f"This is the definition of {study.id}, not of {trial.study}.")
    if not note.strip():
        raise Refused("A new version needs a note that says what it is for.")
    if trial.versions.filter(version=study.version).exists():
        raise Refused(
            f"Version {study.version} of {trial.study} is published already.",
            hint="Give the new definition another 'version' in study.yaml.",
        )
    earlier = trial.versions.order_by("-number").values_list("version", flat=True)  # forms may be pinned to any of them
    kept = [studies.of_version(trial, version).study for version in earlier]
    wrong = list(dict.fromkeys(sentence for old in kept for sentence in incompatible(old, study)))
    if wrong:
        more = f" And {len(wrong) - NAMED} more." if len(wrong) > NAMED else ""
        raise Refused(f"Version {study.version} cannot follow {trial.version}. {' '.join(wrong[:NAMED])}{more}")
    if study.registration.design.enrolment < trial.enrolled:
        raise Refused(
            f"Version {study.version} plans {study.registration.design.enrolment} subjects; "
            f"{trial.enrolled} are enrolled already."
        )


def _keep_sites(doing: Deed, study: Study, before: str) -> None:
    """Each site goes on under the version that it has; a new site begins with the new one."""
    held = {site.site: site for site in rows(db.Site).all(trial=doing.trial)}
    for site in held.values():
        doing.change(site, version=site.version or before)
    new = [{"site": s.id, "version": study.version} for s in study.registration.sites if s.id not in held]
    doing.create_all(db.Site, doing.trial, new)


def approve_version(
    study_id: str, site_id: str, version: str, *, on: dt.date | None = None, by: Person, at: dt.datetime | None = None
) -> dt.date:
    """From the day `on` (today if not given) all that is new at the site goes by a version. Returns that day.

    A day to come waits; approving again before it has come takes the place of what waits. Captured forms stay under
    their version until they are migrated. Raises Refused, UnknownName.
    """
    with deed(study_id, "approve_version", by=by, at=at) as doing:
        site = doing.site(site_id)
        numbers = dict(doing.trial.versions.values_list("version", "number"))
        if version not in numbers:
            raise UnknownName("version", version, numbers)
        day, present = on or doing.today, doing.version
        if numbers[version] < numbers[present]:
            raise Refused(
                f"Site {site_id} works under version {present}; version {version} is older.",
                hint="Publish what should hold again as a new version.",
            )
        if version == present and (site.version or present) == present:
            raise Refused(f"Version {version} is in force at site {site_id} already.")
        doing.change(site, version=version, approved=day, before=present)
        return day


def migrate_form(
    study_id: str, subject_id: str, form_id: str, *, visit: str = "", reason: str,
    by: Person, at: dt.datetime | None = None,
) -> FormSaved:  # fmt: skip
    """Take a captured form to the version in force at its site: everything on it is computed and checked anew.

    Values of fields that this version does not have stay, to be read; new required fields make the form incomplete;
    queries are raised and closed; signatures become void. A form that goes by the version already is left as it is.
    Raises Refused, UnknownName.
    """
    with deed(study_id, "migrate_form", by=by, at=at, reason=reason) as doing:
        subject = doing.subject(subject_id, visit=visit, form=form_id)
        row = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
        if row is None:
            raise Refused(f"Form {form_id} of subject {subject_id} has not been filled in: nothing is to be migrated.")
        if not reason.strip():
            raise Refused("Migrating a form needs a reason.")
        if row.definition == doing.version:
            return FormSaved(subject_id, visit, form_id, row.version, row.state, 0)
        return _migrate(doing, row)


def _migrate(doing: Deed, row: db.Form) -> FormSaved:
    version, old = doing.version, studies.of_version(doing.trial, row.definition).study
    new = doing.study
    form = new.form_by_id.get(row.form)
    if form is None:
        raise Refused(
            f"Version {version} has no form {row.form}: that of subject {row.subject.subject} stays under version "
            f"{row.definition}."
        )
    return take_to(doing, row, version, differing(old, new, row.form))


def migrate_all(
    study_id: str, site_id: str, *, reason: str, by: Person, at: dt.datetime | None = None
) -> Migrated:  # fmt: skip
    """Migrate every captured form of a site that goes by another version than the one in force there, one deed each."""
    trial = studies.trial(study_id)
    demand(by, "migrate_form", site_id)
    known = studies.of_trial(trial).registration.sites
    if site_id not in (site.id for site in known):
        raise UnknownName("site", site_id, [site.id for site in known])
    site, day = trial.sites.get(site=site_id), studies.today(trial, site_id, at)
    version = studies.version_at(trial, site, day)
    waiting = db.Form.objects.filter(subject__trial=trial, subject__site=site_id).exclude(definition=version)
    done: list[FormSaved] = []
    refused: list[str] = []
    for subject, visit, form in waiting.order_by("subject__subject", "id").values_list(
        "subject__subject", "visit", "form"
    ):
        try:
            done.append(migrate_form(study_id, subject, form, visit=visit, reason=reason, by=by, at=at))
        except Refused as refusal:
            refused.append(str(refusal))
    return Migrated(site_id, version, tuple(done), tuple(refused))
