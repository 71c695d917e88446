"""How a benchmark measures: medians with their range, beside the aim and, where one installs, a peer."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure. `aim` is the bound that the project sets itself, an upper one unless `more` is better; all
    values are in `unit`.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    aim: float | None = None
    peer: str = ""
    peer_values: tuple[float, ...] = ()
    more: bool = False

    @property
    def within(self) -> bool:
        """Whether the aim is met; true where there is none."""
        return self.aim is None or (self.median >= self.aim if self.more else self.median <= self.aim)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def peer_median(self) -> float | None:
        return statistics.median(self.peer_values) if self.peer_values else None


def seconds(action: Callable[[], object], runs: int) -> tuple[float, ...]:
    """Wall time of each of `runs` calls."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return tuple(times)


def process(command: Sequence[str], runs: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Wall seconds and peak MiB of each of `runs` runs of a command, which must succeed."""
    walls, peaks = [], []
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"bench: {' '.join(command)} ended with {child.returncode}")
        walls.append(time.perf_counter() - start)
        peaks.append(usage.ru_maxrss / 1024)
    return tuple(walls), tuple(peaks)
