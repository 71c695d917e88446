"""The pages on a small captured trial, in a database of its own; each test starts from the same state."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def load_scene() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trial_scene", HERE / "trial_scene.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scene() -> ModuleType:
    return load_scene()


@pytest.fixture(scope="session")
def captured(tmp_path_factory: Any, django_db_blocker: Any, scene: ModuleType) -> Iterator[Path]:
    """The file that holds the trial; built once."""
    from django.db import connections

    from trialwright.web.setup import setup

    before = connections.settings["default"]["NAME"]
    file = tmp_path_factory.mktemp("web") / "conduct.sqlite3"
    with django_db_blocker.unblock():
        setup(file, accounts=True)
        scene.build()
        scene.open_accounts()
        connections.close_all()
    yield file
    setup_back(before)


def setup_back(name: object) -> None:
    from django.db import connection, connections

    connections.close_all()
    connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = str(name)


@pytest.fixture
def trial(captured: Path, tmp_path: Path, django_db_blocker: Any) -> Iterator[Path]:
    """A copy of the trial that this test alone may change."""
    from django.core.cache import cache
    from django.db import connections

    from trialwright.web.server import copy_database
    from trialwright.web.setup import setup

    cache.clear()  # it counts log-ins
    file = tmp_path / "conduct.sqlite3"
    copy_database(captured, file)
    with django_db_blocker.unblock():
        setup(file, migrate=False)
        yield file
        connections.close_all()


@pytest.fixture
def log_in(trial: Path) -> Any:
    """log_in("coordinator") -> a browser of that person (the log-in page has tests of its own)."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    def opened(name: str) -> Client:
        client = Client(raise_request_exception=False)
        user = get_user_model().objects.get(username=name)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return opened


@pytest.fixture
def posted(tmp_path: Path, settings: Any) -> dict[str, Any]:
    """Results as a registry record holds them, posted for the built-in study."""
    record = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    file = tmp_path / "results.json"
    file.write_text(json.dumps(record), encoding="utf-8")
    settings.TRIALWRIGHT_RESULTS = str(file)
    return record  # type: ignore[no-any-return]  # JSON of our own
