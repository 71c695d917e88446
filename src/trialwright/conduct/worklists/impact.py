"""What a version of the definition would mean for what is captured: every form is looked at as though it were migrated,
and nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.models import prefetch_related_objects

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.blinding import hidden_of
from trialwright.conduct.actions.evidence import captured_of, days_of
from trialwright.conduct.actions.studies import InForce
from trialwright.conduct.rules import amending, capture, checks
from trialwright.conduct.rules.blinding import Blinded
from trialwright.conduct.rules.checks import CheckKey
from trialwright.conduct.rules.facts import Captured
from trialwright.conduct.rules.policy import Person, demand
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.study.definition import Study

ACTIONS = ("publish_version", "approve_version", "migrate_form")
"""Whoever may do one of these may see what it would lead to."""


@dataclass(frozen=True, slots=True)
class FormImpact:
    """A captured form that would not stay as it is. Places and checks are named, values are not."""

    subject: str
    site: str
    visit: str
    form: str
    definition: str
    """The version that it goes by now."""
    gone: bool = False
    """The new version has no such form: it stays as it is."""
    aside: tuple[Place, ...] = ()
    """Values whose fields the new version does not have: they stay, to be read."""
    impossible: tuple[Place, ...] = ()
    """Values that the new version would not take: out of range, or a choice that it does not offer."""
    missing: tuple[str, ...] = ()
    """Required items that are empty."""
    incomplete: bool = False
    """It is complete, and would not be."""
    computed: tuple[Place, ...] = ()
    """Computed values that would come out otherwise."""
    opens: tuple[CheckKey, ...] = ()
    closes: tuple[CheckKey, ...] = ()
    signed: bool = False
    """Its signatures would become void."""

    @property
    def concerned(self) -> bool:
        parts = (self.aside, self.impossible, self.incomplete, self.computed, self.opens, self.closes)
        return self.gone or self.signed or any(parts)


@dataclass(frozen=True, slots=True)
class Impact:
    """`forms`, `subjects`: how many captured forms go by another version, and of how many subjects; `lines`: those that
    would not stay as they are.
    """

    study: str
    version: str
    subjects: int
    forms: int
    lines: tuple[FormImpact, ...]

    def counts(self) -> dict[str, int]:
        """What it comes to, by the names of FormImpact."""
        found = {"subjects": len({line.subject for line in self.lines}), "forms": len(self.lines)}
        found |= {name: sum(getattr(line, name) for line in self.lines) for name in ("gone", "incomplete", "signed")}
        several = ("aside", "impossible", "computed", "opens", "closes")
        return found | {name: sum(len(getattr(line, name)) for line in self.lines) for name in several}


def impact(study_id: str, version: str | Study, by: Person, *, site: str = "") -> Impact:
    """What migrating every captured form, of one site if given, to a version would lead to.

    `version`: one that is published, or a definition that is not yet. What the person may not see is left out.
    Raises UnknownName, NotPermitted.
    """
    trial = studies.trial(study_id)
    if not any(by.role_for(action, site) for action in ACTIONS):
        demand(by, ACTIONS[0], site)
    known = InForce(version) if isinstance(version, Study) else studies.of_version(trial, version)
    forms = db.Form.objects.filter(subject__trial=trial).exclude(definition=known.study.version)
    forms = (
        (forms.filter(subject__site=site) if site else forms)
        .select_related("subject")
        .order_by("subject__subject", "id")
    )
    by_subject: dict[int, list[db.Form]] = defaultdict(list)
    for row in forms:
        row.subject.trial = trial
        by_subject[row.subject_id].append(row)
    look, hidden = _Look(trial, known), hidden_of(trial, by)
    lines = [_masked(line, hidden) for rows in by_subject.values() for line in look.subject(rows)]
    return Impact(
        trial.study, known.study.version, len(by_subject), sum(map(len, by_subject.values())),
        tuple(line for line in lines if line.concerned),
    )  # fmt: skip


class _Look:
    """Looks at the forms of one subject after the other by the new version."""

    def __init__(self, trial: db.Trial, known: InForce) -> None:
        self.trial, self.known, self.new = trial, known, known.study
        self._same: dict[tuple[str, str], bool] = {}
        self._queries: Mapping[tuple[str, str], dict[CheckKey, str]] = {}
        """(visit, form) -> what its checks have asked, of the subject that is looked at."""

    def subject(self, rows: list[db.Form]) -> Iterator[FormImpact]:
        subject = rows[0].subject
        differing = [row for row in rows if not self._unchanged(row)]
        captured = captured_of(subject) if differing else ()
        prefetch_related_objects(differing, "values")
        self._queries = _raised(subject) if differing else {}
        days = {visit.visit: visit.actual for visit in subject.visits.all()} if differing else {}
        today = studies.today(self.trial, subject.site)
        for row in rows:
            plain = FormImpact(
                subject.subject, subject.site, row.visit, row.form, row.definition, signed=row.state == "signed"
            )
            yield self._form(row, plain, captured, days.get(row.visit), today) if row in differing else plain

    def _unchanged(self, row: db.Form) -> bool:
        key = (row.definition, row.form)
        if key not in self._same:
            old = studies.of_version(self.trial, row.definition)
            self._same[key] = amending.unchanged(old.study, self.new, old.form(row.form))
        return self._same[key]

    def _form(
        self, row: db.Form, plain: FormImpact, captured: tuple[Captured, ...], day: dt.date | None, today: dt.date
    ) -> FormImpact:
        if row.form not in self.new.form_by_id:
            return replace(plain, gone=True, signed=False)
        fields, old = self.known.form(row.form), studies.of_version(self.trial, row.definition)
        elsewhere = tuple(
            field for field in captured
            if field.item in fields.spoken and field.item not in fields.items
            and (field.form, field.visit) != (row.form, row.visit)
        )  # fmt: skip
        known_by = checks.known_by(row.visit, day, elsewhere)
        scene = checks.Scene(self.new, fields, days_of(row.subject), row.visit, day, known_by)
        values = {(v.group, v.row, v.item): v for v in row.values.all()}
        held = {place: capture.entry_of(value) for place, value in values.items() if fields.holds(place)}
        signed = {place: values[place].signed_by for place in held}
        looked = checks.recheck(scene, held, signed, today)
        had = old.form(row.form)
        asked = self._queries.get((row.visit, row.form), {})
        settled = checks.settle(asked, looked.found, amending.differing(old.study, self.new, row.form))
        computed = {place for place in (*held, *looked.after) if fields.items[place[2]].derive}
        return replace(
            plain,
            aside=tuple(sorted(place for place in values if place not in held and had.holds(place))),
            impossible=tuple(sorted(place for check, place in looked.found if check == checks.IMPOSSIBLE)),
            missing=looked.missing,
            incomplete=bool(looked.missing) and row.state in ("complete", "signed"),
            computed=tuple(sorted(place for place in computed if held.get(place) != looked.after.get(place))),
            opens=tuple(sorted((*settled.raises, *settled.reopens))),
            closes=settled.passes,
        )


def _raised(subject: db.Subject) -> Mapping[tuple[str, str], dict[CheckKey, str]]:
    """(visit, form) -> the queries that a check has raised there, with their states."""
    asked = subject.queries.exclude(check_id="").order_by("number")
    found: dict[tuple[str, str], dict[CheckKey, str]] = defaultdict(dict)
    columns = asked.values_list("visit", "form", "check_id", "group", "row", "item", "state")
    for visit, form, check, group, row, item, state in columns:
        found[visit, form][check, (group, row, item)] = state
    return found


def _masked(line: FormImpact, hidden: Blinded) -> FormImpact:
    if not hidden:
        return line

    def seen(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(place for place in places if place[2] not in hidden.items)

    def asked(keys: tuple[CheckKey, ...]) -> tuple[CheckKey, ...]:
        return tuple(key for key in keys if not hidden.query(line.form, key[0], key[1][2]))

    return replace(
        line, aside=seen(line.aside), impossible=seen(line.impossible), computed=seen(line.computed),
        missing=tuple(item for item in line.missing if item not in hidden.items),
        opens=asked(line.opens), closes=asked(line.closes),
    )  # fmt: skip
