"""Fifty coordinators at work at once against `trialwright serve`: the matrix, a form, a save, the next subject.

Every person has a browser of one connection that is kept alive, and thinks between two clicks. The browsers are threads
of this process and share the machine's cores with the server. Logging in comes before the clock starts. A connection
that was idle for longer than the server keeps it is opened anew, which counts with the request.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.capture_fill import FIRST, FORM, coordinators
from bench.capture_pages import BASE, REASON, filled, form_at
from bench.capture_place import PASSWORD, Place, environment

SECONDS = 60.0
THINK = (2.0, 8.0)
"""Seconds between an answer and the next click, evenly spread. Who types sixty fields takes longer."""
KEPT_ALIVE = 1.5
"""The server closes a connection that was idle for two seconds."""
CONFLICT = 409
"""Two coordinators of one site had the same form open: the second is shown the difference, as it should be."""
_TOKEN = re.compile(r'name="csrfmiddlewaretoken"[^>]*value="([^"]+)"')
_CAPTURED = re.compile(rf'class="cell (?!empty)\w+" href="([0-9]+-[0-9]+)/visits/{FIRST}/{FORM}/"')
"""In the matrix: a subject whose form was captured."""


@dataclass
class Day:
    """What happened in the minute: action -> seconds of each request, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


def measure(place: Place, seconds: float = SECONDS) -> Day:
    """Start a server on the place, let everybody log in, then let them work for so long."""
    from tests.served import served

    where = ["--database", place.address] if place.address.startswith("postgresql:") else []
    with _in_environment(place), served(*where, "--data", str(place.folder)) as site:
        day, lock = Day(), threading.Lock()
        people = coordinators()
        ready = threading.Barrier(len(people))

        def work(number: int) -> None:
            name, where = people[number]
            person = _Coordinator(site.url, number, day, lock)
            person.log_in(name)
            ready.wait(300)
            person.work(where, time.monotonic() + seconds)

        begun = time.monotonic()
        with ThreadPoolExecutor(len(people)) as pool:
            for done in [pool.submit(work, number) for number in range(len(people))]:
                done.result()
        day.seconds = time.monotonic() - begun
    return day


@contextmanager
def _in_environment(place: Place) -> Iterator[None]:
    """The server is started with what it needs to find in its environment."""
    before = dict(os.environ)
    os.environ.update(environment(place))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Coordinator:
    """One person with a browser."""

    def __init__(self, url: str, number: int, day: Day, lock: threading.Lock) -> None:
        self.host = urllib.parse.urlsplit(url).netloc
        self.url, self.day, self.lock = url, day, lock
        self.random = random.Random(number)
        self.cookies: dict[str, str] = {}
        self.line: http.client.HTTPConnection | None = None
        self.used = 0.0

    def log_in(self, name: str) -> None:
        """Raises RuntimeError where that is refused."""
        token = self._token(self._ask("GET", "/login/")[2])
        sent = {"csrfmiddlewaretoken": token, "login": name, "password": PASSWORD}
        status, where, _ = self._ask("POST", "/login/", sent)
        if status != 302 or "login" in where:
            raise RuntimeError(f"{name} cannot log in: {status}")

    def work(self, site: str, until: float) -> None:
        """Open the matrix of one's site, a subject's form, answer it anew, save, go on to the next."""
        self._think(0.0)
        while time.monotonic() < until:
            matrix = self._timed("open matrix", "GET", f"{BASE}subjects/?site={site}")
            subjects = sorted(set(_CAPTURED.findall(matrix)))
            if not subjects:
                self._wrong("open matrix", "no form was captured there")
                return
            self._think()
            self._one_subject(self.random.choice(subjects))

    def _one_subject(self, subject: str) -> None:
        path = form_at(subject, FIRST)
        page = self._timed("open form", "GET", path)
        if not page:
            return
        self._think()
        sent = {**filled(page, self.random), "reason": REASON, "csrfmiddlewaretoken": self._token(page)}
        self._timed("save form", "POST", path, (302, CONFLICT), sent)
        self._timed("see it saved", "GET", path)
        self._think()
        self._timed("next subject", "GET", f"{BASE}subjects/{subject}/")
        self._think()

    def _timed(
        self, action: str, verb: str, path: str, wanted: int | tuple[int, ...] = 200,
        sent: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """The page; "" where something went wrong, which is noted."""
        begun = time.perf_counter()
        try:
            status, _, text = self._ask(verb, path, sent)
        except (OSError, http.client.HTTPException) as problem:
            self._wrong(action, repr(problem))
            return ""
        took = time.perf_counter() - begun
        if status not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            self._wrong(action, f"answered {status}")
            return ""
        with self.lock:
            self.day.times[action].append(took)
        return text

    def _wrong(self, action: str, what: str) -> None:
        with self.lock:
            self.day.errors.append(f"{action}: {what}")

    def _ask(self, verb: str, path: str, sent: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """(status, address that the answer sends one to, text)."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Referer": self.url}
        body = None
        if sent is not None:
            body, headers["Content-Type"] = urllib.parse.urlencode(sent), "application/x-www-form-urlencoded"
        if self.line is None or time.monotonic() - self.used > KEPT_ALIVE:
            if self.line is not None:
                self.line.close()
            self.line = http.client.HTTPConnection(self.host, timeout=60)
        self.line.request(verb, path, body, headers)
        answer = self.line.getresponse()
        text = answer.read().decode()
        self.used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), text

    def _token(self, page: str) -> str:
        found = _TOKEN.search(page)
        return found[1] if found else ""

    def _think(self, least: float = THINK[0]) -> None:
        time.sleep(self.random.uniform(least, THINK[1]))
