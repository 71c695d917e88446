"""Server time of the pages of the large study, through the whole of Django (middleware, session, policy, templates)
with somebody logged in. A program of its own for each database: `python -m bench.capture_pages PLACE`.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.big_study import ID, LOG
from bench.capture_fill import FIRST, FORM, answer, asked, study
from bench.capture_place import opened

if TYPE_CHECKING:
    from django.test import Client

BASE = f"/conduct/{ID}/"
OPENED, SAVED, LISTED = 100, 60, 20
"""How often forms are opened, forms are saved, and each list is opened."""
WARM = 3
REASON = "Read again from the source"
_VERSION = re.compile(r'name="version" value="(\d+)"')


@dataclass
class Times:
    """Seconds of each request: on the clock, and of this process's work (PostgreSQL works in others)."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def of(self, action: Callable[[], Any], status: int) -> Any:
        """Do it once; what it answered."""
        begun, spent = time.perf_counter(), time.process_time()
        answered = action()
        self.wall.append(time.perf_counter() - begun)
        self.cpu.append(time.process_time() - spent)
        if answered.status_code != status:
            text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answered.content.decode()))
            raise SystemExit(f"bench: {answered.request['PATH_INFO']} answered {answered.status_code}: {text[-600:]}")
        return answered


def measure() -> dict[str, Any]:
    """Name of a page -> times. What is saved stays in the database."""
    from trialwright.conduct.worklists import subjects_matrix

    found: dict[str, Times] = {}
    investigator, manager = browser("investigator"), browser("data_manager")
    subjects = _subjects()
    forms = [form_at(subject, FIRST) for subject in subjects]
    found["open"] = _opened(investigator, forms, OPENED)
    found["save again"] = _saved(investigator, forms[: SAVED + WARM], REASON)
    found["save first"] = _saved(investigator, list(_new_visits(subjects[: SAVED + WARM])), "")
    found["log"] = _opened(investigator, [f"{BASE}subjects/{subjects[0]}/logs/{LOG}/"], LISTED)
    found["follow"] = _followed(investigator, forms[: SAVED + WARM])
    for name, path in {"matrix": "subjects/", "audit": "audit/", "queries": "queries/", "dashboard": ""}.items():
        found[name] = _opened(manager, [BASE + path], LISTED)
    found["casebook"] = _opened(manager, [f"{BASE}subjects/{subject}/" for subject in subjects[:LISTED]], LISTED)
    found["todo, all sites"] = _opened(manager, [f"{BASE}todo/"], LISTED)
    found["todo, one site"] = _opened(browser(COORDINATOR), [f"{BASE}todo/"], LISTED)
    person = _person("data_manager")
    found["rows"] = _called(lambda: subjects_matrix(ID, person), LISTED // 4)
    return {name: vars(times) for name, times in found.items()}


COORDINATOR = "coordinator01"


def browser(username: str) -> Client:
    """A browser in which the person is logged in."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    made = Client()
    user = get_user_model().objects.get(username=username)
    made.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return made


def form_at(subject: str, visit: str, form: str = FORM) -> str:
    return f"{BASE}subjects/{subject}/visits/{visit}/{form}/"


def filled(page: str, chance: random.Random, form: str = FORM) -> dict[str, str]:
    """The fields of a form's page as a person sends them, every one with another answer than before."""
    kinds = {item: (kind, unit) for item, kind, unit in asked(form)}
    sent = {"version": _VERSION.findall(page)[0]}
    for group, item in _places(form):
        kind, unit = kinds[item]
        sent[f"{'k' if kind == 'choices' else 'v'}:{group}:1:{item}"] = answer(kind, chance)
        if unit:
            sent[f"u:{group}:1:{item}"] = unit
    return sent


def _places(form: str) -> Iterator[tuple[str, str]]:
    for group in study().form_by_id[form].groups:
        for each in group.fields:
            if not study().item_by_id[each.item].derive:
                yield group.id, each.item


def _opened(client: Client, paths: Sequence[str], times: int) -> Times:
    found = Times()
    for path in paths[:WARM]:
        client.get(path)
    for number in range(times):
        path = paths[number % len(paths)]
        found.of(lambda path=path: client.get(path), 200)  # type: ignore[misc]  # bound at once
    return found


def _saved(client: Client, paths: Iterable[str], reason: str) -> Times:
    """Each form is opened, every field of it is answered anew, and it is saved; the save alone counts."""
    found, chance = Times(), random.Random(7)
    for number, path in enumerate(paths):
        sent = {**filled(client.get(path).content.decode(), chance), "reason": reason}
        times = found if number >= WARM else Times()
        times.of(lambda path=path, sent=sent: client.post(path, sent), 302)  # type: ignore[misc]  # bound at once
    return found


def _followed(client: Client, paths: Iterable[str]) -> Times:
    """A field is typed into: the round trip that shows and hides others."""
    found, chance = Times(), random.Random(8)
    for number, path in enumerate(paths):
        sent = {**filled(client.get(path).content.decode(), chance), "reason": ""}
        times = found if number >= WARM else Times()
        times.of(lambda path=path, sent=sent: client.post(f"{path}typed/", sent, headers={"HX-Request": "true"}), 200)  # type: ignore[misc]  # bound at once
    return found


def _called(action: Callable[[], Any], times: int) -> Times:
    found = Times()
    for _ in range(times):
        begun, spent = time.perf_counter(), time.process_time()
        action()
        found.wall.append(time.perf_counter() - begun)
        found.cpu.append(time.process_time() - spent)
    return found


def _new_visits(subjects: Iterable[str]) -> Iterator[str]:
    """A form that nobody has begun, at an unscheduled visit of each subject that begins now."""
    from trialwright.conduct import actions

    investigator = _person("investigator")
    for subject in subjects:
        yield form_at(subject, actions.add_visit(ID, subject, "unscheduled", by=investigator))


def _person(username: str) -> Any:
    from trialwright.conduct import actions

    return actions.person(ID, username)


def _subjects() -> list[str]:
    """Those whose first visit was captured, in order."""
    from trialwright.conduct.store import models as db

    held = db.Form.objects.filter(visit=FIRST, form=FORM, subject__trial=ID)
    return list(held.order_by("subject__subject").values_list("subject__subject", flat=True))


if __name__ == "__main__":
    opened(sys.argv[1])
    print(json.dumps(measure()))
