"""What stands beside values and forms in ODM: audit records, signatures, queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from trialwright.conduct.exchange.odm_data_out import Maker
from trialwright.conduct.exchange.odm_stream import FormValues, Notes
from trialwright.conduct.export.changes import Deed, last_deeds
from trialwright.conduct.export.reading import FormRead, Place, Scope, SubjectRead
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.masks import BLINDED
from trialwright.formats.odm.document import Annotation, Audit, Query, Signature

JUDGED = "Judgement of the investigator"
STATES = {"open": "Open", "answered": "Answered", "closed": "Closed", "cancelled": "Cancelled"}
SOURCES = {"monitor": "Site Monitor", "safety": "Safety Reviewer"}
"""Role of whoever asks -> source of a query in ODM 2.0; else it is data management."""


def user_oid(username: str) -> str:
    return f"U.{username}"


def meanings(scope: Scope) -> dict[str, str]:
    """Meaning of a signature -> OID of its definition; that of a judgement is the first."""
    found = db.Signature.objects.filter(form__subject__trial=scope.trial).values_list("meaning", flat=True)
    return {JUDGED: "SD.0"} | {text: f"SD.{n}" for n, text in enumerate(sorted({*found} - {JUDGED}), 1)}


class Noter:
    """Makes the notes of one version of the definition."""

    def __init__(self, scope: Scope, maker: Maker, *, second: bool) -> None:
        self.scope, self.maker, self.second = scope, maker, second
        self._meanings = meanings(scope)

    @cached_property
    def _roles(self) -> dict[str, str]:
        return dict(self.scope.trial.members.order_by("-id").values_list("username", "role"))

    def forms(self, subject: SubjectRead) -> Iterator[FormValues]:
        """The subject's forms with who wrote each value last, and all that is said beside them."""
        deeds = last_deeds(self.scope, subject.subject)
        signatures, queries = self._signatures(subject), self._queries(subject)
        for form in subject.forms:
            place = form.visit, form.form
            audits = self._audits(deeds.get(place, {}))
            asked = queries.get(place, {}) if form.key else {}  # a part of a form has its queries where the form is
            yield self._form(subject, form, audits, signatures.get(form.key, []), asked)

    def _audits(self, deeds: Mapping[Place, Deed]) -> dict[Place, Audit]:
        """One audit record for each event, which its values share."""
        made: dict[int, Audit] = {}
        for deed in deeds.values():
            if deed.sequence not in made:
                made[deed.sequence] = self.audit(deed)
        return {place: made[deed.sequence] for place, deed in deeds.items()}

    def audit(self, deed: Deed) -> Audit:
        """Who did it, where, when by the site's clock, why, and the number of the event in the history."""
        return Audit(user_oid(deed.who), self._location(deed.site), deed.local, deed.reason, str(deed.sequence))

    def _location(self, site: str) -> str:
        return self.maker.sites.get(site, site)

    def _form(
        self, subject: SubjectRead, form: FormRead, audits: Mapping[Place, Audit], signed: list[db.Signature],
        asked: dict[Place, list[db.Query]],
    ) -> FormValues:  # fmt: skip
        more: dict[Place, Notes] = {}
        places = {(v.group, v.row, v.item) for v in form.values} if asked else set()
        for place, queries in asked.items():
            if place in places:
                more[place] = self._asked(queries, subject.site)
        for value in form.values:
            if value.judged_by:
                place = value.group, value.row, value.item
                at = audits[place].at if place in audits else ""
                given = self.judgement(value.judged_by, subject.site, at)
                more[place] = replace(more.get(place, Notes()), signature=given)
        loose = [query for place, queries in asked.items() if place not in places for query in queries]
        notes = self._signed(signed, subject.site, form.form)
        if loose:
            beside = self._asked(loose, subject.site)
            notes = replace(
                notes, annotations=_numbered(*notes.annotations, *beside.annotations), queries=beside.queries
            )
        told = audits if self.scope.tells_trail(subject.site) else {}
        return FormValues(form.visit, form.form, form.values, told, more, notes)

    def judgement(self, who: str, site: str, at: str) -> Signature:
        """The signature that a judgement is."""
        return Signature(user_oid(who), self._location(site), self._meanings[JUDGED], at)

    # --- Signatures ---------------------------------------------------------------------------------------------------

    def _signatures(self, subject: SubjectRead) -> dict[int, list[db.Signature]]:
        found: dict[int, list[db.Signature]] = {}
        for row in db.Signature.objects.filter(form__subject=subject.key).order_by("form_id", "number"):
            found.setdefault(row.form_id, []).append(row)
        return found

    def _signed(self, rows: list[db.Signature], site: str, form: str) -> Notes:
        """The newest valid signature as such; all that there ever were, valid or void, in words."""
        if not rows:
            return Notes()
        valid = next((row for row in reversed(rows) if row.state == "valid"), None)
        said = tuple(signature_words(row, form in self.scope.blinded.forms) for row in rows)
        if valid is None:
            return Notes(annotations=_numbered(*(Annotation("", text) for text in said)))
        oid = self._meanings[valid.meaning]
        given = Signature(user_oid(valid.who), self._location(site), oid, moment(valid.at))
        return Notes(signature=given, annotations=_numbered(*(Annotation("", text) for text in said)))

    # --- Queries ------------------------------------------------------------------------------------------------------

    def _queries(self, subject: SubjectRead) -> dict[tuple[str, str], dict[Place, list[db.Query]]]:
        found: dict[tuple[str, str], dict[Place, list[db.Query]]] = {}
        rows = db.Query.objects.filter(subject=subject.key).order_by("number").prefetch_related("messages")
        for row in rows:
            if self.scope.blinded.query(row.form, row.check_id, row.item):
                continue
            found.setdefault((row.visit, row.form), {}).setdefault((row.group, row.row, row.item), []).append(row)
        return found

    def _asked(self, rows: list[db.Query], site: str) -> Notes:
        """As queries in 2.0, in words in 1.3."""
        if self.second:
            return Notes(queries=tuple(self._query(row, site) for row in rows))
        return Notes(annotations=_numbered(*(Annotation("", query_words(row)) for row in rows)))

    def _query(self, row: db.Query, site: str) -> Query:
        thread = sorted(row.messages.all(), key=lambda message: message.number)
        last = max([row.opened, *(m.at for m in thread), *([row.closed] if row.closed else [])])
        source = "System" if row.check_id else SOURCES.get(self._roles.get(row.opened_by, ""), "Data Management")
        audits = [Audit(user_oid(m.who), self._location(site), moment(m.at), m.text) for m in thread]
        if row.opened_by:
            audits.insert(0, Audit(user_oid(row.opened_by), self._location(site), moment(row.opened)))
        return Query(
            f"Q.{row.subject_id}.{row.number}", source, STATES[row.state], moment(last), row.text,
            "System" if row.check_id else "Manual", f"{row.group} {row.row} {row.item}", tuple(audits),
        )  # fmt: skip


def moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")


def signature_words(row: db.Signature, blinded: bool) -> str:
    """A signature in words. The hash of a form that holds blinded values would let them be guessed."""
    digest = BLINDED if blinded else row.sha256
    return (
        f"Signature {row.number}, {row.state}: {row.meaning}; {row.name} ({row.who}, {row.role}), {moment(row.at)}, "
        f"{row.factor}; SHA-256 {digest}"
    )


def query_words(row: db.Query) -> str:
    """A query with its exchange, in words."""
    head = f"Query {row.number}, {row.state} ({row.group} {row.row} {row.item}), {moment(row.opened)}: {row.text}"
    thread = sorted(row.messages.all(), key=lambda message: message.number)
    return "\n".join([head, *(f"{moment(m.at)} {m.who}: {m.text}" for m in thread)])


def _numbered(*notes: Annotation) -> tuple[Annotation, ...]:
    return tuple(Annotation(str(n), note.comment) for n, note in enumerate(notes, 1))
