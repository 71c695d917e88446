"""The whole history of the values as a transactional ODM document: every change of every value with its audit record.

Subject by subject, each one's events in the order of time; the number of the event (`SourceID`) orders those of
different subjects. A change is told under the version of the definition that the form went by when it was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from trialwright.conduct.exchange.odm_changes import INSERT, REMOVE, Change, ChangeStream, Folding
from trialwright.conduct.export.changes import deeds_and_versions
from trialwright.conduct.export.notes import Noter
from trialwright.conduct.export.odm import Count, Exporter
from trialwright.conduct.export.reading import Layout, Scope
from trialwright.conduct.rules import policy
from trialwright.conduct.store import models as db
from trialwright.conduct.verifier import REDACTED
from trialwright.formats import odm
from trialwright.formats.odm.document import ClinicalData
from trialwright.formats.odm.transactions import TRANSACTIONAL


def write_history(file: Path, scope: Scope, count: Count, *, version: str = "1.3.2") -> None:
    """Write the file. Raises Refused for somebody who may read no audit trail; sites where one may not are left out."""
    sites = tuple(site for site in scope.sites if scope.tells_trail(site))
    if not sites:
        policy.demand(scope.by, "read_audit", scope.sites[0])
    history = History(replace(scope, sites=sites), version)
    with file.open("wb") as out:
        odm.write_to(out, replace(history.frame(), type=TRANSACTIONAL), history.data(count))


class History(Exporter):
    """One export of the history, with every version of the definition that there ever was."""

    def __init__(self, scope: Scope, version: str) -> None:
        super().__init__(scope, version)
        self._writers = {name: ChangeStream(stream.definer) for name, stream in self.streams.items()}
        self._noter = Noter(scope, self._writers[scope.trial.version].maker, second=self.second)

    def _layouts(self) -> Iterator[tuple[str, Layout]]:
        yield from self.scope.layouts.items()

    def data(self, count: Count) -> Iterator[ClinicalData]:
        """The transactions, made while they are written: a part for each run of subjects under one version."""
        study = self._writers[self.scope.trial.version].definer
        for version, texts in groupby(self._texts(count), key=itemgetter(0)):
            oid = self._writers[version].definer.version_only().oid
            yield ClinicalData(study.study_only().oid, oid, texts=(text for _, text in texts))

    def _texts(self, count: Count) -> Iterator[tuple[str, str]]:
        """(version, text of SubjectData)."""
        for subject in self.scope.subjects():
            first = True
            for version, found in groupby(self._deeds(subject, count), key=itemgetter(0)):
                writer = self._writers[version]
                yield version, writer.begun(subject.subject, subject.site, (text for _, text in found), first=first)
                first = False
            if first:
                newest = self.scope.trial.version
                yield newest, self._writers[newest].begun(subject.subject, subject.site, (), first=True)

    def _deeds(self, subject: db.Subject, count: Count) -> Iterator[tuple[str, str]]:
        """(version, text of what one event changed under it), in the order of time."""
        folding, pins = Folding(REDACTED), dict[tuple[str, str], str]()
        known: set[tuple[tuple[str, str, str], ...]] = set()
        for deed, rows, taken in deeds_and_versions(self.scope, subject.subject):
            before = {**taken, **pins}  # a value that goes because its form is migrated stood under the version before
            pins |= taken
            changes = [folding.take(row) for row in rows or ()]
            audit, signed = self._noter.audit(deed), partial(self._noter.judgement, site=subject.site, at=deed.local)
            for version, some in groupby(changes, key=lambda change: self._home(change, before, pins)):
                yield version, self._writers[version].deed(known, some, audit, signed)
            count(sum(change.how == INSERT for change in changes))

    def _home(self, change: Change, before: dict[tuple[str, str], str], after: dict[tuple[str, str], str]) -> str:
        visit, form, group, _, item = change.where
        pin = (after if change.how != REMOVE else before).get((visit, form), self.scope.trial.version)
        return self.scope.home(pin, visit, form, group, item)
