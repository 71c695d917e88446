"""A second process: it loads what analysis needs while the first one conducts the trial; then they share the work.

It is begun anew (`spawn`), not copied: libraries with threads of their own do not survive a copy.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context


@contextmanager
def second_process() -> Iterator[Executor]:
    """An executor with one process that is warm by the time it is needed."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin) as second:
        second.submit(_warm_up)
        yield second


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it and ends this one
    gc.disable()  # it ends with its one task


def _warm_up() -> None:
    for name in ("analyse", "report", "formats.dataset_json", "formats.define_xml", "formats.xpt"):
        import_module(f"trialwright.{name}")
