"""The server itself is killed while people save: what it acknowledged is there when it starts again."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import pytest
from kept import Kept
from served import Served, served

PEOPLE = 4
KILLS = 2


class Saver(threading.Thread):
    """Saves the vital signs of one subject again and again, until the server is gone."""

    def __init__(self, url: str, secret: str, subject: str, number: int) -> None:
        super().__init__(daemon=True)
        base = f"{url}/api/capture/v1/studies/tiny/subjects/{subject}"
        self.url, self.secret = f"{base}/visits/screening/forms/vitals", secret
        self.number = self.acknowledged = number
        self.unlike: str = ""

    def run(self) -> None:
        try:
            version = int(self._ask("GET")["version"])
            while True:
                self.number += 1
                typed = {"height": self.number, "systolic": self.number + 1000, "diastolic": self.number}
                values = [{"item": item, "value": str(value)} for item, value in typed.items()]
                sent = {"version": version, "reason": str(self.number), "values": values}
                version = int(self._ask("PATCH", sent)["version"])
                self.acknowledged = self.number
        except urllib.error.HTTPError as error:
            with error:
                self.unlike = f"{error.code}: {error.read()[:300]!r}"
        except (OSError, HTTPException):
            return

    def _ask(self, method: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def words(database: Kept) -> list[str]:
    """What `serve` is started with on this database."""
    on = ["--database", database.place, "--workers", "2"] if database.vendor == "postgresql" else []
    return [*on, "--data", str(database.folder)]


@pytest.fixture
def secret(desk: Any, database: Kept) -> Iterator[str]:
    from django.db import connections

    from trialwright.conduct.actions import tokens

    made = tokens.make_token(desk.study, "test", ["read", "save_form"], 1, by=desk.investigator)
    yield made
    connections.close_all()


def killed_at_work(site: Served, savers: list[Saver], saves: int) -> None:
    """Kill the server, with all its workers, once so many saves were acknowledged."""
    for saver in savers:
        saver.start()
    until, begun = time.monotonic() + 60, sum(saver.acknowledged for saver in savers)
    while sum(saver.acknowledged for saver in savers) < begun + saves and time.monotonic() < until:
        time.sleep(0.001)
    site.kill()
    for saver in savers:
        saver.join(timeout=60)
    assert [saver.unlike for saver in savers] == [""] * len(savers)


def test_what_a_killed_server_acknowledged_is_there(desk: Any, database: Kept, words: list[str], secret: str) -> None:
    from trialwright.conduct.store.models import Value
    from trialwright.conduct.worklists import verify_audit

    subjects = [desk.screened() for _ in range(PEOPLE)]
    stands = dict.fromkeys(subjects, 0)
    for _ in range(KILLS):
        with served(*words) as site:
            savers = [Saver(site.url, secret, subject, stands[subject]) for subject in subjects]
            killed_at_work(site, savers, 25)
        database.settle()
        database.open()
        for saver, subject in zip(savers, subjects, strict=True):
            rows = Value.objects.filter(form__subject__subject=subject, form__form="vitals")
            typed = dict(rows.values_list("item", "value"))
            number = int(typed.get("height", 0))
            assert saver.acknowledged <= number <= saver.number, "every acknowledged save is there"
            if number:
                assert (typed["systolic"], typed["diastolic"]) == (str(number + 1000), str(number)), (
                    "none is half saved"
                )
            stands[subject] = number
        assert verify_audit(desk.study).problems == ()
    assert sum(stands.values()) >= 25 * KILLS
