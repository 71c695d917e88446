"""Three days as new users have them: on SQLite in English, on PostgreSQL in Chinese; and the manual's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journey_coordinator import coordinators_day
from journey_inspector import inspectors_day
from journey_monitor import monitors_day
from journey_place import Place, hospital, practice


@pytest.fixture(scope="module", params=["sqlite-en", "postgresql-zh"])
def place(request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server with its people, who stay logged in at `browser` from one day to the next."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite-en":
        opened = practice(folder)
    else:
        opened = hospital(folder, request.getfixturevalue("postgresql_url"))
    with opened as there:
        yield there
        for person in there.seats.values():
            person.page.context.close()


def test_a_coordinators_day(place: Place, browser: Any) -> None:
    coordinators_day(place, browser)


def test_a_monitors_day(place: Place, browser: Any) -> None:
    monitors_day(place, browser)


def test_an_inspectors_day(place: Place, browser: Any, tmp_path: Path) -> None:
    inspectors_day(place, browser, tmp_path)
