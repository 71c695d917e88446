"""Fills a large study as people would: registrations, consents, visits and saved forms, each with its event in the log.

Visit after visit, all subjects at each, so that the log's times follow one another; the days lie in the past, so that
later visits are due. The work is done by the actions that the pages use, on one connection. While filling, and only
then, the deeds at one subject share a transaction, and nobody waits for the disk. The same database can be had again
from a backup, into either kind of database.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from bench.big_study import ID, LOG, big_study

if TYPE_CHECKING:
    from trialwright.conduct.actions import Entry, Person
    from trialwright.study.definition import Study

FIRST, FORM = "visit01", "form01"
"""The first visit, and the form with 60 items, which it and unscheduled ones hold."""
SUBJECTS = 500
COORDINATORS = 50
DAYS = 600
"""The first subjects came so long ago."""
ROWS, LOG_EVERY, LONG = 4, 5, 200
"""Rows that the running form gets at every fifth visit; the first subject has a long one."""
ODD = 0.01
"""Share of the quantities that lie beyond what is usual: each raises a query."""
EVERYWHERE = ("data_manager", "monitor", "investigator")
TICK = dt.timedelta(milliseconds=1)
Tell = Callable[[int], None]


@cache
def study() -> Study:
    return big_study()


def coordinators() -> list[tuple[str, str]]:
    """(username, site), so many that every site has one."""
    sites = [site.id for site in study().registration.sites]
    return [(f"coordinator{n:02}", sites[(n - 1) % len(sites)]) for n in range(1, COORDINATORS + 1)]


def fill(values: int, tell: Tell) -> dict[str, float]:
    """Fill the database that Django is set up on, which is empty, up to so many values; `tell` hears how many there
    are. Returns values, subjects, and the CPU and wall seconds that it took.
    """
    from trialwright.conduct import actions

    begun, spent = time.perf_counter(), time.process_time()
    filling = _Filling(study(), dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=DAYS))
    with _quickly():
        filling.begin()
        while filling.count < values and filling.next_visit():
            for subject in filling.subjects:
                filling.at_visit(subject)
                tell(filling.count)
                if filling.count >= values:
                    break
    actions.seal(ID)
    seconds = {"wall": time.perf_counter() - begun, "cpu": time.process_time() - spent}
    return {"values": filling.count, "subjects": len(filling.subjects), **seconds}


@contextmanager
def _quickly() -> Iterator[None]:
    """Nobody waits for the disk inside; all is there at the end."""
    from django.db import connection

    lite = connection.vendor == "sqlite"
    before, after = ("PRAGMA synchronous = OFF", "PRAGMA synchronous = FULL") if lite else (
        "SET synchronous_commit = off", "SET synchronous_commit = on"
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(before)
        yield
        cursor.execute(after)


class _Filling:
    """The study while it is being filled, with its own calendar."""

    def __init__(self, study: Study, start: dt.datetime) -> None:
        from trialwright.conduct import actions

        self.act, self.study, self.now = actions, study, start
        self._start, self._visit = start, -1
        self.random = random.Random(5)  # made-up values
        self.count = 0
        self.subjects: list[str] = []
        self.people: dict[str, Person] = {}

    @property
    def at(self) -> dt.datetime:
        """The next moment."""
        self.now += TICK
        return self.now

    def begin(self) -> None:
        """Open the study with its people, and register the subjects at all sites in turn."""
        act, sites = self.act, [site.id for site in self.study.registration.sites]
        act.open_study(self.study, at=self.at)
        for role in EVERYWHERE:
            act.add_person(ID, role, f"The {role.replace('_', ' ')}", role, at=self.at)
        for name, site in coordinators():
            self.people[site] = act.add_person(ID, name, name.capitalize(), "coordinator", site=site, at=self.at)
        for site in sites:
            act.activate_site(ID, site, at=self.at)
        for number in range(SUBJECTS):
            site = sites[number % len(sites)]
            subject = act.register_subject(ID, site, by=self.people[site], at=self.at)
            act.record_consent(ID, subject, by=self.people[site], at=self.at)
            self.subjects.append(subject)

    def next_visit(self) -> bool:
        """Go on to the day of the next planned visit; False after the last one."""
        self._visit += 1
        if self._visit >= len(self.study.schedule.visits):
            return False
        day = self._start + dt.timedelta(days=self.study.schedule.visits[self._visit].offset)
        self.now = max(self.now, day)
        return True

    def at_visit(self, subject: str) -> None:
        """The visit takes place, and its forms are filled in."""
        from django.db import transaction

        visit, by = self.study.schedule.visits[self._visit], self.people[subject[:2]]
        with transaction.atomic():
            self.act.start_visit(ID, subject, visit.id, by=by, at=self.at)
            for form in visit.forms:
                self._save(subject, form, _answers(form, self.random), visit.id)
            if self._visit % LOG_EVERY == 0:
                turn, long = self._visit // LOG_EVERY, subject == self.subjects[0]
                first = 1 + turn * ROWS + (LONG if long and turn else 0)
                self._save(subject, LOG, list(_log(first, LONG if long and not turn else ROWS, self.now)))

    def _save(self, subject: str, form: str, entries: list[Entry], visit: str = "") -> None:
        saved = self.act.save_form(ID, subject, form, entries, visit=visit, by=self.people[subject[:2]], at=self.at)
        self.count += saved.changed


def _answers(form: str, chance: random.Random) -> list[Entry]:
    from trialwright.conduct.actions import Entry

    return [Entry(item, answer(kind, chance), unit) for item, kind, unit in asked(form)]


@cache
def asked(form: str) -> tuple[tuple[str, str, str], ...]:
    """(item, type, unit) of each field of a form that a person fills in."""
    items = [study().item_by_id[field.item] for group in study().form_by_id[form].groups for field in group.fields]
    return tuple((item.id, item.type, item.unit or "") for item in items if not item.derive)


def answer(kind: str, chance: random.Random) -> str:
    """Something that may be typed; every field that hangs on another one is asked."""
    match kind:
        case "quantity":
            return f"{chance.uniform(201, 300) if chance.random() < ODD else chance.uniform(60, 190):.1f}"
        case "integer":
            return str(chance.randint(0, 40))
        case "choice":
            return chance.choice(("mild", "moderate", "severe"))
        case "choices":
            return chance.choice(("fever", "rash", "cough"))
        case "boolean":
            return "true"
        case "date":
            return f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        case "time":
            return f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}"
        case _:
            return f"As the subject told it, {chance.randint(1, 9999)}"


def _log(first: int, rows: int, now: dt.datetime) -> Iterator[Entry]:
    from trialwright.conduct.actions import Entry

    day = now.date()
    for row in range(first, first + rows):
        start = day - dt.timedelta(days=row % 9)
        for item, text in (("log_term", f"Event {row}"), ("log_start", f"{start}"), ("log_end", f"{day}")):
            yield Entry(item, text, row=row)
