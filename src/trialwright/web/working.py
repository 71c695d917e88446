"""Does the jobs that people asked for, in a thread of each worker of the server."""

from __future__ import annotations

import logging

from django.db import DatabaseError

from trialwright.conduct import actions
from trialwright.conduct.export import run
from trialwright.kernel.errors import TrialwrightError
from trialwright.web.background import keep_doing

PAUSE = 1.0
"""Seconds between two looks for a job."""
CLEAR = 600.0
"""Seconds between two looks for files that have expired."""
_LOG = logging.getLogger("trialwright.jobs")


def keep_working() -> None:
    """Begin to work, in threads that end with the process; a job that was not done then is done by another worker."""
    run.register()
    keep_doing("jobs", work_once, PAUSE)
    keep_doing("expiry", _clear_once, CLEAR)


def work_once() -> bool:
    """Do one job; False when none waits. A failure is told to the operator, and the job is tried again."""
    try:
        return actions.work_once()
    except (TrialwrightError, DatabaseError) as problem:
        _LOG.error("A job was left: %s", type(problem).__name__)
        return False


def _clear_once() -> None:
    try:
        actions.clear_away()
    except (TrialwrightError, DatabaseError, OSError) as problem:
        _LOG.error("Nothing was cleared away: %s", type(problem).__name__)
