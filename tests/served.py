"""`trialwright serve` as a program of its own, and a browser without pictures to open its pages with."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

PROGRAM = [sys.executable, "-c", "from trialwright.cli.main import main; main()"]


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """One person's browser: it keeps cookies, and sends the token of the page that it saw last."""

    def __init__(self, url: str) -> None:
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        self._token = ""

    def get(self, path: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(f"{self.url}{path}"))

    def post(self, path: str, fields: Mapping[str, str]) -> tuple[int, str]:
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": self._token, **fields}).encode()
        return self._open(urllib.request.Request(f"{self.url}{path}", data, {"Referer": self.url}))

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        if found := re.search(r'name="csrfmiddlewaretoken"[^>]*value="([^"]+)"', text):
            self._token = found[1]
        return status, text

    def log_in(self, name: str, password: str) -> None:
        self.get("/login/")
        status, text = self.post("/login/", {"login": name, "password": password})
        assert status == 200, text[-2000:]
        assert "/login/" not in re.sub(r"(?s)^.*<main", "", text)[:200]


@dataclass
class Served:
    url: str
    passwords: dict[str, str]
    program: subprocess.Popen[str]

    def browser(self) -> Browser:
        return Browser(self.url)

    def kill(self) -> None:
        """SIGKILL for the program and all its workers: nobody gets to say good-bye."""
        os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait(timeout=20)


@contextmanager
def served(*words: str) -> Iterator[Served]:
    """`trialwright serve WORDS`, once it answers."""
    port = free_port()
    command = [*PROGRAM, "serve", "--port", str(port), *words]
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield _answering(program, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait(timeout=20)
        if program.stdout:
            program.stdout.close()


def _answering(program: subprocess.Popen[str], port: int) -> Served:
    assert program.stdout is not None
    passwords, said = {}, ""
    for line in program.stdout:
        said += line
        if found := re.match(r"  (\w+) +(\S+)  ", line):
            passwords[found[1]] = found[2]
        if "auditor" in passwords or "own accounts" in line or "public pages" in line:
            break
    site = Served(f"http://127.0.0.1:{port}", passwords, program)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert program.poll() is None, said
        with contextlib.suppress(OSError):
            if site.browser().get("/health")[0] in (200, 503):
                return site
        time.sleep(0.05)
    raise AssertionError(f"the server does not answer: {said}")
