"""All that was captured as CDISC ODM 1.3.2 or 2.0: definition, people and places, values with audit records,
signatures and queries. Subject by subject, so that a large study needs little memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from trialwright import __version__
from trialwright.conduct.exchange import send_out
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.odm_stream import Stream
from trialwright.conduct.export.notes import Noter, meanings, user_oid
from trialwright.conduct.export.reading import FormRead, Layout, Scope
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
    """Write the file: the data as they stand."""
    with file.open("wb") as out:
        odm.write_to(out, Exporter(scope, version).document(count))


class Exporter:
    """One export. Each version of the definition that forms were captured under has its own part of the data."""

    def __init__(self, scope: Scope, version: str) -> None:
        self.scope, self.version, self.second = scope, version, version.startswith("2")
        self.streams = {name: Stream(Definer(layout.study, second=self.second)) for name, layout in self._layouts()}

    def _layouts(self) -> Iterator[tuple[str, Layout]]:
        """The newest version first, then those that forms, or values that outlived their field, still stand under."""
        used = set(db.Form.objects.filter(subject__trial=self.scope.trial).values_list("definition", flat=True))
        used |= {home for places in self._strays.values() for home in places.values()}
        newest = self.scope.trial.version
        for name in [newest, *(v for v in reversed(self.scope.layouts) if v in used and v != newest)]:
            yield name, self.scope.layouts[name]

    @cached_property
    def _strays(self) -> dict[tuple[str, str, str], dict[tuple[str, str], str]]:
        """(version, visit, form) -> (group, item), or ("", "") for the form itself -> the version that it is told
        under, because a migration took the form to one that has no such field any more.
        """
        scope, found = self.scope, dict[tuple[str, str, str], dict[tuple[str, str], str]]()
        if len(scope.layouts) == 1:
            return found
        forms = db.Form.objects.filter(subject__trial=scope.trial).exclude(definition=next(iter(scope.layouts)))
        held = forms.order_by().values_list("definition", "visit", "form", "values__group", "values__item").distinct()
        for version, visit, form, group, item in held:
            for place in (("", ""), (group or "", item or "")):
                if (home := scope.home(version, visit, form, *place)) != version:
                    found.setdefault((version, visit, form), {})[place] = home
        return found

    def document(self, count: Count, *, plain: bool = False) -> Document:
        """The document, whose subjects are read while it is written. `plain`: as data classes, the slow way."""
        framed = self.frame()
        names = {
            version.oid: name for version, name in zip(framed.studies[0].versions, self._oldest_first, strict=True)
        }
        data = []
        for oid, name in reversed(names.items()):
            found = self._subjects(name, count, plain=plain)
            study = framed.studies[0].oid
            data.append(ClinicalData(study, oid, found) if plain else ClinicalData(study, oid, texts=found))
        return replace(framed, data=tuple(data))

    @property
    def _oldest_first(self) -> list[str]:
        return [name for name in self.scope.layouts if name in self.streams]

    def frame(self) -> Document:
        """Definition (the oldest version first), people and places, without the data."""
        at = (self.scope.trial.latest or dt.datetime.min.replace(tzinfo=dt.UTC)).isoformat(timespec="seconds")
        parts = {
            name: send_out(self.streams[name].study, version=self.version, created=at) for name in self._oldest_first
        }
        newest = parts[self.scope.trial.version]
        study = replace(
            newest.studies[0], versions=tuple(v for part in parts.values() for v in part.studies[0].versions)
        )
        return replace(
            newest, oid=f"{self.scope.study.id}-{self.scope.trial.sequence}", system="Trialwright",
            system_version=__version__, more=(("AsOfDateTime", at), ("Granularity", "All")), studies=(study,),
            admin=(self._admin(newest),),
        )  # fmt: skip

    def _subjects(self, version: str, count: Count, *, plain: bool) -> Iterator[Any]:
        """Every subject under the newest version; under earlier ones those that have forms of it."""
        stream, noter = self.streams[version], Noter(self.scope, self.streams[version].maker, second=self.second)
        for subject in self.scope.read():
            forms = subject.forms
            if len(self.streams) > 1:
                forms = [share for form in forms if (share := self._share(form, version)) is not None]
            if forms or version == self.scope.trial.version:
                make: Callable[..., SubjectData | str] = stream.plain if plain else stream.subject
                yield make(subject.subject, subject.site, noter.forms(replace(subject, forms=forms)))
                count(sum(len(form.values) for form in forms))

    def _share(self, form: FormRead, version: str) -> FormRead | None:
        """What of a form is told under the version: most often all or nothing. A part of it has the key 0."""
        strays = self._strays.get((form.definition, form.visit, form.form))
        if not strays:
            return form if form.definition == version else None
        whole = strays.get(("", ""), form.definition)
        values = [v for v in form.values if strays.get((v.group, v.item), whole) == version]
        if whole == version:
            return replace(form, values=values)
        return replace(form, key=0, values=values) if values else None

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
