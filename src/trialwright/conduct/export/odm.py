"""All that was captured as CDISC ODM 1.3.2 or 2.0: definition, people and places, values with audit records,
signatures and queries. Subject by subject, so that a large study needs little memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from trialwright import __version__
from trialwright.conduct.exchange import send_out
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.odm_stream import Stream
from trialwright.conduct.export.notes import Noter, meanings, user_oid
from trialwright.conduct.export.reading import Layout, Scope
from trialwright.conduct.rules.signing import MEANINGS
from trialwright.conduct.store import models as db
from trialwright.formats import odm
from trialwright.formats.odm.document import (
    AdminData,
    ClinicalData,
    Document,
    Location,
    SignatureDef,
    SubjectData,
    User,
)

LEGAL = "The signer answers for the content as it was signed; a later change makes the signature void."
Count = Callable[[int], None]


def write_odm(file: Path, scope: Scope, count: Count, *, version: str = "1.3.2") -> None:
    """Write the file."""
    with file.open("wb") as out:
        odm.write_to(out, Exporter(scope, version).document(count))


class Exporter:
    """One export. Each version of the definition that forms were captured under has its own part of the data."""

    def __init__(self, scope: Scope, version: str) -> None:
        self.scope, self.version, self.second = scope, version, version.startswith("2")
        self.streams = {name: Stream(Definer(layout.study, second=self.second)) for name, layout in self._layouts()}

    def _layouts(self) -> Iterator[tuple[str, Layout]]:
        """The newest version first, then those that forms still stand under."""
        used = set(db.Form.objects.filter(subject__trial=self.scope.trial).values_list("definition", flat=True))
        newest = self.scope.trial.version
        for name in [newest, *(v for v in reversed(self.scope.layouts) if v in used and v != newest)]:
            yield name, self.scope.layouts[name]

    def document(self, count: Count, *, plain: bool = False) -> Document:
        """The document, whose subjects are read while it is written. `plain`: as data classes, the slow way."""
        at = (self.scope.trial.latest or dt.datetime.min.replace(tzinfo=dt.UTC)).isoformat(timespec="seconds")
        parts = [send_out(stream.study, version=self.version, created=at) for stream in self.streams.values()]
        study = parts[0].studies[0]
        data = []
        for name, part in zip(self.streams, parts, strict=True):
            oid = part.studies[0].versions[0].oid
            found = self._subjects(name, count, plain=plain)
            made = ClinicalData(study.oid, oid, found) if plain else ClinicalData(study.oid, oid, texts=found)
            data.append(made)
        return replace(
            parts[0], oid=f"{self.scope.study.id}-{self.scope.trial.sequence}", system="Trialwright",
            system_version=__version__, more=(("AsOfDateTime", at), ("Granularity", "All")),
            studies=(replace(study, versions=tuple(v for part in parts for v in part.studies[0].versions)),),
            admin=(self._admin(parts[0]),), data=tuple(data),
        )  # fmt: skip

    def _subjects(self, version: str, count: Count, *, plain: bool) -> Iterator[Any]:
        """Every subject under the newest version; under earlier ones those that have forms of it."""
        stream, noter = self.streams[version], Noter(self.scope, self.streams[version].maker, second=self.second)
        for subject in self.scope.read():
            forms = [f for f in subject.forms if len(self.streams) == 1 or f.definition == version]
            if forms or version == self.scope.trial.version:
                make: Callable[..., SubjectData | str] = stream.plain if plain else stream.subject
                yield make(subject.subject, subject.site, noter.forms(replace(subject, forms=forms)))
                count(sum(len(form.values) for form in forms))

    # --- People and places --------------------------------------------------------------------------------------------

    def _admin(self, document: Document) -> AdminData:
        """Everybody who ever did anything in the study or has a role in it, the sites, the meanings of signatures."""
        study, version = document.studies[0].oid, document.studies[0].versions[0].oid
        kept = next(iter(document.admin), AdminData(study))
        known = {place.oid for place in kept.locations}
        day = self.scope.study.registration.version_date.isoformat()
        sites = self.streams[self.scope.trial.version].maker.sites
        places = [
            Location(oid, site.name.en, "Site", ((study, version, day),))
            for site in self.scope.study.registration.sites
            if (oid := sites[site.id]) not in known
        ]
        return replace(
            kept, study=kept.study or study, users=(*kept.users, *self._users()), locations=(*kept.locations, *places),
            signatures=(*kept.signatures, *self._meanings()),
        )  # fmt: skip

    def _users(self) -> Iterator[User]:
        names = dict(self.scope.trial.members.order_by("id").values_list("username", "name"))
        acted = self.scope.trial.events.order_by().values_list("who", flat=True).distinct()
        for who in sorted({*names, *acted}):
            yield User(user_oid(who), login=who, full_name=names.get(who, who))

    def _meanings(self) -> Iterator[SignatureDef]:
        for meaning, oid in meanings(self.scope).items():
            yield SignatureDef(oid, "Electronic", meaning, MEANINGS.get(meaning, LEGAL))
