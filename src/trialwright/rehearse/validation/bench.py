"""A scratch study in a database of its own: the very definition, with places for every subject and no criteria."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Entry, FormSaved, Person
from trialwright.conduct.rules.policy import ROLES
from trialwright.conduct.worklists import FormView, QueryFilter, QueryLine
from trialwright.kernel.errors import InputError
from trialwright.rehearse.validation.samples import CONTENT, FILE
from trialwright.rehearse.validation.search import FIRST_DOSE, JUDGE, SCREENED, Setting, Spot, day_of, first_dose
from trialwright.study.definition import Study

NOON = dt.timedelta(hours=12)


class _Undo(Exception):
    """Ends a trial that leaves nothing behind."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is taken back."""
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        return


def scratch(study: Study) -> Study:
    """The same forms, items, visits, checks and rules; nobody is kept out, so that every visit can be reached."""
    data = study.model_dump(mode="json", by_alias=True)
    data["eligibility"]["criteria"] = []
    data["study"]["design"]["enrolment"] = 1_000_000
    return Study.model_validate(data)


class Bench:
    """The scratch study with its people. `everyone` holds all roles, at all sites."""

    def __init__(self, study: Study) -> None:
        if not study.registration.sites:
            raise InputError(f"Study {study.id} has no site, so that no subject can be registered.")
        self.study = scratch(study)
        self.id = study.id
        self.begun = _at(SCREENED)
        self.now = _at(SCREENED + dt.timedelta(days=4000))
        """Every visit lies before it."""
        actions.open_study(self.study, virtual=True, at=self.begun)
        for role in ROLES:
            self.everyone = actions.add_person(self.id, JUDGE, "Everyone", role, at=self.begun)
        self.sites = [site.id for site in self.study.registration.sites[:2]]
        for site in self.sites:
            actions.activate_site(self.id, site, at=self.begun)

    def do(self) -> dict[str, Any]:
        return {"by": self.everyone, "at": self.now}

    def add_role(self, role: str, site: str = "") -> Person:
        return actions.add_person(self.id, f"{role}{site}", f"The {role}", role, site=site, at=self.begun)

    def enrolled(self, site: str = "") -> str:
        """A fresh subject, registered, consented and enrolled on the first day."""
        do: dict[str, Any] = {"by": self.everyone, "at": self.begun}
        subject = actions.register_subject(self.id, site or self.sites[0], **do)
        actions.record_consent(self.id, subject, **do)
        actions.enrol(self.id, subject, **do)
        return subject

    def registered(self, site: str = "") -> str:
        """A fresh subject in screening, consented."""
        do: dict[str, Any] = {"by": self.everyone, "at": self.begun}
        subject = actions.register_subject(self.id, site or self.sites[0], **do)
        actions.record_consent(self.id, subject, **do)
        return subject

    def start(self, subject: str, visit: str, on: dt.date) -> str:
        """Start a visit; where the day lies against its window."""
        return actions.start_visit(self.id, subject, visit, on=on, **self.do())

    def seat(self, setting: Setting) -> str:
        """A fresh subject whose visits have taken place as the setting needs them."""
        subject = self.enrolled()
        first = first_dose(self.study)
        if first and setting.dosed:
            self.start(subject, first.id, FIRST_DOSE)
        for visit in setting.visits:
            if visit != first:
                self.start(subject, visit.id, day_of(visit))
        return subject

    def play(self, setting: Setting, assignment: Mapping[Spot, str], more: Iterable[Entry] = ()) -> str:
        """Enter an assignment for a fresh subject, the setting's own form last and with `more`. The subject."""
        subject = self.seat(setting)
        sheets: dict[tuple[str, str], list[Entry]] = {}
        for spot, text in assignment.items():
            if text:
                sheets.setdefault((spot.visit, spot.form), []).append(Entry(spot.item, text, group=spot.group))
        own = sheets.pop((setting.visit, setting.form), [])
        order = [visit.id for visit in setting.visits]
        for visit, form in sorted(sheets, key=lambda s: (order.index(s[0]) if s[0] in order else -1, s[1])):
            self.save(subject, visit, form, sheets[visit, form])
        self.save(subject, setting.visit, setting.form, [*own, *more])
        return subject

    def save(self, subject: str, visit: str, form: str, entries: Iterable[Entry]) -> FormSaved:
        entries = list(entries)
        if any(entry.value.endswith(CONTENT) for entry in entries):
            actions.attach_file(self.id, subject, "scan.pdf", FILE, **self.do())
        return actions.save_form(
            self.id, subject, form, entries, visit=visit, reason="Validation", **self.do()
        )  # fmt: skip

    def asked(self, subject: str, visit: str, form: str) -> tuple[QueryLine, ...]:
        """Live queries on a form."""
        wanted = QueryFilter(state="live", subject=subject, form=form, visit=visit)
        return worklists.queries(self.id, self.everyone, wanted, size=5000).lines

    def view(self, subject: str, visit: str, form: str) -> FormView:
        return worklists.form_view(self.id, subject, form, self.everyone, visit=visit)


def _at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), dt.UTC) + NOON
