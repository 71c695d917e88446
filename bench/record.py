"""The record room at size: import, index, search with facets, many readers at once; PostgreSQL on the same questions.

`./go bench record` takes 60,000 made-up studies; `./go bench record --studies 600000` is the registry's size.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bench.figures import Figure
from bench.studies import Generator, queries

if TYPE_CHECKING:
    from trialwright.record.library import Library
    from trialwright.record.search.request import Index, SearchRequest

SHARED = Path(os.environ.get("TRIALWRIGHT_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "record"
SOURCE = SHARED / "ctgov_v2_dev.jsonl.gz"
FULL = 600_000
"""The registry's size; the aims of time and space are given for it and scaled to the studies that are measured."""
QUESTIONS = 200
READERS = 100
RELATED = 20
PEER_STUDIES = 60_000
"""The peer gets no more: its import takes too long. With fewer studies it only has the easier task."""
TUNED = {
    "shared_buffers": "2GB", "work_mem": "128MB", "maintenance_work_mem": "512MB", "max_wal_size": "4GB", "jit": "off",
    "fsync": "off",
}  # fmt: skip
"""The peer's settings: memory to work in, and no waiting for the disk."""


def run(studies: int = 60_000) -> list[Figure]:
    """All figures. The peer runs only where PostgreSQL is installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = _write(folder / "studies.ndjson", studies)
        imported = _imported(folder, written)
        written.unlink()
        served = _served(folder / "data", studies)
        sizes = {part: _size(folder / "data" / part) for part in ("index", "")}
        return list(_figures(studies, imported, served, sizes, _peer(min(studies, PEER_STUDIES))))


def _figures(
    studies: int, imported: tuple[float, float], served: dict[str, Any], sizes: dict[str, float], peer: dict[str, Any]
) -> Iterator[Figure]:
    share, other = studies / FULL, peer.get("search", [])
    yield Figure(f"import and index {studies:,} studies", "s", imported[:1], 1200 * share)
    if peer:
        fewer = f"PostgreSQL, index alone, {min(studies, PEER_STUDIES):,} studies"
        yield Figure(fewer, "s", tuple(peer["load"]))
    yield Figure("import, peak memory", "MiB", imported[1:])
    yield Figure("index", "MiB", (sizes["index"],), 4096 * share)
    yield Figure("data folder", "MiB", (sizes[""],))
    yield Figure("memory held while serving", "MiB", (served["held"],), 1024.0)
    yield Figure("the same with the index's own pages", "MiB", (served["resident"],))
    yield _percentile("search with facets, p50", 50, served["search"], 10, other)
    yield _percentile("search with facets, p95", 95, served["search"], 50, other)
    yield _percentile(f"search, {READERS} readers at once, p95", 95, served["readers"], None, [])
    yield Figure(f"errors of {READERS} readers", "", (served["errors"],), 0.0)
    for part, aim in (("related", 100.0), ("page", 50.0)):
        if served[part]:
            yield _percentile(f"{part}, p50", 50, served[part], aim, [])


def _percentile(name: str, share: int, times: list[float], aim: float | None, peer: list[float]) -> Figure:
    """One figure in milliseconds; the peer's is the same percentile of the same questions."""
    label = "PostgreSQL" if peer else ""
    return Figure(name, "ms", (_at(times, share),), aim, label, (_at(peer, share),) if peer else ())


def _at(times: list[float], share: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1] * 1000


def _write(file: Path, studies: int) -> Path:
    with file.open("wb") as out:
        for record in Generator(SOURCE).records(studies):
            out.write(orjson.dumps(record) + b"\n")
    return file


def _imported(folder: Path, file: Path) -> tuple[float, float]:
    """Wall seconds and peak MiB of the command, as a person runs it."""
    program = str(Path(sys.executable).with_name("trialwright"))
    start = time.perf_counter()
    command = [program, "record", "import", str(file), "--data", str(folder / "data")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        said = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"bench: the import ended with {child.returncode}: {said.decode()[-400:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def _served(data: Path, studies: int) -> dict[str, Any]:
    """What a process of its own measures that opens the data folder and answers."""
    command = [sys.executable, "-m", "bench.record", str(data), str(studies)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise SystemExit(f"bench: serving ended with {done.returncode}: {done.stderr[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def serve(data: Path, studies: int) -> dict[str, Any]:
    """Search times alone and of many readers, related studies and pages, and the memory after all that."""
    from trialwright.record.library import Library

    library = Library.open(data)
    asked = _requests()
    for request in asked[:20]:
        library.search(request)
    found: dict[str, Any] = {"search": [_timed(partial(library.search, request)) for request in asked]}
    found["readers"], found["errors"] = _many_readers(library.index, asked)
    numbers = [f"NCT{number:08d}" for number in range(1, studies, max(1, studies // RELATED))]
    found["related"] = _quietly(lambda: [_timed(partial(library.related, number)) for number in numbers])
    found["page"] = _quietly(lambda: [_timed(partial(_page, library, number)) for number in numbers])
    found["held"], found["resident"] = _memory("RssAnon"), _memory("VmRSS")
    return found


def _page(library: Library, number: str) -> None:
    from trialwright.record.page import page_of

    record = library.get(number)
    assert record is not None
    page_of(record)


def _quietly(measure: Any) -> list[float]:
    """The times, or none where the room is not there yet."""
    try:
        times: list[float] = measure()
    except ImportError:
        return []
    return times


def _requests() -> list[SearchRequest]:
    from trialwright.record.query.parse import parse
    from trialwright.record.search.request import FACETS, Filters, SearchRequest

    return [
        SearchRequest(parse(asked.pop("query")), Filters(**asked), facets=FACETS)
        for asked in queries(SOURCE, QUESTIONS)
    ]


def _many_readers(index: Index, asked: list[SearchRequest]) -> tuple[list[float], int]:
    def read(reader: int) -> tuple[list[float], int]:
        times, errors = [], 0
        for request in asked[reader % 10 :: 20]:
            try:
                times.append(_timed(partial(index.search, request)))
            except Exception:
                errors += 1
        return times, errors

    with ThreadPoolExecutor(READERS) as pool:
        each = list(pool.map(read, range(READERS)))
    return [time for times, _ in each for time in times], sum(errors for _, errors in each)


def _timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _memory(kind: str) -> float:
    """MiB of this process: VmRSS with pages of files, which the system may take back; RssAnon without them."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[kind].split()[0]) / 1024


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1024**2


def _peer(studies: int) -> dict[str, list[float]]:
    """The same records and questions in PostgreSQL, with memory to work in."""
    from tests.postgresql import emptied, installed, server

    if not installed():
        return {}
    from trialwright.record.search.postgres_index import PostgresIndex

    with server(" ".join(f"-c {name}={value}" for name, value in TUNED.items())) as url:
        index = PostgresIndex(emptied(url))
        records = Generator(SOURCE).records(studies)
        start = time.perf_counter()
        with index.bulk():
            for upto, some in enumerate(_runs(records, 20_000), 1):
                index.add(some, upto)
        load = time.perf_counter() - start
        index.analyse()
        asked = _requests()
        for request in asked[:20]:
            index.search(request)
        times = [_timed(partial(index.search, request)) for request in asked]
        index.close()
    return {"load": [load], "search": times}


def _runs(records: Iterable[Any], size: int) -> Iterator[list[Any]]:
    records = iter(records)
    while some := list(islice(records, size)):
        yield some


if __name__ == "__main__":
    print(json.dumps(serve(Path(sys.argv[1]), int(sys.argv[2]))))
