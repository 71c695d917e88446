"""One form to read or fill in: every field with its value, limits, queries and how often it was changed."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.subjects import demand_consent
from trialwright.conduct.actions.visits import visit_plan
from trialwright.conduct.rules import capture, checks, policy
from trialwright.conduct.rules.capture import FormMap
from trialwright.conduct.rules.locks import Held, Scope, refusal
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM, SUBJECT, VISIT
from trialwright.conduct.rules.values import Entry, Place
from trialwright.conduct.store import models as db
from trialwright.conduct.store.rows import rows
from trialwright.conduct.worklists.audit import value_changes
from trialwright.conduct.worklists.marks import FormMarks, marks_of
from trialwright.conduct.worklists.masks import hidden_of
from trialwright.conduct.worklists.queries import QueryFilter, QueryLine, queries
from trialwright.conduct.worklists.seen import subject_seen
from trialwright.conduct.worklists.signatures import SignatureLine
from trialwright.kernel import units
from trialwright.kernel.errors import Refused
from trialwright.kernel.texts import Text
from trialwright.study import forms
from trialwright.study.items import Choice, Item, Limits


@dataclass(frozen=True, slots=True)
class FieldView:
    """`hint` is the usual range; `hidden`: not asked here; `changes` counts what happened after the first entry."""

    group: str
    row: int
    item: str
    label: Text
    type: str
    value: str
    unit: str
    units: tuple[str, ...]
    low: float | None
    high: float | None
    null_reason: str
    when: str
    signed_by: str
    choices: tuple[Choice, ...]
    required: bool
    critical: bool
    derived: bool
    hidden: bool
    hint: str
    help: Text | None
    lines: int
    queries: tuple[QueryLine, ...]
    changes: int
    partial: bool = False
    asks: bool = False
    """Whether something on the form hangs on it: what is asked, what is computed, a check."""
    blinded: bool = False
    """The person does not see what stands here."""
    kept: bool = False
    """Something stands here that the person does not see, and cannot overwrite."""
    verified_by: str = ""
    verified_at: dt.datetime | None = None
    closed: str = ""
    """frozen or locked, by itself or with all around it; "" while it is open."""

    @property
    def place(self) -> Place:
        return self.group, self.row, self.item

    @property
    def asked(self) -> bool:
        """Whether a live query stands at the field."""
        return any(query.state in ("open", "answered") for query in self.queries)


@dataclass(frozen=True, slots=True)
class RowView:
    number: int
    new: bool
    """A row offered to begin; nothing is in it yet."""
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    group: str
    label: Text | None
    repeating: bool
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class AsideView:
    """A captured value whose field is not on the form at the version that the form goes by."""

    group: str
    row: int
    item: str
    label: Text
    value: str
    unit: str
    null_reason: str


@dataclass(frozen=True, slots=True)
class FormView:
    subject: str
    site: str
    visit: str
    visit_label: Text | None
    day: dt.date | None
    form: str
    label: Text
    state: str
    version: int
    definition: str
    groups: tuple[GroupView, ...]
    missing: tuple[str, ...]
    why_read_only: str
    """A sentence; "" when the person may save."""
    in_force: str = ""
    """The version in force at the site: where it is not `definition`, the form may be migrated to it."""
    aside: tuple[AsideView, ...] = ()
    """What was captured under another version, in fields that this one does not have: to be read only."""
    lock: Held | None = None
    """What holds the form as a whole: a lock of its own, or of its visit, subject, site or study."""
    signatures: tuple[SignatureLine, ...] = ()
    verified: int = 0
    to_verify: int = 0
    """Critical values that wait to be verified."""
    lost: int = 0
    """Values that have changed since they were verified."""

    @property
    def takes_files(self) -> bool:
        return any(f.type == "file" for g in self.groups for row in g.rows for f in row.fields)

    @property
    def queries(self) -> tuple[QueryLine, ...]:
        return tuple(q for g in self.groups for row in g.rows for field in row.fields for q in field.queries)


def form_view(
    study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "", brief: bool = False
) -> FormView:
    """`brief`: without how often each field was changed. Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    subject = subject_seen(trial, subject_id, by)
    row = subject.forms.filter(visit=visit, form=form_id).first()
    here = studies.of_site(trial, subject.site)
    known = studies.of_version(trial, row.definition) if row else here
    study, fields = known.study, known.form(form_id)
    plan = visit_plan(study, visit) if visit else None
    held = subject.visits.filter(visit=visit).first() if visit else None
    day = held.actual if held else None
    hidden = hidden_of(trial, by)
    foreign = captured_of(subject, fields.spoken - fields.items.keys() - hidden.items, besides=row)
    elsewhere = checks.known_by(visit, day, foreign)
    scene = checks.Scene(study, fields, days_of(subject), visit, day, elsewhere)
    asked = queries(study_id, by, QueryFilter(subject=subject_id, form=form_id, visit=visit), size=1000)
    changes = Counter[Place]() if brief else _changes(trial, subject_id, visit, form_id)
    place, zone = Scope(subject.site, subject_id, visit, form_id), studies.zone_of(study, subject.site)
    marks = marks_of(trial, row, hidden, place, zone)
    view = _View(scene, row, asked.lines, changes, marks)
    return FormView(
        subject_id, subject.site, visit, plan.label if plan else None, day, form_id, fields.form.label,
        row.state if row else FORM.start, row.version if row else 0, row.definition if row else study.version,
        view.groups(), tuple(capture.missing(fields, {**view.entries, **view.kept}, view.hidden)),
        _why_read_only(by, subject, fields, held, marks), here.study.version, view.aside(trial),
        marks.lock, marks.signatures, *((row.verified, row.to_verify, row.lost) if row else (0, 0, 0)),
    )  # fmt: skip


def _why_read_only(by: Person, subject: db.Subject, fields: FormMap, visit: db.Visit | None, marks: FormMarks) -> str:
    try:
        if marks.lock:
            raise refusal(marks.lock)
        policy.demand(by, "save_form", subject.site)
        SUBJECT.after(subject.state, "capture", subject.subject)
        demand_consent(subject)
        if fields.form.kind == "visit":
            VISIT.after(visit.state if visit else VISIT.start, "capture", visit.visit if visit else "")
    except Refused as problem:
        return str(problem)
    return ""


def _changes(trial: db.Trial, subject: str, visit: str, form: str) -> Counter[Place]:
    """How often each field was written."""
    events = trial.events.filter(subject=subject, visit=visit, form=form, action="save_form")
    contents = events.values_list("content", flat=True)
    return Counter(place for content in contents for place, _, _ in value_changes(content))


class _View:
    def __init__(
        self, scene: checks.Scene, row: db.Form | None, asked: tuple[QueryLine, ...], changes: Mapping[Place, int],
        marks: FormMarks,
    ) -> None:  # fmt: skip
        self.scene, self.changes, self.marks = scene, changes, marks
        values = {(v.group, v.row, v.item): v for v in rows(db.Value).all(form=row)} if row else {}
        here = {place: value for place, value in values.items() if scene.fields.holds(place)}
        self.values = {place: value for place, value in here.items() if place[2] not in marks.hidden}
        self.kept = {place: Entry(place[2], "") for place in here if place not in self.values}
        """Fields that hold something which the person does not see."""
        self.others = [v for place, v in values.items() if place not in here and place[2] not in marks.hidden]
        self.entries = {place: capture.entry_of(value) for place, value in self.values.items()}
        signed = {place: value.signed_by for place, value in self.values.items()}
        conditional = any(field.show_when for _, field in scene.fields.form.fields())
        self.hidden = checks.hidden(scene, scene.patient(self.entries, signed)) if conditional else frozenset[str]()
        self.asked: dict[Place, list[QueryLine]] = defaultdict(list)
        for query in asked:
            self.asked[query.group, query.row, query.item].append(query)

    def aside(self, trial: db.Trial) -> tuple[AsideView, ...]:
        return tuple(
            AsideView(v.group, v.row, v.item, studies.label_of(trial, v.item), v.value, v.unit, v.null_reason)
            for v in self.others
        )

    def groups(self) -> tuple[GroupView, ...]:
        return tuple(self._group(group) for group in self.scene.fields.form.groups)

    def _group(self, group: forms.Group) -> GroupView:
        filled = sorted({row for name, row, _ in (*self.values, *self.kept) if name == group.id})
        numbers = [*filled, max(filled, default=0) + 1] if group.repeating else [1]
        rows = tuple(
            RowView(n, n not in filled, tuple(self._field(group, field, n) for field in group.fields)) for n in numbers
        )
        return GroupView(group.id, group.label, group.repeating, rows)

    def _field(self, group: forms.Group, field: forms.Field, row: int) -> FieldView:
        item, place = self.scene.fields.items[field.item], (group.id, row, field.item)
        entry = self.entries.get(place, Entry(item.id, "", item.unit, group.id, row))
        value, (by, at) = self.values.get(place), self.marks.verified.get(place, ("", None))
        return FieldView(
            group.id, row, item.id, item.label, item.type, entry.value, entry.unit or item.unit,
            (item.unit, *item.units) if item.unit else (), entry.low, entry.high, entry.null_reason, entry.when,
            value.signed_by if value else "", item.choices, field.required, field.critical, item.derive is not None,
            item.id in self.hidden, hint(item), item.help, item.lines, tuple(self.asked.get(place, ())),
            max(0, self.changes.get(place, 0) - 1), item.partial, _asks(self.scene, item),
            item.id in self.marks.hidden, place in self.kept, by, at, self.marks.state(place),
        )  # fmt: skip


def _asks(scene: checks.Scene, item: Item) -> bool:
    return item.id in scene.fields.spoken or item.soft is not None or item.hard is not None


def hint(item: Item) -> str:
    """The usual range in the item's unit, for example `30 – 150 kg`; "" where none is defined."""
    limits: Limits | None = item.soft or item.hard
    if limits is None or (limits.low is None and limits.high is None):
        return ""
    unit = units.show(item.unit)
    if limits.low is None:
        return f"{'<' if limits.open_high else '≤'} {limits.high:g} {unit}".strip()
    if limits.high is None:
        return f"{'>' if limits.open_low else '≥'} {limits.low:g} {unit}".strip()
    if limits.open_low or limits.open_high:
        signs = (">" if limits.open_low else "≥"), ("<" if limits.open_high else "≤")
        return f"{signs[0]} {limits.low:g}, {signs[1]} {limits.high:g} {unit}".strip()
    return f"{limits.low:g} – {limits.high:g} {unit}".strip()
