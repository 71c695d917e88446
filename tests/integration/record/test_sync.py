"""Records from the registry's API: page by page, politely, and going on after whatever happened."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from trialwright.kernel.errors import InputError, TrialwrightError
from trialwright.record.fetch import PAUSES, Clock
from trialwright.record.store.sqlite import SqliteStore
from trialwright.record.sync import Sync, Synced, Wanted

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class FakeTime:
    """A clock that only waiting moves."""

    passed: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed += seconds

    def clock(self) -> Clock:
        return Clock(lambda: START + timedelta(seconds=self.passed), lambda: self.passed, self.sleep)


@dataclass
class Registry:
    """Speaks the API over a few records. `faults`: what happens instead of the next answers."""

    ids: list[str]
    page: int = 2
    faults: list[tuple[Any, ...]] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        token = asked.get("pageToken", "")
        if token in self.stale:
            return 400, {}, b"Invalid page token"
        if "ESSIE" in asked.get("query.term", ""):
            return 400, {}, b"Incorrect format for  `query.term`\n"
        wanted = [n for n in self.ids if n in asked.get("filter.ids", ",".join(self.ids)).split(",")]
        start = int(token or 0)
        body: dict[str, Any] = {"studies": [study(n) for n in wanted[start : start + self.page]]}
        if start == 0:
            body = {"totalCount": len(wanted), **body}
        if start + self.page < len(wanted):
            body["nextPageToken"] = str(start + self.page)
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(json.dumps(body).encode())


def study(number: str) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": number}}}


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry([f"NCT0000000{n}" for n in range(1, 6)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            found.asked.append(asked)
            fault = found.faults.pop(0) if found.faults else ()
            status, headers, body = found.answer(asked)
            if fault and isinstance(fault[0], int):
                status, headers, body = fault[0], dict(fault[1:]), b"trouble"
            length = len(body)
            if fault == ("cut",):
                body = body[:-10]
            if fault != ("nothing",):
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(length)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/api/v2"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Bench:
    """A store, a clock and a registry, and what was told."""

    store: SqliteStore
    registry: Registry
    time: FakeTime = field(default_factory=FakeTime)
    told: list[str] = field(default_factory=list)

    def run(self, wanted: Wanted = Wanted(), progress: Callable[[int, int], None] = lambda _d, _t: None) -> Synced:  # noqa: B008
        return Sync(
            self.store, self.registry.url, clock=self.time.clock(), tell=self.told.append, progress=progress
        ).run(wanted)


@pytest.fixture
def bench(tmp_path: Path, registry: Registry) -> Iterator[Bench]:
    store = SqliteStore(tmp_path, write=True)
    yield Bench(store, registry)
    store.close()


def test_every_page_is_brought_with_progress_at_one_request_a_second(bench: Bench) -> None:
    seen: list[tuple[int, int]] = []
    synced = bench.run(progress=lambda done, total: seen.append((done, total)))
    assert synced.brought.added == bench.store.size() == 5
    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert bench.time.waits == [1.0, 1.0]
    assert [asked.get("pageToken") for asked in bench.registry.asked] == [None, "2", "4"]


def test_what_is_asked_for_is_asked_of_the_api(bench: Bench) -> None:
    bench.run(Wanted(query="macrophage activation", since="2026-01-01"))
    asked = bench.registry.asked[0]
    assert asked["query.term"] == "macrophage activation"
    assert asked["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-01-01,MAX]"
    assert asked["pageSize"] == "1000"


def test_numbers_that_the_registry_does_not_have_are_told(bench: Bench) -> None:
    synced = bench.run(Wanted(ids=("nct00000002", "NCT00000404")))
    assert (synced.brought.added, synced.unknown) == (1, ["NCT00000404"])
    with pytest.raises(InputError, match="'NCT12' is no registry number"):
        bench.run(Wanted(ids=("NCT12",)))


FAULTS = {
    "too many requests": ((429,), PAUSES[0]),
    "a named pause": ((429, ("Retry-After", "45")), 45.0),
    "a pause until a date": ((503, ("Retry-After", "Sun, 01 Mar 2026 00:00:31 GMT")), 30.0),
    "a pause beyond reason": ((503, ("Retry-After", "999999")), 600.0),
    "a server's fault": ((500,), PAUSES[0]),
    "a cut answer": (("cut",), PAUSES[0]),
    "no answer": (("nothing",), PAUSES[0]),
}


@pytest.mark.parametrize(("fault", "pause"), FAULTS.values(), ids=FAULTS.keys())
def test_a_failure_is_asked_again_after_a_pause(bench: Bench, fault: tuple[Any, ...], pause: float) -> None:
    bench.registry.faults = [(), fault]
    assert bench.run().brought.added == 5
    assert bench.time.waits == [1.0, pause, 1.0]
    assert f"Asking again in {pause:g} s" in bench.told[0]


def test_pauses_grow_and_end_and_the_next_run_goes_on(bench: Bench) -> None:
    bench.registry.faults = [(), *[(503,)] * (len(PAUSES) + 1)]
    with pytest.raises(TrialwrightError, match="does not answer"):
        bench.run()
    assert bench.time.waits == [1.0, *PAUSES]
    assert bench.store.size() == 2
    synced = bench.run()
    assert (synced.brought.added, synced.brought.same) == (3, 0)
    assert "Going on after 2 records." in bench.told
    assert bench.registry.asked[-2]["pageToken"] == "2"


def test_another_question_does_not_go_on_where_the_last_one_ended(bench: Bench) -> None:
    bench.registry.faults = [(), *[(503,)] * (len(PAUSES) + 1)]
    with pytest.raises(TrialwrightError):
        bench.run()
    assert bench.run(Wanted(since="2026-01-01")).brought.same == 2


def test_a_stale_token_begins_the_list_again(bench: Bench) -> None:
    bench.registry.faults = [(), *[(503,)] * (len(PAUSES) + 1)]
    with pytest.raises(TrialwrightError):
        bench.run()
    bench.registry.stale = {"2"}
    bench.registry.page = 3
    synced = bench.run()
    assert (synced.brought.added, synced.brought.same) == (3, 2)
    assert any("begins again from its start" in sentence for sentence in bench.told)


def test_a_token_that_stays_stale_ends_with_the_servers_words(bench: Bench) -> None:
    bench.registry.stale = {"2"}
    with pytest.raises(InputError, match=r"not accepted \(400\): Invalid page token"):
        bench.run()


def test_a_question_that_the_api_refuses_is_told_in_its_words(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"not accepted \(400\): Incorrect format for `query.term`"):
        bench.run(Wanted(query="ESSIE"))
    assert len(bench.registry.asked) == 1, "not asked again"


def test_an_address_that_is_something_else_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.registry, "answer", lambda _: (200, {}, b'{"hello": 1}'))
    with pytest.raises(InputError, match="no list of studies"):
        bench.run()
    bench.registry.url = "file:///etc/passwd"
    with pytest.raises(InputError, match="not a web address"):
        bench.run()
