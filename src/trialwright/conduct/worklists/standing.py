"""All signatures of a study page by page, and which values of a form stand verified: for programs."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.conduct.worklists.seen import sites_seen, subject_seen
from trialwright.conduct.worklists.signatures import SignatureLine, lines_of
from trialwright.kernel.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Given:
    """A signature with whose form it stands under."""

    subject: str
    site: str
    line: SignatureLine


@dataclass(frozen=True, slots=True)
class Verified:
    """The places of a form whose values stand verified, and how many critical values wait."""

    places: tuple[Place, ...]
    to_verify: int


def given_signatures(
    study_id: str, by: Person, *, subject: str = "", state: str = "", after: int = 0, size: int = 100
) -> tuple[tuple[Given, ...], int]:
    """In the order in which they were given, and the cursor of the next page (0: none). Raises NotPermitted."""
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by)
    found = db.Signature.objects.filter(form__subject__trial=trial, form__subject__site__in=seen, pk__gt=after)
    found = found.filter(form__subject__subject=subject) if subject else found
    found = found.filter(state=state) if state else found
    rows = list(found.select_related("form__subject").order_by("pk")[: size + 1])
    shown = rows[:size]
    lines = lines_of(shown, hidden_of(trial, by))
    given = (Given(r.form.subject.subject, r.form.subject.site, line) for r, line in zip(shown, lines, strict=True))
    return tuple(given), shown[-1].pk if len(rows) > size else 0


def verified_places(study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "") -> Verified:
    """Raises UnknownName, NotPermitted."""
    trial = studies.trial(study_id)
    subject = subject_seen(trial, subject_id, by)
    row = subject.forms.filter(visit=visit, form=form_id).first()
    if row is None:
        raise UnknownName("form that was filled in", f"{visit} {form_id}".strip(), ())
    hidden = hidden_of(trial, by).items
    held = row.verifications.order_by("group", "row", "item").values_list("group", "row", "item")
    return Verified(tuple(place for place in held if place[2] not in hidden), row.to_verify)
