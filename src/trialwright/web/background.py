"""Threads of the server that do something again and again, as long as the process lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import close_old_connections


def keep_doing(name: str, once: Callable[[], object], pause: float) -> threading.Thread:
    """Call `once`, which lets no error pass, every `pause` seconds; at once again when it returns True."""

    def run() -> None:
        while True:
            close_old_connections()
            try:
                again = once() is True
            finally:
                close_old_connections()
            if not again:
                time.sleep(pause)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
