"""Asks a web address politely: not too often, and after a failure again, with growing pauses, for a sensible time."""

from __future__ import annotations

import http.client
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import orjson

from trialwright import __version__
from trialwright.kernel.errors import InputError, TrialwrightError

PAUSES = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds before each further attempt, unless the server names longer ones."""

LONGEST_PAUSE = 600.0
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which asking again may help."""

MOST = 256 * 1024 * 1024
"""Bytes of one answer."""

TIMEOUT = 60.0


class Rejected(InputError):
    """The server does not accept what is asked; `status` is its code."""

    def __init__(self, status: int, what: str, where: str) -> None:
        self.status = status
        super().__init__(what, where=where)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and waiting; tests bring their own."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class _Failed(Exception):
    """One attempt that may be repeated. `pause`: seconds that the server asks to wait."""

    def __init__(self, why: str, pause: float = 0.0) -> None:
        self.why, self.pause = why, pause


class Fetcher:
    """Gets answers, at most one in `interval` seconds. `tell` gets a sentence for each attempt that failed."""

    def __init__(self, clock: Clock, *, interval: float = 1.0, tell: Callable[[str], None] = lambda _: None) -> None:
        self._clock, self._interval, self._tell = clock, interval, tell
        self._last: float | None = None

    def get(self, url: str) -> tuple[bytes, Any]:
        """An answer in JSON: its body, and the same parsed.

        Raises Rejected, and TrialwrightError when no attempt succeeds.
        """
        if not url.startswith(("https://", "http://")):
            raise InputError("This is not a web address.", where=url, hint="It begins with https://.")
        why = ""
        for pause in (*PAUSES, None):
            self._wait_for_turn()
            try:
                return self._attempt(url)
            except _Failed as failed:
                why = failed.why
                if pause is not None:
                    wait = min(max(pause, failed.pause), LONGEST_PAUSE)
                    self._tell(f"{_host(url)}: {why}. Asking again in {wait:g} s.")
                    self._clock.sleep(wait)
        what = f"It does not answer: {why}, {len(PAUSES) + 1} times."
        raise TrialwrightError(what, where=_host(url), hint="What came so far is kept; run this again to go on.")

    def _wait_for_turn(self) -> None:
        now = self._clock.seconds()
        if self._last is not None and now < self._last + self._interval:
            self._clock.sleep(self._last + self._interval - now)
        self._last = self._clock.seconds()

    def _attempt(self, url: str) -> tuple[bytes, Any]:
        headers = {"User-Agent": f"trialwright/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        try:
            with urlopen(Request(url, headers=headers), timeout=TIMEOUT) as answer:  # noqa: S310  # http(s), see `get`
                body: bytes = answer.read(MOST + 1)
                packed = answer.headers.get("Content-Encoding") == "gzip"
        except HTTPError as error:
            with error:
                if error.code in AGAIN:
                    raise _Failed(f"it answers {error.code}", self._asked_pause(error)) from None
                raise Rejected(error.code, _refusal(error), _host(url)) from None
        except (URLError, http.client.HTTPException, OSError) as error:
            raise _Failed(f"the connection failed ({_why(error)})") from None
        body = _unpacked(body, packed)
        try:
            return body, orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _Failed("the answer is cut short, or no JSON") from None

    def _asked_pause(self, error: HTTPError) -> float:
        """Seconds that the server asks to wait: a number, or a date."""
        text = (error.headers.get("Retry-After") or "").strip()
        if text.isdigit():
            return float(text)
        try:
            return max(0.0, (parsedate_to_datetime(text) - self._clock.now()).total_seconds())
        except (TypeError, ValueError):
            return 0.0


def _unpacked(body: bytes, packed: bool) -> bytes:
    if packed:
        try:
            unpacker = zlib.decompressobj(31)
            body = unpacker.decompress(body, MOST + 1)
        except zlib.error:
            raise _Failed("the answer is damaged") from None
        if not unpacker.eof and len(body) <= MOST:
            raise _Failed("the answer is cut short")
    if len(body) > MOST:
        raise TrialwrightError(f"An answer of more than {MOST // 1024**2} MB is refused.")
    return body


def _refusal(error: HTTPError) -> str:
    """The server's own words, on one line."""
    said = " ".join(error.read(500).decode("utf-8", "replace").split())
    return f"The request is not accepted ({error.code}): {said or error.reason}"


def _why(error: Exception) -> str:
    inner = error.reason if isinstance(error, URLError) else error
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return {"IncompleteRead": "cut short", "TimeoutError": "no answer in time"}.get(
        type(inner).__name__, type(inner).__name__
    )


def _host(url: str) -> str:
    return url.split("?", 1)[0]
