"""What stands over the values of one form: locks, verification, signatures, and what is kept from the person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trialwright.conduct.rules.locks import Held, Scope, covering
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import Blinded
from trialwright.conduct.worklists.signatures import SignatureLine, lines_of


@dataclass(frozen=True, slots=True)
class FormMarks:
    """`verified`: field -> by whom and when; `hidden`: items that the person does not see."""

    scope: Scope
    hidden: frozenset[str]
    locks: tuple[Held, ...]
    verified: Mapping[Place, tuple[str, dt.datetime | None]]
    signatures: tuple[SignatureLine, ...]

    @property
    def lock(self) -> Held | None:
        """What holds the form as a whole."""
        return covering(self.locks, self.scope)

    def state(self, place: Place) -> str:
        """frozen or locked, by itself or with all around it; "" while it is open."""
        if not self.locks:
            return ""
        group, row, item = place
        held = covering(self.locks, replace(self.scope, group=group, row=row, item=item))
        return held.state if held else ""


def marks_of(trial: db.Trial, row: db.Form | None, hidden: Blinded, scope: Scope, zone: str) -> FormMarks:
    """One statement for signatures; one more each where anything is locked in the study, or verified on the form.

    `zone`: that of the site, in which the days of the sentences are told.
    """
    locks = locked.held(trial, (scope.site,), scope.subject, zone=zone) if trial.held else ()
    marks = row.verifications.all() if row is not None and row.verified else ()
    verified: dict[Place, tuple[str, dt.datetime | None]] = {(m.group, m.row, m.item): (m.by, m.at) for m in marks}
    given = row.signatures.select_related("form").order_by("number") if row is not None else ()
    return FormMarks(scope, hidden.items, locks, verified, lines_of(given, hidden))
