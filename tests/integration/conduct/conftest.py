"""A study small enough to read, open in a database of its own."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connections

from trialwright.study.definition import Study
from trialwright.study.load import built_in_studies, load_study

HERE = Path(__file__).parent
AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def tiny() -> Study:
    """Three places, two sites, three doses, one criterion of each kind. Its assumptions are the built-in study's."""
    data = yaml.safe_load((HERE / "tiny.yaml").read_text(encoding="utf-8"))
    built_in = load_study(built_in_studies()[0])
    return Study.model_validate({**data, "assumptions": built_in.assumptions})


@dataclass
class Desk:
    """A study in conduct with its people, and the moment at which things are done unless said otherwise."""

    study: str
    people: dict[str, Any]
    at: dt.datetime = AT

    def __getattr__(self, role: str) -> Any:
        return self.people[role]

    def screened(self, site: str = "01", **answers: str) -> str:
        """A subject with consent and everything that eligibility needs."""
        from trialwright.conduct import actions
        from trialwright.conduct.actions import Entry

        do: dict[str, Any] = {"by": self.investigator, "at": self.at}
        subject = actions.register_subject(self.study, site, **do)
        actions.record_consent(self.study, subject, **do)
        actions.start_visit(self.study, subject, "screening", **do)
        typed = {"birth_date": "1980-05-01", "sex": "female", "weight": "60", "unfit": "no"} | answers
        for form, items in {"person": ("birth_date", "sex", "unfit"), "vitals": ("weight",)}.items():
            entries = [Entry(item, typed[item]) for item in items if typed[item]]
            actions.save_form(self.study, subject, form, entries, visit="screening", **do)
        return subject

    def enrolled(self, site: str = "01") -> str:
        from trialwright.conduct import actions

        subject = self.screened(site)
        actions.enrol(self.study, subject, by=self.investigator, at=self.at)
        return subject


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    """A SQLite file with all tables and nothing in them, to copy: making the tables takes a second."""
    from trialwright.web.setup import setup

    before = connections.settings["default"]["NAME"]
    path = tmp_path_factory.mktemp("empty") / "conduct.sqlite3"
    with django_db_blocker.unblock():
        setup(path)
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()
    connections.settings["default"]["NAME"] = before
    return path


@pytest.fixture
def database(tmp_path: Path, empty_database: Path, django_db_blocker: Any) -> Iterator[Path]:
    """A real SQLite file, not a transaction that is rolled back."""
    from trialwright.web.setup import setup

    path = tmp_path / "conduct.sqlite3"
    shutil.copy(empty_database, path)
    before = connections.settings["default"]["NAME"]
    with django_db_blocker.unblock():
        setup(path, migrate=False)
        yield path
        connections.close_all()
    connections.settings["default"]["NAME"] = before


@pytest.fixture
def desk(database: Path, tiny: Study) -> Desk:
    from trialwright.conduct import actions

    actions.open_study(tiny, virtual=True, at=AT)
    people = {
        role: actions.add_person(tiny.id, role, f"Some {role}", role, at=AT)
        for role in ("investigator", "coordinator", "monitor", "data_manager", "auditor", "sponsor")
    }
    for site in ("01", "02"):
        actions.activate_site(tiny.id, site, at=AT)
    return Desk(tiny.id, people)
