"""Saving a form: what is typed is checked, what changes is logged, what looks wrong is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.blinding import hidden_of
from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.actions.queries import reconcile
from trialwright.conduct.actions.signing import void
from trialwright.conduct.actions.subjects import demand_consent
from trialwright.conduct.actions.verification import counted
from trialwright.conduct.actions.visits import visit_plan
from trialwright.conduct.rules import capture, checks
from trialwright.conduct.rules.capture import FormMap, ReasonNeeded, StaleForm
from trialwright.conduct.rules.checks import CheckKey, Scene
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM, SUBJECT, VISIT
from trialwright.conduct.rules.values import Entry, Place
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.kernel.errors import Refused
from trialwright.study.definition import Study

_COLUMNS = ("value", "unit", "low", "high", "null_reason", "when")


@dataclass(frozen=True, slots=True)
class FormSaved:
    """What a save did. `version` is the one to send with the next save; `missing` lists required empty items."""

    subject: str
    visit: str
    form: str
    version: int
    state: str
    changed: int
    missing: tuple[str, ...] = ()
    opened: tuple[int, ...] = ()
    """Numbers of the queries that were raised."""
    closed: tuple[int, ...] = ()


def save_form(
    study_id: str, subject_id: str, form_id: str, entries: Iterable[Entry], *, visit: str = "", reason: str = "",
    version: int | None = None, by: Person, at: dt.datetime | None = None,
) -> FormSaved:  # fmt: skip
    """Save some or all fields of a form; fields that are not mentioned stay as they are.

    `visit` "" for a log form. `version`: the one that the person saw; None skips the check for a save in between.
    Raises FormErrors (a sentence for each field; nothing is saved), ReasonNeeded, StaleForm, Refused, UnknownName.
    """
    with deed(study_id, "save_form", by=by, at=at, reason=reason) as doing:
        subject = doing.subject(subject_id, visit=visit, form=form_id)
        SUBJECT.after(subject.state, "capture", subject_id)
        demand_consent(subject)
        held = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
        known = doing.under(held.definition) if held else doing.known
        fields = known.form(form_id)
        day = _visit_day(doing.study, subject, fields, visit)
        row = held or db.Form(subject=subject, visit=visit, form=form_id, state=FORM.start, definition=doing.version)
        if version is not None and version != row.version:
            raise StaleForm(form_id, row.version)
        save = _Save(doing, scene_of(doing.study, row, fields, day), row)
        return _with_dependents(doing, save, save.run(entries))


def take_to(doing: Deed, row: db.Form, version: str, differs: Callable[[CheckKey], bool]) -> FormSaved:
    """Let a captured form go by another version of the definition. Raises UnknownName where that has no such form."""
    known = doing.under(version)
    fields = known.form(row.form)
    visit = rows(db.Visit).get(subject=row.subject, visit=row.visit) if row.visit else None
    save = _Save(doing, scene_of(known.study, row, fields, visit.actual if visit else None), row)
    return _with_dependents(doing, save, save.take_to(version, differs))


def scene_of(study: Study, row: db.Form, fields: FormMap, day: dt.date | None) -> Scene:
    """The form with what the subject's other forms say of items that it speaks of."""
    elsewhere = captured_of(row.subject, fields.spoken - fields.items.keys(), besides=row)
    return Scene(study, fields, days_of(row.subject), row.visit, day, checks.known_by(row.visit, day, elsewhere))


def _with_dependents(doing: Deed, save: _Save, saved: FormSaved) -> FormSaved:
    """Look again at the subject's forms that speak of what has changed on another one: derived items and queries there.

    What is computed anew is looked at in its turn, and may lead back to the form that was saved.
    """
    changed, opened, closed = save.changed, list(saved.opened), list(saved.closed)
    days: dict[str, dt.date | None] | None = None
    first = True
    while others := _speaking_of(doing, save.row.subject, changed):
        days = days or {visit.visit: visit.actual for visit in rows(db.Visit).all(subject=save.row.subject)}
        found: set[str] = set()
        for row in sorted(others, key=lambda row: row.pk):
            own, day = row.pk == save.row.pk, days.get(row.visit)
            earlier = day is not None and save.scene.day is not None and day < save.scene.day
            if earlier or (own and first):
                continue
            again = _again(doing, save.row if own else row, day)
            new, gone = again.refresh(changed)
            opened += new
            closed += gone
            found |= again.changed
            if own:
                saved = replace(saved, version=save.row.version, state=save.row.state, missing=again.missing)
        changed, first = frozenset(found), False
    return replace(saved, opened=tuple(opened), closed=tuple(closed))


def _again(doing: Deed, row: db.Form, day: dt.date | None) -> _Save:
    known = studies.of_version(doing.trial, row.definition)
    return _Save(doing, scene_of(known.study, row, known.form(row.form), day), row)


def _speaking_of(doing: Deed, subject: db.Subject, items: frozenset[str]) -> list[db.Form]:
    """The subject's forms that speak of items on other forms, each by the version that it is pinned to."""
    if doing.amended and items:
        pinned = rows(db.Form).all(subject=subject)
        return [row for row in pinned if row.form in studies.of_version(doing.trial, row.definition).speaking_of(items)]
    return [row for form in doing.known.speaking_of(items) for row in rows(db.Form).all(subject=subject, form=form)]


def _visit_day(study: Study, subject: db.Subject, fields: FormMap, visit: str) -> dt.date | None:
    """The day of the visit that the form belongs to; None for a log. Raises Refused where the form does not belong."""
    demand_belongs(study, fields, visit)
    if fields.form.kind == "log":
        return None
    held = rows(db.Visit).get(subject=subject, visit=visit)
    VISIT.after(held.state if held else VISIT.start, "capture", visit)
    return held.actual if held else None


def demand_belongs(study: Study, fields: FormMap, visit: str) -> None:
    """Raises Refused where the form is not filled in at the visit ("" = none)."""
    form = fields.form
    if form.kind == "log":
        if visit:
            raise Refused(f"Form {form.id} is a running log; it belongs to no visit.")
        return
    if not visit or form.id not in visit_plan(study, visit).forms:
        where = ", ".join(v.id for v in study.schedule.visits if form.id in v.forms) or "no visit"
        raise Refused(f"Form {form.id} is not filled in at {visit or 'no visit'}.", hint=f"It belongs to: {where}.")


class _Save:
    """One save of one form: compares, writes what differs, and brings the automatic queries up to date."""

    def __init__(self, doing: Deed, scene: Scene, row: db.Form) -> None:
        self.doing, self.scene, self.row = doing, scene, row
        self.held: dict[Place, db.Value] = {}
        if row.pk:
            values = {(v.group, v.row, v.item): v for v in rows(db.Value).all(form=row)}
            self.held = {place: value for place, value in values.items() if scene.fields.holds(place)}
        self.before = {place: capture.entry_of(value) for place, value in self.held.items()}
        self.changed: frozenset[str] = frozenset()
        """Items that this save has changed."""
        self.missing: tuple[str, ...] = ()
        """Required items that are empty after it."""

    def run(self, entries: Iterable[Entry]) -> FormSaved:
        typed = capture.accept(self.scene.fields, entries)
        if hidden := hidden_of(self.doing.trial, self.doing.by):
            capture.demand_not_kept(self.row.form, hidden.items, self.before, typed)
        overwritten = capture.overwritten(self.before, typed)
        if overwritten and not self.doing.reason.strip():
            raise ReasonNeeded(self.row.form, overwritten)
        merged = capture.merge(self.before, typed)
        signed = self._signatures(merged, typed)
        after = checks.derive(self.scene, merged, signed)
        places = self._differences(after, signed)
        self.changed = frozenset(item for _, _, item in places)
        whole = self.scene.patient(after, signed)
        missing = tuple(capture.missing(self.scene.fields, after, checks.hidden(self.scene, whole)))
        if not places and self.row.pk:
            return self._saved(0, missing)
        new = not self.row.pk
        self._write("save_part" if missing else "save_whole", places, after, signed)
        found = checks.findings(self.scene, after, signed, whole, self.doing.today)
        opened, closed = reconcile(self.doing, self.row, found, self._touched(places, self.changed), new=new)
        return self._saved(len(places), missing, opened, closed)

    def refresh(self, items: frozenset[str]) -> tuple[list[int], list[int]]:
        """Items on another form have changed: recompute what is derived here, and ask or fall silent."""
        looked, signed = self._look()
        places = self._differences(looked.after, signed)
        self.changed, self.missing = frozenset(item for _, _, item in places), looked.missing
        if places:
            self._write("save_part" if looked.missing else "save_whole", places, looked.after, signed)
        return reconcile(self.doing, self.row, looked.found, self._touched(places, items), new=False)

    def take_to(self, version: str, differs: Callable[[CheckKey], bool]) -> FormSaved:
        """Go by another version from now on, the scene's: everything is computed and checked anew.

        `differs`: whether a check asks something else there. What the version has no field for stays as it is.
        """
        looked, signed = self._look()
        places = self._differences(looked.after, signed)
        self.changed = frozenset(item for _, _, item in places)
        action = "save_part" if looked.missing else "save_whole"
        self._write(action, places, looked.after, signed, definition=version)
        opened, closed = reconcile(self.doing, self.row, looked.found, differs, new=False)
        return self._saved(len(places), looked.missing, opened, closed)

    def _look(self) -> tuple[checks.Recheck, dict[Place, str]]:
        """What the form says as it stands, and who stands behind its judgements."""
        signed = {place: value.signed_by for place, value in self.held.items()}
        return checks.recheck(self.scene, self.before, signed, self.doing.today), signed

    def _signatures(self, merged: Mapping[Place, Entry], typed: Mapping[Place, Entry]) -> dict[Place, str]:
        """Who stands behind each judgement: it keeps its signature until its value changes."""
        investigator = self.doing.by.holds("investigator", self.doing.place.site)
        signed: dict[Place, str] = {}
        for place, entry in merged.items():
            if self.scene.fields.items[entry.item].type != "judgement":
                continue
            earlier = self.held[place].signed_by if self.before.get(place) == entry else ""
            signed[place] = earlier or (self.doing.by.username if investigator and place in typed else "")
        return signed

    def _differences(self, after: Mapping[Place, Entry], signed: Mapping[Place, str]) -> list[Place]:
        places = dict.fromkeys([*self.before, *after])
        return [
            place
            for place in places
            if self.before.get(place) != after.get(place) or self.held[place].signed_by != signed.get(place, "")
        ]

    def _write(
        self, action: str, places: Collection[Place], after: Mapping[Place, Entry], signed: Mapping[Place, str], *,
        definition: str = "",
    ) -> None:  # fmt: skip
        """Write form and values, unless a lock holds one of them. Signatures, and marks on what changes, go."""
        doing, row = self.doing, self.row
        for place in places if doing.locks else ():
            doing.demand_open(row.visit, row.form, *place)
        void(doing, row)
        columns = {
            "state": FORM.after(row.state, action, row.form), "version": row.version + 1,
            "definition": definition or row.definition, **counted(doing, row, self.scene.fields, places, after),
        }  # fmt: skip
        if row.pk:
            doing.change(row, **columns)
        else:
            for name, value in columns.items():
                setattr(row, name, value)
            doing.create(row)
        self._write_values(places, after, signed)

    def _write_values(
        self, changed: Iterable[Place], after: Mapping[Place, Entry], signed: Mapping[Place, str]
    ) -> None:
        new, other = [], []
        for place in changed:
            if place not in after:
                self.doing.remove(self.held[place])
                continue
            columns = {name: getattr(after[place], name) for name in _COLUMNS} | {"signed_by": signed.get(place, "")}
            if place in self.held:
                other.append((self.held[place], columns))
            else:
                group, number, item = place
                new.append({"group": group, "row": number, "item": item, **columns})
        self.doing.change_all(db.Value, other)
        self.doing.create_all(db.Value, self.row, new)

    def _touched(self, changed: Iterable[Place], items: frozenset[str]) -> Callable[[CheckKey], bool]:
        """Whether a finding hangs on something that has changed."""
        places, form = set(changed), self.scene.fields.form

        def touched(key: CheckKey) -> bool:
            return key[1] in places or bool(items & checks.items_of_check(self.scene.study, form, key[0]))

        return touched

    def _saved(
        self, changed: int, missing: tuple[str, ...], opened: Iterable[int] = (), closed: Iterable[int] = ()
    ) -> FormSaved:
        row = self.row
        return FormSaved(
            self.doing.place.subject, row.visit, row.form, row.version, row.state, changed, missing,
            tuple(opened), tuple(closed),
        )  # fmt: skip
