"""The API over a data folder of real records. It needs no database: these tests open none."""

from __future__ import annotations

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
