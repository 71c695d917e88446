"""What goes out of the large study: exports, the history and its verification, each in a process of its own.

`python -m bench.capture_out WHAT PLACE FOLDER` prints what it did as JSON: n (values or events), wall, cpu, peak MiB.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.big_study import ID
from bench.capture_place import opened

HISTORY = "history.ndjson"


def _export(kind: str, folder: Path) -> int:
    from trialwright.conduct.actions import INSTALLER, Person, Role
    from trialwright.conduct.export.run import export

    by, whole = Person(INSTALLER.username, INSTALLER.name, (Role("data_manager"),)), 0

    def tell(_done: int, count: int) -> None:
        nonlocal whole
        whole = count

    export(kind, ID, {}, by, folder / kind, tell)
    return whole


def _history(folder: Path) -> int:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.store import models as db

    actions.seal(ID)
    worklists.write_history(ID, folder / HISTORY)
    return db.Event.objects.filter(trial=ID).count()


def _verify_database(_folder: Path) -> int:
    """As `trialwright conduct verify-audit` does: the log, and every table against it."""
    from trialwright.conduct.worklists import verify_audit

    found = verify_audit(ID)
    if not found.verified:
        raise SystemExit(f"bench: the history does not verify: {found.problems[:3]}")
    return found.events


def _verify_file(folder: Path) -> int:
    """As anybody does who holds the export."""
    from trialwright.conduct import verifier

    walk = verifier.check(verifier.chunks_of(folder / HISTORY))
    if walk.problems:
        raise SystemExit(f"bench: the exported history does not verify: {walk.problems[:3]}")
    return walk.tree.size


WHAT: dict[str, Callable[[Path], int]] = {
    **{kind: partial(_export, kind) for kind in ("odm1.3", "odm2.0", "csv", "parquet")},
    "history": _history,
    "verify database": _verify_database,
    "verify export": _verify_file,
}
"""In this order: the verifier reads what `history` has written."""


def main(what: str, address: str, folder: Path) -> dict[str, float]:
    opened(address)
    begun, spent = time.perf_counter(), time.process_time()
    count = WHAT[what](folder)
    wall, cpu = time.perf_counter() - begun, time.process_time() - spent
    return {"n": count, "wall": wall, "cpu": cpu, "peak": _peak()}


def _peak() -> float:
    """MiB. (ru_maxrss would count the parent, whose pages a child shares at first.)"""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
