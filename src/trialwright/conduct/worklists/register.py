"""The register of subjects, page by page in the order of their numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person, demand
from trialwright.conduct.rules.states import SUBJECT
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.seen import sites_seen, subject_seen
from trialwright.kernel.errors import UnknownName


@dataclass(frozen=True, slots=True)
class SubjectLine:
    subject: str
    site: str
    state: str
    screened: dt.date
    consented: dt.date | None
    guardian_consented: dt.date | None
    verdict: str
    enrolled: dt.date | None
    first_dose: dt.date | None
    ended: dt.date | None
    end_reason: str
    arm: str


def register(
    study_id: str, by: Person, *, site: str = "", state: str = "", after: str = "", size: int = 100
) -> tuple[tuple[SubjectLine, ...], str]:
    """Subjects of the sites seen that come after the subject `after`, and the cursor of the next page ("": none).

    Raises UnknownName, NotPermitted.
    """
    trial = studies.trial(study_id)
    study = studies.of_trial(trial)
    seen = sites_seen(study, by)
    if site:
        known = [s.id for s in study.registration.sites]
        if site not in known:
            raise UnknownName("site", site, known)
        demand(by, "read", site)
    if state and state not in SUBJECT.table:
        raise UnknownName("state of a subject", state, SUBJECT.table)
    found = trial.subjects.filter(site__in=[site] if site else seen, subject__gt=after)
    rows = list((found.filter(state=state) if state else found).order_by("subject")[: size + 1])
    return tuple(_line(row) for row in rows[:size]), rows[size - 1].subject if len(rows) > size else ""


def subject_line(study_id: str, subject_id: str, by: Person) -> SubjectLine:
    """Raises UnknownName, NotPermitted."""
    return _line(subject_seen(studies.trial(study_id), subject_id, by))


def _line(row: db.Subject) -> SubjectLine:
    return SubjectLine(
        row.subject, row.site, row.state, row.screened, row.consented, row.guardian_consented, row.verdict,
        row.enrolled, row.first_dose, row.ended, row.end_reason, row.arm,
    )  # fmt: skip
