"""`trialwright serve --database postgresql://...`: several workers, one secret; a database that goes and comes back."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kept import pointed_back
from postgresql import dropped, emptied
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from served import PROGRAM, Served, served

FORM = "/conduct/nct07208058/subjects/01-002/visits/screening/vitals/"


@pytest.fixture
def place(postgresql_url: str) -> Iterator[str]:
    address = emptied(postgresql_url)
    yield address
    dropped(address)


@pytest.fixture
def site(place: str, tmp_path: Path, scene: Any, django_db_blocker: Any) -> Iterator[Served]:
    from trialwright.web.setup import setup

    with django_db_blocker.unblock(), pointed_back():
        os.environ["TRIALWRIGHT_DATA"] = str(tmp_path)
        try:
            setup(place)
            scene.build()
        finally:
            del os.environ["TRIALWRIGHT_DATA"]
    with served("--database", place, "--data", str(tmp_path), "--workers", "2") as running:
        yield running


def reachable(place: str, postgresql_url: str, *, yes: bool) -> None:
    """Close the database, with every connection to it, or open it again."""
    name = str(conninfo_to_dict(place)["dbname"])
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), yes))
        if not yes:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def test_several_workers_serve_and_a_lost_database_keeps_what_was_typed(
    site: Served, place: str, postgresql_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(place) as connection:
        row = connection.execute("SELECT count(DISTINCT pid) FROM pg_stat_activity WHERE datname = current_database()")
        assert (row.fetchone() or (0,))[0] >= 2
    person = site.browser()
    person.log_in("coordinator", site.passwords["coordinator"])
    for _ in range(6):
        assert person.get(FORM)[0] == 200, "whichever worker answers knows the session"
    reachable(place, postgresql_url, yes=False)
    assert site.browser().get("/health") == (503, "The database does not answer.\n")
    typed = {"v:weight": "61.5", "reason": "line one\nline <two> & three"}
    status, text = person.post(FORM, typed)
    assert status == 503
    assert "The database does not answer just now; try again in a moment." in text
    assert 'name="v:weight" hidden>\n61.5</textarea>' in text
    assert "line &lt;two&gt; &amp; three</textarea>" in text
    assert re.search(r'name="csrfmiddlewaretoken"', text), "the form can be sent again from this page"
    assert f'action="{FORM}"' in text
    status, text = person.get(FORM)
    assert (status, "try again in a moment" in text) == (503, True)
    assert "password" not in person.post("/login/", {"login": "x", "password": "geheim"})[1]
    reachable(place, postgresql_url, yes=True)
    assert site.browser().get("/health") == (200, "ok\n")
    assert person.get(FORM)[0] == 200, "and nobody had to log in again"
    assert {"conduct.key", "secret"} <= {file.name for file in tmp_path.iterdir()}


def test_what_does_not_go_together_is_one_sentence(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    for words, says in (
        (["--database", "mysql://x/y", *data], "begins with postgresql://"),
        (["--database", "postgresql://x/%zz", *data], "The address of the database cannot be read."),
        (["--database", "postgresql://geheim@127.0.0.1/", *data], "The address names no database."),
        (
            ["--database", "postgresql://me:geheim@127.0.0.1:1/x", *data],
            "postgresql://me@127.0.0.1:1/x cannot be opened",
        ),
        (["--database", "postgresql://x/y", "--rehearsal", str(tmp_path)], "A rehearsal is served from SQLite"),
        (["--workers", "3", *data], "SQLite is served by one process"),
    ):
        done = subprocess.run([*PROGRAM, "serve", *words], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2, done.stderr
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
        assert "geheim" not in done.stderr
