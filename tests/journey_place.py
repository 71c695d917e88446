"""Two installations as people find them: a practice study on SQLite in English, a real one on PostgreSQL in Chinese.

Both begin with commands alone: the study is put into conduct, a site is opened, people get roles and accounts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import postgresql
from served import PROGRAM, Served, served

STUDY = "nct07208058"
SITE = "01"
STAFF = {
    "coordinator": ("li", "Li Na"), "investigator": ("wang", "Wang Min"), "monitor": ("zhao", "Zhao Lei"),
    "data_manager": ("chen", "Chen Wei"), "auditor": ("sun", "Sun Yue"),
}  # fmt: skip
"""role -> user name and name of the person at the real study."""
LENDING = "a lent key opens once"
CHOSEN = "eleven green bicycles"


@dataclass
class Account:
    """What a person brings to the log-in page. `secret`: of the authenticator app, once there is one."""

    username: str
    password: str
    secret: str = ""
    temporary: bool = False
    spent: set[int] = field(default_factory=set)
    """Time steps whose code was shown already: each is good once."""


@dataclass
class Place:
    """A server with its people, and how commands name its database."""

    name: str
    url: str
    lang: str
    accounts: dict[str, Account]
    database: tuple[str, ...]
    real: bool
    seats: dict[str, Any] = field(default_factory=dict)
    """role -> whoever is logged in, at a window that stays open from day to day."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What one day leaves for the next: the subjects, and which days were played."""


def command(*words: str, said: str = "", fails: bool = False, **settings: str) -> subprocess.CompletedProcess[str]:
    """`trialwright WORDS` in a process of its own; `said` is typed into it."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("TRIALWRIGHT_DATA", "DJANGO_"))}
    done = subprocess.run(
        [*PROGRAM, *words], input=said, env=kept | settings, capture_output=True, text=True, timeout=120, check=False
    )
    assert fails or done.returncode == 0, done.stderr
    return done


@contextmanager
def practice(folder: Path) -> Iterator[Place]:
    """A virtual study on SQLite, with the accounts that `serve` gives out for a demonstration."""
    start, data = folder / "practice", folder / "data"
    command("conduct", "open", STUDY, "--site", SITE, "--virtual", "--database", str(start))
    with served("--rehearsal", str(start), "--data", str(data)) as site:
        accounts = {role: Account(role, password) for role, password in site.passwords.items()}
        accounts["investigator"].secret = _secret(site)
        yield Place("sqlite", site.url, "en", accounts, ("--database", str(data)), real=False)


def _secret(site: Served) -> str:
    """The secret for the investigator's authenticator app, from the line that `serve` prints after the accounts."""
    assert site.program.stdout is not None
    line = next(line for line in site.program.stdout if "otpauth://" in line)
    return parse_qs(urlsplit(line[line.index("otpauth://") :].strip()).query)["secret"][0]


@contextmanager
def hospital(folder: Path, url: str) -> Iterator[Place]:
    """A study with real subjects on PostgreSQL: everybody's password is temporary, a second factor is owed."""
    address, data = postgresql.emptied(url), folder / "keys"
    where = ("--database", address, "--data", str(data))
    command("conduct", "open", STUDY, "--site", SITE, *where)
    accounts = {role: _hired(role, where) for role in STAFF}
    with ExitStack() as open_:
        open_.callback(postgresql.dropped, address)
        site = open_.enter_context(served(*where, "--workers", "2"))
        yield Place("postgresql", site.url, "zh", accounts, where, real=True)


def _hired(role: str, where: tuple[str, ...]) -> Account:
    """An account and a role. The coordinator's password was lent by whoever made the account."""
    username, name = STAFF[role]
    person = ("conduct", "person", "add", STUDY, username, "--name", name, "--role", role, *where)
    lent = role == "coordinator"
    if lent:
        command("account", "add", username, "--name", name, "--temporary-password", *where, said=f"{LENDING}\n")
    command(*person, TRIALWRIGHT_PASSWORD=CHOSEN)
    return Account(username, LENDING if lent else CHOSEN, temporary=lent)
