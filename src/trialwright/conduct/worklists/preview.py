"""What follows from text that is not saved yet: what is asked, what is computed, what a save would ask about.

The page asks while people type; the rules are the same functions that a save runs, on the same values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.forms import scene_of
from trialwright.conduct.rules import capture, checks
from trialwright.conduct.rules.capture import FormErrors, FormMap
from trialwright.conduct.rules.checks import CheckKey
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM
from trialwright.conduct.rules.values import Entry, Place
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.conduct.worklists.seen import subject_seen


@dataclass(frozen=True, slots=True)
class Preview:
    """`derived` has an entry for each computed field that can be computed; `errors` a sentence for what cannot be
    kept; `found` what a save would ask: (check, field) -> its text.
    """

    hidden: frozenset[str]
    derived: Mapping[Place, Entry]
    errors: Mapping[Place, str]
    found: Mapping[CheckKey, str]


def preview(
    study_id: str, subject_id: str, form_id: str, entries: Iterable[Entry], by: Person, *, visit: str = "",
    today: dt.date,
) -> Preview:  # fmt: skip
    """What a save of `entries` would lead to, as far as the person sees it. Nothing is written.

    Raises UnknownName, Refused.
    """
    trial = studies.trial(study_id)
    hidden = hidden_of(trial, by)
    subject = subject_seen(trial, subject_id, by)
    row = subject.forms.filter(visit=visit, form=form_id).first()
    known = studies.of_form(trial, subject.site, row)
    study, fields = known.study, known.form(form_id)
    held = subject.visits.filter(visit=visit).first() if visit else None
    values = {(v.group, v.row, v.item): v for v in row.values.all()} if row else {}
    values = {place: value for place, value in values.items() if fields.holds(place) and place[2] not in hidden.items}
    shell = row or db.Form(subject=subject, visit=visit, form=form_id, state=FORM.start, definition=study.version)
    scene = scene_of(study, shell, fields, held.actual if held else None)
    scene = replace(scene, elsewhere=tuple(field for field in scene.elsewhere if field.item not in hidden.items))
    typed, errors = _accepted(fields, entries)
    merged = capture.merge({place: capture.entry_of(value) for place, value in values.items()}, typed)
    signed = {place: value.signed_by for place, value in values.items() if place not in typed}
    after = checks.derive(scene, merged, signed)
    whole = scene.patient(after, signed)
    shown = {place: entry for place, entry in after.items() if place[2] not in hidden.items}
    derived = {place: entry for place, entry in shown.items() if fields.items[entry.item].derive is not None}
    found = checks.findings(scene, after, signed, whole, today)
    told = {key: text for key, text in found.items() if not hidden.query(form_id, key[0], key[1][2])}
    return Preview(checks.hidden(scene, whole), derived, errors, told)


def _accepted(fields: FormMap, entries: Iterable[Entry]) -> tuple[dict[Place, Entry], dict[Place, str]]:
    """What can be kept, and a sentence for each entry that cannot."""
    listed = list(entries)
    try:
        return capture.accept(fields, listed), {}
    except FormErrors as refusal:
        wrong = refusal.fields
    return capture.accept(fields, [e for e in listed if (e.group, e.row, e.item) not in wrong]), wrong
