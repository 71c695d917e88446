"""Where this installation keeps its files: the key that signs, the results of jobs.

With SQLite that is the folder of the file; with PostgreSQL TRIALWRIGHT_DATA names it, else it is the folder at work.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.db import connection


def data_folder() -> Path | None:
    """The data folder; None for a database in memory, which keeps no files."""
    if connection.vendor != "sqlite":
        return Path(os.environ.get("TRIALWRIGHT_DATA") or Path.cwd())
    database = str(connection.settings_dict["NAME"])
    return None if ":memory:" in database or "mode=memory" in database else Path(database).parent
