"""A study small enough to read, open in a database of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kept import VENDORS, Emptied, Kept, kept_copy, make_postgresql, make_sqlite

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
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    with django_db_blocker.unblock():
        return make_sqlite(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def empty_postgresql(postgresql_url: str, django_db_blocker: Any) -> Iterator[Emptied]:
    with django_db_blocker.unblock():
        made = Emptied(make_postgresql(postgresql_url))
    yield made
    made.drop()


@pytest.fixture(params=VENDORS)
def database(request: Any, tmp_path: Path, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """A real database, not a transaction that is rolled back; each test that asks for it runs on both kinds.

    Where only one is meant: `@pytest.mark.parametrize("database", ["sqlite"], indirect=True)`.
    """
    template = request.getfixturevalue(f"empty_{request.param}")
    monkeypatch.setenv("TRIALWRIGHT_DATA", str(tmp_path))
    monkeypatch.delenv("TRIALWRIGHT_DATABASE", raising=False)
    with django_db_blocker.unblock(), kept_copy(request.param, template, tmp_path) as kept:
        yield kept


@pytest.fixture
def desk(database: Kept, tiny: Study) -> Desk:
    from trialwright.conduct import actions

    actions.open_study(tiny, virtual=True, at=AT)
    people = {
        role: actions.add_person(tiny.id, role, f"Some {role}", role, at=AT)
        for role in ("investigator", "coordinator", "monitor", "data_manager", "auditor", "sponsor")
    }
    for site in ("01", "02"):
        actions.activate_site(tiny.id, site, at=AT)
    return Desk(tiny.id, people)


@pytest.fixture
def do(desk: Any) -> dict[str, Any]:
    return {"by": desk.investigator, "at": desk.at}


@pytest.fixture
def manage(desk: Any) -> dict[str, Any]:
    return {"by": desk.data_manager, "at": desk.at}
