"""Long work that somebody asked for: kept in the database, done by whichever worker of the server is free.

There is no broker. A worker claims the oldest job that waits, shows by its beat that it lives, and leaves one file in
the data folder; a job whose worker fell silent is done again. What a kind of job does is a function in `KINDS`:

    def run(study_id: str, asked: Mapping[str, str], by: Person, folder: Path, tell: Tell) -> Path

It writes one file into `folder`, which is its own, returns it, and says by `tell(done, total)` how far it came.
`tell` raises JobCancelled when nobody wants the job any more: let it pass.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from trialwright.conduct.actions.access import note_access
from trialwright.conduct.actions.places import data_folder
from trialwright.conduct.rules.policy import Person, demand
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import Refused, TrialwrightError, UnknownName

Tell = Callable[[int, int], None]
Run = Callable[[str, Mapping[str, str], Person, Path, Tell], Path]

KINDS: dict[str, Run] = {}
"""kind of job -> what does it. Filled by the modules that define them, when they are imported."""

SILENT = dt.timedelta(seconds=30)
"""A running job that showed no beat for so long has lost its worker."""
ATTEMPTS = 3
WAITING = 10
"""Jobs of one person that may wait or run at once."""
KEEP = dt.timedelta(days=7)
"""How long the file of a job is kept."""
FOLDER = "jobs"


class JobCancelled(TrialwrightError):
    """The person who asked for the job has cancelled it, or another worker has taken it over."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `state`: queued, running, done, failed, cancelled. `total` 0: nobody knows yet."""

    number: int
    study: str
    kind: str
    asked: Mapping[str, str]
    by: str
    state: str
    done: int
    total: int
    created: dt.datetime
    ended: dt.datetime | None
    result: str
    """Name of the file, to be asked for with `result_of`; "" while there is none, and when it was removed."""
    sha256: str
    message: str
    """Why it failed, in a sentence."""
    attempt: int = 0

    @property
    def open(self) -> bool:
        return self.state in ("queued", "running")


def start_job(study_id: str, kind: str, asked: Mapping[str, str], by: Person) -> int:
    """Ask for a job; its number. Raises UnknownName, Refused. Who asked for what is noted in the access log.

    `asked`: the options, which the kind itself reads.
    """
    if kind not in KINDS:
        raise UnknownName("kind of export", kind, KINDS)
    demand(by, "export", _site_of(by))
    now = _now()
    with transaction.atomic():
        waiting = db.Job.objects.filter(trial=study_id, by=by.username, state__in=("queued", "running")).count()
        if waiting >= WAITING:
            raise Refused(f"{waiting} exports of yours are not done yet.", hint="Wait for one, or cancel one.")
        row = db.Job.objects.create(
            trial_id=study_id, kind=kind, asked=json.dumps(dict(asked), sort_keys=True), by=by.username, created=now
        )
        note_access(study_id, "export", by, detail=" ".join([kind, *(f"{k}={v}" for k, v in sorted(asked.items()))]))
    return row.pk


def _site_of(by: Person) -> str:
    """A site where the person may export; "" where the right is not bound to one. What is exported is masked anyway."""
    return next((role.site for role in by.roles if by.role_for("export", role.site)), "")


def job(study_id: str, number: int, by: Person) -> Job:
    """One's own job. Raises UnknownName."""
    return _shown(_own(study_id, number, by))


def jobs(study_id: str, by: Person, *, limit: int = 50) -> list[Job]:
    """One's own jobs, the newest first."""
    rows = db.Job.objects.filter(trial=study_id, by=by.username).order_by("-id")[:limit]
    return [_shown(row) for row in rows]


def cancel_job(study_id: str, number: int, by: Person) -> Job:
    """Cancel one's own job; one that has ended stays as it is. Raises UnknownName."""
    row = _own(study_id, number, by)
    db.Job.objects.filter(pk=row.pk, state__in=("queued", "running")).update(state="cancelled", ended=_now())
    return job(study_id, number, by)


def withdraw(study_id: str, username: str) -> None:
    """Somebody's rights are gone: what runs is cancelled, and what was made under them is given out no more.

    What waits begins with the rights that the person has then.
    """
    own = db.Job.objects.filter(trial=study_id, by=username)
    own.filter(state="running").update(state="cancelled", ended=_now())
    own.exclude(result="").update(result="")


def result_of(study_id: str, number: int, by: Person) -> Path:
    """The file that one's own job made, for a download, which the access log notes. Raises UnknownName, Refused."""
    found = job(study_id, number, by)
    file = folder_of_jobs() / found.result
    if found.state != "done":
        raise Refused(f"Export {number} is not done: it is {found.state}.")
    if not found.result or not file.is_file():
        raise Refused(f"The file of export {number} was removed.", hint="Ask for it again.")
    demand(by, "export", _site_of(by))
    note_access(study_id, "download", by, detail=f"{found.kind} {file.name} {found.sha256[:16]}")
    return file


def claim(now: dt.datetime | None = None) -> Job | None:
    """The oldest job that waits, now one's own to do; None when there is none. No two workers get the same."""
    now = now or _now()
    with transaction.atomic():
        row = db.Job.objects.select_for_update(skip_locked=True).filter(state="queued").order_by("id").first()
        if row is None:
            return None
        row.state, row.attempts, row.beat = "running", row.attempts + 1, now
        row.started, row.done, row.total = row.started or now, 0, 0
        row.save(update_fields=["state", "attempts", "beat", "started", "done", "total"])
    return _shown(row)


def beat(mine: Job, done: int, total: int) -> bool:
    """Show that a claimed job goes on, and how far it is; False when it is no longer one's own to do."""
    return _mine(mine).update(done=done, total=total, beat=_now()) == 1


def finish(mine: Job, result: str, sha256: str) -> bool:
    """The job is done; False when it was cancelled or taken over meanwhile, and its file is wanted no more."""
    return _mine(mine).update(state="done", result=result, sha256=sha256, ended=_now(), beat=None, message="") == 1


def fail(mine: Job, message: str) -> None:
    _mine(mine).update(state="failed", ended=_now(), beat=None, message=message)


def revive(now: dt.datetime | None = None) -> int:
    """Queue jobs again whose worker fell silent; one that was tried often enough has failed. How many were."""
    silent = db.Job.objects.filter(state="running", beat__lt=(now or _now()) - SILENT)
    says = f"The server ended {ATTEMPTS} times while it was at work on this."
    failed = silent.filter(attempts__gte=ATTEMPTS).update(state="failed", ended=_now(), message=says, beat=None)
    return failed + silent.update(state="queued", beat=None)


def expired(now: dt.datetime | None = None) -> list[str]:
    """Forget the files of jobs that ended long ago; the names that they had, for their removal."""
    old = db.Job.objects.exclude(result="").filter(ended__lt=(now or _now()) - KEEP)
    names = list(old.values_list("result", flat=True))
    old.filter(result__in=names).update(result="")
    return names


def known_results() -> set[str]:
    """Names of the files that jobs hold, and of the folders that running ones write into."""
    running = db.Job.objects.filter(state="running").values_list("id", "attempts")
    held = db.Job.objects.exclude(result="").values_list("result", flat=True)
    return {*held, *(folder_name(number, attempt) for number, attempt in running)}


def folder_of_jobs() -> Path:
    """Raises Refused for a database in memory."""
    folder = data_folder()
    if folder is None:
        raise Refused("A database in memory keeps no files.", hint="Use a file, or set TRIALWRIGHT_DATA.")
    return folder / FOLDER


def folder_name(number: int, attempt: int) -> str:
    return f"{number}-{attempt}"


def _own(study_id: str, number: int, by: Person) -> db.Job:
    row = db.Job.objects.filter(trial=study_id, pk=number, by=by.username).first() if 0 < number < 1 << 63 else None
    if row is None:
        raise UnknownName("export of yours", str(number), ())
    return row


def _mine(mine: Job) -> QuerySet[db.Job]:
    return db.Job.objects.filter(pk=mine.number, state="running", attempts=mine.attempt)


def _shown(row: db.Job) -> Job:
    return Job(
        row.pk, row.trial_id, row.kind, json.loads(row.asked), row.by, row.state, row.done, row.total, row.created,
        row.ended, row.result, row.sha256, row.message, row.attempts,
    )  # fmt: skip


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
