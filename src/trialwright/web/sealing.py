"""Seals events while the server runs: none waits longer than the limit for its checkpoint."""

from __future__ import annotations

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections

from trialwright.conduct import actions
from trialwright.conduct.rules.seal import LIMITS
from trialwright.kernel.errors import TrialwrightError

_LOG = logging.getLogger("trialwright.sealing")


def keep_sealed() -> threading.Thread:
    """Begin to seal, in a thread that ends with the process. Several processes do not disturb one another."""
    thread = threading.Thread(target=_run, name="sealing", daemon=True)
    thread.start()
    return thread


def _run() -> None:
    while True:
        seal_once()
        time.sleep(LIMITS.wait.total_seconds())


def seal_once() -> None:
    """Seal what waits; a failure is told to the operator and tried again."""
    try:
        actions.seal_all()
    except (TrialwrightError, DatabaseError) as problem:
        _LOG.error("Nothing was sealed: %s", problem)
    finally:
        close_old_connections()
