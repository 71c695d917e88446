"""A worker of the server: takes one job after the other from `jobs`, and clears away what jobs have left behind."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import threading
from hashlib import file_digest
from pathlib import Path
from types import TracebackType

from django.db import DatabaseError, connection

from trialwright.conduct.actions import jobs
from trialwright.conduct.actions.jobs import Job, JobCancelled
from trialwright.conduct.actions.people import person
from trialwright.kernel.errors import TrialwrightError

_LOG = logging.getLogger("trialwright.jobs")
BEAT = 1.0
"""Seconds between two signs of life."""
LEFT = dt.timedelta(days=1)
"""A folder that no job knows is removed when it is so old."""


def work_once() -> bool:
    """Do the oldest job that waits, to its end or its failure; False when none waits."""
    jobs.revive()
    mine = jobs.claim()
    if mine is None:
        return False
    folder = jobs.folder_of_jobs() / jobs.folder_name(mine.number, mine.attempt)
    kept = False
    try:
        kept = _do(mine, folder)
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    return True


def _do(mine: Job, folder: Path) -> bool:
    """Whether the job's file is to be kept."""
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        with _Beat(mine) as beat:
            run = jobs.KINDS.get(mine.kind)
            if run is None:
                raise TrialwrightError(f"This server knows no export of the kind {mine.kind}.")
            file = run(mine.study, mine.asked, person(mine.study, mine.by), folder, beat.tell)
        return jobs.finish(mine, f"{folder.name}/{file.name}", _sha256(file))
    except JobCancelled:
        return False
    except TrialwrightError as problem:
        jobs.fail(mine, str(problem))
    except OSError as problem:
        jobs.fail(mine, f"The file could not be written: {problem.strerror or type(problem).__name__}.")
    except DatabaseError:
        raise
    except Exception as problem:
        # The text of an unforeseen error may hold a patient's data: only its kind is told.
        _LOG.error("Export %s (%s) failed: %s", mine.number, mine.kind, type(problem).__name__)
        jobs.fail(mine, f"It failed inside trialwright ({type(problem).__name__}).")
    return False


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return file_digest(source, "sha256").hexdigest()


class _Beat:
    """Tells the database from a thread and a connection of its own that the job goes on: the job's may be in the
    middle of one long reading.
    """

    def __init__(self, mine: Job) -> None:
        self._mine = mine
        self._progress = (0, 0)
        self._lost = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"beat-{mine.number}", daemon=True)

    def tell(self, done: int, total: int) -> None:
        """Raises JobCancelled when nobody wants the job any more."""
        self._progress = done, total
        if self._lost.is_set():
            raise JobCancelled(f"Export {self._mine.number} was cancelled.")

    def __enter__(self) -> _Beat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if problem is None and not jobs.beat(self._mine, *self._progress):
            raise JobCancelled(f"Export {self._mine.number} was cancelled.")

    def _run(self) -> None:
        try:
            while not self._over.wait(BEAT):
                try:
                    if not jobs.beat(self._mine, *self._progress):
                        self._lost.set()
                        return
                except DatabaseError:
                    connection.close()  # the next beat opens it anew
        finally:
            connection.close()


def clear_away(now: dt.datetime | None = None) -> int:
    """Remove the files of jobs that ended long ago, and folders that no job knows; how many went."""
    folder = jobs.folder_of_jobs()
    gone = {folder / Path(name).parent for name in jobs.expired(now)}
    if folder.is_dir():
        known = {name.partition("/")[0] for name in jobs.known_results()}
        limit = (now or dt.datetime.now(dt.UTC)).timestamp() - LEFT.total_seconds()
        gone |= {each for each in folder.iterdir() if each.name not in known and each.stat().st_mtime < limit}
    for each in gone:
        shutil.rmtree(each, ignore_errors=True)
    return len(gone)
