"""Signatures under forms: who signed what, whether it still stands, and whether it agrees with what is kept now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.signing import sheet_of
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.signing import content_hash
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.conduct.worklists.masks import BLINDED, Blinded, hidden_of
from trialwright.conduct.worklists.seen import subject_seen


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """`state`: valid or void. `sha256` is that of what was signed; `BLINDED` where a value could be guessed by it."""

    visit: str
    form: str
    number: int
    meaning: str
    who: str
    name: str
    role: str
    at: dt.datetime
    factor: str
    sha256: str
    state: str


def signatures(study_id: str, subject_id: str, by: Person) -> tuple[SignatureLine, ...]:
    """All signatures of a subject, in the order in which they were given. Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    subject = subject_seen(trial, subject_id, by)
    found = db.Signature.objects.filter(form__subject=subject).select_related("form").order_by("at", "id")
    return lines_of(found, hidden_of(trial, by))


def lines_of(found: Iterable[db.Signature], hidden: Blinded) -> tuple[SignatureLine, ...]:
    return tuple(
        SignatureLine(
            s.form.visit, s.form.form, s.number, s.meaning, s.who, s.name, s.role, s.at, s.factor,
            BLINDED if s.form.form in hidden.forms else s.sha256, s.state,
        )
        for s in found
    )  # fmt: skip


def disagreeing(trial: db.Trial) -> list[db.Signature]:
    """Valid signatures whose hash is not that of what their form holds now: something changed it behind the log."""
    found = db.Signature.objects.filter(form__subject__trial=trial, state="valid").select_related("form__subject")
    differing: list[db.Signature] = []
    for _, of_form in groupby(found.order_by("form_id").iterator(chunk_size=500), key=lambda each: each.form_id):
        signed = list(of_form)
        form = signed[0].form
        digest = content_hash(sheet_of(form), rows(db.Value).all(form=form))
        differing += [each for each in signed if each.sha256 != digest]
    return sorted(differing, key=lambda each: each.pk)
