"""Who read or exported what, and when: a log of its own, append-only, that does not swell the study's history."""

from __future__ import annotations

import datetime as dt

from trialwright.conduct.actions.ledger import Place
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows

_NOWHERE = Place()


def note_access(study_id: str, what: str, by: Person, place: Place = _NOWHERE, *, detail: str = "") -> None:
    """One insert. `what`: audit, casebook, form, history, export ...; `detail`: its filter, its format.

    The time is the machine's: who looks at a virtual trial does so today.
    """
    rows(db.Access).insert(
        db.Access(
            trial_id=study_id, at=dt.datetime.now(dt.UTC), who=by.username,
            roles=" ".join(sorted({role.role for role in by.roles})), what=what, site=place.site,
            subject=place.subject, visit=place.visit, form=place.form, detail=detail[:500],
        )
    )  # fmt: skip
