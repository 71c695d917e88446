"""Drafts: what a person has typed into a form and not saved. They are no part of the history, and go with the save."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.forms import FormSaved, demand_belongs, save_form
from trialwright.conduct.actions.ledger import utc
from trialwright.conduct.rules.policy import Person, demand_of
from trialwright.conduct.rules.values import Entry
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import Refused

LARGEST = 1_000_000
"""Characters of a draft."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`version`: the form's version that the person saw; `content`: name of an input -> what stands in it."""

    version: int
    content: Mapping[str, str]
    at: dt.datetime


def keep_draft(
    study_id: str, subject_id: str, form_id: str, content: Mapping[str, str], *, visit: str = "", version: int,
    by: Person, at: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Keep what the person has typed into a form so far, instead of what was kept before; nothing typed: no draft.

    Raises UnknownName, Refused.
    """
    subject = _subject(study_id, subject_id, by)
    held = subject.forms.filter(visit=visit, form=form_id).first()
    known = studies.of_form(subject.trial, subject.site, held)
    if held is None:
        demand_belongs(known.study, known.form(form_id), visit)
    place = _place(subject.trial, by, subject_id, visit, form_id)
    if not content:
        db.Draft.objects.filter(**place).delete()
        return
    text = json.dumps(dict(content), ensure_ascii=False, sort_keys=True)
    if len(text) > LARGEST:
        raise Refused("So long a draft is not kept.", hint="Save the form.")
    new = {"version": version, "content": text, "at": utc(at)}
    db.Draft.objects.update_or_create(**place, defaults=new)


def draft(study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "") -> Draft | None:
    """The person's own draft of a form; nobody else sees it."""
    found = db.Draft.objects.filter(**_place(studies.trial(study_id), by, subject_id, visit, form_id)).first()
    return Draft(found.version, json.loads(found.content), found.at) if found else None


def drop_draft(study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "") -> None:
    """Forget the person's draft of a form, if there is one."""
    db.Draft.objects.filter(**_place(studies.trial(study_id), by, subject_id, visit, form_id)).delete()


def forget_drafts(trial: db.Trial, place: tuple[str, str, str], words: str) -> None:
    """Forget everybody's drafts of a form in which the words stand. `place`: subject, visit, form."""
    subject, visit, form = place
    for row in db.Draft.objects.filter(trial=trial, subject=subject, visit=visit, form=form):
        if any(words in text for text in json.loads(row.content).values()):
            row.delete()


def save_typed(
    study_id: str, subject_id: str, form_id: str, entries: Iterable[Entry], *, visit: str = "", reason: str = "",
    version: int, by: Person, at: dt.datetime | None = None,
) -> FormSaved:  # fmt: skip
    """`save_form`, and in the same transaction the person's draft goes."""
    with transaction.atomic():
        saved = save_form(
            study_id, subject_id, form_id, entries, visit=visit, reason=reason, version=version, by=by, at=at
        )
        drop_draft(study_id, subject_id, form_id, by, visit=visit)
    return saved


def _subject(study_id: str, subject_id: str, by: Person) -> db.Subject:
    found = studies.trial(study_id).subjects.filter(subject=subject_id).select_related("trial").first()
    demand_of(by, "save_form", subject_id, found.site if found else None)
    assert found is not None, "nobody fills in a form of a subject that is not there"
    return found


def _place(trial: db.Trial, by: Person, subject: str, visit: str, form: str) -> dict[str, Any]:
    return {"trial": trial, "username": by.username, "subject": subject, "visit": visit, "form": form}
