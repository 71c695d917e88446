"""The APIs: that of the registry over a data folder of real records, and that of a small study in conduct."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def api(library_folder: Path, settings: Any) -> Any:
    """api("studies", **parameters) -> the answer."""
    from django.test import Client

    settings.TRIALWRIGHT_RECORDS = str(library_folder)
    client = Client(raise_request_exception=False)

    def ask(path: str, **parameters: Any) -> Any:
        return client.get(f"/api/v2/{path}", {name.replace("__", "."): value for name, value in parameters.items()})

    return ask


@pytest.fixture(scope="session")
def scene_file(tmp_path_factory: Any, django_db_blocker: Any) -> tuple[Path, dict[str, str]]:
    """The file that holds the captured scene, and the keys to it by role; built once."""
    import capture_scene
    from kept import make_sqlite, pointed_back

    with django_db_blocker.unblock(), pointed_back():
        from django.db import connections

        from trialwright.web.setup import setup

        file = make_sqlite(tmp_path_factory.mktemp("capture"), accounts=True)
        setup(file, migrate=False)
        keys = capture_scene.build()
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file, keys


@pytest.fixture
def keys(
    scene_file: tuple[Path, dict[str, str]], tmp_path: Path, django_db_blocker: Any, monkeypatch: Any
) -> Iterator[dict[str, str]]:
    """Keys by role to a copy of the scene that this test alone may change."""
    from kept import kept_copy

    monkeypatch.setenv("TRIALWRIGHT_DATA", str(tmp_path))
    with django_db_blocker.unblock(), kept_copy("sqlite", scene_file[0], tmp_path):
        yield dict(scene_file[1])


@pytest.fixture
def call(keys: dict[str, str]) -> Any:
    """call("coordinator", "GET", "/subjects", body, **headers) -> the answer; the role "" sends no key."""
    from capture_scene import BASE
    from django.test import Client

    client = Client(raise_request_exception=False)

    def ask(role: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {keys.get(role, role)}"} if role else {}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        where = path if path.startswith("/api/") else f"{BASE}{path}"
        return client.generic(method, where, content, "application/json", headers={**sent, **headers})

    return ask
