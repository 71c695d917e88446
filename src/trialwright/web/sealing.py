"""Seals events while the server runs: none waits longer than the limit for its checkpoint."""

from __future__ import annotations

import logging

from django.db import DatabaseError

from trialwright.conduct import actions
from trialwright.conduct.rules.seal import LIMITS
from trialwright.kernel.errors import TrialwrightError
from trialwright.web.background import keep_doing

_LOG = logging.getLogger("trialwright.sealing")


def keep_sealed() -> None:
    """Begin to seal, in a thread that ends with the process. Of several workers one does it at a time."""
    keep_doing("sealing", seal_once, LIMITS.wait.total_seconds())


def seal_once() -> None:
    """Seal what waits; a failure is told to the operator and tried again."""
    try:
        actions.seal_all()
    except (TrialwrightError, DatabaseError) as problem:
        _LOG.error("Nothing was sealed: %s", problem)
