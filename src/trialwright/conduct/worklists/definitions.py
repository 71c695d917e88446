"""The versions of a study's definition as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.worklists.seen import sites_seen
from trialwright.kernel.errors import UnknownName


@dataclass(frozen=True, slots=True)
class VersionLine:
    """`sites`: where it is in force, of those that the person sees."""

    version: str
    number: int
    sha256: str
    note: str
    sites: tuple[str, ...]


def versions_of(study_id: str, by: Person) -> list[VersionLine]:
    """In the order in which they were published. Raises UnknownName, NotPermitted."""
    trial = studies.trial(study_id)
    seen = sites_seen(studies.of_trial(trial), by, "approve_version" if by.role_for("approve_version") else "read")
    found = list(trial.versions.order_by("number", "id"))
    at = {
        site.site: studies.version_at(trial, site, studies.today(trial, site.site))
        for site in trial.sites.filter(site__in=seen)
    }
    return [
        VersionLine(row.version, row.number, row.sha256, row.note, tuple(s for s in sorted(at) if at[s] == row.version))
        for row in found
    ]


def definition_at(study_id: str, version: str = "") -> str:
    """The definition as one canonical JSON text; "" is the version in force. Raises UnknownName."""
    trial = studies.trial(study_id)
    wanted = version or trial.version
    row = trial.versions.filter(version=wanted).first()
    if row is None:
        raise UnknownName("version", wanted, trial.versions.values_list("version", flat=True))
    return row.definition
