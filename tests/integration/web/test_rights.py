"""Ways round the doors: each of them was tried, and is shut."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client

STUDY = "/conduct/nct07208058/"


def subjects() -> int:
    from trialwright.conduct.store.models import Subject

    return Subject.objects.count()


def test_a_name_in_other_letters_is_no_way_round_the_lock(trial: Path, scene: ModuleType) -> None:
    client = Client()
    for name in ("Monitor", "MONITOR", "mOnitor", "moNitor", "monItor"):
        answer = client.post("/login/", {"login": name, "password": "wrong"})
    assert answer.status_code == 429, "five failures of one account, however its name was written"
    for name in ("monitor", "moniTor"):
        right = client.post("/login/", {"login": name, "password": scene.PASSWORDS["monitor"]})
        assert right.status_code == 429


@pytest.mark.parametrize("owed", ["second factor", "password"])
def test_who_owes_something_starts_no_screening_from_the_public_page(trial: Path, log_in: Any, owed: str) -> None:
    from trialwright.conduct.store.models import Trial
    from trialwright.web.accounts import keeping

    if owed == "second factor":
        Trial.objects.update(virtual=False)
        browser = log_in("coordinator")
    else:
        given = keeping.reset_password("coordinator")
        browser = Client(raise_request_exception=False)
        assert browser.post("/login/", {"login": "coordinator", "password": given}).status_code == 302
    assert browser.get(STUDY).status_code == 403
    before = subjects()
    answer = browser.post("/studies/nct07208058/screen/start", {"site": "01", "consented": "2026-03-02"})
    assert answer.status_code == 403
    assert owed in answer.content.decode()
    assert subjects() == before
    assert 'name="site"' not in browser.get("/studies/nct07208058/screen/").content.decode()


def test_an_absurd_number_in_an_address_is_no_failure_of_ours(log_in: Any) -> None:
    browser = log_in("coordinator")
    answer = browser.get(f"{STUDY}subjects/01-001/visits/week1/vitals/", {"row": f"body:{'9' * 5000}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example/"])
def test_a_log_in_leads_nowhere_else(trial: Path, scene: ModuleType, wanted: str) -> None:
    sent = {"login": "monitor", "password": scene.PASSWORDS["monitor"], "next": wanted}
    assert Client().post("/login/", sent).headers["Location"] == "/"
