"""Electronic signatures under forms: bound to a hash of what is signed; whatever changes the form makes them void.

Whoever calls has made sure by a second factor that the person is there, and says by which (`factor`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.rules import signing
from trialwright.conduct.rules.capture import StaleForm
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.signing import Sheet, content_hash
from trialwright.conduct.rules.states import FORM
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused

NAMED = 5
"""So many forms are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature. `sha256` is that of what was signed; `number` counts within the form."""

    subject: str
    visit: str
    form: str
    number: int
    meaning: str
    who: str
    name: str
    role: str
    at: dt.datetime
    sha256: str


def sign(
    study_id: str, subject_id: str, form_id: str, *, visit: str = "", meaning: str, factor: str,
    version: int | None = None, by: Person, at: dt.datetime | None = None,
) -> Signed:  # fmt: skip
    """Sign one form, which must be complete and without open queries. Raises Refused, UnknownName.

    `meaning`: one of `signing.MEANINGS`; `factor`: how the person proved who it is, as in "password+totp". `version`:
    the form's version that the person saw; StaleForm when it was saved since. None skips that.
    """
    with deed(study_id, "sign", by=by, at=at) as doing:
        subject = doing.subject(subject_id, visit=visit, form=form_id)
        signing.check_proof(meaning, factor)
        form = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
        if form is None:
            raise Refused(f"Form {form_id} of subject {subject_id} has not been filled in.")
        if version is not None and version != form.version:
            raise StaleForm(form_id, form.version)
        signing.demand_signable(_name(form), form.state, _live(subject)[form.visit, form.form])
        if _has_signed(form, by, meaning):
            raise Refused(f"{_name(form)} is signed by {by.name} already, and has not changed since.")
        return _sign(doing, form, meaning, factor)


def sign_all(
    study_id: str, subject_id: str, *, visit: str | None = None, meaning: str, factor: str,
    versions: Mapping[tuple[str, str], int] | None = None, by: Person, at: dt.datetime | None = None,
) -> tuple[Signed, ...]:  # fmt: skip
    """Sign every form of a visit, or (None) of the subject, in one deed: all of them or none.

    Forms that nobody has begun are left out, and those that the person has signed already. Raises Refused naming those
    that cannot be signed. `versions`: (visit, form) -> its version that the person saw, of every form; StaleForm when
    one was saved since. None skips that.
    """
    with deed(study_id, "sign", by=by, at=at) as doing:
        subject = doing.subject(subject_id, visit=visit or "")
        signing.check_proof(meaning, factor)
        forms = rows(db.Form).all(subject=subject, **({} if visit is None else {"visit": visit}))
        _demand_all(forms, _live(subject))
        for form in forms:
            if versions is not None and versions.get((form.visit, form.form)) != form.version:
                raise StaleForm(form.form, form.version)
        waiting = [form for form in forms if not _has_signed(form, by, meaning)]
        if not waiting:
            raise Refused(f"Nothing of subject {subject_id} waits for a signature{f' at {visit}' if visit else ''}.")
        for form in waiting:
            doing.demand_open(form.visit, form.form)
        return tuple(_sign(doing, form, meaning, factor) for form in waiting)


def void(doing: Deed, form: db.Form) -> None:
    """Make the form's signatures void; the caller sets its state. For a form in another state than signed: nothing."""
    if form.state != "signed":
        return
    for signature in rows(db.Signature).all(form=form, state="valid"):
        doing.change(signature, state="void")


def sheet_of(form: db.Form) -> Sheet:
    return Sheet(form.subject.trial_id, form.subject.subject, form.visit, form.form, form.definition)


def _sign(doing: Deed, form: db.Form, meaning: str, factor: str) -> Signed:
    digest = content_hash(sheet_of(form), rows(db.Value).all(form=form))
    number = len(rows(db.Signature).all(form=form)) + 1
    content = {
        "meaning": meaning, "who": doing.by.username, "name": doing.by.name, "role": doing.role, "at": doing.at,
        "sha256": digest,
    }  # fmt: skip
    doing.create(db.Signature(form=form, number=number, factor=factor, **content))
    doing.change(form, state=FORM.after(form.state, "sign", form.form))
    return Signed(
        form.subject.subject, form.visit, form.form, number, meaning, doing.by.username, doing.by.name, doing.role,
        doing.at, digest,
    )  # fmt: skip


def _has_signed(form: db.Form, by: Person, meaning: str) -> bool:
    if form.state != "signed":
        return False
    return bool(rows(db.Signature).all(form=form, state="valid", who=by.username, meaning=meaning))


def _live(subject: db.Subject) -> Counter[tuple[str, str]]:
    """(visit, form) -> queries that are not closed."""
    live = subject.queries.filter(state__in=("open", "answered"))
    return Counter(live.values_list("visit", "form"))


def _demand_all(forms: list[db.Form], live: Counter[tuple[str, str]]) -> None:
    refused = []
    for form in forms:
        try:
            signing.demand_signable(_name(form), form.state, live[form.visit, form.form])
        except Refused as refusal:
            refused.append((form, refusal))
    if len(refused) == 1:
        raise refused[0][1]
    if refused:
        names = ", ".join(_name(form) for form, _ in refused[:NAMED])
        more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        raise Refused(f"Not everything can be signed: not complete or with open queries: {names}{more}.")


def _name(form: db.Form) -> str:
    return f"Form {form.form}{f' at {form.visit}' if form.visit else ''}"
