"""The time at which things are done here. A virtual trial has a calendar of its own, which goes on from its last event.

Its clock starts at the latest event when the server first asks, and runs on by the time elapsed since: two changes are
never stamped alike, and none before what happened already.
"""

from __future__ import annotations

import datetime as dt
import os
import time

from trialwright.conduct import worklists

_begun: dict[tuple[str, str], tuple[dt.datetime, float]] = {}
"""(database, study) -> the trial's time, and the machine's steady clock at that time."""


def now(study_id: str, *, virtual: bool) -> dt.datetime:
    """The study's present, in UTC."""
    latest = worklists.newest(study_id) if virtual else None
    if latest is None:
        return dt.datetime.now(dt.UTC)
    key, steady = (os.environ.get("TRIALWRIGHT_DATABASE", ""), study_id), time.monotonic()
    start, since = _begun.setdefault(key, (latest, steady))
    present = start + dt.timedelta(seconds=steady - since)
    if present <= latest:  # the clock begins, or somebody else wrote meanwhile by a clock that goes before ours
        present = latest + dt.timedelta(seconds=1)
        _begun[key] = (present, steady)
    return present.astimezone(dt.UTC)
