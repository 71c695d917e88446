"""Definitions of the studies in conduct, rebuilt from the database itself: each is kept there, pinned by its hash.

A study may have several versions. The newest one speaks for the study as a whole; each site works under the one that
was approved for it, and each captured form stays under the one that it was captured with until it is migrated.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache, partial
from zoneinfo import ZoneInfo

from trialwright.conduct.rules import capture, checks
from trialwright.conduct.rules.chain import canonical_json, sha256
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import UnknownName
from trialwright.kernel.texts import Text
from trialwright.study import schedule
from trialwright.study.definition import Study


class InForce:
    """A definition, and what every save of a form asks of it, worked out once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.form = cache(partial(capture.form_map, study))
        """The fields of a form, by its id. Raises UnknownName."""

    @cached_property
    def dependents(self) -> dict[str, frozenset[str]]:
        """item -> other forms that speak of it."""
        return checks.dependents(self.study)

    def speaking_of(self, items: Iterable[str]) -> frozenset[str]:
        """Forms that speak of one of the items, which stand on others."""
        return frozenset[str]().union(*(self.dependents.get(item, frozenset()) for item in items))


_DEFINITIONS: dict[str, InForce] = {}
"""SHA-256 of a definition -> the definition: what another process publishes is found here by its hash."""


def definition_text(study: Study) -> str:
    """The definition as one canonical JSON text."""
    return canonical_json(study.model_dump(mode="json", by_alias=True))


@lru_cache(maxsize=8)
def _read(text: str) -> Study:
    return Study.model_validate(json.loads(text))


def of_trial(trial: db.Trial) -> Study:
    """The newest definition, read once in a process."""
    return in_force(trial).study


def in_force(trial: db.Trial, site: db.Site | None = None, day: dt.date | None = None) -> InForce:
    """The definition with what follows from it: the one in force at a site on a day, the newest without a site.

    `day` None: today at the site.
    """
    if site is None:
        return of_version(trial, trial.version)
    return of_version(trial, version_at(trial, site, day or today(trial, site.site)))


def of_version(trial: db.Trial, version: str) -> InForce:
    """The definition as it was at a version. Raises UnknownName."""
    digest: str | None = trial.definition
    if version != trial.version:
        digest = trial.versions.filter(version=version).values_list("sha256", flat=True).first()
        if digest is None:
            raise UnknownName("version", version, trial.versions.values_list("version", flat=True))
    known = _DEFINITIONS.get(digest or "")
    if known is None:
        text = trial.versions.values_list("definition", flat=True).get(version=version)
        known = _DEFINITIONS[sha256(text)] = InForce(_read(text))
        _stays()
    return known


def _stays() -> None:
    """What is held now lives as long as the process: no search for garbage needs to walk it again.

    A large study is a quarter of a million objects, and one page in twenty took 200 ms longer for them.
    """
    gc.collect()
    gc.freeze()


def version_at(trial: db.Trial, site: db.Site, day: dt.date) -> str:
    """The version in force at a site on a day: an approval that lies ahead waits."""
    if not site.version:
        return trial.version
    return site.before if site.approved is not None and day < site.approved else site.version


def of_site(trial: db.Trial, site_id: str) -> InForce:
    """The definition in force at a site now."""
    return in_force(trial, trial.sites.filter(site=site_id).first())


def of_form(trial: db.Trial, site_id: str, form: db.Form | None) -> InForce:
    """The definition that a form goes by: the one it is pinned to, for a new one that of the site."""
    return of_version(trial, form.definition) if form is not None and form.pk else of_site(trial, site_id)


def plan_of(trial: db.Trial, known: InForce, visit_id: str) -> schedule.Visit | None:
    """The plan of a visit; where the version no longer has it, that of the newest version that had it."""
    plan = known.study.schedule.plan(visit_id)
    if plan is None:
        for version in trial.versions.order_by("-number").values_list("version", flat=True):
            plan = plan or of_version(trial, version).study.schedule.plan(visit_id)
    return plan


def label_of(trial: db.Trial, item: str) -> Text:
    """The label of an item, by the newest version that has it."""
    for version in trial.versions.order_by("-number").values_list("version", flat=True):
        if found := of_version(trial, version).study.item_by_id.get(item):
            return found.label
    return Text(en=item)


def today(trial: db.Trial, site_id: str, at: dt.datetime | None = None) -> dt.date:
    """The day at a site, now if no time is given. A virtual trial's calendar is its own: now is its last event."""
    now = at or (trial.latest if trial.virtual and trial.latest else dt.datetime.now(dt.UTC))
    return now.astimezone(ZoneInfo(zone_of(of_trial(trial), site_id))).date()


def zone_of(study: Study, site_id: str) -> str:
    """The time zone of a site; of the study as a whole where there is no such site."""
    zones = (site.timezone for site in study.registration.sites if site.id == site_id)
    return next(zones, study.registration.zone)


def studies() -> dict[str, Study]:
    """All studies that are in conduct here, by id."""
    return {trial.study: of_trial(trial) for trial in db.Trial.objects.order_by("study")}


def trial(study_id: str) -> db.Trial:
    """The study's row. Raises UnknownName."""
    found = rows(db.Trial).get(study=study_id)
    if found is None:
        raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
    return found


def definition(study_id: str) -> Study:
    """The newest definition of a study in conduct. Raises UnknownName."""
    return of_trial(trial(study_id))
