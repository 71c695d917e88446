"""The one way to write: a Deed changes rows and logs exactly those changes as one event, in one transaction.

    with deed(study_id, "enrol", by=by, at=at) as doing:
        subject = doing.subject("01-001")
        doing.change(subject, state="enrolled")

Leaving the block writes the event; an exception undoes everything, and a database that fails does so in a sentence
(Unavailable). A deed that changed nothing leaves no event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.keyring import signing_key
from trialwright.conduct.actions.sealing import SEALED, seal_if_due
from trialwright.conduct.rules import policy
from trialwright.conduct.rules.chain import compose, event_line, plain
from trialwright.conduct.rules.locks import Held, Scope, demand_open
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.conduct.store.failing import plainly
from trialwright.conduct.store.rows import rows
from trialwright.conduct.verifier import PATIENCE, leaf_hash
from trialwright.kernel.errors import Refused, TrialwrightError, UnknownName
from trialwright.study.definition import Study

Row = TypeVar("Row", bound=db.Projection)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the study a deed is done; empty parts stand for the whole."""

    site: str = ""
    subject: str = ""
    visit: str = ""
    form: str = ""


def utc(at: dt.datetime | None) -> dt.datetime:
    """`at` in UTC; now when None. Raises Refused for a time without a zone."""
    if at is None:
        return dt.datetime.now(dt.UTC)
    if at.tzinfo is None:
        raise Refused(f"The time {at.isoformat()} has no time zone.", hint="Give one, as in 2026-03-15T09:30:00+08:00.")
    return at.astimezone(dt.UTC)


@contextmanager
def deed(
    study_id: str, action: str, *, by: policy.Person, at: dt.datetime | None = None, reason: str = ""
) -> Iterator[Deed]:
    """Do one action in one transaction. The study's row is locked, so counters and the chain have no gaps."""
    with plainly(), transaction.atomic():
        trial = rows(db.Trial).lock(study=study_id)
        if trial is None:
            raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
        doing = Deed(trial, action, by, utc(at), reason)
        yield doing
        doing.log()


class Deed:
    """One action of one person on one study, while it is done."""

    def __init__(self, trial: db.Trial, action: str, by: policy.Person, at: dt.datetime, reason: str = "") -> None:
        self.trial, self.action, self.by, self.at, self.reason = trial, action, by, at, reason
        self.place = Place()
        self.details: dict[str, Any] = {}
        self.amended = False
        """Whether the study has had more than one version, so that forms may be pinned to different ones."""
        self.locks: tuple[Held, ...] = ()
        """What is frozen or locked at the place of the deed, above it and below it."""
        self._version = ""
        self._role = ""
        self._zone = "UTC"
        self._rows: dict[str, list[list[Any]]] = {}

    @property
    def version(self) -> str:
        """The version of the definition that the deed goes by: that of its place, the newest for the whole study."""
        return self._version or self.trial.version

    @property
    def known(self) -> studies.InForce:
        return studies.of_version(self.trial, self.version)

    @property
    def study(self) -> Study:
        return self.known.study

    def under(self, version: str) -> studies.InForce:
        """Go by a version from here on: that of the form that the deed is on."""
        self._version = version
        return self.known

    @property
    def today(self) -> dt.date:
        """The day at the place of the deed."""
        return self.at.astimezone(ZoneInfo(self._zone)).date()

    @property
    def zone(self) -> str:
        """The time zone at the place of the deed."""
        return self._zone

    @property
    def role(self) -> str:
        """The role under which the person does it."""
        return self._role

    def permit(self, site: str = "") -> None:
        """Demand that the person may do this at `site`. A deed that never asked cannot be logged."""
        self._role = policy.demand(self.by, self.action, site)

    def site(self, site_id: str) -> db.Site:
        """The site, where the deed is then done. Raises UnknownName, Refused."""
        known = {site.id: site for site in self.study.registration.sites}
        if site_id not in known:
            raise UnknownName("site", site_id, known)
        self.permit(site_id)
        self._zone = known[site_id].timezone
        self.place = Place(site=site_id)
        self._heed_locks()
        row = rows(db.Site).get(trial=self.trial, site=site_id)
        assert row is not None, "every site of the definition got its row when it was opened or amended"
        self._work_at(row)
        return row

    def subject(self, subject_id: str, *, visit: str = "", form: str = "") -> db.Subject:
        """The subject that the deed is on. Raises UnknownName, Refused."""
        found = rows(db.Subject).get(trial=self.trial, subject=subject_id)
        self._role = policy.demand_of(self.by, self.action, subject_id, found.site if found else None)
        assert found is not None, "nobody does anything on a subject that is not there"
        self._zone = studies.zone_of(self.study, found.site)
        self.place = Place(found.site, subject_id, visit, form)
        self._heed_locks()
        row = rows(db.Site).get(trial=self.trial, site=found.site)
        if row is not None:
            self._work_at(row)
        return found

    def demand_open(
        self, visit: str = "", form: str = "", group: str = "", row: int = 0, item: str = "", *, action: str = ""
    ) -> None:
        """Raise Refused where a lock that covers the place does not let this deed pass, or the `action` within it."""
        if self.locks:
            place = Scope(self.place.site, self.place.subject, visit, form, group, row, item)
            demand_open(self.locks, place, action or self.action)

    def _heed_locks(self) -> None:
        place = self.place
        if self.trial.held:
            self.locks = locked.held(self.trial, (place.site,), place.subject, zone=self.zone)
            self.demand_open(place.visit, place.form)

    def _work_at(self, site: db.Site) -> None:
        self.amended = bool(site.version)
        self._version = studies.version_at(self.trial, site, self.today)

    def create(self, row: Row) -> Row:
        rows(type(row)).insert(row)
        self.created(row)
        return row

    def created(self, row: db.Projection) -> None:
        """Log a row that was made just now by other means (the study's own, which must be there to hold the log)."""
        self._note(row.TABLE, row.natural_key(), None, {name: getattr(row, name) for name in row.CONTENT})

    def create_all(self, model: type[db.Projection], above: db.Projection, new: Sequence[Mapping[str, Any]]) -> None:
        """Many rows of one table below the row `above`, each by its columns."""
        if not new:
            return
        parent = f"{model.KEY[0].partition('__')[0]}_id"
        for columns in rows(model).insert_all({parent: above.pk, **columns} for columns in new):
            content = {name: columns[name] for name in model.CONTENT}
            self._note(model.TABLE, model.key_below(above, columns), None, content)

    def change(self, row: Row, **new: Any) -> bool:
        """Set columns of a row; True when one of them was different."""
        names = self._set(row, new)
        if names:
            rows(type(row)).update(row, names)
        return bool(names)

    def change_all(self, model: type[Row], new: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
        """Set columns of many rows of one table; the database is asked once for those that change alike."""
        changed = [(row, names) for row, columns in new if (names := self._set(row, columns))]
        rows(model).update_all(changed)

    def _set(self, row: db.Projection, new: Mapping[str, Any]) -> tuple[str, ...]:
        """Set and log what differs; the columns that are to be written."""
        old = {name: value for name in new if (value := getattr(row, name)) != new[name]}
        if old:
            differing = {name: new[name] for name in old}
            for name, value in differing.items():
                setattr(row, name, value)
            self._note(row.TABLE, row.natural_key(), old, differing)
        return tuple(old)

    def remove(self, row: db.Projection) -> None:
        old = {name: getattr(row, name) for name in row.CONTENT}
        key = row.natural_key()
        row.delete()
        self._note(row.TABLE, key, old, None)

    def _note(self, table: str, key: list[Any], old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        self._rows.setdefault(table, []).append([key, _plain(old), _plain(new)])

    def log(self) -> None:
        """Write the event; nothing when nothing changed."""
        if not self._rows and not self.details:
            return
        if not self._role:
            raise TrialwrightError(f"Nobody's permission was asked for {self.action}.")
        trial, place = self.trial, self.place
        if trial.latest and trial.latest - self.at > PATIENCE:
            self.details["clock"] = "set back"
        content, parts = self._composed()
        fields: dict[str, Any] = {
            "sequence": trial.sequence + 1,
            "at": self.at,
            "local": self.at.astimezone(ZoneInfo(self._zone)).isoformat(timespec="seconds"),
            "zone": self._zone,
            "who": self.by.username,
            "role": self._role,
            "action": self.action,
            "site": place.site,
            "subject": place.subject,
            "visit": place.visit,
            "form": place.form,
            "reason": self.reason,
            "content": content,
            "version": self.version,
            "previous": trial.head,
        }
        digest = leaf_hash(event_line({"study": trial.study, **fields}, parts)).hex()
        rows(db.Event).insert_all([{"trial_id": trial.pk, **fields, "hash": digest}])
        self._count(digest)

    def _composed(self) -> tuple[str, list[bytes]]:
        count = sum(map(len, self._rows.values())) + bool(self.reason)
        salts = signing_key().salts(self.trial.study, self.trial.sequence + 1, count + 1)
        if "redacts" in self.details:
            self.details["noise"] = salts[count]  # what it tells may have to be withheld itself, and not be guessed
        return compose(self._rows, self.details, self.reason, salts)

    def _count(self, digest: str) -> None:
        """The study's row goes on to the event that was written; events are sealed when that is due."""
        trial = self.trial
        trial.sequence, trial.head = trial.sequence + 1, digest
        trial.latest = max(trial.latest or self.at, self.at)
        trial.unsealed_since = trial.unsealed_since or self.at
        seal_if_due(trial, self.at)
        rows(db.Trial).update(trial, ("sequence", "head", *SEALED))


def _plain(columns: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if columns is None else {name: plain(value) for name, value in columns.items()}
