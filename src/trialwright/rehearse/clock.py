"""A simulated clock: processes wake at their moments, whoever's moment comes first goes first."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator

Process = Iterator[dt.datetime]
"""A generator that yields the moment at which it wants to go on; its work lies between the yields."""


class Clock:
    """Runs processes in the order of their moments; at one moment in the order in which they asked."""

    def __init__(self) -> None:
        self._waiting: list[tuple[dt.datetime, int, Process]] = []
        self._count = 0
        self.now: dt.datetime | None = None

    def start(self, process: Process) -> None:
        """Let a process ask for its first moment, which must not lie in the past."""
        moment = next(process, None)
        if moment is not None:
            self._count += 1
            heapq.heappush(self._waiting, (moment.astimezone(dt.UTC), self._count, process))

    def run(self, tick: Callable[[], None] | None = None) -> None:
        """Until nobody waits any more. `tick` is called after each step."""
        while self._waiting:
            self.now, _, process = heapq.heappop(self._waiting)
            self.start(process)
            if tick:
                tick()
