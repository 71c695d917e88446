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
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.states import FORM, SUBJECT, VISIT
from trialwright.conduct.rules.values import Entry, Place
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.audit import value_changes
from trialwright.conduct.worklists.queries import QueryFilter, QueryLine, queries
from trialwright.conduct.worklists.seen import subject_seen
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

    @property
    def queries(self) -> tuple[QueryLine, ...]:
        return tuple(q for g in self.groups for row in g.rows for field in row.fields for q in field.queries)


def form_view(study_id: str, subject_id: str, form_id: str, by: Person, *, visit: str = "") -> FormView:
    """Raises UnknownName, Refused."""
    trial = studies.trial(study_id)
    study = studies.of_trial(trial)
    subject = subject_seen(trial, subject_id, by)
    fields = capture.form_map(study, form_id)
    plan = visit_plan(study, visit) if visit else None
    held = subject.visits.filter(visit=visit).first() if visit else None
    row = subject.forms.filter(visit=visit, form=form_id).first()
    day = held.actual if held else None
    foreign = captured_of(subject, fields.spoken - fields.items.keys(), besides=row)
    elsewhere = checks.known_by(visit, day, foreign)
    scene = checks.Scene(study, fields, days_of(subject), visit, day, elsewhere)
    asked = queries(study_id, by, QueryFilter(subject=subject_id, form=form_id, visit=visit), size=1000)
    view = _View(scene, row, asked.lines, _changes(trial, subject_id, visit, form_id))
    return FormView(
        subject_id, subject.site, visit, plan.label if plan else None, day, form_id, fields.form.label,
        row.state if row else FORM.start, row.version if row else 0, row.definition if row else study.version,
        view.groups(), tuple(capture.missing(fields, view.entries, view.hidden)),
        _why_read_only(by, subject, fields, held),
    )  # fmt: skip


def _why_read_only(by: Person, subject: db.Subject, fields: FormMap, visit: db.Visit | None) -> str:
    try:
        policy.demand(by, "save_form", subject.site)
        SUBJECT.after(subject.state, "capture", subject.subject)
        demand_consent(subject)
        if fields.form.kind == "visit":
            VISIT.after(visit.state if visit else VISIT.start, "capture", visit.visit if visit else "")
    except Refused as refusal:
        return str(refusal)
    return ""


def _changes(trial: db.Trial, subject: str, visit: str, form: str) -> Counter[Place]:
    """How often each field was written."""
    events = trial.events.filter(subject=subject, visit=visit, form=form, action="save_form")
    contents = events.values_list("content", flat=True)
    return Counter(place for content in contents for place, _, _ in value_changes(content))


class _View:
    def __init__(
        self, scene: checks.Scene, row: db.Form | None, asked: tuple[QueryLine, ...], changes: Mapping[Place, int]
    ) -> None:
        self.scene, self.changes = scene, changes
        self.values = {(v.group, v.row, v.item): v for v in row.values.all()} if row else {}
        self.entries = {place: capture.entry_of(value) for place, value in self.values.items()}
        signed = {place: value.signed_by for place, value in self.values.items()}
        self.hidden = checks.hidden(scene, scene.patient(self.entries, signed))
        self.asked: dict[Place, list[QueryLine]] = defaultdict(list)
        for query in asked:
            self.asked[query.group, query.row, query.item].append(query)

    def groups(self) -> tuple[GroupView, ...]:
        return tuple(self._group(group) for group in self.scene.fields.form.groups)

    def _group(self, group: forms.Group) -> GroupView:
        filled = sorted({row for name, row, _ in self.values if name == group.id})
        numbers = [*filled, max(filled, default=0) + 1] if group.repeating else [1]
        rows = tuple(
            RowView(n, n not in filled, tuple(self._field(group, field, n) for field in group.fields)) for n in numbers
        )
        return GroupView(group.id, group.label, group.repeating, rows)

    def _field(self, group: forms.Group, field: forms.Field, row: int) -> FieldView:
        item, place = self.scene.fields.items[field.item], (group.id, row, field.item)
        entry = self.entries.get(place, Entry(item.id, "", item.unit, group.id, row))
        value = self.values.get(place)
        return FieldView(
            group.id, row, item.id, item.label, item.type, entry.value, entry.unit or item.unit,
            (item.unit, *item.units) if item.unit else (), entry.low, entry.high, entry.null_reason, entry.when,
            value.signed_by if value else "", item.choices, field.required, field.critical, item.derive is not None,
            item.id in self.hidden, hint(item), item.help, item.lines, tuple(self.asked.get(place, ())),
            max(0, self.changes.get(place, 0) - 1),
        )  # fmt: skip


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
